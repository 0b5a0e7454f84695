//! Determines the repetition time on which header, sidecar and user agree.
//!
//! The key `tr` never changes a repetition time; `resample-tr` does. With one key for both, a wrong
//! header would cause a resampling.

use std::path::Path;

use boldface::Result;

use crate::nifti::at;

/// Longest plausible repetition time in seconds.
const LONGEST: f64 = 60.0;
/// Shortest plausible repetition time in seconds.
const SHORTEST: f64 = 0.05;
/// Repetition times within this many seconds are equal, because headers round to milliseconds.
const SAME: f64 = 0.0005;

/// Returns the repetition time in seconds on which header, sidecar (`RepetitionTime`) and user (`tr`)
/// agree.
///
/// # Errors
/// If none of them gives one, two disagree, or one seems to be in another unit. The message names the
/// file and says what to write.
pub fn plausible_tr(
    header: Option<f64>,
    sidecar: Option<f64>,
    said: Option<f64>,
    path: &Path,
) -> Result<f64> {
    let sources = [
        (said, "`tr`", "write it in seconds"),
        (sidecar, "the sidecar's `RepetitionTime`", "correct the sidecar"),
        (header, "the header", "correct the header, or write `tr` in seconds and `tr-header = \"ignore\"`"),
    ];
    let says: Vec<_> = sources.iter().filter_map(|&(tr, who, advice)| Some((tr?, who, advice))).collect();
    for &(tr, who, advice) in &says {
        let looks = if tr > LONGEST {
            "looks like milliseconds"
        } else if tr >= SHORTEST {
            continue;
        } else if tr > 0.0 {
            "looks like seconds that were taken for milliseconds"
        } else {
            "is not a repetition time"
        };
        return at(path, Err(format!("{who} says a TR of {tr} s, which {looks}; {advice}")));
    }
    let Some(&(tr, who, _)) = says.first() else {
        return at(path, Err("neither header nor sidecar gives the repetition time; write `tr` in seconds"));
    };
    match says.iter().find(|(other, _, _)| (other - tr).abs() > SAME) {
        Some((other, whose, advice)) => {
            at(path, Err(format!("{who} says a TR of {tr} s, but {whose} says {other} s; {advice}")))
        }
        None => Ok(tr),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn tr(header: Option<f64>, sidecar: Option<f64>, said: Option<f64>) -> Result<f64> {
        plausible_tr(header, sidecar, said, Path::new("bold.nii"))
    }

    fn check(header: Option<f64>, sidecar: Option<f64>, said: Option<f64>, message: Expect) {
        message.assert_eq(&tr(header, sidecar, said).unwrap_err().to_string());
    }

    #[test]
    fn those_who_speak_agree() {
        // Within rounding, the more explicit source is used: the sidecar before the header, and `tr`
        // before both.
        assert_eq!(tr(Some(0.72), None, None).unwrap(), 0.72);
        assert_eq!(tr(Some(0.734_999_9), Some(0.735), None).unwrap(), 0.735);
        assert_eq!(tr(None, Some(2.0), Some(2.0004)).unwrap(), 2.0004);
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(
            None,
            None,
            None,
            expect![
                "`bold.nii`: neither header nor sidecar gives the repetition time; write `tr` in seconds"
            ],
        );
        check(
            Some(2.0),
            Some(2.5),
            None,
            expect![
                "`bold.nii`: the sidecar's `RepetitionTime` says a TR of 2.5 s, but the header says 2 s; correct the header, or write `tr` in seconds and `tr-header = \"ignore\"`"
            ],
        );
        check(
            Some(2000.0),
            Some(2.0),
            None,
            expect![
                "`bold.nii`: the header says a TR of 2000 s, which looks like milliseconds; correct the header, or write `tr` in seconds and `tr-header = \"ignore\"`"
            ],
        );
        check(
            Some(0.002),
            None,
            None,
            expect![
                "`bold.nii`: the header says a TR of 0.002 s, which looks like seconds that were taken for milliseconds; correct the header, or write `tr` in seconds and `tr-header = \"ignore\"`"
            ],
        );
        check(
            None,
            Some(-1.0),
            None,
            expect![
                "`bold.nii`: the sidecar's `RepetitionTime` says a TR of -1 s, which is not a repetition time; correct the sidecar"
            ],
        );
        check(
            None,
            None,
            Some(f64::NAN),
            expect![
                "`bold.nii`: `tr` says a TR of NaN s, which is not a repetition time; write it in seconds"
            ],
        );
    }
}
