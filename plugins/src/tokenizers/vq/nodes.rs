//! The nodes channel: how each region stands in the graph of the strongest couplings.

use boldface::seed;
use boldface_features::graph::{
    EdgeWeights, Edges, Graph, clustering, local_efficiency, louvain, module_z, participation, strengths,
};

/// Number of measures per region.
pub(super) const MEASURES: usize = 5;

/// Densities of the graphs; a measure is its mean over them. Fewer than the corpus `graph` has by default,
/// because every made scan is measured at every patch.
const DENSITIES: [f64; 2] = [0.15, 0.25];

/// Computes the measures of every token from the rows of [`super::coupling::rows`]:
/// `measures[(patch * rois + roi) * MEASURES + measure]`. NaN for a region without a signal and where a
/// measure is undefined. `networks` has the network of each region.
pub(super) fn measures(couplings: &[f32], rois: usize, networks: &[usize]) -> Vec<f32> {
    couplings.chunks_exact((rois * rois).max(1)).flat_map(|matrix| of_patch(matrix, rois, networks)).collect()
}

fn of_patch(matrix: &[f32], rois: usize, networks: &[usize]) -> Vec<f32> {
    let mut couplings: Vec<f64> = matrix.iter().map(|r| f64::from(*r)).collect();
    for (roi, row) in matrix.chunks_exact(rois).enumerate() {
        // What the corpus sees of a region without a signal.
        let is_constant = row.iter().all(|r| *r == 0.0);
        couplings[roi * rois + roi] = if is_constant { f64::NAN } else { 1.0 };
    }
    let weights = EdgeWeights::of_matrix(rois, &couplings, Edges::Absolute);
    let mut values = vec![f32::NAN; rois * MEASURES];
    if weights.nodes() == 0 {
        return values;
    }
    let network_of: Vec<usize> = weights.regions().iter().map(|&region| networks[region]).collect();
    let graphs = weights.graphs(&DENSITIES);
    let all: Vec<[Vec<f64>; MEASURES]> = graphs.iter().map(|graph| of_graph(graph, &network_of)).collect();
    for (node, &region) in weights.regions().iter().enumerate() {
        for measure in 0..MEASURES {
            let sum: f64 = all.iter().map(|of_graph| of_graph[measure][node]).sum();
            values[region * MEASURES + measure] = (sum / DENSITIES.len() as f64) as f32;
        }
    }
    values
}

fn of_graph(graph: &Graph, network_of: &[usize]) -> [Vec<f64>; MEASURES] {
    let modules = louvain(graph, 1, &mut seed::stream(0, "vq.nodes"));
    [
        strengths(graph),
        clustering(graph),
        local_efficiency(graph),
        participation(graph, network_of),
        module_z(graph, &modules),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six regions in two triangles, joined by a weak edge; region 6 is constant.
    fn triangles() -> Vec<f32> {
        let mut matrix = vec![0.0; 49];
        let edges =
            [(0, 1, 0.9), (0, 2, 0.8), (1, 2, 0.7), (3, 4, -0.9), (3, 5, 0.8), (4, 5, 0.7), (2, 3, 0.1)];
        for (a, b, r) in edges {
            (matrix[a * 7 + b], matrix[b * 7 + a]) = (r, r);
        }
        matrix
    }

    #[test]
    fn measures_are_those_of_the_graph_corpus_and_a_dead_region_has_none() {
        let found = measures(&triangles(), 7, &[0, 0, 0, 1, 1, 1, 1]);
        // Of 15 pairs, .15 are 2 edges: 0-1 and 3-4; .25 are 4: and 0-2, 3-5.
        let strength = |roi: usize| found[roi * MEASURES];
        assert!((strength(0) - (0.9 + 1.7) / 2.0).abs() < 1e-6);
        assert!((strength(4) - 0.9).abs() < 1e-6);
        // All edges of region 0 stay in its network, so it does not participate in the other one.
        assert_eq!(found[3], 0.0);
        assert!(found[6 * MEASURES..].iter().all(|value| value.is_nan()));
        assert!(measures(&[0.0; 49], 7, &[0; 7]).iter().all(|value| value.is_nan()));
    }
}
