//! Clustering: how many of the possible triangles around a node exist, and their weights.

use super::Graph;
use super::bits::{BitBlock, Bits};
use crate::Missing;

/// Computes the weighted clustering coefficient of each node: the mean, over pairs of its neighbours, of
/// the geometric mean of the triangle's three weights, each divided by the largest weight of the graph;
/// 0 with fewer than two neighbours (Onnela et al. 2005, doi 10.1103/PhysRevE.71.065103).
///
/// As `networkx.clustering(weight=..)`, whose mean is `average_clustering`, and `bct.clustering_coef_wu`
/// of weights divided by their largest.
pub fn clustering(graph: &Graph) -> Vec<f64> {
    let largest = graph.all_weights().iter().copied().fold(0.0, f64::max);
    let of = |(i, cycles): (usize, f64)| {
        let degree = graph.degree(i);
        if degree < 2 { 0.0 } else { cycles / (largest * (degree * (degree - 1)) as f64) }
    };
    weighted_cycles(graph).into_iter().enumerate().map(of).collect()
}

/// Computes the unweighted clustering coefficient of each node: the share of the pairs of its neighbours
/// that are neighbours of each other; 0 with fewer than two. As `networkx.clustering` and
/// `bct.clustering_coef_bu`.
pub fn clustering_binary(graph: &Graph) -> Vec<f64> {
    let bits = graph.bits();
    let of = |i: usize| {
        let degree = graph.degree(i);
        let shared = |j: &u32| common(bits.row(i), bits.row(*j as usize));
        let cycles: usize = graph.neighbours(i).iter().map(shared).sum();
        if degree < 2 { 0.0 } else { cycles as f64 / (degree * (degree - 1)) as f64 }
    };
    (0..graph.nodes()).map(of).collect()
}

/// Computes weighted transitivity: the sum of the triangles' geometric mean weights over the number of
/// paths of two edges. As `bct.transitivity_wu`, it uses the weights as they are.
///
/// # Errors
/// [`Missing::NoEdges`] if no node has two edges.
pub fn transitivity(graph: &Graph) -> Result<f64, Missing> {
    let paths = paths(graph);
    if paths == 0 {
        Err(Missing::NoEdges)
    } else {
        Ok(weighted_cycles(graph).iter().sum::<f64>() / paths as f64)
    }
}

/// Computes unweighted transitivity: the share of the paths of two edges that close to a triangle. As
/// `networkx.transitivity` and `bct.transitivity_bu`.
///
/// # Errors
/// [`Missing::NoEdges`] if no node has two edges.
pub fn transitivity_binary(graph: &Graph) -> Result<f64, Missing> {
    let paths = paths(graph);
    if paths == 0 { Err(Missing::NoEdges) } else { Ok((6 * triangles(graph.bits())) as f64 / paths as f64) }
}

/// Counts ordered paths of two edges, twice the number of unordered ones.
pub(super) fn paths(graph: &Graph) -> usize {
    (0..graph.nodes()).map(|i| graph.degree(i)).map(|degree| degree * degree.saturating_sub(1)).sum()
}

/// Counts triangles, each once: at the edge of its two lower nodes.
pub(super) fn triangles(neighbours: &Bits) -> usize {
    let mut sum = 0;
    let mut above = vec![[0; 8]; neighbours.lines()];
    for i in 0..neighbours.nodes() {
        keep_above(&mut above, neighbours.row(i), i);
        for (word, &bits) in above.as_flattened().iter().enumerate().skip(i / 64) {
            let mut rest = bits;
            while rest != 0 {
                let j = word * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                // Only bits above `j` count in its word; later words count whole.
                let (mine, theirs) = (above.as_flattened(), neighbours.row(j).as_flattened());
                let first = mine[word] & theirs[word] & (u64::MAX << (j % 64));
                let others = mine[word + 1..].iter().zip(&theirs[word + 1..]);
                sum += first.count_ones() + others.map(|(a, b)| (a & b).count_ones()).sum::<u32>();
            }
        }
    }
    sum as usize
}

/// Copies the nodes of `row` above `i` to `above`.
fn keep_above(above: &mut [BitBlock], row: &[BitBlock], i: usize) {
    above.copy_from_slice(row);
    let words = above.as_flattened_mut();
    words[..i / 64].fill(0);
    // Bit `i` itself is never set.
    words[i / 64] &= u64::MAX << (i % 64);
}

/// Returns the number of nodes that two sets share.
fn common(a: &[BitBlock], b: &[BitBlock]) -> usize {
    let shared =
        |(a, b): (&BitBlock, &BitBlock)| a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum::<u32>();
    a.iter().zip(b).map(shared).sum::<u32>() as usize
}

/// Returns, for each node, the sum of `(w_ij w_jh w_hi)^(1/3)` over ordered pairs of its neighbours `j`,
/// `h`: the diagonal of the third power of the matrix of the weights' cube roots.
///
/// Each triangle `i < j < h` is visited once, at its edge `i-j`. The cube roots of `i`'s weights are
/// spread over a row with one place per node, zero for other nodes, so that the neighbours of `j` need
/// no search.
fn weighted_cycles(graph: &Graph) -> Vec<f64> {
    let nodes = graph.nodes();
    let above: Vec<_> = (0..nodes).map(|i| graph.ends_above(i)).collect();
    let mut roots = vec![0.0; graph.all_weights().len()];
    for places in above.iter().cloned() {
        let weights = &graph.all_weights()[places.clone()];
        roots[places].iter_mut().zip(weights).for_each(|(root, weight)| *root = weight.cbrt());
    }
    let (mut cycles, mut row) = (vec![0.0; nodes], vec![0.0; nodes]);
    for (i, mine) in above.iter().enumerate() {
        let ends = &graph.all_ends()[mine.clone()];
        ends.iter().zip(&roots[mine.clone()]).for_each(|(&j, &root)| row[j as usize] = root);
        for (&j, &root) in ends.iter().zip(&roots[mine.clone()]) {
            let theirs = above[j as usize].clone();
            let mut sum = 0.0;
            for (&h, &other) in graph.all_ends()[theirs.clone()].iter().zip(&roots[theirs]) {
                let triangle = root * other * row[h as usize];
                sum += triangle;
                cycles[h as usize] += 2.0 * triangle;
            }
            cycles[i] += 2.0 * sum;
            cycles[j as usize] += 2.0 * sum;
        }
        ends.iter().for_each(|&j| row[j as usize] = 0.0);
    }
    cycles
}
