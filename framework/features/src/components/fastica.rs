//! FastICA: separates mixed sources by how far from Gaussian they are.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Side};
use thiserror::Error;

/// Rules that end the iteration.
#[derive(Clone, Copy, Debug)]
pub struct IterationLimits {
    /// Converged once no component turns by more than this: the largest `| |<w, w before>| - 1 |`.
    pub tolerance: f64,
    /// Number of iterations after which it fails.
    pub iterations: usize,
    /// Number of iterations after which steps go only half the way, because full steps may run in a
    /// circle.
    pub whole_steps: usize,
}

impl IterationLimits {
    /// The limits of scikit-learn.
    pub const SKLEARN: IterationLimits =
        IterationLimits { tolerance: 1e-4, iterations: 200, whole_steps: 200 };
}

/// Reason why no components were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unsolved {
    /// The data has fewer dimensions than the requested components.
    #[error("{components} components were asked for, and the data has {rank} dimensions")]
    Rank {
        /// Number of requested components.
        components: usize,
        /// Dimensions of the data above rounding noise.
        rank: usize,
    },
    /// The iteration did not converge.
    #[error("FastICA did not converge in {0} iterations")]
    Unsettled(usize),
    /// Eigenvalues or singular values were not found, for example because the data is not finite.
    #[error("the principal components of the data were not found")]
    Principal,
}

/// Independent components of a data matrix.
#[derive(Clone, Debug)]
pub struct FastIca {
    /// Observations x components, each of mean 0 and variance 1 (ddof 0).
    pub sources: Mat<f64>,
    /// Components x features: maps centred data to the sources (`components_` of scikit-learn).
    pub unmixing: Mat<f64>,
    /// Iterations until it converged.
    pub iterations: usize,
}

/// Singular values below this share of the largest are rounding noise.
const RANK: f64 = 1e-10;

/// Runs FastICA on `data` (observations x features), from `start` (components x components).
///
/// As `FastICA(n_components, algorithm="parallel", whiten="unit-variance", fun="logcosh", w_init=start)`
/// of scikit-learn 1.9, including its whitening by SVD and its signs. The same start gives the same
/// components, as long as steps are whole. Hyvärinen and Oja (2000), Neural Networks 13:411, equations
/// 40 and 45.
///
/// # Errors
/// [`Unsolved`]. If it does not converge, scikit-learn returns its last state with a warning instead.
pub fn fast_ica(
    data: MatRef<'_, f64>,
    components: usize,
    start: MatRef<'_, f64>,
    limits: IterationLimits,
) -> Result<FastIca, Unsolved> {
    let (observations, features) = (data.nrows(), data.ncols());
    let mut centred = data.to_owned();
    for feature in centred.col_iter_mut() {
        let feature = feature.try_as_col_major_mut().expect("a matrix of our own is dense").as_slice_mut();
        let mean = feature.iter().sum::<f64>() / observations as f64;
        feature.iter_mut().for_each(|x| *x -= mean);
    }
    let svd = centred.thin_svd().map_err(|_| Unsolved::Principal)?;
    let (spread, left, right) = (svd.S().column_vector(), svd.U(), svd.V());
    let dimensions = observations.min(features);
    let rank = (0..dimensions).filter(|&k| spread[k] > RANK * spread[0]).count();
    if components > rank {
        return Err(Unsolved::Rank { components, rank });
    }
    let sign = |k: usize| if right[(0, k)] < 0.0 { -1.0 } else { 1.0 };
    let scale = (observations as f64).sqrt();
    let white = Mat::from_fn(components, observations, |k, i| left[(i, k)] * sign(k) * scale);
    let whitening = Mat::from_fn(components, features, |k, j| right[(j, k)] * sign(k) * scale / spread[k]);
    let Rotation { rotation, iterations } = rotate(white.as_ref(), start, limits)?;
    let mut unmixing = Mat::zeros(components, features);
    matmul(unmixing.as_mut(), Accum::Replace, &rotation, &whitening, 1.0, Par::Seq);
    let mut sources = Mat::zeros(observations, components);
    matmul(sources.as_mut(), Accum::Replace, white.transpose(), rotation.transpose(), 1.0, Par::Seq);
    Ok(FastIca { sources, unmixing, iterations })
}

