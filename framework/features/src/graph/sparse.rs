//! An undirected weighted graph, as sorted lists of neighbours and as bits.

use super::bits::Bits;

/// An undirected graph without self-loops whose edges have positive weights. Nodes are `0..nodes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Where the neighbours of each node start, and where the last one's end.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    weights: Vec<f64>,
    bits: Bits,
}

impl Graph {
    /// The graph of these edges, each `(i, j, weight)` and given once, in either direction. Self-loops and weights
    /// that are not positive and finite are no edges; of an edge that is given twice the last counts.
    ///
    /// # Panics
    /// If an edge names a node that is not there.
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

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of edges, each counted once.
    pub fn edges(&self) -> usize {
        self.neighbours.len() / 2
    }

    /// Number of edges of node `i`.
    pub fn degree(&self, i: usize) -> usize {
        self.starts[i + 1] - self.starts[i]
    }

    /// The nodes that `i` has an edge to, ascending.
    pub fn neighbours(&self, i: usize) -> &[u32] {
        &self.neighbours[self.starts[i]..self.starts[i + 1]]
    }

    /// The weights of the edges to [`Graph::neighbours`].
    pub fn weights(&self, i: usize) -> &[f64] {
        &self.weights[self.starts[i]..self.starts[i + 1]]
    }

    /// Neighbours of `i` and the weights of the edges to them, ascending by neighbour.
    pub fn edges_of(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.neighbours(i).iter().map(|&j| j as usize).zip(self.weights(i).iter().copied())
    }

    /// Places of the edges of node `i` among [`Graph::all_weights`].
    pub(super) fn ends(&self, i: usize) -> std::ops::Range<usize> {
        self.starts[i]..self.starts[i + 1]
    }

    /// As [`Graph::ends`], of the edges to nodes above `i`.
    pub(super) fn ends_above(&self, i: usize) -> std::ops::Range<usize> {
        let below = self.neighbours(i).partition_point(|&j| (j as usize) < i);
        self.starts[i] + below..self.starts[i + 1]
    }

    /// The node that each edge leads to, from either end.
    pub(super) fn all_ends(&self) -> &[u32] {
        &self.neighbours
    }

    /// The weight of every edge, twice: from either end.
    pub(super) fn all_weights(&self) -> &[f64] {
        &self.weights
    }

    /// The neighbours of each node as bits.
    pub(super) fn bits(&self) -> &Bits {
        &self.bits
    }

    /// The edges of this graph for which `keep(i, j, weight)` holds, which must not depend on the direction.
    pub(super) fn filter(&self, keep: impl Fn(usize, usize, f64) -> bool) -> Graph {
        Graph::kept(self.nodes(), self.neighbours.len(), |i, kept| {
            for (j, weight) in self.edges_of(i) {
                kept.push(j, weight, keep(i, j, weight));
            }
        })
    }

    /// A graph of `nodes` nodes with at most `ends` ends of edges; `row` names the neighbours of a node.
    pub(super) fn kept(nodes: usize, ends: usize, mut row: impl FnMut(usize, &mut Kept)) -> Graph {
        // One place more than needed: what is not kept is written there and overwritten.
        let mut kept = Kept { length: 0, neighbours: vec![0; ends + 1], weights: vec![0.0; ends + 1] };
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

/// Neighbours and weights of a graph that is being made.
pub(super) struct Kept {
    length: usize,
    neighbours: Vec<u32>,
    weights: Vec<f64>,
}

impl Kept {
    /// Adds a neighbour if `keep`. Without a branch: whether an edge is kept cannot be predicted.
    pub fn push(&mut self, j: usize, weight: f64, keep: bool) {
        self.neighbours[self.length] = j as u32;
        self.weights[self.length] = weight;
        self.length += usize::from(keep);
    }

    /// Adds those of a row of weights for which `keep(j, weight)` holds.
    pub fn extend(&mut self, row: &[f64], keep: impl Fn(usize, f64) -> bool) {
        for (j, &weight) in row.iter().enumerate() {
            self.push(j, weight, keep(j, weight));
        }
    }
}
