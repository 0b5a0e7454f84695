//! Similarity of the connectivity profiles of regions.

use boldface::{Deserialize, JsonSchema, Serialize};
use faer::Mat;

/// Similarity of two rows of FC, with all but their strongest entries set to 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Kernel {
    /// One minus the angle over pi: 1 for the same direction, 0.5 at right angles. The default of
    /// BrainSpace.
    #[default]
    NormalizedAngle,
    /// Cosine of the angle; negative values become 0.
    Cosine,
    /// Both in turn, with the rows of cosines made sparse again, as in the reference of fMRI-LM.
    CosineThenNormalizedAngle,
}

/// Living regions x living regions: symmetric, without negative entries, exactly 1 on the diagonal.
pub type Affinity = Mat<f64>;

/// Returns how many entries of a row of `rois` are kept: BrainSpace's `int(n * (1 - sparsity))`,
/// truncated after floating-point rounding (39 of 400 at 0.9, not 40).
pub fn kept(rois: usize, sparsity: f64) -> usize {
    (rois as f64 * (1.0 - sparsity)) as usize
}

/// Computes the affinities of the regions `living` of `fc`, which is `rois` x `rois`.
///
/// Each row keeps its [`kept`] largest entries, including its own correlation of 1; of equal entries,
/// those of the first regions. All others become 0. A row with too few positive correlations keeps
/// negative ones.
pub fn affinity(fc: &[f64], rois: usize, living: &[usize], kernel: Kernel, sparsity: f64) -> Affinity {
    let all: Vec<f64>;
    let rows = if living.len() == rois {
        fc
    } else {
        all = living.iter().flat_map(|&i| living.iter().map(move |&j| fc[i * rois + j])).collect();
        &all
    };
    let rois = living.len();
    let cosines = cosines(rows.chunks_exact(rois), rois, sparsity);
    match kernel {
        Kernel::NormalizedAngle => mirrored(cosines, angle),
        Kernel::Cosine => mirrored(cosines, positive),
        Kernel::CosineThenNormalizedAngle => {
            let first = mirrored(cosines, positive);
            // The matrix is symmetric, so its columns are its rows.
            let rows = (0..rois).map(|j| first.col_as_slice(j));
            mirrored(self::cosines(rows, rois, sparsity), angle)
        }
    }
}

fn positive(cosine: f64) -> f64 {
    cosine.max(0.0)
}

/// Returns one minus the angle over pi.
fn angle(cosine: f64) -> f64 {
    1.0 - cosine.clamp(-1.0, 1.0).acos() / std::f64::consts::PI
}

/// Applies `of` to each entry above the diagonal, and mirrors it below. The diagonal is already 1:
/// `acos` near 1 would turn a rounding error of 1e-16 into 5e-9.
fn mirrored(mut cosines: Mat<f64>, of: fn(f64) -> f64) -> Mat<f64> {
    /// Columns per block, whose rows fit in the cache.
    const BLOCK: usize = 16;
    let rois = cosines.nrows();
    for first in (0..rois).step_by(BLOCK) {
        let block = first..(first + BLOCK).min(rois);
        for j in block.clone() {
            cosines.col_as_slice_mut(j)[..j].iter_mut().for_each(|value| *value = of(*value));
        }
        for i in 0..block.end {
            for j in block.start.max(i + 1)..block.end {
                cosines[(j, i)] = cosines[(i, j)];
            }
        }
    }
    cosines
}

/// Computes the cosines between rows of a square matrix, each reduced to its largest entries: above the
/// diagonal, and 1 on it.
fn cosines<'a>(rows: impl Iterator<Item = &'a [f64]>, rois: usize, sparsity: f64) -> Mat<f64> {
    let kept = kept(rois, sparsity);
    let mut strongest = Strongest::new(rois);
    let mut cosines = Mat::zeros(rois, rois);
    // For each column, the entries of earlier rows: every pair is visited once, in the order of the
    // columns.
    let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::with_capacity(2 * kept); rois];
    for (i, row) in rows.enumerate() {
        let products = cosines.col_as_slice_mut(i);
        for &(column, value) in strongest.select(row, kept) {
            for &(j, other) in &columns[column] {
                products[j] += value * other;
            }
            columns[column].push((i, value));
        }
        products[i] = 1.0;
    }
    cosines
}

/// Finder of the largest entries of rows.
struct Strongest {
    order: Vec<f64>,
    entries: Vec<(usize, f64)>,
}

impl Strongest {
    fn new(rois: usize) -> Strongest {
        Strongest { order: Vec::with_capacity(rois), entries: Vec::with_capacity(rois) }
    }

    /// Returns column and value of the `kept` largest entries in column order, divided by their length.
    fn select(&mut self, row: &[f64], kept: usize) -> &[(usize, f64)] {
        self.order.clear();
        self.order.extend_from_slice(row);
        let (above, &mut least, _) = self.order.select_nth_unstable_by(kept - 1, |a, b| b.total_cmp(a));
        let mut ties = kept - above.iter().filter(|&&value| value > least).count();
        self.entries.clear();
        for (column, &value) in row.iter().enumerate() {
            let tie = value == least && ties > 0;
            if value > least || tie {
                ties -= usize::from(tie);
                self.entries.push((column, value));
            }
        }
        let length = self.entries.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        self.entries.iter_mut().for_each(|(_, value)| *value /= length);
        &self.entries
    }
}
