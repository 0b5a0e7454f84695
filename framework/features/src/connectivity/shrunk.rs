//! Ledoit-Wolf and partial correlations, which are defined even with more regions than volumes.

use boldface::TimeSeries;
use faer::{MatRef, Side};

use super::Fc;
use super::signals::UnitSignals;
use crate::Missing;

/// Correlations shrunk towards zero, by as much as the scan leaves them uncertain.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// Share of the identity in the covariance, 0 to 1.
    pub shrinkage: f64,
    /// Shrunk correlations: Pearson's times `1 - shrinkage`.
    pub fc: Fc,
}

/// Minimum number of volumes: with fewer, the variance of Fisher's z, `1 / (volumes - 3)`, is not
/// defined.
pub(super) const LEAST_TRS: usize = 4;

/// Computes correlations from the Ledoit-Wolf covariance of the z-scored series, as
/// `sklearn.covariance.LedoitWolf` 1.9 and nilearn 0.14's `ConnectivityMeasure(kind="correlation",
/// standardize="zscore_sample")`. Dead regions are left out of the estimate and are NaN.
///
/// # Errors
/// [`Missing::Short`] below 4 volumes, [`Missing::Dead`] if fewer than two regions are alive.
pub fn shrunk(series: &TimeSeries) -> Result<Shrunk, Missing> {
    let signals = UnitSignals::from_series(series);
    let (shrinkage, values) = covariance(&signals)?;
    Ok(Shrunk { shrinkage, fc: spread(&values, &signals.dead) })
}

/// Computes partial correlations: of two regions, given all others. From the inverse `P` of the
/// Ledoit-Wolf covariance of the z-scored series, they are `-P[i, j] / sqrt(P[i, i] P[j, j])`, as
/// nilearn 0.14's `ConnectivityMeasure(kind="partial correlation")` on z-scored series. Dead regions are
/// left out of the estimate and are NaN.
///
/// # Errors
/// As [`shrunk`]; [`Missing::Undefined`] if the covariance has no inverse, for example if two regions
/// are equal and nothing is shrunk.
pub fn partial(series: &TimeSeries) -> Result<Fc, Missing> {
    let signals = UnitSignals::from_series(series);
    let (_, values) = covariance(&signals)?;
    Ok(spread(&partial_of(&values)?, &signals.dead))
}

/// Returns shrinkage and shrunk covariance of the live signals, row after row, in units of their
/// variance: the diagonal is 1.
///
/// Ledoit and Wolf 2004, as scikit-learn computes it. `R` are the correlations of `p` signals of length
/// 1 over `n` volumes, and squared distances are in units of the squared variance. `delta = (|R|^2 - p)
/// / p` is the distance of the covariance from the identity; `beta = (n sum_t (sum_i x_ti^2)^2 - |R|^2)
/// / (n p)` is the part of it that is noise.
fn covariance(signals: &UnitSignals) -> Result<(f64, Vec<f64>), Missing> {
    if signals.trs() < LEAST_TRS {
        return Err(Missing::Short);
    }
    let alive = signals.alive();
    let rois = alive.dead.len();
    if rois < 2 {
        return Err(Missing::Dead);
    }
    let mut values = alive.products();
    let (n, p) = (alive.trs() as f64, rois as f64);
    let squares: f64 = values.iter().map(|r| r * r).sum();
    let powers: f64 = alive.powers().iter().map(|power| power * power).sum();
    let delta = (squares - p) / p;
    let beta = ((n * powers - squares) / (n * p)).min(delta);
    let shrinkage = if beta > 0.0 { beta / delta } else { 0.0 };
    values.iter_mut().for_each(|r| *r *= 1.0 - shrinkage);
    (0..rois).for_each(|i| values[i * rois + i] = 1.0);
    Ok((shrinkage, values))
}

