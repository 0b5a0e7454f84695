//! Distances along weighted edges, on which heavy edges are short.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Graph;
use crate::Missing;

/// Distances between all pairs of nodes along edges of length `1 / weight`.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    nodes: usize,
    /// Value of pair `(i, j)` at `i * nodes + j`; infinite without a path.
    values: Vec<f64>,
}

impl Distances {
    /// Returns the distance from node `i` to node `j`: 0 to itself, infinite without a path.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.nodes + j]
    }

    /// Computes weighted global efficiency: the mean of `1 / distance` over all pairs, as
    /// `bct.efficiency_wei`.
    ///
    /// # Errors
    /// [`Missing::NoEdges`] for a graph without edges.
    pub fn efficiency(&self) -> Result<f64, Missing> {
        let (count, sum) = self.finite().fold((0, 0.0), |(count, sum), d| (count + 1, sum + 1.0 / d));
        if count == 0 { Err(Missing::NoEdges) } else { Ok(sum / (self.nodes * (self.nodes - 1)) as f64) }
    }

    /// Computes the weighted characteristic path length: the mean over pairs with a path between them,
    /// as `bct.charpath` of `bct.distance_wei` without infinite distances.
    ///
    /// # Errors
    /// [`Missing::NoEdges`] for a graph without edges.
    pub fn path_length(&self) -> Result<f64, Missing> {
        let (count, sum) = self.finite().fold((0_usize, 0.0), |(count, sum), d| (count + 1, sum + d));
        if count == 0 { Err(Missing::NoEdges) } else { Ok(sum / count as f64) }
    }

    /// Iterates over the distances between different nodes with a path between them.
    fn finite(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().copied().filter(|&distance| distance > 0.0 && distance.is_finite())
    }
}

/// Computes the distances between all nodes of a graph, by Dijkstra's algorithm from each.
pub fn distances(graph: &Graph) -> Distances {
    let nodes = graph.nodes();
    let mut values = vec![f64::INFINITY; nodes * nodes];
    let mut queue = NodeQueue::default();
    for (from, row) in values.chunks_exact_mut(nodes.max(1)).enumerate() {
        row[from] = 0.0;
        queue.push(0.0, from);
        while let Some((distance, i)) = queue.pop() {
            if distance > row[i] {
                continue;
            }
            for (j, weight) in graph.edges_of(i) {
                let longer = distance + 1.0 / weight;
                if longer < row[j] {
                    row[j] = longer;
                    queue.push(longer, j);
                }
            }
        }
    }
    Distances { nodes, values }
}

/// Priority queue of nodes by distance, nearest first; of equally near ones the lower first.
#[derive(Default)]
pub(super) struct NodeQueue(BinaryHeap<Reverse<(u64, usize)>>);

impl NodeQueue {
    /// Adds a node. Distances are not negative, so their bits sort as they do.
    pub fn push(&mut self, distance: f64, node: usize) {
        self.0.push(Reverse((distance.to_bits(), node)));
    }

    pub fn pop(&mut self) -> Option<(f64, usize)> {
        self.0.pop().map(|Reverse((bits, node))| (f64::from_bits(bits), node))
    }
}
