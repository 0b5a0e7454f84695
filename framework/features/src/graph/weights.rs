//! Couplings of all pairs of regions as weights, and the graphs of the strongest ones.

use boldface::{Deserialize, JsonSchema, Serialize};

use super::Graph;
use crate::Fc;

/// Couplings that can be edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Edges {
    /// Weights are absolute correlations: anticorrelated regions have an edge, as in the reference.
    #[default]
    Absolute,
    /// Weights are positive correlations: anticorrelated regions have no edge.
    Positive,
}

/// A weight of 0 or more for every pair of regions with a signal; 0 means no edge.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeWeights {
    regions: Vec<usize>,
    values: Vec<f64>,
}

impl EdgeWeights {
    /// Derives weights from FC. Regions without a signal (NaN) do not become nodes.
    pub fn from_fc(fc: &Fc, edges: Edges) -> EdgeWeights {
        EdgeWeights::of_matrix(fc.rois(), fc.values(), edges)
    }

    /// Derives weights from any symmetric matrix of `rois` rows, row after row. A NaN on the diagonal
    /// leaves a region out; otherwise the diagonal is ignored.
    pub fn of_matrix(rois: usize, couplings: &[f64], edges: Edges) -> EdgeWeights {
        let regions: Vec<usize> = (0..rois).filter(|&i| !couplings[i * rois + i].is_nan()).collect();
        let mut values = vec![0.0; regions.len() * regions.len()];
        let rows = values.chunks_exact_mut(regions.len().max(1));
        for (node, (row, &i)) in rows.zip(&regions).enumerate() {
            let from = &couplings[i * rois..(i + 1) * rois];
            if regions.len() == rois {
                row.copy_from_slice(from);
            } else {
                row.iter_mut().zip(&regions).for_each(|(weight, &j)| *weight = from[j]);
            }
            match edges {
                Edges::Absolute => row.iter_mut().for_each(|weight| *weight = weight.abs()),
                Edges::Positive => row.iter_mut().for_each(|weight| *weight = weight.max(0.0)),
            }
            row[node] = 0.0;
        }
        EdgeWeights { regions, values }
    }

    /// Returns the number of nodes.
    pub fn nodes(&self) -> usize {
        self.regions.len()
    }

    /// Returns the region of each node, ascending.
    pub fn regions(&self) -> &[usize] {
        &self.regions
    }

    /// Builds graphs of the strongest edges, one per density: [`edges_at`] of them, or fewer if fewer
    /// have a weight. Of equal weights, the pair `i < j` that comes first row by row is the stronger.
    /// bctpy's order of equal weights depends on its sort, and the reference keeps all of them.
    pub fn graphs(&self, densities: &[f64]) -> Vec<Graph> {
        let counts: Vec<usize> = densities.iter().map(|&density| edges_at(self.nodes(), density)).collect();
        let mut falling: Vec<usize> = (0..counts.len()).collect();
        falling.sort_by_key(|&place| std::cmp::Reverse(counts[place]));
        // Each graph is cut from the one before, which contains it.
        let mut strongest = self.upper();
        let mut graphs: Vec<Option<Graph>> = vec![None; counts.len()];
        let mut last: Option<usize> = None;
        for place in falling {
            let cut = self.cut(&mut strongest, counts[place]);
            let graph = match last.and_then(|last| graphs[last].as_ref()) {
                Some(larger) => larger.filter(|i, j, weight| cut.keeps(self.nodes(), i, j, weight)),
                None => Graph::kept(self.nodes(), 2 * strongest.len(), |i, kept| {
                    let row = &self.values[i * self.nodes()..(i + 1) * self.nodes()];
                    kept.extend(row, |j, weight| cut.keeps(self.nodes(), i, j, weight));
                }),
            };
            graphs[place] = Some(graph);
            last = Some(place);
        }
        graphs.into_iter().flatten().collect()
    }

    /// Returns the bits of all weights above 0, once per pair. They sort as the weights do.
    fn upper(&self) -> Vec<u64> {
        let n = self.nodes();
        let mut upper = Vec::with_capacity(n * n.saturating_sub(1) / 2);
        for i in 0..n {
            upper.extend(self.values[i * n + i + 1..(i + 1) * n].iter().map(|weight| weight.to_bits()));
        }
        upper.retain(|&bits| bits != 0);
        upper
    }

    /// Returns the cut below the `count` strongest weights, and reduces `strongest` to them.
    fn cut(&self, strongest: &mut Vec<u64>, count: usize) -> Cut {
        if count == 0 {
            strongest.clear();
            return Cut { weight: f64::INFINITY, last: 0 };
        }
        if let Some(weaker) = strongest.len().checked_sub(count).filter(|&weaker| weaker > 0) {
            strongest.select_nth_unstable(weaker);
            strongest.drain(..weaker);
        }
        let Some(&lowest) = strongest.iter().min() else { return Cut { weight: f64::INFINITY, last: 0 } };
        let weight = f64::from_bits(lowest);
        let ties = strongest.iter().filter(|&&bits| bits == lowest).count();
        let n = self.nodes();
        let upper = (0..n).flat_map(|i| (i + 1..n).map(move |j| i * n + j));
        let mut tied = upper.filter(|&place| self.values[place] == weight);
        Cut { weight, last: tied.nth(ties - 1).expect("as many pairs as were kept have this weight") }
    }
}

/// Returns the number of edges of a graph of `nodes` nodes at a density: that share of its `n (n - 1) /
/// 2` pairs, rounded with halves up as `bct.threshold_proportional` does. The reference truncates, for
/// at most one edge fewer.
pub fn edges_at(nodes: usize, density: f64) -> usize {
    ((nodes * nodes - nodes) as f64 * density / 2.0 + 0.5).floor() as usize
}

/// The weakest edge that a graph keeps.
struct Cut {
    weight: f64,
    /// Place `i * nodes + j`, `i < j`, of the last pair of exactly this weight that is kept.
    last: usize,
}

impl Cut {
    fn keeps(&self, nodes: usize, i: usize, j: usize, weight: f64) -> bool {
        weight > self.weight || (weight == self.weight && i.min(j) * nodes + i.max(j) <= self.last)
    }
}
