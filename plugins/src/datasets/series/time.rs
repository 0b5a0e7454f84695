//! Repetition times of scans, from the spec, a column and sidecars.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::Result;
use boldface_imaging::folder::{NamedFile, ScanFolder, repetition_time};

use super::Series;

/// Longest plausible repetition time in seconds; larger numbers are probably milliseconds.
const LONGEST_TR: f64 = 60.0;

impl Series {
    /// Returns the repetition time in seconds, on which all sources must agree. `times` caches those of
    /// sidecars.
    pub(super) fn tr(
        &self,
        folder: &ScanFolder,
        scan: &NamedFile,
        phenotype: &BTreeMap<String, String>,
        times: &mut BTreeMap<PathBuf, Option<f64>>,
    ) -> Result<f64> {
        let mut said: Vec<(f64, String)> = Vec::new();
        said.extend(self.tr.map(|tr| (tr, "`tr` of the spec".to_owned())));
        if let Some(column) = &self.tr_column
            && let Some(value) = phenotype.get(column)
        {
            let tr =
                value.parse().map_err(|_| format!("`{column}` is `{value}`, not a number of seconds"))?;
            said.push((tr, format!("column `{column}`")));
        }
        // The nearest sidecar with a repetition time takes precedence, with any other in the same
        // folder and of the same rank.
        let mut nearest: Option<(&Path, usize)> = None;
        for sidecar in folder.sidecars(scan) {
            let rank = (sidecar.path.parent().unwrap_or(Path::new("")), sidecar.name.entities.len());
            if nearest.is_some_and(|nearest| nearest != rank) {
                break;
            }
            let known = match times.get(&sidecar.path) {
                Some(known) => *known,
                None => *times.entry(sidecar.path.clone()).or_insert(repetition_time(&sidecar.path)?),
            };
            if let Some(tr) = known {
                nearest = Some(rank);
                said.push((tr, format!("`{}`", sidecar.path.display())));
            }
        }
        let Some(((tr, by), rest)) = said.split_first() else {
            return Err(format!(
                "its repetition time is unknown; write `{{\"RepetitionTime\": 2.0}}` into a `{}.json`, or set \
                 `tr` or `tr-column`",
                self.suffix
            )
            .into());
        };
        match rest.iter().find(|(other, _)| (other - tr).abs() > 1e-6) {
            Some((other, other_by)) => Err(format!(
                "its repetition time is {tr} s by {by} and {other} s by {other_by}; correct one of them"
            )
            .into()),
            None => plausible(*tr).map_err(|error| format!("{error}, by {by}").into()),
        }
    }
}

/// Checks that a repetition time is one in seconds.
pub(super) fn plausible(tr: f64) -> Result<f64> {
    match tr {
        _ if tr > 0.0 && tr <= LONGEST_TR => Ok(tr),
        _ if tr > LONGEST_TR && tr.is_finite() => {
            Err(format!("a repetition time of {tr} s looks like milliseconds").into())
        }
        _ => Err(format!("a repetition time of {tr} s is impossible").into()),
    }
}
