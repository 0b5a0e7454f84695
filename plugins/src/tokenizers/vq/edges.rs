//! The edges channel: each region's row of the graph of the strongest couplings.

use boldface_features::graph::{GraphSettings, edges_at};

/// Computes the rows of edges from those of [`super::coupling::rows`], in the same layout: `|r|` times
/// the share of densities at which the pair is an edge. A patch's densities are those at which the
/// corpus `graph` measures by default. Summed over a row, this is the region's strength, the mean over
/// those densities.
pub(super) fn rows(couplings: &[f32], rois: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(couplings.len());
    for matrix in couplings.chunks_exact((rois * rois).max(1)) {
        let weakest = weakest_edges(matrix, rois);
        rows.extend(matrix.iter().map(|r| {
            let kept = weakest.iter().filter(|&&weight| r.abs() >= weight).count();
            r.abs() * kept as f32 / weakest.len() as f32
        }));
    }
    rows
}

/// Returns the weight of the weakest edge at each density; infinite for a density without an edge.
fn weakest_edges(matrix: &[f32], rois: usize) -> Vec<f32> {
    let pairs = (0..rois).flat_map(|a| (a + 1..rois).map(move |b| a * rois + b));
    let mut weights: Vec<f32> =
        pairs.map(|place| matrix[place].abs()).filter(|weight| *weight > 0.0).collect();
    let constant = (0..rois).filter(|a| matrix[a * rois..(a + 1) * rois].iter().all(|r| *r == 0.0)).count();
    weights.sort_unstable_by(|a, b| b.total_cmp(a));
    let weakest = |density: &f64| match edges_at(rois - constant, *density).min(weights.len()) {
        0 => f32::INFINITY,
        edges => weights[edges - 1],
    };
    GraphSettings::default().densities.iter().map(weakest).collect()
}

#[cfg(test)]
mod tests {
    use boldface::TimeSeries;
    use boldface_features::fc;
    use boldface_features::graph::{EdgeWeights, Edges, strengths};

    use super::super::{coupling, data::tokens};
    use super::*;

    /// Twelve regions, of which the last is constant.
    fn series() -> TimeSeries {
        let at = |t: usize, region: usize| {
            let own = ((t * (region + 2)) as f32 * 0.37).sin();
            if region == 11 { 1.0 } else { own + (t as f32 * 0.9).cos() * (region % 4) as f32 * 0.4 }
        };
        let values = (0..40).flat_map(|t| (0..12).map(move |region| at(t, region))).collect();
        TimeSeries::new(40, 12, 2.0, values).unwrap()
    }

    #[test]
    fn a_row_sums_to_the_strength_that_the_graph_corpus_tells() {
        let series = series();
        let weights = EdgeWeights::from_fc(&fc(&series), Edges::Absolute);
        let graphs = weights.graphs(&GraphSettings::default().densities);
        let last = 1;
        let rows = rows(&coupling::rows(&tokens(&series, 20), 12, 20), 12);
        for (node, &region) in weights.regions().iter().enumerate() {
            let expected: f64 = graphs.iter().map(|graph| strengths(graph)[node] / 5.0).sum();
            let start = (last * 12 + region) * 12;
            let sum: f32 = rows[start..start + 12].iter().sum();
            assert!((f64::from(sum) - expected).abs() < 1e-4, "region {region}: {sum} {expected}");
        }
        assert!(rows[(last * 12 + 11) * 12..].iter().all(|edge| *edge == 0.0));
    }

    #[test]
    fn without_any_signal_there_is_no_edge() {
        assert_eq!(rows(&[0.0; 18], 3), [0.0; 18]);
    }
}
