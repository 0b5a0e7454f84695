//! An undirected weighted graph, as sorted lists of neighbours and as bits.

use super::bits::Bits;

/// An undirected graph without self-loops whose edges have positive weights. Nodes are `0..nodes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Start of each node's neighbours, followed by the end of the last.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    weights: Vec<f64>,
    bits: Bits,
}

impl Graph {
    /// Builds the graph of these edges `(i, j, weight)`, each listed once in either direction.
    /// Self-loops and weights that are not positive and finite are skipped; of an edge that is listed
    /// twice, the last counts.
    ///
    /// # Panics
    /// If an edge names a node that does not exist.
    pub fn new(nodes: usize, edges: &[(usize, usize, f64)]) -> Graph {
        let mut dense = vec![0.0; nodes * nodes];
        for &(i, j, weight) in edges {
            assert!(i < nodes && j < nodes, "edge {i}-{j} of a graph of {nodes} nodes");
            if i != j && weight > 0.0 && weight.is_finite() {
                dense[i * nodes + j] = weight;
                dense[j * nodes + i] = weight;
            }
        }
        Graph::kept(nodes, 2 * edges.len(), |i, kept| {
            kept.extend(&dense[i * nodes..(i + 1) * nodes], |_, weight| weight > 0.0);
        })
    }

    /// Returns the number of nodes.
    pub fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the number of edges, each counted once.
    pub fn edges(&self) -> usize {
        self.neighbours.len() / 2
    }

    /// Returns the number of edges of node `i`.
    pub fn degree(&self, i: usize) -> usize {
        self.starts[i + 1] - self.starts[i]
    }

    /// Returns the nodes that `i` has an edge to, ascending.
    pub fn neighbours(&self, i: usize) -> &[u32] {
        &self.neighbours[self.starts[i]..self.starts[i + 1]]
    }

    /// Returns the weights of the edges to [`Graph::neighbours`].
    pub fn weights(&self, i: usize) -> &[f64] {
        &self.weights[self.starts[i]..self.starts[i + 1]]
    }

    /// Iterates over the neighbours of `i` and the weights of the edges to them, ascending by neighbour.
    pub fn edges_of(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.neighbours(i).iter().map(|&j| j as usize).zip(self.weights(i).iter().copied())
    }

    /// Returns the places of the edges of node `i` in [`Graph::all_weights`].
    pub(super) fn ends(&self, i: usize) -> std::ops::Range<usize> {
        self.starts[i]..self.starts[i + 1]
    }

    /// Returns the same as [`Graph::ends`], only for edges to nodes above `i`.
    pub(super) fn ends_above(&self, i: usize) -> std::ops::Range<usize> {
        let below = self.neighbours(i).partition_point(|&j| (j as usize) < i);
        self.starts[i] + below..self.starts[i + 1]
    }

    /// Returns the node that each edge leads to, from both ends.
    pub(super) fn all_ends(&self) -> &[u32] {
        &self.neighbours
    }

    /// Returns the weight of every edge twice, once per end.
    pub(super) fn all_weights(&self) -> &[f64] {
        &self.weights
    }

    /// Returns the neighbours of each node as bits.
    pub(super) fn bits(&self) -> &Bits {
        &self.bits
    }

    /// Keeps the edges for which `keep(i, j, weight)` is true. It must not depend on the direction.
    pub(super) fn filter(&self, keep: impl Fn(usize, usize, f64) -> bool) -> Graph {
        Graph::kept(self.nodes(), self.neighbours.len(), |i, kept| {
            for (j, weight) in self.edges_of(i) {
                kept.push(j, weight, keep(i, j, weight));
            }
        })
    }

    /// Builds a graph of `nodes` nodes with at most `ends` ends of edges; `row` adds the neighbours of a
    /// node.
    pub(super) fn kept(nodes: usize, ends: usize, mut row: impl FnMut(usize, &mut GraphDraft)) -> Graph {
        // One more place than needed: a rejected edge is written there and overwritten.
        let mut kept = GraphDraft { length: 0, neighbours: vec![0; ends + 1], weights: vec![0.0; ends + 1] };
        let (mut starts, mut bits) = (vec![0], Bits::empty(nodes));
        for i in 0..nodes {
            let start = kept.length;
            row(i, &mut kept);
            for &j in &kept.neighbours[start..kept.length] {
                bits.flip(i, j as usize);
            }
            starts.push(kept.length);
        }
        kept.neighbours.truncate(kept.length);
        kept.weights.truncate(kept.length);
        Graph { starts, neighbours: kept.neighbours, weights: kept.weights, bits }
    }
}

/// Neighbours and weights of a graph under construction.
pub(super) struct GraphDraft {
    length: usize,
    neighbours: Vec<u32>,
    weights: Vec<f64>,
}

impl GraphDraft {
    /// Adds a neighbour if `keep` is true, without a branch, because it would be unpredictable.
    pub fn push(&mut self, j: usize, weight: f64, keep: bool) {
        self.neighbours[self.length] = j as u32;
        self.weights[self.length] = weight;
        self.length += usize::from(keep);
    }

    /// Adds the entries of a row of weights for which `keep(j, weight)` is true.
    pub fn extend(&mut self, row: &[f64], keep: impl Fn(usize, f64) -> bool) {
        for (j, &weight) in row.iter().enumerate() {
            self.push(j, weight, keep(j, weight));
        }
    }
}
