//! Turns sums over voxels into signals, by the least-squares fit of the regions' maps to every volume.

use boldface::Result;
use faer::{Mat, Side};

use super::weights::{ParcellationWeights, Rows, ranges};

/// Share of the largest eigenvalue below which an eigenvalue counts as zero, because maps are linearly
/// dependent.
const RANK: f64 = 1e-12;

/// Returns the signals (volumes x regions) that fit the volumes best. `sums` holds each volume's
/// weighted sums.
///
/// With `W` the weights over the covered voxels and `x` a volume, `sums` is `W x` and the fit solves
/// `(W W') s = W x`. Labels do not overlap, so their `W W'` is diagonal and counts voxels, and the fit
/// is the mean. For linearly dependent maps the solution has the least norm, as in LAPACK's `gelsd`.
///
/// # Errors
/// If the eigenvalue decomposition of `W W'` fails.
pub(super) fn solve(weights: &ParcellationWeights, covered: &[bool], mut sums: Vec<f64>) -> Result<Vec<f64>> {
    let rois = weights.rois();
    match &weights.rows {
        Rows::Blocks(starts) => {
            let counts: Vec<f64> =
                ranges(starts).map(|range| covered[range].iter().filter(|&&is| is).count() as f64).collect();
            for row in sums.chunks_exact_mut(rois) {
                row.iter_mut().zip(&counts).for_each(|(sum, count)| *sum /= count);
            }
            Ok(sums)
        }
        Rows::Maps { starts, entries } => {
            let inverse = pseudo_inverse(&gram(starts, entries, covered))?;
            let mut out = Vec::with_capacity(sums.len());
            for row in sums.chunks_exact(rois) {
                out.extend(
                    (0..rois)
                        .map(|i| row.iter().enumerate().map(|(j, sum)| inverse[(i, j)] * sum).sum::<f64>()),
                );
            }
            Ok(out)
        }
    }
}

/// Computes `W W'` over the covered voxels.
fn gram(starts: &[usize], entries: &[(u32, f32)], covered: &[bool]) -> Mat<f64> {
    let rois = starts.len() - 1;
    let mut gram = Mat::zeros(rois, rois);
    let mut row = vec![0.0; covered.len()];
    for (i, range) in ranges(starts).enumerate() {
        let mine = entries[range].iter().filter(|(voxel, _)| covered[*voxel as usize]);
        mine.clone().for_each(|&(voxel, weight)| row[voxel as usize] = f64::from(weight));
        for (j, other) in ranges(starts).enumerate().take(i + 1) {
            let product: f64 =
                entries[other].iter().map(|&(voxel, weight)| row[voxel as usize] * f64::from(weight)).sum();
            gram[(i, j)] = product;
            gram[(j, i)] = product;
        }
        mine.for_each(|&(voxel, _)| row[voxel as usize] = 0.0);
    }
    gram
}

fn pseudo_inverse(gram: &Mat<f64>) -> Result<Mat<f64>> {
    let eigen = gram.self_adjoint_eigen(Side::Lower).map_err(
        |_| "the probabilistic maps cannot be fitted: the eigenvalues of their overlap were not found",
    )?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let n = gram.nrows();
    let largest = (0..n).map(|k| values[k]).fold(0.0, f64::max);
    let scaled =
        Mat::from_fn(n, n, |i, k| if values[k] > RANK * largest { vectors[(i, k)] / values[k] } else { 0.0 });
    Ok(scaled * vectors.transpose())
}
