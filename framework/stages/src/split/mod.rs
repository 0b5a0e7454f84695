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

use std::collections::BTreeMap;

use boldface::{Metric, Part, Result, ScanInfo, Split};
use serde::Serialize;

pub use check::check;
pub use divide::divide;
pub use file::read as read_file;

use super::StageContext;
use crate::spec::SplitTable;
use crate::store::SPLIT;
use crate::study::Study;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 1;

/// What the stage reads: everything that affects who is in which part.
#[derive(Debug, Serialize)]
pub struct SplitConfig {
    /// The section, with the keys that do not affect this split left out.
    pub table: SplitTable,
    /// The part of every person, if a file or an export lists them.
    parts: Option<BTreeMap<String, Part>>,
}

impl SplitConfig {
    /// Takes what the stage reads from a study.
    pub fn new(study: &Study) -> SplitConfig {
        let table = &study.experiment.split;
        SplitConfig {
            table: SplitTable {
                // The stage has the seed.
                seed: None,
                // The number of repetitions does not affect a single one, nor does the first differ from none.
                repeats: table.repeats.filter(|_| table.repeat.is_none()),
                repeat: table.repeat.filter(|&repeat| repeat > 0),
                // What it lists counts.
                file: None,
                ..table.clone()
            },
            parts: study.content.split.clone(),
        }
    }

    /// Returns the split of `scans`. `None` if it has several variants.
    ///
    /// # Errors
    /// If a part would be empty.
    pub fn divide(&self, scans: &[ScanInfo], seed: u64) -> Result<Option<Split>> {
        if let Some(parts) = &self.parts {
            return Ok(Some(Split { parts: parts.clone() }));
        }
        if !self.table.variants(scans).is_empty() {
            return Ok(None);
        }
        let infos: Vec<&ScanInfo> = scans.iter().collect();
        Ok(Some(divide(&infos, &self.table, seed).map_err(|problem| problem.to_string())?))
    }
}

/// Saves the part of every subject, and a summary with its hash.
pub(crate) fn run(work: &mut StageContext<'_, SplitConfig>) -> Result<()> {
    let signals = work.inputs.signals()?;
    let infos: Vec<&ScanInfo> = signals.infos.iter().map(|info| &**info).collect();
    let scans: Vec<ScanInfo> = infos.iter().map(|info| (*info).clone()).collect();
    let Some(split) = work.config.divide(&scans, work.seed)? else {
        let variants = work.config.table.variants(&scans);
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
    work.write_json(SPLIT, &split)
}

/// `summary.json`: sizes and hash of the split.
#[derive(Serialize)]
struct Summary {
    /// BLAKE3 of `split.json`.
    hash: String,
    subjects: BTreeMap<&'static str, usize>,
    scans: BTreeMap<&'static str, usize>,
}
