//! The sections of a report.

mod answers;
mod calibration;
mod corpus;
mod cost;
pub(super) mod facts;
mod groups;
mod leakage;
mod legend;
pub(super) mod power;
mod provenance;
mod quality;
mod scores;
mod tokens;
mod training;

use super::document::{Block, ReportDocument, plain, strong};
use super::methods;
use super::stored::StoredRun;

/// Builds the whole report of a run.
pub fn document(stored: &StoredRun) -> ReportDocument {
    let mut blocks = scores::blocks(stored);
    blocks.extend(power::blocks(stored));
    blocks.extend(groups::blocks(stored));
    blocks.extend(quality::blocks(stored));
    blocks.extend(corpus::blocks(stored));
    blocks.extend(answers::blocks(stored));
    blocks.extend(calibration::blocks(stored));
    blocks.extend(tokens::blocks(stored));
    blocks.extend(training::blocks(stored));
    blocks.extend(methods::blocks(stored));
    blocks.extend(leakage::blocks(stored));
    blocks.extend(cost::blocks(stored));
    blocks.extend(provenance::blocks(stored));
    let unit = stored.record.experiment.split.unit;
    let mut document =
        ReportDocument { title: stored.record.name.clone(), blocks }.worded(|text| unit.worded(text));
    if let Some(caution) = unit.caution() {
        let words =
            vec![strong("About known people. "), plain(format!("In this run {}.", caution.replace('`', "")))];
        document.blocks.insert(1, Block::Text(words));
    }
    document
}

pub(super) use legend::meaning;
pub(super) use provenance::gone;

/// Turns `text` into part of a file name: letters, digits and hyphens.
pub(super) fn slug(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    kept.take(60).collect()
}
