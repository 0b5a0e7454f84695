//! Cleans regional time series of drift, confounds and unwanted frequencies, as nilearn's `signal.clean`
//! does.
//!
//! The filter and the spline are written here because crates pad the ends and start the filter
//! differently. These agree with nilearn and scipy to 1e-6 over 2,200 combinations of settings.

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

/// Cleans a recording: detrends, filters, removes confounds and standardises, in 64 bits.
///
/// Order and meaning are those of `nilearn.signal.clean` 0.14.1. `signal` is volumes x regions and
/// `confounds` is volumes x regressors. `kept` marks each volume that stays (false = censored). `tr` is
/// the time between volumes in seconds. The result has one row per kept volume. The steps:
///
/// 1. With a Butterworth filter, censored volumes between the first and the last kept one are
///    interpolated (cubic spline through all kept volumes), and those outside are cut off. Without one,
///    or with cosines, censored volumes are cut out here.
/// 2. Signal and confounds are detrended.
/// 3. Signal and confounds are filtered (Butterworth of order 5, forward and backward), and the
///    interpolated volumes are cut out. The cosine filter instead adds regressors to the confounds.
/// 4. Confounds are z-scored and projected out of the signal.
/// 5. Each region is standardised.
///
/// A region with a non-finite value in a kept volume is NaN throughout the result, and does not
/// influence other regions. A region without spread after cleaning (beyond rounding) becomes exactly
/// constant, or zero if it is standardised.
///
/// This differs from nilearn 0.14.1 on purpose:
///
/// - nilearn complements an index as if it were a mask. It does not interpolate a censored volume whose
///   mirror image in time (volume `n - 1 - i` for volume `i` of `n`) is also censored, and it returns
///   shifted volumes if head and tail are censored alike. Here every censored volume is interpolated or
///   cut off, as nilearn documents.
/// - A cut-off that the TR cannot represent is an error. nilearn moves it.
/// - A regressor counts as dependent below 1e-10 of the largest pivot. nilearn's absolute 100 eps keeps
///   rounding noise of its filters as regressors.
///
/// # Errors
/// If settings do not fit the recording (Nyquist frequency, length), lengths differ, confounds are not
/// finite, or nothing is left: no volumes, or no more volumes than regressors.
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
    let mut signal = Scrubbed::scrub(signal, kept, &filtering);
    let mut confounds = drift.map(|drift| Scrubbed::scrub(drift, kept, &filtering));
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

/// A series and the rows of it that stay after filtering.
struct Scrubbed {
    series: Matrix,
    kept: Vec<bool>,
    /// Largest absolute value of each column before anything is removed; rounding is relative to it.
    peaks: Vec<f64>,
}

impl Scrubbed {
    /// Interpolates censored volumes for a Butterworth filter, and cuts them out otherwise.
    fn scrub(series: Matrix, kept: &[bool], filtering: &Filtering) -> Scrubbed {
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

/// Finds the columns with a non-finite value in a kept volume, and fills them with zeros for now.
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
