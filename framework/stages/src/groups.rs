//! Scores of one model or baseline on one part, by group of subjects.

use std::collections::BTreeMap;

use boldface::{MetricRow, Outcome, Part, Result, Scan, ScanId, ScanInfo, Task};
use serde::Serialize;

use crate::Recorder;
use crate::score::SMALLEST_GROUP;
use crate::score::intervals::{Scores, resamples, subjects};
use crate::spec::Evaluation;

/// The settings of `[evaluation]` that scores depend on.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Scoring<'a> {
    /// Bootstrap resamples per interval.
    pub resamples: usize,
    /// Columns whose values are scored separately.
    pub groups: &'a [String],
}

impl<'a> Scoring<'a> {
    /// Takes the settings from a section.
    pub fn new(table: &'a Evaluation) -> Scoring<'a> {
        Scoring { resamples: table.resamples, groups: table.groups.as_deref().unwrap_or_default() }
    }
}

/// The grouping columns of `evaluation.groups`, and each scan's values in them.
pub struct Groups<'a> {
    task: &'a dyn Task,
    columns: &'a [String],
    infos: BTreeMap<&'a ScanId, &'a ScanInfo>,
    resamples: usize,
    seed: u64,
}

impl<'a> Groups<'a> {
    /// Makes the groups of `scans`.
    pub fn collect((scoring, seed): (Scoring<'a>, u64), task: &'a dyn Task, scans: &'a [Scan]) -> Groups<'a> {
        Groups {
            task,
            columns: scoring.groups,
            infos: scans.iter().map(|scan| (&scan.info.id, &*scan.info)).collect(),
            resamples: scoring.resamples,
            seed,
        }
    }

    /// Returns one row per metric and group, such as `sex=F`. The value is missing if the group has
    /// fewer than [`SMALLEST_GROUP`] subjects.
    pub fn rows(
        &self,
        recorder: &Recorder<'_>,
        part: Part,
        plugin: &str,
        outcomes: &[&Outcome],
    ) -> Result<Vec<MetricRow>> {
        let mut rows = Vec::new();
        for column in self.columns {
            let mut groups: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
            for outcome in outcomes {
                let value = self.infos.get(&outcome.scan).and_then(|info| info.column(column));
                if let Some(value) = value {
                    groups.entry(value).or_default().push(outcome);
                }
            }
            for (value, of_group) in groups {
                let persons = subjects(&of_group);
                let resamples = match persons >= SMALLEST_GROUP {
                    true => resamples(persons, self.resamples, self.seed, part),
                    false => Vec::new(),
                };
                let scores = Scores::compute(self.task, &of_group, &resamples)?;
                let mut of_group = scores.rows(|metric| recorder.row(metric), part, plugin, None);
                for row in &mut of_group {
                    row.group = Some(format!("{column}={value}"));
                    row.value = row.value.filter(|_| persons >= SMALLEST_GROUP);
                }
                rows.extend(of_group);
            }
        }
        Ok(rows)
    }
}
