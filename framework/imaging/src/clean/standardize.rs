//! Scales regions and confounds, and separates rounding from signal.

use super::settings::Standardization;
use crate::matrix::Matrix;

/// Share of a column's largest value below which a residue of cleaning counts as rounding.
///
/// Images hold 32-bit numbers with a rounding of 6e-8. Rounding of the 64-bit filters stays below 1e-11.
const ROUNDING: f64 = 1e-10;

/// Scales each region; a region without spread becomes zeros. `original_means` are the means before
/// cleaning. The means of `missing` regions are ignored.
pub(super) fn standardize(
    signal: &mut Matrix,
    how: Standardization,
    original_means: &[f64],
    missing: &[bool],
) {
    match how {
        Standardization::None => {}
        Standardization::ZscoreSample => zscore(signal, 1),
        Standardization::Zscore => zscore(signal, 0),
        Standardization::Psc => {
            if lost_its_mean(signal, original_means, missing) {
                signal.map_columns(original_means, |x, mean| x + mean);
            }
            percent_signal_change(signal);
        }
    }
}

/// Scales columns to mean 0 and standard deviation 1, or to zeros if the standard deviation is below
/// eps.
pub(super) fn zscore(signal: &mut Matrix, ddof: usize) {
    // Twice, so that equal numbers whose mean is rounded become zeros.
    for _ in 0..2 {
        let means = signal.column_means();
        signal.map_columns(&means, |x, mean| x - mean);
    }
    let freedom = (signal.rows - ddof) as f64;
    let squares = signal.fold(0.0, |sum, x| sum + x * x);
    let scale = |squares: f64| Some((squares / freedom).sqrt()).filter(|&sd| sd >= f64::EPSILON);
    let scales: Vec<f64> =
        squares.into_iter().map(|squares| scale(squares).unwrap_or(f64::INFINITY)).collect();
    signal.map_columns(&scales, |x, scale| x / scale);
}

/// Scales each column to a largest absolute value of 1. A column of zeros stays as it is.
pub(super) fn to_peak_1(confounds: &mut Matrix) {
    let peaks = confounds.column_peaks();
    confounds.map_columns(&peaks, |x, peak| if peak == 0.0 { x } else { x / peak });
}

/// Makes columns constant that vary only by rounding, relative to the largest value they had (`peaks`).
/// The constant is 0, or the middle of their range if that exceeds rounding.
pub(super) fn flatten_rounding(cleaned: &mut Matrix, peaks: &[f64]) {
    let (low, high) = (cleaned.fold(f64::INFINITY, f64::min), cleaned.fold(f64::NEG_INFINITY, f64::max));
    let flat = |column: usize| high[column] - low[column] <= ROUNDING * peaks[column];
    let level = |column: usize| {
        let middle = (high[column] + low[column]) / 2.0;
        if middle.abs() <= ROUNDING * peaks[column] { 0.0 } else { middle }
    };
    // NaN marks a column to leave as it is.
    let levels = (0..cleaned.columns).map(|column| if flat(column) { level(column) } else { f64::NAN });
    let levels: Vec<f64> = levels.collect();
    if levels.iter().any(|level| !level.is_nan()) {
        cleaned.map_columns(&levels, |x, level| if level.is_nan() { x } else { level });
    }
}

/// Returns whether cleaning removed the mean of the regions, so that percent signal change needs the
/// mean before cleaning. The test is nilearn's: over all regions, less than a tenth of the mean is left.
fn lost_its_mean(signal: &Matrix, original_means: &[f64], missing: &[bool]) -> bool {
    let there = |means: &[f64]| -> f64 {
        let there = means.iter().zip(missing).filter(|&(_, &missing)| !missing);
        there.map(|(mean, _)| mean.abs()).sum()
    };
    there(&signal.column_means()) / there(original_means) < 0.1
}

/// Computes `100 (x - mean) / |mean|`; a column whose mean is zero up to rounding, or that does not
/// vary, becomes zeros.
fn percent_signal_change(signal: &mut Matrix) {
    let means = signal.column_means();
    let peaks = signal.column_peaks();
    let tiny = |mean: f64, peak: f64| mean.abs() < f64::EPSILON.max(ROUNDING * peak);
    let means: Vec<f64> = means
        .into_iter()
        .zip(peaks)
        .map(|(mean, peak)| if tiny(mean, peak) { f64::NAN } else { mean })
        .collect();
    signal.map_columns(&means, |x, mean| if mean.is_nan() { 0.0 } else { (x - mean) / mean.abs() * 100.0 });
    flatten_rounding(signal, &vec![1.0; signal.columns]);
}
