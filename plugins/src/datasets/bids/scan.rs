//! Scans: their files, and the information in headers and tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Cut, Exclusion, Result, ScanId, ScanInfo};
use boldface_imaging::bold::Bold;
use boldface_imaging::clean::possible;
use boldface_imaging::confounds::{ConfoundTable, clean_seconds, framewise_displacement, kept_volumes};
use boldface_imaging::folder::repetition_time;
use boldface_imaging::kept_after;
use boldface_imaging::link;
use boldface_imaging::nifti::files_of;
use boldface_imaging::phenotype::Phenotypes;
use boldface_imaging::recipe::ScanFiles;

use super::Bids;
use super::events::EventFile;

/// Default minimum of seconds left in a scrubbed run, as in XCP-D.
const CLEAN_SECONDS: f64 = 240.0;

/// Column of the mean framewise displacement.
const MEAN_FD: &str = "mean_fd";

/// Columns that have it already, with other names.
const MEAN_FDS: [&str; 4] =
    [MEAN_FD, "fd_mean", "mean_framewise_displacement", "framewise_displacement_mean"];

/// A scan and the paths of its files.
#[derive(Clone, Debug)]
pub struct FoundScan {
    /// Identifies the scan.
    pub id: ScanId,
    /// Image, mask and confounds.
    pub files: ScanFiles,
    /// Sidecars, in order of precedence.
    pub sidecars: Vec<PathBuf>,
    /// Event files.
    pub events: Vec<EventFile>,
}

impl FoundScan {
    /// Lists every file that is read.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let ScanFiles { bold, mask, confounds, .. } = &self.files;
        // A components table has its own sidecar, and an image may be a pair of files.
        let beside = confounds.iter().map(|table| table.with_extension("json"));
        let beside: Vec<PathBuf> = beside.filter(|path| link::is_listed(path)).collect();
        let images = [Some(bold), mask.as_ref()].into_iter().flatten().flat_map(|image| files_of(image));
        let named: Vec<PathBuf> =
            images.chain(confounds.clone()).chain(self.sidecars.iter().cloned()).collect();
        let events: Vec<PathBuf> = self.events.iter().map(|file| file.path().to_owned()).collect();
        named.into_iter().chain(events).chain(beside)
    }

    /// Returns the files, with the repetition time of the first sidecar that gives one.
    ///
    /// # Errors
    /// If a sidecar is damaged.
    pub fn with_repetition_time(&self) -> Result<ScanFiles> {
        let mut said = None;
        for sidecar in &self.sidecars {
            said = repetition_time(sidecar)?;
            if said.is_some() {
                break;
            }
        }
        Ok(ScanFiles { sidecar_tr: said, ..self.files.clone() })
    }
}

impl Bids {
    /// Returns the information about a scan, or the reason to exclude it, from headers and tables only.
    ///
    /// # Errors
    /// If a file is damaged or does not fit the others.
    pub fn look(
        &self,
        found: &FoundScan,
        tables: &Phenotypes,
        rois: usize,
    ) -> Result<Result<ScanInfo, Exclusion>> {
        let out = |reason: String| Ok(Err(Exclusion { scan: found.id.clone(), reason }));
        let recipe = self.recipe();
        let files = found.with_repetition_time()?;
        let bold = Bold::open(&files.bold)?;
        let (trs, tr) = (bold.trs(), recipe.repetition_time(&bold, &files)?);
        let table = files.confounds.as_deref().map(ConfoundTable::read).transpose()?;
        if let Some(table) = &table {
            table.check_length(trs, &files.bold)?;
        }
        let fd = table.as_ref().and_then(framewise_displacement).and_then(|fd| mean(fd.get(1..)?));
        self.check_confounds(&files.bold, table.as_ref(), fd)?;
        let kept = kept_volumes(table.as_ref(), recipe.scrub.as_ref(), recipe.dummy_scans, trs)?;
        let left = kept.iter().filter(|&&kept| kept).count();
        if left == 0 {
            return out(format!("all its {trs} volumes are scrubbed"));
        }
        let least = self.minimum_clean_seconds.or(self.scrub.as_ref().map(|_| CLEAN_SECONDS)).unwrap_or(0.0);
        let seconds = clean_seconds(&kept, tr);
        if seconds < least {
            return out(format!(
                "{} s are left after scrubbing ({left} of {trs} volumes), {} s are asked for",
                short(seconds),
                short(least)
            ));
        }
        if let (Some(most), Some(fd)) = (self.maximum_mean_fd, fd)
            && fd > most
        {
            return out(format!(
                "its mean framewise displacement is {fd:.3} mm, at most {} mm are asked for",
                short(most)
            ));
        }
        possible(&kept, tr, &recipe.cleaning)
            .map_err(|error| format!("`{}`: {error}", files.bold.display()))?;
        let mut phenotype = tables.values_of(&found.id)?;
        if let Some(fd) = fd
            && !MEAN_FDS.iter().any(|column| phenotype.contains_key(*column))
        {
            phenotype.insert(MEAN_FD.to_owned(), format!("{fd:.6}"));
        }
        let new_tr = recipe.resample_tr.unwrap_or(tr);
        let kept = kept_after(&kept, tr, new_tr);
        Ok(Ok(ScanInfo {
            id: found.id.clone(),
            tr: new_tr,
            trs: kept.iter().filter(|&&kept| kept).count(),
            rois,
            phenotype,
            events: super::events::read(&found.events)?,
            cuts: cuts(&kept, new_tr),
        }))
    }

