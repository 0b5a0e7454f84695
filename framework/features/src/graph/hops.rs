//! Distances in hops: how many edges lie between two nodes.

use super::Graph;
use super::bits::{Bits, Line, count, covers, intersect, meet, members, unite};
use crate::Missing;

/// How many pairs of nodes are how many hops apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hops {
    nodes: usize,
    /// Ordered pairs of nodes at 1, 2, .. hops.
    pairs: Vec<usize>,
}

impl Hops {
    /// Ordered pairs of nodes at 1, 2, .. hops; pairs without a way between them are in none.
    pub fn pairs(&self) -> &[usize] {
        &self.pairs
    }

    /// Global efficiency: the mean of `1 / hops` over all pairs, 0 for a pair without a way between them; from 0 to 1
    /// (Latora and Marchiori 2001, doi 10.1103/PhysRevLett.87.198701). As `networkx.global_efficiency` and
    /// `bct.efficiency_bin`.
    ///
    /// # Errors
    /// [`Missing::NoEdges`] of a graph without edges.
    pub fn efficiency(&self) -> Result<f64, Missing> {
        if self.pairs.is_empty() {
            return Err(Missing::NoEdges);
        }
        Ok(self.inverse() / (self.nodes * (self.nodes - 1)) as f64)
    }

    /// Characteristic path length in hops: the mean over the pairs that have a way between them (Watts and Strogatz
    /// 1998), as `bct.charpath` of `bct.distance_bin` without infinite distances.
    ///
    /// # Errors
    /// [`Missing::NoEdges`] of a graph without edges.
    pub fn path_length(&self) -> Result<f64, Missing> {
        let hops: usize = self.pairs.iter().zip(1..).map(|(&pairs, hops)| pairs * hops).sum();
        let pairs: usize = self.pairs.iter().sum();
        if pairs == 0 { Err(Missing::NoEdges) } else { Ok(hops as f64 / pairs as f64) }
    }

    /// Sum of `1 / hops` over all ordered pairs.
    fn inverse(&self) -> f64 {
        self.pairs.iter().zip(1..).map(|(&pairs, hops)| pairs as f64 / f64::from(hops)).sum()
    }
}

/// The distances between all nodes of a graph in hops; weights do not matter.
pub fn hops(graph: &Graph) -> Hops {
    of_bits(graph.bits())
}

/// As [`hops`], of neighbours as bits.
///
/// Whom a node reaches in `k` hops is whom it or its neighbours reach in `k - 1`: sets are united 512 nodes at once.
pub(super) fn of_bits(neighbours: &Bits) -> Hops {
    let nodes = neighbours.nodes();
    let mut reached = neighbours.clone();
    (0..nodes).for_each(|i| reached.flip(i, i));
    let mut sizes: Vec<usize> = (0..nodes).map(|i| count(reached.row(i))).collect();
    let mut pairs = vec![sizes.iter().sum::<usize>() - nodes];
    let mut next = reached.clone();
    // Nodes that may reach more: a node that found nobody new in a step finds nobody later.
    let mut open: Vec<usize> = (0..nodes).filter(|&i| sizes[i] > 1 && sizes[i] < nodes).collect();
    while pairs.last().is_some_and(|&found| found > 0) && !open.is_empty() {
        let mut found = 0;
        open.retain(|&i| {
            step(neighbours, &reached, i, nodes - sizes[i], next.row_mut(i));
            let size = count(next.row(i));
            let new = size - std::mem::replace(&mut sizes[i], size);
            found += new;
            new > 0
        });
        for &i in &open {
            reached.row_mut(i).copy_from_slice(next.row(i));
        }
        open.retain(|&i| sizes[i] < nodes);
        pairs.push(found);
    }
    pairs.truncate(pairs.iter().rposition(|&found| found > 0).map_or(0, |last| last + 1));
    Hops { nodes, pairs }
}

/// Adds to `row` whom `i` reaches in one hop more; `missing` nodes it does not reach yet.
fn step(neighbours: &Bits, reached: &Bits, i: usize, missing: usize, row: &mut [Line]) {
    let degree = count(neighbours.row(i));
    if 2 * missing >= degree {
        return members(neighbours.row(i)).for_each(|j| unite(row, reached.row(j)));
    }
    let absent: Vec<usize> = (0..reached.nodes()).filter(|&j| !reached.has(i, j)).collect();
    for j in absent.into_iter().filter(|&j| meet(neighbours.row(j), reached.row(i))) {
        row[j / 512][j / 64 % 8] |= 1 << (j % 64);
    }
}

/// Local efficiency of each node: the efficiency in hops of the graph of its neighbours without it, 0 with fewer than
/// two neighbours (Latora and Marchiori 2001). As `bct.efficiency_bin(local=True)`; its mean is
/// `networkx.local_efficiency`.
pub fn local_efficiency(graph: &Graph) -> Vec<f64> {
    let bits = graph.bits();
    let empty = || vec![[0; 8]; bits.lines()];
    let mut within = Within { reached: empty(), front: empty(), next: empty() };
    let of = |i: usize| {
        let degree = graph.degree(i);
        let among = bits.row(i);
        let sum: f64 =
            graph.neighbours(i).iter().map(|&from| within.inverse(bits, among, degree, from as usize)).sum();
        if degree < 2 { 0.0 } else { sum / (degree * (degree - 1)) as f64 }
    };
    (0..graph.nodes()).map(of).collect()
}

/// Search within a set of nodes; buffers that are used again.
struct Within {
    /// Who was reached so far.
    reached: Vec<Line>,
    /// Who was reached in the last step.
    front: Vec<Line>,
    next: Vec<Line>,
}

impl Within {
    /// Sum of `1 / hops` from a node to the others of the set `among` of `size` nodes, by ways within the set.
    fn inverse(&mut self, neighbours: &Bits, among: &[Line], size: usize, from: usize) -> f64 {
        self.front.copy_from_slice(neighbours.row(from));
        intersect(&mut self.front, among);
        self.reached.copy_from_slice(&self.front);
        self.reached[from / 512][from / 64 % 8] |= 1 << (from % 64);
        let mut known = count(&self.reached);
        let mut new = known - 1;
        let mut sum = new as f64;
        for hops in 2.. {
            if new == 0 || known == size {
                break;
            }
            self.step(neighbours, among);
            new = count(&self.front);
            known += new;
            sum += new as f64 / f64::from(hops);
        }
        sum
    }

    /// One hop on. Mostly a few nodes of the front reach all there are: it stops as soon as they do.
    fn step(&mut self, neighbours: &Bits, among: &[Line]) {
        self.next.copy_from_slice(&self.reached);
        for node in members(&self.front) {
            unite(&mut self.next, neighbours.row(node));
            if covers(&self.next, among) {
                break;
            }
        }
        intersect(&mut self.next, among);
        for ((front, next), reached) in self.front.iter_mut().zip(&self.next).zip(&self.reached) {
            *front = std::array::from_fn(|word| next[word] & !reached[word]);
        }
        std::mem::swap(&mut self.reached, &mut self.next);
    }
}
