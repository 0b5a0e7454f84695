//! Tangent space: covariances as differences from a mean covariance, in a space where differences add
//! up.

use boldface::TimeSeries;
use faer::{Mat, MatRef};
use rayon::prelude::*;

use super::shrunk;
use super::symmetric::{between, mapped};
use crate::Missing;

/// Tangent space of covariances at their mean: nilearn's `ConnectivityMeasure(kind="tangent")` on
/// z-scored series, with Ledoit-Wolf covariances.
///
/// It is the strongest linear form of FC in benchmarks, and costs some ten eigendecompositions per scan.
#[derive(Clone, Debug)]
pub struct Tangent {
    /// Mean to the power -1/2.
    whitening: Mat<f64>,
}

/// Maximum number of steps towards the geometric mean.
const STEPS: usize = 30;

/// Length of a step, divided by the number of cells, that ends the search.
const SHORT: f64 = 1e-7;

/// Smallest eigenvalue used: two equal regions have one of 0, whose logarithm is infinite.
const SMALLEST: f64 = 1e-6;

/// Number of scans summed in turn. Their sums are then added in order, so that the total is the same on
/// any number of cores.
const CHUNK: usize = 8;

impl Tangent {
    /// Fits the space at the geometric mean of the scans' covariances (Fletcher and Joshi 2007), with
    /// the descent and the stopping rule of nilearn. A dead region counts as uncorrelated with all
    /// others; a scan without a covariance is left out.
    ///
    /// # Errors
    /// The reason of the last scan if none has a covariance; [`Missing::Unsettled`] if eigenvalues are
    /// not found.
    pub fn fit(train: &[TimeSeries]) -> Result<Tangent, Missing> {
        let mut usable = Vec::new();
        let mut missing = Missing::Short;
        for (series, is_usable) in train.iter().zip(train.par_iter().map(covariance).collect::<Vec<_>>()) {
            match is_usable {
                Ok(_) => usable.push(series),
                Err(reason) => missing = reason,
            }
        }
        if usable.is_empty() {
            return Err(missing);
        }
        let mut mean = mean_of(&usable, |covariance| Ok(covariance.to_owned()))?;
        let (mut step, mut shortest) = (1.0, f64::INFINITY);
        for _ in 0..STEPS {
            let whitening = power(&mean, -0.5)?;
            let toward = mean_of(&usable, |covariance| {
                mapped(between(&whitening, covariance).as_ref(), |value| value.max(SMALLEST).ln())
            })?;
            let length = toward.norm_l2();
            let forward = mapped(toward.as_ref(), |value| (step * value).exp())?;
            mean = between(&power(&mean, 0.5)?, forward.as_ref());
            if length > shortest {
                step /= 2.0;
            }
            shortest = shortest.min(length);
            if shortest < SHORT * (mean.nrows() * mean.ncols()) as f64 {
                break;
            }
        }
        Ok(Tangent { whitening: power(&mean, -0.5)? })
    }

    /// Returns the upper triangle of the logarithm of the whitened covariance, row after row, with
    /// off-diagonal cells times the square root of 2: the vector is as long as the matrix. Cells of dead
    /// regions are NaN.
    ///
    /// # Errors
    /// As [`shrunk`]; [`Missing::Unsettled`] if the eigenvalues are not found.
    pub fn embed(&self, series: &TimeSeries) -> Result<Vec<f64>, Missing> {
        let (covariance, dead) = covariance(series)?;
        let whitened = between(&self.whitening, covariance.as_ref());
        let logarithm = mapped(whitened.as_ref(), |value| value.max(SMALLEST).ln())?;
        let mut cells = Vec::new();
        for i in 0..dead.len() {
            cells.extend((i..dead.len()).map(|j| match (dead[i] || dead[j], i == j) {
                (true, _) => f64::NAN,
                (false, true) => logarithm[(i, i)],
                (false, false) => std::f64::consts::SQRT_2 * logarithm[(j, i)],
            }));
        }
        Ok(cells)
    }
}

/// Returns a scan's shrunk covariance, with dead regions uncorrelated with all others, and which regions
/// those are.
fn covariance(series: &TimeSeries) -> Result<(Mat<f64>, Vec<bool>), Missing> {
    let fc = shrunk(series)?.fc;
    let dead: Vec<bool> = (0..fc.rois()).map(|roi| fc.at(roi, roi).is_nan()).collect();
    let cell = |i: usize, j: usize| {
        if i == j { 1.0 } else { Some(fc.at(i, j)).filter(|r| !r.is_nan()).unwrap_or(0.0) }
    };
    Ok((Mat::from_fn(dead.len(), dead.len(), cell), dead))
}

