//! Distances in hops: the number of edges between two nodes.

use super::Graph;
use super::bits::{BitBlock, Bits, count, meet, members, unite};
use crate::Missing;

/// Number of pairs of nodes at each distance in hops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hops {
    nodes: usize,
    /// Number of ordered pairs of nodes at 1, 2, .. hops.
    pairs: Vec<usize>,
}

impl Hops {
    /// Returns the number of ordered pairs at 1, 2, .. hops. Pairs without a path are not counted.
    pub fn pairs(&self) -> &[usize] {
        &self.pairs
    }

    /// Computes global efficiency: the mean of `1 / hops` over all pairs, with 0 for a pair without a
    /// path; from 0 to 1 (Latora and Marchiori 2001, doi 10.1103/PhysRevLett.87.198701). As
    /// `networkx.global_efficiency` and `bct.efficiency_bin`.
    ///
    /// # Errors
    /// [`Missing::NoEdges`] for a graph without edges.
    pub fn efficiency(&self) -> Result<f64, Missing> {
        if self.pairs.is_empty() {
            return Err(Missing::NoEdges);
        }
        Ok(self.inverse() / (self.nodes * (self.nodes - 1)) as f64)
    }

    /// Computes the characteristic path length in hops: the mean over pairs with a path between them
    /// (Watts and Strogatz 1998), as `bct.charpath` of `bct.distance_bin` without infinite distances.
    ///
    /// # Errors
    /// [`Missing::NoEdges`] for a graph without edges.
    pub fn path_length(&self) -> Result<f64, Missing> {
        let hops: usize = self.pairs.iter().zip(1..).map(|(&pairs, hops)| pairs * hops).sum();
        let pairs: usize = self.pairs.iter().sum();
        if pairs == 0 { Err(Missing::NoEdges) } else { Ok(hops as f64 / pairs as f64) }
    }

    /// Returns the sum of `1 / hops` over all ordered pairs.
    pub(super) fn inverse(&self) -> f64 {
        self.pairs.iter().zip(1..).map(|(&pairs, hops)| pairs as f64 / f64::from(hops)).sum()
    }
}

/// Counts the distances between all nodes of a graph in hops, without regard to weights.
pub fn hops(graph: &Graph) -> Hops {
    of_bits(graph.bits())
}

/// Counts distances as [`hops`] does, from neighbours as bits.
///
/// In `k` hops a node reaches the nodes that it or its neighbours reach in `k - 1`. Sets are united 512
/// nodes at a time.
pub(super) fn of_bits(neighbours: &Bits) -> Hops {
    let nodes = neighbours.nodes();
    let mut reached = neighbours.clone();
    (0..nodes).for_each(|i| reached.flip(i, i));
    let mut sizes: Vec<usize> = (0..nodes).map(|i| count(reached.row(i))).collect();
    let mut pairs = vec![sizes.iter().sum::<usize>() - nodes];
    let mut next = reached.clone();
    // Nodes that may reach more. A node that reaches no new one in a step never will.
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

/// Adds to `row` the nodes that `i` reaches with one more hop; it does not reach `missing` nodes yet.
fn step(neighbours: &Bits, reached: &Bits, i: usize, missing: usize, row: &mut [BitBlock]) {
    let degree = count(neighbours.row(i));
    if 2 * missing >= degree {
        return members(neighbours.row(i)).for_each(|j| unite(row, reached.row(j)));
    }
    let absent: Vec<usize> = (0..reached.nodes()).filter(|&j| !reached.has(i, j)).collect();
    for j in absent.into_iter().filter(|&j| meet(neighbours.row(j), reached.row(i))) {
        row[j / 512][j / 64 % 8] |= 1 << (j % 64);
    }
}
