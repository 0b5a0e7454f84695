//! FastICA from several starts: keeps the best, and measures how well the others agree with it.

use boldface::seed;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rand::Rng;
use rayon::prelude::*;

use super::fastica::{IterationLimits, Rotation, Unsolved, rotate, surplus};

/// Stricter than scikit-learn's, so that starts with the same components agree to many digits.
const LIMITS: IterationLimits = IterationLimits { tolerance: 1e-8, iterations: 3000, whole_steps: 200 };

/// Components of the best start.
pub(super) struct Settled {
    /// Components x observations; mean 0, variance 1, uncorrelated.
    pub sources: Mat<f64>,
    /// How well the other starts find each component: its largest absolute correlation with theirs,
    /// averaged; none if there is no other start.
    pub stability: Vec<Option<f64>>,
}

/// Finds independent components of white data (components x observations).
///
/// Iterates each of `starts` random rotations, and drops those that do not converge. Keeps the one with
/// the largest sum of negentropies over its components, which FastICA maximises; on ties (to 1e-6), the
/// first. Agreement of starts is no criterion: with planted sources, more than half of the starts may
/// end at a lower maximum.
///
/// # Errors
/// If no start converges.
pub(super) fn settle(white: MatRef<'_, f64>, starts: usize, seed: u64) -> Result<Settled, Unsolved> {
    let mut stream = seed::stream(seed, "components.starts");
    let n = white.nrows();
    let starts: Vec<Mat<f64>> =
        (0..starts).map(|_| Mat::from_fn(n, n, |_, _| gaussian(&mut stream))).collect();
    let ends: Vec<_> = starts
        .par_iter()
        .map(|start| {
            let end = rotate(white, start.as_ref(), LIMITS)?;
            let sources = sources(&end, white);
            Ok((negentropy(&sources), end, sources))
        })
        .collect();
    let failure = ends.iter().find_map(|end| end.as_ref().err().copied());
    let ends: Vec<(f64, Rotation, Mat<f64>)> = ends.into_iter().filter_map(Result::ok).collect();
    let best =
        (0..ends.len()).reduce(|best, i| if ends[i].0 > ends[best].0 * (1.0 + 1e-6) { i } else { best });
    let best = best.ok_or(failure.unwrap_or(Unsolved::Unsettled(0)))?;
    let rotations: Vec<&Rotation> = ends.iter().map(|(_, rotation, _)| rotation).collect();
    Ok(Settled { stability: agreement(&rotations, best), sources: ends[best].2.clone() })
}

fn sources(end: &Rotation, white: MatRef<'_, f64>) -> Mat<f64> {
    let mut sources = Mat::zeros(white.nrows(), white.ncols());
    matmul(sources.as_mut(), Accum::Replace, &end.rotation, white, 1.0, Par::Seq);
    sources
}

/// Returns the sum of the components' negentropies.
fn negentropy(sources: &Mat<f64>) -> f64 {
    let component = |k: usize| (0..sources.ncols()).map(|i| sources[(k, i)]).collect::<Vec<f64>>();
    (0..sources.nrows()).map(|k| surplus(&component(k)).powi(2)).sum()
}

/// Returns how well other ends find the components of one end. Rows of rotations have length 1 and the
/// data is white, so inner products of rows are correlations of components.
fn agreement(ends: &[&Rotation], one: usize) -> Vec<Option<f64>> {
    let mine = &ends[one].rotation;
    let n = mine.nrows();
    let mut sums = vec![0.0; n];
    for other in ends.iter().enumerate().filter(|&(other, _)| other != one).map(|(_, end)| end) {
        let mut product = Mat::zeros(n, n);
        matmul(product.as_mut(), Accum::Replace, mine, other.rotation.transpose(), 1.0, Par::Seq);
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum += (0..n).map(|j| product[(i, j)].abs()).fold(0.0, f64::max).min(1.0);
        }
    }
    let others = (ends.len() - 1) as f64;
    sums.into_iter().map(|sum| (others > 0.0).then(|| sum / others)).collect()
}

/// Draws a normal number, by the method of Box and Muller.
fn gaussian(stream: &mut impl Rng) -> f64 {
    let mut uniform = || (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (u, v) = (uniform(), uniform());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
