//! The couplings of all pairs of regions as weights, and the graphs of their strongest.

use boldface::{Deserialize, JsonSchema, Serialize};

use super::Graph;
use crate::Fc;

/// Which couplings can be edges.
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

/// A weight for every pair of regions that have a signal: a number of 0 or more, 0 for no edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    regions: Vec<usize>,
    values: Vec<f64>,
}

impl Weights {
    /// The weights of FC. Regions without a signal (NaN) are left out: they are no nodes.
    pub fn of(fc: &Fc, edges: Edges) -> Weights {
        Weights::of_matrix(fc.rois(), fc.values(), edges)
    }

    /// The weights of any symmetric matrix of `rois` rows, one after the other. Its diagonal is NaN for regions that are
    /// to be left out, and counts for nothing else.
    pub fn of_matrix(rois: usize, couplings: &[f64], edges: Edges) -> Weights {
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
        Weights { regions, values }
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.regions.len()
    }

    /// The region of each node, ascending.
    pub fn regions(&self) -> &[usize] {
        &self.regions
    }

    /// Graphs of the strongest edges, one a density: [`edges_at`] of them, fewer if fewer have a weight. Of
    /// equal weights the pair `i < j` that comes first row by row is the stronger: bctpy's order among them is its
    /// sort's, and the reference keeps all.
    pub fn graphs(&self, densities: &[f64]) -> Vec<Graph> {
        let counts: Vec<usize> = densities.iter().map(|&density| edges_at(self.nodes(), density)).collect();
        let mut falling: Vec<usize> = (0..counts.len()).collect();
        falling.sort_by_key(|&place| std::cmp::Reverse(counts[place]));
        // Each graph is cut from the one before, which has it within.
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

    /// The bits of all weights above 0, once a pair: they sort as the weights do.
    fn upper(&self) -> Vec<u64> {
        let n = self.nodes();
        let mut upper = Vec::with_capacity(n * n.saturating_sub(1) / 2);
        for i in 0..n {
            upper.extend(self.values[i * n + i + 1..(i + 1) * n].iter().map(|weight| weight.to_bits()));
        }
        upper.retain(|&bits| bits != 0);
        upper
    }

    /// What divides the `count` strongest from the others; `strongest` is cut down to them.
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

/// How many edges a graph of `nodes` nodes has at a density: of `n (n - 1) / 2` pairs that share, rounded with
/// halves up as `bct.threshold_proportional` does. The reference cuts the fraction off: at most one edge fewer.
pub fn edges_at(nodes: usize, density: f64) -> usize {
    ((nodes * nodes - nodes) as f64 * density / 2.0 + 0.5).floor() as usize
}

/// The weakest edge that is kept.
struct Cut {
    weight: f64,
    /// `i * nodes + j`, `i < j`, of the last pair of exactly this weight that is kept.
    last: usize,
}

impl Cut {
    fn keeps(&self, nodes: usize, i: usize, j: usize, weight: f64) -> bool {
        weight > self.weight || (weight == self.weight && i.min(j) * nodes + i.max(j) <= self.last)
    }
}
