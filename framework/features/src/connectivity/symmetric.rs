//! Functions of symmetric matrices, applied to their eigenvalues.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, MatRef, Par, Side};

use crate::Missing;

/// Applies `of` to the eigenvalues of `matrix`, whose lower half is read; the result is exactly
/// symmetric.
///
/// # Errors
/// [`Missing::Unsettled`] if the eigenvalues are not found.
pub(super) fn mapped(matrix: MatRef<'_, f64>, of: impl Fn(f64) -> f64) -> Result<Mat<f64>, Missing> {
    let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| Missing::Unsettled)?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let values: Vec<f64> = (0..values.nrows()).map(|i| of(values[i])).collect();
    let scaled = Mat::from_fn(vectors.nrows(), vectors.ncols(), |i, j| vectors[(i, j)] * values[j]);
    Ok(symmetric_product(scaled.as_ref(), vectors.transpose()))
}

/// Returns `W C W` for symmetric matrices `outer` W and `inner` C.
pub(super) fn between(outer: &Mat<f64>, inner: MatRef<'_, f64>) -> Mat<f64> {
    symmetric_product((outer * inner).as_ref(), outer.as_ref())
}

/// Computes a product that is symmetric by construction, and makes it exactly so.
fn symmetric_product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let rows = left.nrows();
    let mut product = Mat::zeros(rows, rows);
    matmul(
        product.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        left,
        BlockStructure::Rectangular,
        right,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    for column in 0..rows {
        for row in column + 1..rows {
            product[(column, row)] = product[(row, column)];
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_root_by_hand() {
        // [5 4; 4 5] has the eigenvalues 9 and 1 with vectors (1, 1) and (1, -1). The root has 3 and 1,
        // so it is [2 1; 1 2].
        let matrix = Mat::from_fn(2, 2, |i, j| if i == j { 5.0 } else { 4.0 });
        let root = mapped(matrix.as_ref(), f64::sqrt).unwrap();
        for (i, j, expected) in [(0, 0, 2.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 2.0)] {
            assert!((root[(i, j)] - expected).abs() < 1e-12, "{root:?}");
        }
        // [2 1; 1 2] [1 0; 0 0] [2 1; 1 2] = [4 2; 2 1].
        let inner = Mat::from_fn(2, 2, |i, j| f64::from(u8::from(i + j == 0)));
        let product = between(&root, inner.as_ref());
        for (i, j, expected) in [(0, 0, 4.0), (0, 1, 2.0), (1, 0, 2.0), (1, 1, 1.0)] {
            assert!((product[(i, j)] - expected).abs() < 1e-12, "{product:?}");
        }
    }
}
