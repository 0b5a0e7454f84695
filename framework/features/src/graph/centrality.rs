//! Centrality of nodes, and assortativity of the graph.

use boldface::Result;
use faer::{Mat, Side};

use super::Graph;
use super::distances::NodeQueue;
use crate::Missing;

/// Returns the strength of each node: the sum of the weights of its edges. As `bct.strengths_und`.
pub fn strengths(graph: &Graph) -> Vec<f64> {
    (0..graph.nodes()).map(|i| graph.weights(i).iter().sum()).collect()
}

/// Computes assortativity: the correlation over edges of the strengths of their two ends, from -1 to 1
/// (Newman 2002, Foster et al. 2010). As `bct.assortativity_wei` of an undirected graph.
///
/// # Errors
/// [`Missing::NoEdges`] for a graph without edges, [`Missing::Undefined`] if all nodes with edges are
/// equally strong.
pub fn assortativity(graph: &Graph) -> Result<f64, Missing> {
    if graph.edges() == 0 {
        return Err(Missing::NoEdges);
    }
    let strengths = strengths(graph);
    let (mut product, mut half, mut squares) = (0.0, 0.0, 0.0);
    for i in 0..graph.nodes() {
        for j in graph.neighbours(i).iter().map(|&j| j as usize).filter(|&j| j > i) {
            let (a, b) = (strengths[i], strengths[j]);
            product += a * b;
            half += 0.5 * (a + b);
            squares += 0.5 * (a * a + b * b);
        }
    }
    let edges = graph.edges() as f64;
    let mean = (half / edges).powi(2);
    let spread = squares / edges - mean;
    if spread <= 1e-12 * mean { Err(Missing::Undefined) } else { Ok((product / edges - mean) / spread) }
}

/// Computes the betweenness centrality of each node: the number of shortest paths between other nodes
/// that pass through it, along edges of length `1 / weight` (Brandes 2001). Of several equally short
/// paths each counts its share, and both directions count. As `bct.betweenness_wei` of lengths: not
/// normalised.
pub fn betweenness(graph: &Graph) -> Vec<f64> {
    let nodes = graph.nodes();
    let mut through = vec![0.0; nodes];
    let mut queue = NodeQueue::default();
    for from in 0..nodes {
        let mut distances = vec![f64::INFINITY; nodes];
        let mut paths = vec![0.0; nodes];
        let (mut done, mut order) = (vec![false; nodes], Vec::with_capacity(nodes));
        (distances[from], paths[from]) = (0.0, 1.0);
        queue.push(0.0, from);
        while let Some((distance, i)) = queue.pop() {
            if std::mem::replace(&mut done[i], true) {
                continue;
            }
            order.push(i);
            for (j, weight) in graph.edges_of(i) {
                let longer = distance + 1.0 / weight;
                if longer < distances[j] {
                    (distances[j], paths[j]) = (longer, paths[i]);
                    queue.push(longer, j);
                } else if longer == distances[j] {
                    paths[j] += paths[i];
                }
            }
        }
        // Backwards, each node passes its dependency on to the nodes before it on its shortest paths.
        let mut depends = vec![0.0; nodes];
        for &j in order.iter().rev().filter(|&&j| j != from) {
            through[j] += depends[j];
            for (i, weight) in graph.edges_of(j) {
                if distances[i] + 1.0 / weight == distances[j] {
                    depends[i] += (1.0 + depends[j]) * paths[i] / paths[j];
                }
            }
        }
    }
    through
}

/// Computes the eigenvector centrality of each node: the entries of the eigenvector with the largest
/// eigenvalue of the weights, without sign and of length 1 in all (Newman 2010). As
/// `bct.eigenvector_centrality_und`. In a disconnected graph, only one component has values above 0.
///
/// # Errors
/// If the eigenvalues cannot be computed.
pub fn eigenvector_centrality(graph: &Graph) -> Result<Vec<f64>> {
    let nodes = graph.nodes();
    let mut dense = Mat::<f64>::zeros(nodes, nodes);
    for i in 0..nodes {
        graph.edges_of(i).for_each(|(j, weight)| dense[(i, j)] = weight);
    }
    let eigen = dense
        .self_adjoint_eigen(Side::Lower)
        .map_err(|error| format!("eigenvalues of a graph: {error:?}"))?;
    Ok((0..nodes).map(|i| eigen.U()[(i, nodes - 1)].abs()).collect())
}
