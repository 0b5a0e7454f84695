//! How alike the connectivity profiles of two regions are.

use boldface::{Deserialize, JsonSchema, Serialize};
use faer::Mat;

/// How alike two rows of FC are, once all but their strongest entries are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum Kernel {
    /// One minus the angle between them over pi: 1 for the same direction, 0.5 at right angles. BrainSpace's default.
    #[default]
    NormalizedAngle,
    /// The cosine of the angle; what is below 0 becomes 0.
    Cosine,
    /// Both, one after the other, the rows of the cosines being made sparse again: what the reference of fMRI-LM does.
    CosineThenNormalizedAngle,
}

/// Living regions x living regions: symmetric, none below 0, exactly 1 on the diagonal.
pub type Affinity = Mat<f64>;

/// How many entries of a row of `rois` stay: BrainSpace's `int(n * (1 - sparsity))`, cut off as floating point has it
/// (39 of 400 at 0.9, not 40).
pub fn kept(rois: usize, sparsity: f64) -> usize {
    (rois as f64 * (1.0 - sparsity)) as usize
}

/// The affinities of the regions `living` of `fc`, which is `rois` x `rois`.
///
/// Each row keeps its [`kept`] largest entries, its own correlation of 1 among them; of equal ones those of the first
/// regions. Everything else is 0, also where a correlation below 0 was kept only because too few are above.
pub fn affinity(fc: &[f64], rois: usize, living: &[usize], kernel: Kernel, sparsity: f64) -> Affinity {
    let rows: Vec<f64> = living.iter().flat_map(|&i| living.iter().map(move |&j| fc[i * rois + j])).collect();
    let rois = living.len();
    match kernel {
        Kernel::NormalizedAngle => angles(cosines(&rows, rois, sparsity)),
        Kernel::Cosine => positive(cosines(&rows, rois, sparsity)),
        Kernel::CosineThenNormalizedAngle => {
            let cosines_of_rows = positive(cosines(&rows, rois, sparsity));
            // Symmetric, so its columns are its rows.
            let rows: Vec<f64> =
                (0..rois).flat_map(|j| cosines_of_rows.col(j).iter().copied().collect::<Vec<_>>()).collect();
            angles(cosines(&rows, rois, sparsity))
        }
    }
}

/// What is below 0 becomes 0.
fn positive(mut cosines: Mat<f64>) -> Mat<f64> {
    for column in cosines.col_iter_mut() {
        column.iter_mut().for_each(|value| *value = value.max(0.0));
    }
    cosines
}

/// One minus the angle over pi. The diagonal is 1 already: `acos` near 1 would make 5e-9 of a rounding of 1e-16.
fn angles(mut cosines: Mat<f64>) -> Mat<f64> {
    let rois = cosines.nrows();
    for j in 0..rois {
        for i in j + 1..rois {
            let angle = 1.0 - cosines[(i, j)].clamp(-1.0, 1.0).acos() / std::f64::consts::PI;
            cosines[(i, j)] = angle;
            cosines[(j, i)] = angle;
        }
    }
    cosines
}

/// Cosines between the rows of a square matrix of which each keeps its largest entries; 1 on the diagonal.
fn cosines(rows: &[f64], rois: usize, sparsity: f64) -> Mat<f64> {
    let sparse = Sparse::of(rows, rois, kept(rois, sparsity));
    let mut cosines = Mat::zeros(rois, rois);
    // Of each column the entries in rows up to this one: so every pair is met once, in the order of the columns.
    let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); rois];
    for i in 0..rois {
        let products = cosines.col_as_slice_mut(i);
        for &(column, value) in &sparse.rows[i] {
            for &(j, other) in &columns[column] {
                products[j] += value * other;
            }
            columns[column].push((i, value));
        }
        products[i] = 1.0;
    }
    for i in 0..rois {
        for j in 0..i {
            cosines[(i, j)] = cosines[(j, i)];
        }
    }
    cosines
}

/// The largest entries of every row, each row of length 1.
struct Sparse {
    rows: Vec<Vec<(usize, f64)>>,
}

impl Sparse {
    fn of(rows: &[f64], rois: usize, kept: usize) -> Sparse {
        let mut order = Vec::with_capacity(rois);
        let row = |row: &[f64]| {
            order.clear();
            order.extend_from_slice(row);
            let (_, &mut least, _) = order.select_nth_unstable_by(kept - 1, |a, b| b.total_cmp(a));
            let above = row.iter().filter(|&&value| value > least).count();
            let mut ties = kept - above;
            let mut entries: Vec<(usize, f64)> = Vec::with_capacity(kept);
            for (column, &value) in row.iter().enumerate() {
                if value > least || (value == least && ties > 0) {
                    ties -= usize::from(value == least);
                    entries.push((column, value));
                }
            }
            let length = entries.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
            entries.iter_mut().for_each(|(_, value)| *value /= length);
            entries
        };
        Sparse { rows: rows.chunks_exact(rois).map(row).collect() }
    }
}
