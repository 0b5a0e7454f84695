//! Largest eigenvalues of a symmetric matrix, with their vectors.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::matmul::matmul;
use faer::linalg::temp_mat_scratch;
use faer::matrix_free::LinOp;
use faer::matrix_free::eigen::{
    PartialEigenParams, partial_self_adjoint_eigen, partial_self_adjoint_eigen_scratch,
};
use faer::{Accum, Col, Mat, MatMut, MatRef, Par, Side};

use boldface::seed;
use rand::RngExt;

use crate::Missing;

/// A symmetric matrix without negative eigenvalues.
#[derive(Debug)]
pub(super) enum Symmetric {
    /// The matrix itself.
    Matrix(Mat<f64>),
    /// `C C'` of a square `C`, not multiplied out except for small matrices.
    Squared(Mat<f64>),
}

/// Up to this many rows, all eigenvalues are computed: it takes no longer than Lanczos and never misses
/// equal ones.
const SMALL: usize = 128;

/// Largest residual `|A u - lambda u|` of an accepted vector; the largest eigenvalues are of the order
/// of 1.
const TOLERANCE: f64 = 1e-10;

impl Symmetric {
    /// Returns the `count` largest eigenvalues in descending order, and their vectors of length 1 (rows
    /// x count). They equal those of numpy's general solver to 1e-6.
    ///
    /// The result has the same bytes every time: Lanczos starts from a fixed vector, and nothing runs in
    /// parallel.
    ///
    /// # Errors
    /// [`Missing::Unsettled`] if they are not found.
    pub(super) fn largest(&self, count: usize) -> Result<(Mat<f64>, Vec<f64>), Missing> {
        let some = if self.nrows() > SMALL { self.by_lanczos(count) } else { None };
        some.map_or_else(|| self.by_all(count), Ok)
    }

    /// Uses restarted Lanczos; none if it does not converge.
    fn by_lanczos(&self, count: usize) -> Option<(Mat<f64>, Vec<f64>)> {
        let rows = self.nrows();
        let mut random = seed::stream(0, "gradient.lanczos");
        let start = Col::from_fn(rows, |_| random.random_range(-1.0..1.0));
        let params = PartialEigenParams::default();
        let scratch = partial_self_adjoint_eigen_scratch(self, count, Par::Seq, params);
        let mut memory = MemBuffer::new(scratch);
        let mut vectors = Mat::zeros(rows, count);
        let mut values = vec![0.0; count];
        let info = partial_self_adjoint_eigen(
            vectors.as_mut(),
            &mut values,
            self,
            start.as_ref(),
            TOLERANCE,
            Par::Seq,
            MemStack::new(&mut memory),
            params,
        );
        (info.n_converged_eigen >= count).then_some((vectors, values))
    }

    /// Computes all eigenvalues and keeps the largest.
    fn by_all(&self, count: usize) -> Result<(Mat<f64>, Vec<f64>), Missing> {
        let eigen = match self {
            Symmetric::Matrix(matrix) => matrix.self_adjoint_eigen(Side::Lower),
            Symmetric::Squared(root) => (root * root.transpose()).self_adjoint_eigen(Side::Lower),
        };
        let eigen = eigen.map_err(|_| Missing::Unsettled)?;
        let (rows, values) = (self.nrows(), eigen.S().column_vector());
        let vectors = Mat::from_fn(rows, count, |i, g| eigen.U()[(i, rows - 1 - g)]);
        Ok((vectors, (0..count).map(|g| values[rows - 1 - g]).collect()))
    }
}

impl LinOp<f64> for Symmetric {
    fn apply_scratch(&self, columns: usize, _: Par) -> StackReq {
        match self {
            Symmetric::Matrix(_) => StackReq::EMPTY,
            Symmetric::Squared(root) => temp_mat_scratch::<f64>(root.ncols(), columns),
        }
    }

    fn nrows(&self) -> usize {
        match self {
            Symmetric::Matrix(matrix) | Symmetric::Squared(matrix) => matrix.nrows(),
        }
    }

    fn ncols(&self) -> usize {
        self.nrows()
    }

    fn apply(&self, out: MatMut<'_, f64>, rhs: MatRef<'_, f64>, par: Par, _: &mut MemStack) {
        match self {
            Symmetric::Matrix(matrix) => matmul(out, Accum::Replace, matrix, rhs, 1.0, par),
            Symmetric::Squared(root) => {
                let inner = root.transpose() * rhs;
                matmul(out, Accum::Replace, root, &inner, 1.0, par);
            }
        }
    }

    fn conj_apply(&self, out: MatMut<'_, f64>, rhs: MatRef<'_, f64>, par: Par, stack: &mut MemStack) {
        self.apply(out, rhs, par, stack);
    }
}