/// Returns the mean over scans of `of` their covariance.
fn mean_of(
    scans: &[&TimeSeries],
    of: impl Fn(MatRef<'_, f64>) -> Result<Mat<f64>, Missing> + Sync,
) -> Result<Mat<f64>, Missing> {
    let sum_of = |scans: &[&TimeSeries]| {
        let mut sum: Option<Mat<f64>> = None;
        for series in scans {
            let one = of(covariance(series)?.0.as_ref())?;
            sum = Some(match sum {
                Some(sum) => sum + one,
                None => one,
            });
        }
        sum.ok_or(Missing::Short)
    };
    let sums: Vec<Result<Mat<f64>, Missing>> = scans.par_chunks(CHUNK).map(sum_of).collect();
    let mut total: Option<Mat<f64>> = None;
    for sum in sums {
        let sum = sum?;
        total = Some(match total {
            Some(total) => total + sum,
            None => sum,
        });
    }
    let share = 1.0 / scans.len() as f64;
    total.map(|total| faer::Scale(share) * total).ok_or(Missing::Short)
}

/// Raises a positive definite matrix to a power.
fn power(matrix: &Mat<f64>, power: f64) -> Result<Mat<f64>, Missing> {
    mapped(matrix.as_ref(), |value| value.max(SMALLEST).powf(power))
}

#[cfg(test)]
mod tests {
    use boldface::Window;

    use super::*;
    use crate::golden;

    fn thirds() -> Vec<TimeSeries> {
        let series = golden::series();
        [0, 40, 80].map(|start| series.window(Window { start, trs: 40 }).unwrap()).to_vec()
    }

    #[test]
    fn embeddings_are_nilearns() {
        // `tests/python/connectivity.py golden` (nilearn 0.14.1): rows 0 and 1 of the first and the last
        // third, and the length of each third's matrix.
        let tangent = Tangent::fit(&thirds()).unwrap();
        let found: Vec<Vec<f64>> = thirds().iter().map(|series| tangent.embed(series).unwrap()).collect();
        let root = std::f64::consts::SQRT_2;
        let first = [found[0][0], found[0][1] / root, found[0][2] / root];
        let last = [found[2][60], found[2][61] / root, found[2][62] / root];
        let expected = [-0.059_894_513_656_034_98, -0.115_739_491_254_353_25, -0.131_416_667_838_574_42];
        first.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-6, "{a} and {b}"));
        let expected = [0.112_108_685_135_154_13, 0.044_547_424_264_013_04, 0.016_164_063_595_751_944];
        last.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-6, "{a} and {b}"));
        let lengths = [3.872_444_250_558_630_5, 4.587_988_829_498_454, 3.839_662_255_383_995];
        for (cells, expected) in found.iter().zip(lengths) {
            let length = cells.iter().map(|cell| cell * cell).sum::<f64>().sqrt();
            assert!((length - expected).abs() < 1e-6, "{length} and {expected}");
        }
    }

    #[test]
    fn the_mean_lies_at_zero() {
        let tangent = Tangent::fit(&thirds()).unwrap();
        let found: Vec<Vec<f64>> = thirds().iter().map(|series| tangent.embed(series).unwrap()).collect();
        for cell in 0..found[0].len() {
            let mean: f64 = found.iter().map(|cells| cells[cell]).sum::<f64>() / 3.0;
            assert!(mean.abs() < 1e-4, "{cell}: {mean}");
        }
    }

    #[test]
    fn a_dead_region_is_missing_and_what_cannot_be_estimated_has_a_reason() {
        let mut scans = thirds();
        let mut values = scans[0].values().to_vec();
        values.iter_mut().step_by(golden::ROIS).for_each(|value| *value = 1.0);
        scans[0] = scans[0].with_values(values).unwrap();
        let short = scans[0].window(Window::first(3)).unwrap();
        scans.push(short.clone());
        let tangent = Tangent::fit(&scans).unwrap();
        let dead = tangent.embed(&scans[0]).unwrap();
        assert_eq!(dead.iter().filter(|cell| cell.is_nan()).count(), golden::ROIS);
        assert!(dead[..golden::ROIS].iter().all(|cell| cell.is_nan()));
        assert!(tangent.embed(&scans[1]).unwrap().iter().all(|cell| cell.is_finite()));
        assert_eq!(tangent.embed(&short), Err(Missing::Short));
        assert_eq!(Tangent::fit(&[short]).unwrap_err(), Missing::Short);
        assert_eq!(Tangent::fit(&[]).unwrap_err(), Missing::Short);
    }

    #[test]
    fn equal_regions_stay_finite() {
        // Nothing is shrunk, so the covariance has an eigenvalue of 0.
        let wave = [1.0, -1.0, 1.0, -1.0].into_iter().flat_map(|x: f32| [x, x]).collect();
        let series = TimeSeries::new(4, 2, 2.0, wave).unwrap();
        let tangent = Tangent::fit(std::slice::from_ref(&series)).unwrap();
        assert!(tangent.embed(&series).unwrap().iter().all(|cell| cell.is_finite()));
    }
}
