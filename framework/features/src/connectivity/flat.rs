//! Correlations with a flatter spectrum, in which a few strong components no longer outweigh all others.

use boldface::TimeSeries;
use faer::{MatRef, Side};

use super::signals::{UnitSignals, products};
use crate::Missing;

/// Returns the pairs `i < j` of `C^power`, row after row: the correlation matrix with its eigenvalues
/// raised to a power. Eigenvalues of 0 stay 0. A power below 1 flattens the spectrum. Dead regions are
/// left out of the matrix, and NaN.
///
/// # Errors
/// [`Missing::Dead`] if fewer than two regions are alive, [`Missing::Unsettled`] if the eigenvalues are
/// not found.
pub fn flattened(series: &TimeSeries, power: f64) -> Result<Vec<f64>, Missing> {
    let signals = UnitSignals::from_series(series);
    let alive = signals.alive();
    let rois = alive.dead.len();
    if rois < 2 {
        return Err(Missing::Dead);
    }
    let values = power_of(&alive, power)?;
    let places: Vec<Option<usize>> = signals
        .dead
        .iter()
        .scan(0, |next, &dead| {
            let place = (!dead).then_some(*next);
            *next += usize::from(!dead);
            Some(place)
        })
        .collect();
    let mut upper = Vec::new();
    for (i, a) in places.iter().enumerate() {
        upper.extend(places[i + 1..].iter().map(|b| match (a, b) {
            (Some(a), Some(b)) => values[a * rois + b],
            _ => f64::NAN,
        }));
    }
    Ok(upper)
}

/// Eigenvalues below this share of the largest are rounding noise.
const NOISE: f64 = 1e-12;

/// Computes `C^power` of live signals, row after row.
///
/// With `X` the signals of length 1, `C = X X'` has the eigenvalues of `X' X`, and 0 otherwise. The
/// smaller of the two matrices is decomposed, as few volumes leave most eigenvalues at 0. With `q` and
/// `m` the eigenvectors and eigenvalues of `X' X`, `C^power = Y Y'` where `Y = X q m^((power - 1) / 2)`.
fn power_of(signals: &UnitSignals, power: f64) -> Result<Vec<f64>, Missing> {
    let (rois, trs) = (signals.dead.len(), signals.trs());
    let rows = MatRef::from_row_major_slice(signals.values(), rois, trs);
    let by_volumes = trs < rois;
    let small = if by_volumes {
        rows.transpose() * rows
    } else {
        MatRef::from_row_major_slice(&signals.products(), rois, rois).to_owned()
    };
    let eigen = small.self_adjoint_eigen(Side::Lower).map_err(|_| Missing::Unsettled)?;
    let values = eigen.S().column_vector();
    let size = values.nrows();
    // Eigenvalues ascend: those from `first` on are more than noise.
    let first = (0..size).find(|&i| values[i] > NOISE * values[size - 1]).unwrap_or(size);
    let vectors = if by_volumes { rows * eigen.U() } else { eigen.U().to_owned() };
    let exponent = if by_volumes { (power - 1.0) / 2.0 } else { power / 2.0 };
    let scales: Vec<f64> = (first..size).map(|i| values[i].powf(exponent)).collect();
    let scaled = (0..rois)
        .flat_map(|roi| scales.iter().zip(first..).map(|(scale, i)| (roi, scale, i)).collect::<Vec<_>>())
        .map(|(roi, scale, i)| vectors[(roi, i)] * scale);
    Ok(products(&scaled.collect::<Vec<f64>>(), rois, size - first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fc, golden};

    fn series_of(rows: &[&[f32]]) -> TimeSeries {
        let values = (0..rows[0].len()).flat_map(|t| rows.iter().map(move |row| row[t])).collect();
        TimeSeries::new(rows[0].len(), rows.len(), 2.0, values).unwrap()
    }

    #[test]
    fn two_regions_by_hand() {
        // a b = 1.4 - 0.2 - 0.2 + 1.4 = 2.4, |a| = 2, |b| = 2: r = 0.6. [1 r; r 1] has the eigenvalues 1
        // + r and 1 - r, so the other cell of its power is (1.6^p - 0.4^p) / 2.
        let (a, b): (&[f32], &[f32]) = (&[1.0, 1.0, -1.0, -1.0], &[1.4, -0.2, 0.2, -1.4]);
        let series = series_of(&[a, &[7.0; 4], b]);
        assert!((fc(&series).at(0, 2) - 0.6).abs() < 1e-7, "{}", fc(&series).at(0, 2));
        let found = flattened(&series, 0.35).unwrap();
        let expected = (1.6_f64.powf(0.35) - 0.4_f64.powf(0.35)) / 2.0;
        assert!((found[1] - expected).abs() < 1e-7, "{found:?}");
        assert!(found[0].is_nan() && found[2].is_nan(), "the constant region is dead");
        assert_eq!(flattened(&series_of(&[a, &[7.0; 4]]), 0.35), Err(Missing::Dead));
    }

    #[test]
    fn the_power_one_is_the_correlation_with_few_volumes_and_with_many() {
        let series = golden::series();
        for trs in [20, golden::TRS] {
            let series = series.window(boldface::Window::first(trs)).unwrap();
            for (found, r) in flattened(&series, 1.0).unwrap().into_iter().zip(fc(&series).upper()) {
                assert!((found - r).abs() < 1e-10, "{trs}: {found} and {r}");
            }
        }
    }

    #[test]
    fn powers_are_numpys() {
        // `tests/python/connectivity.py golden`: numpy's eigh of the golden input's correlations, power
        // 0.35.
        let series = golden::series();
        let few = series.window(boldface::Window::first(20)).unwrap();
        for (series, expected) in [(series, FLAT), (few, FLAT_OF_FEW)] {
            for (found, expected) in flattened(&series, 0.35).unwrap().into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} and {expected}");
            }
        }
    }

    const FLAT: [f64; 3] = [0.028_150_134_422_448_91, -0.011_043_824_740_124_03, -0.032_952_263_839_465_58];
    const FLAT_OF_FEW: [f64; 3] =
        [-0.195_566_370_798_865_96, -0.132_380_444_413_276_6, -0.036_146_804_110_465_086];
}
