//! Principal components over regions of all scans of a cohort, in the memory of one matrix.

use boldface::TimeSeries;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, Par, Side};
use rayon::prelude::*;

use super::fastica::Unsolved;
use super::scan::Standardised;

/// Maximum number of chunks in which scans are summed. It is independent of the threads, to fix the
/// order of summation.
const STRETCHES: usize = 8;

/// Eigenvalues below this share of the largest are rounding noise.
const RANK: f64 = 1e-10;

/// Covariance of regions over the training scans.
///
/// It equals the covariance of all scans concatenated, with each region of each scan at mean 0 and
/// variance 1, and each scan counting by its weight instead of its length. A PCA needs no more, and
/// scans are added one by one.
pub(super) struct GroupCovariance {
    /// Regions with a signal in any scan.
    pub live: Vec<usize>,
    /// Over live regions, without each volume's mean over regions, as the observations of spatial ICA
    /// are regions.
    covariance: Mat<f64>,
}

impl GroupCovariance {
    /// Sums scans of `rois` regions, each with its weight. A region that is dead in a scan adds nothing
    /// there.
    pub(super) fn accumulate(scans: &[(&TimeSeries, f64)], rois: usize) -> GroupCovariance {
        let stretch = scans.len().div_ceil(STRETCHES).max(1);
        let sums: Vec<(Mat<f64>, Vec<bool>)> =
            scans.par_chunks(stretch).map(|scans| sum(scans, rois)).collect();
        let mut whole = Mat::<f64>::zeros(rois, rois);
        let mut any = vec![false; rois];
        for (part, live) in sums {
            whole += part;
            any.iter_mut().zip(live).for_each(|(any, live)| *any |= live);
        }
        let live: Vec<usize> = (0..rois).filter(|&roi| any[roi]).collect();
        let at = |i: usize, j: usize| whole[(live[i].max(live[j]), live[i].min(live[j]))];
        let n = live.len();
        let means: Vec<f64> = (0..n).map(|i| (0..n).map(|j| at(i, j)).sum::<f64>() / n as f64).collect();
        let mean = means.iter().sum::<f64>() / n as f64;
        let covariance = Mat::from_fn(n, n, |i, j| at(i, j) - means[i] - means[j] + mean);
        GroupCovariance { live, covariance }
    }

    /// Returns the share of the variance explained by a map (over live regions, mean 0, variance 1).
    pub(super) fn share(&self, map: &[f64]) -> f64 {
        let n = map.len();
        let column = |j: usize| (0..n).map(|i| self.covariance[(i, j)] * map[i]).sum::<f64>();
        let along: f64 = (0..n).map(|j| map[j] * column(j)).sum();
        let total: f64 = (0..n).map(|i| self.covariance[(i, i)]).sum();
        along / n as f64 / total
    }

    /// Returns the first principal components as white data: components x live regions, uncorrelated,
    /// mean 0, variance 1. `wanted` chooses their number from the shares of variance of all components.
    pub(super) fn principal(&self, wanted: impl Fn(&[f64]) -> usize) -> Result<Mat<f64>, Unsolved> {
        let n = self.live.len();
        let eigen = self.covariance.self_adjoint_eigen(Side::Lower).map_err(|_| Unsolved::Principal)?;
        let (vectors, values) = (eigen.U(), eigen.S().column_vector());
        // faer sorts eigenvalues in ascending order; this list descends.
        let values: Vec<f64> = (0..n).rev().map(|k| values[k]).collect();
        let total: f64 = values.iter().sum();
        let rank = values.iter().filter(|&&value| value > RANK * values[0]).count();
        let shares: Vec<f64> = values[..rank].iter().map(|value| value / total).collect();
        let components = wanted(&shares);
        if components > rank {
            return Err(Unsolved::Rank { components, rank });
        }
        let scale = (n as f64).sqrt();
        let sign = |k: usize| {
            let largest =
                (0..n).map(|i| vectors[(i, k)]).fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
            if largest < 0.0 { -scale } else { scale }
        };
        let signs: Vec<f64> = (0..components).map(|k| sign(n - 1 - k)).collect();
        Ok(Mat::from_fn(components, n, |k, i| vectors[(i, n - 1 - k)] * signs[k]))
    }
}

/// Sums the weighted covariances of some scans (lower half), and finds the regions with a signal in any
/// of them.
fn sum(scans: &[(&TimeSeries, f64)], rois: usize) -> (Mat<f64>, Vec<bool>) {
    let mut sum = Mat::zeros(rois, rois);
    let mut any = vec![false; rois];
    for &(series, weight) in scans {
        let scan = Standardised::compute(series);
        scan.live.iter().for_each(|&roi| any[roi] = true);
        let weight = weight / series.trs().max(1) as f64;
        let half = BlockStructure::TriangularLower;
        let whole = BlockStructure::Rectangular;
        let signals = &scan.signals;
        triangular::matmul(
            &mut sum,
            half,
            Accum::Add,
            signals.transpose(),
            whole,
            signals,
            whole,
            weight,
            Par::Seq,
        );
    }
    (sum, any)
}
