//! Quality of a partition into modules, and the role of each node in it.

use super::Graph;
use crate::Missing;

/// Computes the modularity of a partition, `Q = sum_c (in_c / 2m - (K_c / 2m)^2)`: the share of the
/// weight within modules, minus the share expected by chance for nodes of these strengths; between -0.5
/// and 1 (Newman 2004). Resolution 1. `modules` names the module of each node by any numbers below the
/// number of nodes. As `networkx.community.modularity`.
///
/// # Errors
/// [`Missing::NoEdges`] for a graph without edges.
pub fn modularity(graph: &Graph, modules: &[usize]) -> Result<f64, Missing> {
    let mut within = vec![0.0; graph.nodes()];
    let mut totals = vec![0.0; graph.nodes()];
    for i in 0..graph.nodes() {
        for (j, weight) in graph.edges_of(i) {
            totals[modules[i]] += weight;
            within[modules[i]] += if modules[i] == modules[j] { weight } else { 0.0 };
        }
    }
    let all: f64 = totals.iter().sum();
    if all == 0.0 {
        return Err(Missing::NoEdges);
    }
    Ok(within.iter().zip(&totals).map(|(within, total)| within / all - (total / all).powi(2)).sum())
}

/// Computes the participation coefficient of each node, `1 - sum_c (k_ic / k_i)^2`: 0 if all its weight
/// goes to one module, near 1 if it is spread evenly over many (Guimera and Amaral 2005, doi
/// 10.1038/nature03288). NaN for a node without edges, for which `bct.participation_coef` has 0.
pub fn participation(graph: &Graph, modules: &[usize]) -> Vec<f64> {
    let mut to = vec![0.0; modules.iter().max().map_or(0, |last| last + 1)];
    let of = |i: usize| {
        to.fill(0.0);
        graph.edges_of(i).for_each(|(j, weight)| to[modules[j]] += weight);
        let strength: f64 = graph.weights(i).iter().sum();
        if strength == 0.0 {
            f64::NAN
        } else {
            1.0 - to.iter().map(|to| (to / strength).powi(2)).sum::<f64>()
        }
    };
    (0..graph.nodes()).map(of).collect()
}

/// Computes the within-module degree z-score of each node: the distance of its strength within its
/// module from the mean of the module's nodes, in their SDs (ddof 0) (Guimera and Amaral 2005). NaN in a
/// module whose nodes are all equal, for which `bct.module_degree_zscore` has 0. The mean over a module
/// is 0 by construction.
pub fn module_z(graph: &Graph, modules: &[usize]) -> Vec<f64> {
    let within = |i: usize| {
        graph.edges_of(i).filter(|&(j, _)| modules[i] == modules[j]).map(|(_, weight)| weight).sum()
    };
    let within: Vec<f64> = (0..graph.nodes()).map(within).collect();
    let mut z = vec![f64::NAN; graph.nodes()];
    for module in 0..modules.iter().max().map_or(0, |last| last + 1) {
        let members: Vec<usize> = (0..graph.nodes()).filter(|&i| modules[i] == module).collect();
        let count = members.len() as f64;
        let mean = members.iter().map(|&i| within[i]).sum::<f64>() / count;
        let variance = members.iter().map(|&i| (within[i] - mean).powi(2)).sum::<f64>() / count;
        // The variance of equal strengths need not be exactly zero.
        if variance.sqrt() > 1e-12 * mean.abs() {
            members.iter().for_each(|&i| z[i] = (within[i] - mean) / variance.sqrt());
        }
    }
    z
}