    /// Fails if the spec needs confounds that the table does not have.
    fn check_confounds(&self, bold: &Path, table: Option<&ConfoundTable>, fd: Option<f64>) -> Result<()> {
        match (table, &self.confounds) {
            (None, confounds)
                if confounds.is_some() || self.scrub.is_some() || self.maximum_mean_fd.is_some() =>
            {
                let key = match (confounds, &self.scrub) {
                    (Some(_), _) => "confounds",
                    (None, Some(_)) => "scrub",
                    (None, None) => "maximum-mean-fd",
                };
                return Err(format!(
                    "`{key}` needs a table of confounds, and there is none beside `{}`; name it with \
                     `confounds-file`",
                    bold.display()
                )
                .into());
            }
            (Some(table), Some(confounds)) => drop(confounds.columns(table)?),
            _ => {}
        }
        if self.maximum_mean_fd.is_some() && fd.is_none() {
            let path = table.map(|table| table.path().display().to_string()).unwrap_or_default();
            return Err(format!(
                "confounds `{path}` have neither framewise displacement nor the six motion parameters it is computed \
                 from, which `maximum-mean-fd` needs"
            )
            .into());
        }
        Ok(())
    }
}

/// Returns the gaps between kept volumes. They are in seconds, so that tasks can find their windows
/// before any volume is read, whether the scan is resampled or not.
fn cuts(kept: &[bool], tr: f64) -> Vec<Cut> {
    let (mut cuts, mut before) = (Vec::new(), 0);
    for run in kept.chunk_by(|a, b| a == b) {
        match run[0] {
            true => before += run.len(),
            false => cuts.push(Cut { at: before as f64 * tr, seconds: run.len() as f64 * tr }),
        }
    }
    cuts
}

/// Returns the mean of the finite values; `None` if there are none.
fn mean(values: &[f64]) -> Option<f64> {
    let there: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
}

/// Formats a number without trailing zeros.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns the labels of a scan by their names in patterns.
pub fn labels(id: &ScanId) -> BTreeMap<String, String> {
    let labels = [
        ("subject", Some(&id.subject)),
        ("session", id.session.as_ref()),
        ("task", id.task.as_ref()),
        ("run", id.run.as_ref()),
    ];
    labels.into_iter().filter_map(|(name, label)| Some((name.to_owned(), label?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_where_volumes_are_missing() {
        // Kept volumes at a TR of 2 s: - - k k k - k k. Two are missing at the start, and one after
        // three kept volumes.
        let kept = [false, false, true, true, true, false, true, true];
        assert_eq!(cuts(&kept, 2.0), [Cut { at: 0.0, seconds: 4.0 }, Cut { at: 6.0, seconds: 2.0 }]);
        assert_eq!(cuts(&[true; 3], 2.0), []);
    }

    #[test]
    fn means_and_numbers() {
        assert_eq!((mean(&[f64::NAN, 0.1, 0.3]), mean(&[f64::NAN])), (Some(0.2), None));
        assert_eq!(
            (short(240.0), short(95.75), short(0.12345)),
            ("240".into(), "95.75".into(), "0.123".into())
        );
    }
}
