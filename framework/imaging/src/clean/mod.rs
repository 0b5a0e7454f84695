//! Cleans regional time series of drift, confounds and unwanted frequencies, as nilearn's `signal.clean` does.

mod butterworth;
mod check;
mod cosine;
mod detrend;
#[cfg(test)]
mod golden;
mod project;
mod settings;
mod sosfilt;
mod spline;
mod standardize;
#[cfg(test)]
mod tests;

use boldface::Result;

pub use check::{cautions, possible};
pub use settings::{Cleaning, Filter, Standardization};

use crate::matrix::Matrix;
use settings::Filtering;

/// Cleans a recording: detrends, filters, removes confounds and standardises, in the order and meaning
/// of `nilearn.signal.clean` 0.14.1, in 64 bits.
///
/// `signal` is volumes x regions, `confounds` volumes x regressors of the same length, `kept` says for each
/// volume whether it stays (false = censored), `tr` is the time between volumes in seconds. The result has
/// one row for each volume that is kept. The steps:
///
/// 1. With a Butterworth filter, censored volumes between the first and the last kept one are
///    interpolated (cubic spline through all kept volumes) and those outside are cut off. Without one,
///    or with cosines, censored volumes are cut out here.
/// 2. Signal and confounds are detrended alike.
/// 3. Signal and confounds are filtered alike (Butterworth of order 5, forward and backward), and the
///    interpolated volumes are cut out. The cosine filter is a set of regressors added to the confounds.
/// 4. Confounds are z-scored, and what they explain is subtracted by projection.
/// 5. Each region is standardised.
///
/// A region with a value that is not finite in a kept volume is NaN in all volumes of the result, and has no
/// influence on other regions. A region without spread after cleaning (beyond rounding) becomes exactly
/// constant: zero when it is standardised.
///
/// Where this differs from nilearn 0.14.1, on purpose:
///
/// - nilearn leaves a censored volume as it is, not interpolated, when its mirror image in time (volume `i`
///   of `n` and volume `n - 1 - i`) is censored as well, and then returns shifted volumes when
///   head and tail are censored alike (it complements an index as if it were a mask). Here
///   every censored volume is interpolated, or cut off, as nilearn documents it.
/// - a cut-off that the sampling cannot carry is an error, where nilearn moves it.
/// - regressors that depend on one another are told from independent ones at 1e-10 of the largest, where
///   nilearn's 100 eps lets the rounding of its filters through as regressors of their own.
///
/// # Errors
/// When settings do not fit the recording (cut-offs and Nyquist frequency, length), lengths differ, confounds
/// are not finite, or nothing is left: no volumes, or no more volumes than regressors.
pub fn clean(
    signal: &Matrix,
    confounds: Option<&Matrix>,
    kept: Option<&[bool]>,
    tr: f64,
    how: &Cleaning,
) -> Result<Matrix> {
    let all = vec![true; signal.rows];
    let kept = kept.unwrap_or(&all);
    check::inputs(signal, confounds, kept)?;
    let filtering = how.filtering(tr)?;
    let drift = match filtering {
        Filtering::Cosine { high_pass } => cosine::with_drift(confounds, signal.rows, tr, high_pass),
        _ => confounds.cloned(),
    };

    let mut signal = signal.clone();
    let missing = take_missing(&mut signal, kept);
    let mut signal = Scrubbed::of(signal, kept, &filtering);
    let mut confounds = drift.map(|drift| Scrubbed::of(drift, kept, &filtering));
    check::long_enough(signal.series.rows, &filtering)?;
    let means = signal.series.column_means();
    signal.detrend_and_filter(how.detrend, &filtering);
    if let Some(confounds) = &mut confounds {
        confounds.detrend_and_filter(how.detrend, &filtering);
    }

    let (mut series, peaks) = (signal.series, signal.peaks);
    match confounds {
        Some(Scrubbed { series: mut confounds, .. }) => {
            match how.standardize_confounds {
                true => standardize::zscore(&mut confounds, 1),
                false => standardize::to_peak_1(&mut confounds),
            }
            let basis = project::basis(&confounds);
            check::something_left(series.rows, confounds.columns, basis.ncols(), how)?;
            project::project_out(&mut series, &basis);
        }
        None => check::something_left(series.rows, 0, 0, how)?,
    }
    standardize::flatten_rounding(&mut series, &peaks);
    standardize::standardize(&mut series, how.standardize, &means, &missing);
    let marks: Vec<f64> = missing.iter().map(|&missing| if missing { f64::NAN } else { 0.0 }).collect();
    series.map_columns(&marks, |x, mark| if mark.is_nan() { mark } else { x });
    Ok(series)
}

/// A series and which of its rows stay when it has been filtered.
struct Scrubbed {
    series: Matrix,
    kept: Vec<bool>,
    /// Largest absolute value of each column before anything is removed: the measure of rounding.
    peaks: Vec<f64>,
}

impl Scrubbed {
    /// Censored volumes bridged for a Butterworth filter, else cut out.
    fn of(series: Matrix, kept: &[bool], filtering: &Filtering) -> Scrubbed {
        let (series, kept) = match filtering {
            _ if !kept.contains(&false) => (series, kept.to_vec()),
            Filtering::Butterworth(_) => {
                let first = kept.iter().position(|&kept| kept).expect("two volumes are kept");
                let bridged = spline::bridge(&series, kept);
                let kept = kept[first..][..bridged.rows].to_vec();
                (bridged, kept)
            }
            Filtering::None | Filtering::Cosine { .. } => {
                let series = series.keep(kept);
                let kept = vec![true; series.rows];
                (series, kept)
            }
        };
        let peaks = series.column_peaks();
        Scrubbed { series, kept, peaks }
    }

    fn detrend_and_filter(&mut self, detrend: bool, filtering: &Filtering) {
        if detrend {
            detrend::detrend(&mut self.series);
        }
        if let Filtering::Butterworth(sections) = filtering {
            sosfilt::forward_backward(&mut self.series, sections);
            if self.kept.contains(&false) {
                self.series = self.series.keep(&self.kept);
            }
        }
        standardize::flatten_rounding(&mut self.series, &self.peaks);
    }
}

/// Marks the columns with a value that is not finite in a kept volume, and makes them zeros for now.
fn take_missing(signal: &mut Matrix, kept: &[bool]) -> Vec<bool> {
    let mut missing = vec![false; signal.columns];
    for t in (0..signal.rows).filter(|&t| kept[t]) {
        missing.iter_mut().zip(signal.row(t)).for_each(|(missing, x)| *missing |= !x.is_finite());
    }
    for t in 0..signal.rows {
        let row = signal.row_mut(t).iter_mut().zip(&missing);
        row.filter(|(_, missing)| **missing).for_each(|(x, _)| *x = 0.0);
    }
    missing
}