/// Orthogonal matrix that turns white data into independent components.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    /// Components x components.
    pub rotation: Mat<f64>,
    /// Iterations until it converged.
    pub iterations: usize,
}

/// Iterates FastICA on white data (components x observations): parallel, logcosh.
pub(super) fn rotate(
    white: MatRef<'_, f64>,
    start: MatRef<'_, f64>,
    limits: IterationLimits,
) -> Result<Rotation, Unsolved> {
    let (components, observations) = (white.nrows(), white.ncols());
    let share = 1.0 / observations as f64;
    let mut rotation = decorrelate(start)?;
    let mut sources = Mat::zeros(components, observations);
    for iteration in 1..=limits.iterations {
        matmul(sources.as_mut(), Accum::Replace, &rotation, white, 1.0, Par::Seq);
        let mut slopes = vec![0.0; components];
        for j in 0..observations {
            for (source, slope) in sources.col_as_slice_mut(j).iter_mut().zip(&mut slopes) {
                *source = source.tanh();
                *slope += 1.0 - *source * *source;
            }
        }
        let mut next = Mat::from_fn(components, components, |i, k| -slopes[i] * share * rotation[(i, k)]);
        matmul(next.as_mut(), Accum::Add, &sources, white.transpose(), share, Par::Seq);
        let next = decorrelate(next.as_ref())?;
        let along = |i: usize| (0..components).map(|k| next[(i, k)] * rotation[(i, k)]).sum::<f64>();
        let turned = (0..components).map(|i| (along(i).abs() - 1.0).abs()).fold(0.0, f64::max);
        if turned < limits.tolerance {
            return Ok(Rotation { rotation: next, iterations: iteration });
        }
        rotation = if iteration < limits.whole_steps { next } else { half_way(&rotation, &next)? };
    }
    Err(Unsolved::Unsettled(limits.iterations))
}

/// Returns the orthogonal matrix half way between two. A row with the opposite sign is the same
/// component.
fn half_way(a: &Mat<f64>, b: &Mat<f64>) -> Result<Mat<f64>, Unsolved> {
    let n = a.nrows();
    let along = |i: usize| (0..n).map(|k| a[(i, k)] * b[(i, k)]).sum::<f64>();
    let signs: Vec<f64> = (0..n).map(|i| if along(i) < 0.0 { -1.0 } else { 1.0 }).collect();
    decorrelate(Mat::from_fn(n, n, |i, k| a[(i, k)] + signs[i] * b[(i, k)]).as_ref())
}

/// Returns the orthogonal matrix nearest to `w`: `(W W')^-1/2 W`.
fn decorrelate(w: MatRef<'_, f64>) -> Result<Mat<f64>, Unsolved> {
    let n = w.nrows();
    let mut gram = Mat::zeros(n, n);
    matmul(gram.as_mut(), Accum::Replace, w, w.transpose(), 1.0, Par::Seq);
    if !gram.is_all_finite() {
        return Err(Unsolved::Principal);
    }
    let eigen = gram.self_adjoint_eigen(Side::Lower).map_err(|_| Unsolved::Principal)?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let scaled = Mat::from_fn(n, n, |i, k| vectors[(i, k)] / values[k].max(f64::MIN_POSITIVE).sqrt());
    matmul(gram.as_mut(), Accum::Replace, &scaled, vectors.transpose(), 1.0, Par::Seq);
    let mut nearest = Mat::zeros(n, n);
    matmul(nearest.as_mut(), Accum::Replace, &gram, w, 1.0, Par::Seq);
    Ok(nearest)
}

/// Returns the mean of log cosh over a source of mean 0 and variance 1, minus that of a normal variable.
/// Its square is the negentropy that FastICA maximises (Hyvärinen and Oja, equation 25).
pub(super) fn surplus(source: &[f64]) -> f64 {
    // This form does not overflow.
    let log_cosh = |x: f64| x.abs() + (-2.0 * x.abs()).exp().ln_1p() - std::f64::consts::LN_2;
    source.iter().map(|&x| log_cosh(x)).sum::<f64>() / source.len() as f64 - GAUSSIAN
}

/// Mean of log cosh over a standard normal variable.
const GAUSSIAN: f64 = 0.374_567_207_491_438_3;
