//! Removes from the signal the part that confounds explain, by projection.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::ColPivQr;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::matrix::Matrix;

/// Share of the largest diagonal element of R below which a column depends on the others.
///
/// nilearn cuts at an absolute 100 eps. The filters leave residues of up to about 1e-12 in dependent
/// columns, and nilearn keeps those as regressors in random directions. Confounds written to files carry
/// no real signal that small.
const DEPENDENT: f64 = 1e-10;

/// Returns an orthonormal basis of the confounds' span, volumes x rank, by QR with column pivoting.
pub(super) fn basis(confounds: &Matrix) -> Mat<f64> {
    let qr = ColPivQr::new(view(confounds));
    let (r, q) = (qr.thin_R(), qr.compute_thin_Q());
    let diagonal = |i: usize| r[(i, i)].abs();
    let size = r.nrows().min(r.ncols());
    let cut = if size == 0 { 0.0 } else { (DEPENDENT * diagonal(0)).max(100.0 * f64::EPSILON) };
    let rank = (0..size).take_while(|&i| diagonal(i) > cut).count();
    q.subcols(0, rank).to_owned()
}

/// Subtracts from each column of `signal` its projection on `basis`.
pub(super) fn project_out(signal: &mut Matrix, basis: &Mat<f64>) {
    let mut weights = Mat::zeros(basis.ncols(), signal.columns);
    matmul(weights.as_mut(), Accum::Replace, basis.transpose(), view(signal), 1.0, Par::Seq);
    let (rows, columns) = (signal.rows, signal.columns);
    let signal = MatMut::from_row_major_slice_mut(&mut signal.values, rows, columns);
    matmul(signal, Accum::Add, basis, &weights, -1.0, Par::Seq);
}

fn view(matrix: &Matrix) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(&matrix.values, matrix.rows, matrix.columns)
}
