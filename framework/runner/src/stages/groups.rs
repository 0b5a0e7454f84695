//! Scores of one model or baseline on one part, by group of subjects.

use std::collections::BTreeMap;

use boldface::{MetricRow, Outcome, Part, Result, Scan, ScanId, ScanInfo, Task};

use super::StageContext;
use super::intervals::{Scores, resamples, subjects};
use crate::run::recorder::Recorder;

/// Smallest group that is scored. A score of fewer subjects would say more about them than about the
/// model.
pub const FEWEST: usize = 5;

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
    pub fn collect(work: &StageContext<'a>, task: &'a dyn Task, scans: &'a [Scan]) -> Groups<'a> {
        let evaluation = &work.plan.experiment.evaluation;
        Groups {
            task,
            columns: evaluation.groups.as_deref().unwrap_or_default(),
            infos: scans.iter().map(|scan| (&scan.info.id, &*scan.info)).collect(),
            resamples: evaluation.resamples,
            seed: work.stage.seed,
        }
    }

    /// Returns one row per metric and group, such as `sex=F`. The value is missing if the group has
    /// fewer than [`FEWEST`] subjects.
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
                let resamples = match persons >= FEWEST {
                    true => resamples(persons, self.resamples, self.seed, part),
                    false => Vec::new(),
                };
                let scores = Scores::compute(self.task, &of_group, &resamples)?;
                let mut of_group = scores.rows(recorder, part, plugin, None);
                for row in &mut of_group {
                    row.group = Some(format!("{column}={value}"));
                    row.value = row.value.filter(|_| persons >= FEWEST);
                }
                rows.extend(of_group);
            }
        }
        Ok(rows)
    }
}
