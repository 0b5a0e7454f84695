//! Checks whether a recording can be cleaned with given settings, and writes cautions about the result.

use boldface::Result;

use super::settings::{Cleaning, Filtering};
use super::{cosine, sosfilt};
use crate::matrix::Matrix;

/// Checks before any volume is read whether [`clean`](super::clean) would fail.
///
/// Covers too few kept volumes, a cut-off that this TR cannot represent, and fewer volumes than the
/// filter needs.
///
/// # Errors
/// The same messages as [`clean`](super::clean).
pub fn possible(kept: &[bool], tr: f64, how: &Cleaning) -> Result<()> {
    two_kept(kept)?;
    let of_kept = |place: Option<usize>| place.expect("two volumes are kept");
    let (first, last) = (kept.iter().position(|&kept| kept), kept.iter().rposition(|&kept| kept));
    long_enough(of_kept(last) + 1 - of_kept(first), &how.filtering(tr)?)
}

/// Checks that shapes match, that two volumes are kept, and that confounds are finite in kept volumes.
pub(super) fn inputs(signal: &Matrix, confounds: Option<&Matrix>, kept: &[bool]) -> Result<()> {
    let trs = signal.rows;
    if kept.len() != trs {
        return Err(
            format!("the scan has {trs} volumes, but the list of kept volumes has {}", kept.len()).into()
        );
    }
    two_kept(kept)?;
    let Some(confounds) = confounds else { return Ok(()) };
    if confounds.rows != trs {
        let rows = confounds.rows;
        return Err(format!("the scan has {trs} volumes, but its confounds have {rows} rows").into());
    }
    for t in (0..trs).filter(|&t| kept[t]) {
        if let Some(column) = confounds.row(t).iter().position(|x| !x.is_finite()) {
            let x = confounds.at(t, column);
            return Err(format!(
                "confound {} of {} is `{x}` at volume {t} (counted from 0): fill it in, censor the volume, or leave \
                 the confound out",
                column + 1,
                confounds.columns
            )
            .into());
        }
    }
    Ok(())
}

fn two_kept(kept: &[bool]) -> Result<()> {
    let (trs, count) = (kept.len(), kept.iter().filter(|&&kept| kept).count());
    match count {
        0 if trs > 0 => Err(format!("all {trs} volumes are censored: nothing is left of the scan").into()),
        0 | 1 => Err(format!("{count} of {trs} volumes is kept: cleaning needs two or more").into()),
        _ => Ok(()),
    }
}

/// Checks that the recording is longer than the padding that the filter adds at each end.
pub(super) fn long_enough(trs: usize, filtering: &Filtering) -> Result<()> {
    if let Filtering::Butterworth(sections) = filtering {
        let padding = sosfilt::padding(sections);
        if trs <= padding {
            return Err(format!(
                "the Butterworth filter needs more than {padding} volumes, but the scan has {trs} from the first kept \
                 to the last: use filter = \"cosine\", drop the cut-offs, or exclude the scan"
            )
            .into());
        }
    }
    Ok(())
}

/// Checks that degrees of freedom remain after `rank` independent regressors are removed from `trs` kept
/// volumes.
pub(super) fn something_left(trs: usize, regressors: usize, rank: usize, how: &Cleaning) -> Result<()> {
    let (trend, too) = match (how.detrend, how.standardize_confounds) {
        (true, _) => (2, " and mean and trend"),
        (false, true) => (1, " and the mean"),
        (false, false) => (0, ""),
    };
    if rank + trend >= trs {
        return Err(format!(
            "{regressors} regressors ({rank} of them independent){too} leave nothing of {trs} kept volumes: remove \
             fewer confounds, censor less, or exclude the scan"
        )
        .into());
    }
    Ok(())
}

/// Returns cautions about the result, each a sentence.
///
/// They cover a high-pass that does nothing, cosines omitted because the confounds already hold one, and
/// more confounds than the filter leaves degrees of freedom for. `kept` is the number of kept volumes.
/// Settings that [`clean`](super::clean) refuses cause no cautions here.
#[must_use]
pub fn cautions(confounds: Option<&Matrix>, trs: usize, kept: usize, tr: f64, how: &Cleaning) -> Vec<String> {
    let Ok(filtering) = how.filtering(tr) else { return Vec::new() };
    let mut cautions = Vec::new();
    let regressors = confounds.map_or(0, |confounds| confounds.columns);
    match filtering {
        Filtering::None => {}
        Filtering::Cosine { high_pass } => {
            let own = confounds.and_then(|confounds| cosine::own_cosine(confounds, tr, high_pass));
            if cosine::terms(trs, tr, high_pass) == 0 {
                let seconds = trs as f64 * tr;
                cautions.push(format!(
                    "no cosine is slower than `high-pass` = {high_pass} Hz in a scan of {seconds:.0} s: the filter \
                     does nothing"
                ));
            } else if let Some((column, term)) = own {
                cautions.push(format!(
                    "confound {} correlates above 0.9 with drift cosine {term}, so the confounds are taken to hold the \
                     drift and no cosine is added (nilearn's rule); use filter = \"butterworth\" if they do not",
                    column + 1
                ));
            }
        }
        Filtering::Butterworth(_) => {
            let nyquist = 0.5 / tr;
            let width = how.low_pass.unwrap_or(nyquist) - how.high_pass.unwrap_or(0.0);
            let left = kept as f64 * width / nyquist;
            if regressors as f64 > 0.8 * left {
                cautions.push(format!(
                    "the filter leaves about {left:.0} degrees of freedom in {kept} volumes, and {regressors} confounds \
                     are removed from them: little or nothing of the signal is left"
                ));
            }
        }
    }
    cautions
}
