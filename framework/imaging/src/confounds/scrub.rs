//! Marks the volumes that motion disturbed too much.

use boldface::{Deserialize, JsonSchema, Problem, Result, Serialize};

use super::displacement::framewise_displacement;
use super::dummy::DummyScans;
use super::table::ConfoundTable;

/// Removes volumes after cleaning, as nilearn's `load_confounds` does with `scrub`.
///
/// A volume above one of the thresholds is removed. If any is removed, runs of kept volumes shorter than
/// `shortest` are removed too, at the ends of the scan and between removed volumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", crate = "boldface::serde")]
#[schemars(crate = "boldface::schemars")]
pub struct Scrub {
    /// Framewise displacement (Power 2012) in mm above which a volume is removed. nilearn and fMRIPrep
    /// use 0.5; 0.2 is strict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<f64>,
    /// Standardised DVARS (fMRIPrep's column `std_dvars`) above which a volume is removed. nilearn and
    /// fMRIPrep use 1.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dvars: Option<f64>,
    /// Shortest run of kept volumes that stays. 0 keeps all runs.
    #[serde(default = "shortest")]
    pub shortest: usize,
}

/// nilearn's default.
fn shortest() -> usize {
    5
}

impl Default for Scrub {
    fn default() -> Scrub {
        Scrub { fd: None, dvars: None, shortest: shortest() }
    }
}

impl Scrub {
    /// Returns the problems of these settings.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, threshold) in [("fd", self.fd), ("dvars", self.dvars)] {
            if let Some(threshold) = threshold.filter(|threshold| threshold.is_nan() || *threshold <= 0.0) {
                let message = format!("a threshold of {threshold} removes every volume");
                problems
                    .push(Problem::at(key, message).help("0.5 (mm) for `fd` and 1.5 for `dvars` are usual"));
            }
        }
        if self.fd.is_none() && self.dvars.is_none() {
            let help = "write `fd = 0.5`, `dvars = 1.5` or both, or remove `scrub`";
            problems.push(Problem::at("", "no threshold is given, so nothing would be scrubbed").help(help));
        }
        problems
    }

    /// Returns whether each volume is kept. A measure without a threshold may be empty. NaN is not above
    /// a threshold.
    pub fn kept(&self, fd: &[f64], dvars: &[f64]) -> Vec<bool> {
        let trs = fd.len().max(dvars.len());
        let is_above = |values: &[f64], threshold: Option<f64>, volume: usize| {
            let value = values.get(volume);
            value.zip(threshold).is_some_and(|(value, threshold)| *value > threshold)
        };
        let is_kept = |volume| !is_above(fd, self.fd, volume) && !is_above(dvars, self.dvars, volume);
        let mut kept: Vec<bool> = (0..trs).map(is_kept).collect();
        if !kept.contains(&false) {
            return kept;
        }
        for run in kept.chunk_by_mut(|a, b| a == b).filter(|run| run[0] && run.len() < self.shortest) {
            run.fill(false);
        }
        kept
    }

    /// Returns whether each volume of a scan is kept.
    ///
    /// # Errors
    /// If a threshold is set for a measure that the table lacks and cannot compute, or that has gaps.
    pub fn kept_volumes(&self, table: &ConfoundTable) -> Result<Vec<bool>> {
        let path = table.path().display();
        let mut measures = [vec![0.0; table.trs()], vec![0.0; table.trs()]];
        if self.fd.is_some() {
            measures[0] = framewise_displacement(table).ok_or_else(|| {
                format!(
                    "confounds `{path}` have neither `framewise_displacement` nor the six motion parameters \
                     it is computed from; remove `scrub.fd`"
                )
            })?;
        }
        if self.dvars.is_some() {
            measures[1] = table.column("std_dvars").ok_or_else(|| {
                format!(
                    "confounds `{path}` have no `std_dvars`; remove `scrub.dvars` and scrub by `fd` alone"
                )
            })?;
        }
        for (name, values) in ["framewise_displacement", "std_dvars"].iter().zip(&measures) {
            if let Some(gap) = values.iter().skip(1).position(|value| value.is_nan()) {
                let line = table.line(gap + 1);
                return Err(format!(
                    "confounds `{path}`: line {line}, column `{name}`: the value is missing"
                )
                .into());
            }
        }
        let [fd, dvars] = measures;
        Ok(self.kept(&fd, &dvars))
    }
}

/// Returns whether each of `trs` volumes is kept: neither a dummy scan nor scrubbed.
///
/// The two are determined independently, as in nilearn, so dummy scans never make a run of kept volumes
/// too short.
///
/// # Errors
/// If `scrub` is set but there are no confounds, or the confounds lack a measure.
pub fn kept_volumes(
    table: Option<&ConfoundTable>,
    scrub: Option<&Scrub>,
    dummy: DummyScans,
    trs: usize,
) -> Result<Vec<bool>> {
    let mut kept = match (scrub, table) {
        (None, _) => vec![true; trs],
        (Some(scrub), Some(table)) => scrub.kept_volumes(table)?,
        (Some(_), None) => return Err("`scrub` needs a confounds file, and the scan has none".into()),
    };
    dummy.volumes(table, trs)?.into_iter().for_each(|volume| kept[volume] = false);
    Ok(kept)
}

/// Returns the total duration of the kept volumes in seconds.
pub fn clean_seconds(kept: &[bool], tr: f64) -> f64 {
    kept.iter().filter(|&&kept| kept).count() as f64 * tr
}