/// Computes partial correlations from a covariance, row after row.
fn partial_of(covariance: &[f64]) -> Result<Vec<f64>, Missing> {
    let rois = covariance.len().isqrt();
    let precision = MatRef::from_row_major_slice(covariance, rois, rois)
        .llt(Side::Lower)
        .map_err(|_| Missing::Undefined)
        .map(|llt| faer::linalg::solvers::DenseSolveCore::inverse(&llt))?;
    let roots: Vec<f64> = (0..rois).map(|i| precision[(i, i)].sqrt()).collect();
    let mut values = vec![1.0; rois * rois];
    for i in 0..rois {
        for j in i + 1..rois {
            let r = -precision[(i, j)] / (roots[i] * roots[j]);
            if !r.is_finite() {
                return Err(Missing::Undefined);
            }
            values[i * rois + j] = r.clamp(-1.0, 1.0);
            values[j * rois + i] = r.clamp(-1.0, 1.0);
        }
    }
    Ok(values)
}

/// Places a matrix of the live regions among all regions.
fn spread(values: &[f64], dead: &[bool]) -> Fc {
    let rois = dead.len();
    let alive: Vec<usize> = (0..rois).filter(|&roi| !dead[roi]).collect();
    let mut fc = Fc { rois, values: vec![f64::NAN; rois * rois] };
    for (row, &i) in values.chunks_exact(alive.len()).zip(&alive) {
        row.iter().zip(&alive).for_each(|(&r, &j)| fc.values[i * rois + j] = r);
    }
    fc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    #[test]
    fn shrinkage_and_correlations_equal_scikit_learns() {
        // Copied from `golden/parity.json`, block `ledoit_wolf` (scikit-learn 1.9.1, nilearn 0.14.1).
        let signals = UnitSignals::from_rows(golden::signals().0);
        let (shrinkage, values) = covariance(&signals).unwrap();
        assert!((shrinkage - 0.118_204_178_515_064_89).abs() < 1e-10, "{shrinkage}");
        let fc = spread(&values, &signals.dead);
        let first = [
            0.180_439_846_436_762_86,
            -0.027_957_026_791_060_127,
            -0.038_899_415_205_713_356,
            -0.061_971_844_409_979_91,
            0.247_942_915_063_000_04,
        ];
        for (j, expected) in (1..).zip(first) {
            assert!((fc.at(0, j) - expected).abs() < 1e-10, "r[0, {j}] = {}", fc.at(0, j));
        }
        assert!((fc.upper().sum::<f64>() - 217.176_516_452_489_92).abs() < 1e-8);
    }

    #[test]
    fn partial_correlations_equal_nilearns() {
        // `tests/python/connectivity.py golden`: nilearn 0.14.1's partial correlation of the z-scored
        // golden input. (Those in the golden file are of the raw input, whose regions differ in
        // variance.)
        let (_, values) = covariance(&UnitSignals::from_rows(golden::signals().0)).unwrap();
        let partial = partial_of(&values).unwrap();
        for (j, expected) in (1..).zip(PARTIAL) {
            assert!((partial[j] - expected).abs() < 1e-8, "partial[0, {j}] = {}", partial[j]);
        }
    }

    const PARTIAL: [f64; 5] = [
        0.013_237_739_334_509_144,
        0.003_760_587_460_128_894_8,
        -0.078_699_704_925_227_24,
        -0.035_154_314_034_055_695,
        0.114_895_012_740_313_11,
    ];

    fn series(rows: &[&[f32]]) -> TimeSeries {
        let values = (0..rows[0].len()).flat_map(|t| rows.iter().map(move |row| row[t])).collect();
        TimeSeries::new(rows[0].len(), rows.len(), 2.0, values).unwrap()
    }

    #[test]
    fn three_regions_by_hand() {
        // z-scored (ddof 0): a = (1, 1, -1, -1), b = (1, -1, 1, -1), c = (a + b) / sqrt 2 = (r, 0, 0,
        // -r) with r = sqrt 2.
        // - R: ab 0, ac = bc = 1 / sqrt 2. |R|^2 = 3 + 4 / 2 = 5, delta = (5 - 3) / 3 = 2 / 3.
        // - Powers: 1 + 1 + 2 = 4, 2, 2, 4 by volume, so n sum (power / n)^2 = 40 / 4 = 10.
        // - beta = (10 - 5) / (4 * 3) = 5 / 12. Shrinkage: 5/12 / (2/3) = 5/8, so ac = 3/8 / sqrt 2.
        let (a, b, c) = ([1.0, 1.0, -1.0, -1.0], [3.0, -3.0, 3.0, -3.0], [8.0, 7.0, 7.0, 6.0]);
        let of = series(&[&a, &b, &c]);
        let Shrunk { shrinkage, fc } = shrunk(&of).unwrap();
        assert!((shrinkage - 0.625).abs() < 1e-12, "{shrinkage}");
        let s = 0.375 * 0.5_f64.sqrt();
        assert!((fc.at(0, 2) - s).abs() < 1e-12 && fc.at(0, 1).abs() < 1e-12 && fc.at(1, 1) == 1.0);
        // For three regions, partial ab = (ab - ac bc) / sqrt((1 - ac^2) (1 - bc^2)) = -s^2 / (1 - s^2).
        let partial = partial(&of).unwrap();
        assert!((partial.at(0, 1) + s * s / (1.0 - s * s)).abs() < 1e-12, "{}", partial.at(0, 1));
        assert!((partial.at(0, 2) - s / (1.0 - s * s).sqrt()).abs() < 1e-12, "{}", partial.at(0, 2));
    }

    #[test]
    fn dead_regions_change_nothing_of_the_others() {
        let rows = golden::signals().0;
        let rows: Vec<Vec<f32>> =
            rows[..6].iter().map(|row| row.iter().map(|&x| x as f32).collect()).collect();
        let mut with = rows.clone();
        with.insert(2, vec![0.1; golden::TRS]);
        with.insert(5, vec![f32::NAN; golden::TRS]);
        let view = |rows: &[Vec<f32>]| series(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let places = [0, 1, 3, 4, 6, 7];
        let pairs = [
            (shrunk(&view(&rows)).unwrap().fc, shrunk(&view(&with)).unwrap().fc),
            (partial(&view(&rows)).unwrap(), partial(&view(&with)).unwrap()),
        ];
        for (alone, among) in pairs {
            for (i, &at) in places.iter().enumerate() {
                for (j, &beside) in places.iter().enumerate() {
                    assert_eq!(alone.at(i, j), among.at(at, beside));
                }
            }
            for dead in [2, 5] {
                assert!((0..8).all(|i| among.at(i, dead).is_nan() && among.at(dead, i).is_nan()));
            }
        }
    }

    #[test]
    fn what_cannot_be_estimated_has_a_reason() {
        assert_eq!(shrunk(&series(&[&[1.0, 2.0, 4.0], &[3.0, 1.0, 2.0]])), Err(Missing::Short));
        assert_eq!(partial(&series(&[&[1.0; 9], &[0.0; 9]])), Err(Missing::Dead));
        // Two equal regions with constant squares: no noise is estimated, so nothing is shrunk.
        let wave: &[f32] = &[1.0, -1.0, 1.0, -1.0];
        assert_eq!(shrunk(&series(&[wave, wave])).unwrap().shrinkage, 0.0);
        assert_eq!(partial(&series(&[wave, wave])), Err(Missing::Undefined));
        // With more regions than volumes, shrinkage keeps them defined.
        let rows: Vec<Vec<f32>> =
            golden::signals().0.iter().map(|row| row[..9].iter().map(|&x| x as f32).collect()).collect();
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        assert!(partial(&series(&rows)).unwrap().values().iter().all(|r| r.is_finite()));
    }
}
