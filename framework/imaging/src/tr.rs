//! The repetition time that all who speak of it agree on.

use std::path::Path;

use boldface::Result;

use crate::nifti::at;

/// Longest repetition time in seconds that is believed.
const LONGEST: f64 = 60.0;
/// Shortest repetition time in seconds that is believed.
const SHORTEST: f64 = 0.05;
/// Repetition times this close, in seconds, are the same: headers round to milliseconds.
const SAME: f64 = 0.0005;

/// The repetition time in seconds that header, sidecar (`RepetitionTime`) and user (`tr`) agree on.
///
/// # Errors
/// If none of them says it, two disagree, or one looks like another unit. The message names the file and says
/// what to write.
pub fn plausible_tr(
    header: Option<f64>,
    sidecar: Option<f64>,
    said: Option<f64>,
    path: &Path,
) -> Result<f64> {
    let sources = [(said, "`tr`"), (sidecar, "the sidecar's `RepetitionTime`"), (header, "the header")];
    let says: Vec<(f64, &str)> = sources.iter().filter_map(|&(tr, who)| Some((tr?, who))).collect();
    let advice = "correct the file, or write `tr` in seconds and `tr-header = \"ignore\"`";
    for &(tr, who) in &says {
        let looks = if tr > LONGEST {
            "looks like milliseconds"
        } else if tr >= SHORTEST {
            continue;
        } else if tr > 0.0 {
            "looks like seconds that were taken for milliseconds"
        } else {
            "is no repetition time"
        };
        return at(path, Err(format!("{who} says a TR of {tr} s, which {looks}; {advice}")));
    }
    let Some(&(tr, who)) = says.first() else {
        return at(path, Err("neither header nor sidecar says the repetition time; write `tr` in seconds"));
    };
    match says.iter().find(|(other, _)| (other - tr).abs() > SAME) {
        Some((other, whose)) => {
            at(path, Err(format!("{who} says a TR of {tr} s, but {whose} says {other} s; {advice}")))
        }
        None => Ok(tr),
    }
}
