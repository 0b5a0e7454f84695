//! Divides the subjects before anything is fitted: by share, by fold, by group or from a file.
//!
//! Folds, repeats and leave-one-out are variants of one split that run as a sweep, with its folders and
//! its leaderboard.

mod check;
mod deal;
mod divide;
mod file;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod units;

use std::collections::BTreeMap;

use boldface::{Metric, Part, Result, ScanInfo, Split};
use serde::Serialize;

pub use check::{check, content};
pub use divide::divide;
pub use file::read as read_file;

use super::StageContext;
use crate::plan::{Plan, StageKind};

/// Increase when the same config gives different results.
pub const VERSION: u32 = 1;

/// Saves the part of every subject, and a summary with its hash.
pub fn run(work: &mut StageContext<'_>) -> Result<()> {
    let signals = work.inputs.signals()?;
    let infos: Vec<&ScanInfo> = signals.infos.iter().map(|info| &**info).collect();
    let scans: Vec<ScanInfo> = infos.iter().map(|info| (*info).clone()).collect();
    let Some(split) = of_plan(work.plan, &scans)? else {
        let variants = work.plan.experiment.split.variants(&scans);
        let keys = variants.first().into_iter().flat_map(|settings| settings.keys());
        let keys: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
        return Err(format!("the spec is one of several splits: choose {}", keys.join(" and ")).into());
    };
    let hash = blake3::hash(&serde_json::to_vec(&split)?).to_hex().to_string();
    let mut summary = Summary { hash, subjects: BTreeMap::new(), scans: BTreeMap::new() };
    for part in Part::ALL {
        let subjects = split.parts.values().filter(|&&of| of == part).count();
        let mut scans = 0;
        for info in &infos {
            scans += usize::from(split.part(&info.id)? == part);
        }
        summary.subjects.insert(part.name(), subjects);
        summary.scans.insert(part.name(), scans);
        work.recorder.part(part, Metric::neutral("subjects", subjects as f64), scans);
        work.recorder.part(part, Metric::neutral("scans", scans as f64), scans);
    }
    work.write_json("summary.json", &summary)?;
    work.write_json("split.json", &split)
}

/// Returns the split of `scans` in `plan`. `None` if the plan's split has several variants.
///
/// # Errors
/// If a part would be empty.
pub fn of_plan(plan: &Plan, scans: &[ScanInfo]) -> Result<Option<Split>> {
    let table = &plan.experiment.split;
    let stage = plan.stages.iter().find(|stage| stage.kind == StageKind::Split);
    if let Some(listed) = stage.and_then(|stage| stage.config.get("parts")) {
        return Ok(Some(Split { parts: serde_json::from_value(listed.clone())? }));
    }
    if !table.variants(scans).is_empty() {
        return Ok(None);
    }
    let infos: Vec<&ScanInfo> = scans.iter().collect();
    let seed = stage.map_or(plan.experiment.seed, |stage| stage.seed);
    Ok(Some(divide(&infos, table, seed).map_err(|problem| problem.to_string())?))
}

/// `summary.json`: sizes and hash of the split.
#[derive(Serialize)]
struct Summary {
    /// BLAKE3 of `split.json`.
    hash: String,
    subjects: BTreeMap<&'static str, usize>,
    scans: BTreeMap<&'static str, usize>,
}
