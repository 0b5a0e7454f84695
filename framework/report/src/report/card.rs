//! The parts of a run's report that go into the card of an exported model.

use std::path::Path;

use boldface::Part;

use super::document::{Block, metric_label, plain};
use super::results::results;
use super::sections::power;
use super::stored::{ReportResult, StoredRun};
use super::{markdown, methods};
use crate::score::power::Power;

/// Tables and sentences about a run, in Markdown.
#[derive(Debug)]
pub struct CardContent {
    /// The table of every task on test subjects, with the sentences below it.
    pub test: String,
    /// The same for validation subjects.
    pub validation: String,
    /// The methods paragraph.
    pub methods: String,
    /// Limits of the numbers, one sentence each.
    pub limits: Vec<String>,
    /// For each dataset with a description: its own name, licence, citation and persistent address.
    pub data: Vec<(String, [Option<String>; 4])>,
}

/// Collects the card's parts for the run in `run`, whose artefacts are in the folder `runs`.
///
/// # Errors
/// Those of [`super::write`].
pub fn told(run: &Path, runs: &Path) -> ReportResult<CardContent> {
    let stored = StoredRun::read_in(run, runs)?;
    let unit = stored.record.experiment.split.unit;
    let part = |part: Part| {
        let mut blocks = Vec::new();
        for one in results(&stored, part) {
            blocks.push(Block::Table(one.table(metric_label, usize::MAX)));
            blocks.extend(one.sentences(usize::MAX).into_iter().map(|said| Block::Text(vec![plain(said)])));
        }
        unit.worded(&markdown::blocks(&blocks))
    };
    let mut limits: Vec<String> = unit.caution().map(str::to_owned).into_iter().collect();
    limits.extend(power::powers(&stored).iter().filter_map(Power::caution).map(|said| unit.worded(&said)));
    let methods = methods::blocks(&stored).into_iter().skip(2).collect::<Vec<_>>();
    let (test, validation) = (part(Part::Test), part(Part::Validation));
    let methods = unit.worded(&markdown::blocks(&methods));
    let data = stored.descriptions.into_iter().map(|(name, about)| {
        (name, [about.name, about.license, about.how_to_acknowledge, about.dataset_doi])
    });
    Ok(CardContent { test, validation, methods, limits, data: data.collect() })
}
