//! Scores of groups of runs side by side, and their differences from the first group.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use boldface::{MetricRow, Part};
use boldface_tables::leaderboard::{Summary, summary};
use boldface_tables::summary::{Verdict, verdict};

use super::beside::TaskMetric;
use super::groups::RunGroup;
use super::paired::{apart, minus, over};
use super::run::{Run, Scored};
use crate::report::number::too_few;

/// Largest number of runs to score again. With more runs, only stored intervals are shown.
pub const MOST_RUNS: usize = 100;

/// One metric of one task on one part, for every group.
#[derive(Clone, Debug)]
pub struct MetricComparison {
    /// The task.
    pub task: String,
    /// The part.
    pub part: Part,
    /// The metric.
    pub metric: String,
    /// Its direction.
    pub higher_is_better: Option<bool>,
    /// One cell per group.
    pub cells: Vec<GroupScore>,
}

impl MetricComparison {
    /// The metric on its part.
    pub fn measure(&self) -> TaskMetric<'_> {
        TaskMetric {
            task: &self.task,
            part: self.part,
            metric: &self.metric,
            higher_is_better: self.higher_is_better,
        }
    }
}

/// One group's scores on a metric.
#[derive(Clone, Debug, Default)]
pub struct GroupScore {
    /// Mean and spread over its runs.
    pub summary: Summary,
    /// The 95% interval: over subjects, and over runs if there are several.
    pub interval: Option<(f64, f64)>,
    /// Number of examples per run.
    pub n: Option<u64>,
    /// Difference from the first group.
    pub difference: Option<GroupDifference>,
}

/// The difference of a group from the first one.
#[derive(Clone, Copy, Debug)]
pub struct GroupDifference {
    /// Difference of the means.
    pub value: f64,
    /// Its paired interval.
    pub interval: Option<(f64, f64)>,
    /// Verdict of the interval, with the metric's direction taken into account.
    pub verdict: Verdict,
}

/// Runs with their rescored answers, computed on demand.
pub struct Bench<'a> {
    pub(super) runs: &'a [Run],
    scored: BTreeMap<(usize, String, &'static str), Result<Scored, String>>,
    /// Rescored answers of baselines and controls, by file, name and part. Arms share their baselines.
    pub(super) beside: BTreeMap<(PathBuf, String, &'static str), Option<Scored>>,
    /// Notes for the reader, each once, in order of appearance.
    pub notes: Vec<String>,
}

impl<'a> Bench<'a> {
    /// Creates a bench for `runs`. Nothing is scored yet.
    pub fn new(runs: &'a [Run]) -> Bench<'a> {
        let mut bench = Bench { runs, scored: BTreeMap::new(), beside: BTreeMap::new(), notes: Vec::new() };
        if runs.len() > MOST_RUNS {
            bench.note(format!(
                "There are more than {MOST_RUNS} runs: differences and means over seeds have no intervals; compare a few runs by name to get them."
            ));
        }
        bench
    }

    /// Returns the scores of a task on a part, one line per metric.
    pub fn lines(
        &mut self,
        groups: &[RunGroup],
        task: &str,
        part: Part,
        metric: Option<&str>,
    ) -> Vec<MetricComparison> {
        let metrics = self.metrics(task, part, metric);
        let line = |(metric, higher_is_better): (String, Option<bool>)| {
            let cells = groups.iter().enumerate().map(|(place, group)| {
                let first = (place > 0).then(|| &groups[0]);
                self.cell(group, first, task, part, &metric, higher_is_better)
            });
            MetricComparison {
                task: task.to_owned(),
                part,
                higher_is_better,
                cells: cells.collect(),
                metric: metric.clone(),
            }
        };
        metrics.into_iter().map(line).collect()
    }

    /// Lists the model's metrics of a task on a part and their directions, in the order of the first run.
    /// Metrics of a single horizon (`mse@5`) are included only if named.
    pub fn metrics(&self, task: &str, part: Part, metric: Option<&str>) -> Vec<(String, Option<bool>)> {
        let stage = format!("evaluation.{task}");
        let mut metrics: Vec<(String, Option<bool>)> = Vec::new();
        let is_wanted_row = |row: &&MetricRow| row.stage == stage && row.split == part.name();
        for row in self.runs.iter().flat_map(|run| run.scores.iter().filter(is_wanted_row)) {
            let is_wanted = metric.map_or(!row.metric.contains('@'), |metric| metric == row.metric);
            if is_wanted && metrics.iter().all(|(known, _)| *known != row.metric) {
                metrics.push((row.metric.clone(), row.higher_is_better));
            }
        }
        metrics
    }

    /// Returns a group's scores on a metric and its difference from `first`.
    pub fn cell(
        &mut self,
        group: &RunGroup,
        first: Option<&RunGroup>,
        task: &str,
        part: Part,
        metric: &str,
        higher_is_better: Option<bool>,
    ) -> GroupScore {
        let rows: Vec<Option<&MetricRow>> =
            group.runs.iter().map(|&run| self.runs[run].score(task, part, metric)).collect();
        let interval = match rows[..] {
            [one] => one.and_then(|row| row.low.zip(row.high)),
            _ => {
                let resampled = self.resampled(&group.runs, task, part, metric);
                over(&resampled, self.subjects(&group.runs, task, part))
            }
        };
        let difference = first.and_then(|first| {
            let (value, interval) = self.difference(first, group, task, part, metric)?;
            Some(GroupDifference { value, interval, verdict: verdict(interval, higher_is_better) })
        });
        GroupScore {
            summary: summary(rows.iter().map(|row| row.and_then(|row| row.value))),
            n: rows.iter().find_map(|row| row.and_then(|row| row.n)),
            interval,
            difference,
        }
    }

    /// Returns `b - a` and its interval. If the groups cannot be compared, adds a note and returns
    /// `None`.
    pub fn difference(
        &mut self,
        a: &RunGroup,
        b: &RunGroup,
        task: &str,
        part: Part,
        metric: &str,
    ) -> Option<(f64, Option<(f64, f64)>)> {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for &one in &a.runs {
            pairs.extend(
                b.runs.iter().filter(|&&other| self.repeat_each_other(one, other)).map(|&other| (one, other)),
            );
        }
        let are_paired = !pairs.is_empty();
        if !are_paired {
            pairs = a.runs.iter().flat_map(|&one| b.runs.iter().map(move |&other| (one, other))).collect();
        }
        for &(one, other) in &pairs {
            self.are_comparable((one, &a.label), (other, &b.label), task, part)?;
        }
        if are_paired {
            // A run without a value would leave its partner's value in the mean of one side only.
            let has =
                |run: usize| self.runs[run].score(task, part, metric).is_some_and(|row| row.value.is_some());
            pairs.retain(|&(one, other)| has(one) && has(other));
        }
        let used = |side: fn(&(usize, usize)) -> usize| {
            pairs.iter().map(side).collect::<BTreeSet<usize>>().into_iter().collect::<Vec<usize>>()
        };
        let (of_a, of_b) = (used(|pair| pair.0), used(|pair| pair.1));
        let mean = |runs: &[usize]| {
            let values = runs.iter().map(|&run| self.runs[run].score(task, part, metric)?.value);
            summary(values).mean
        };
        let value = mean(&of_b)? - mean(&of_a)?;
        let series = |bench: &mut Self, runs: &[usize]| bench.resampled(runs, task, part, metric);
        let (from, to) = (series(self, &of_a), series(self, &of_b));
        let is_whole = from.len() == of_a.len() && to.len() == of_b.len();
        let subjects = self.subjects(&[&of_a[..], &of_b].concat(), task, part);
        let interval = match (is_whole, are_paired) {
            (false, _) => None,
            (true, false) => apart(&from, &to, subjects),
            (true, true) => {
                let of = |runs: &[usize], run: usize| runs.iter().position(|&known| known == run);
                let paired = pairs
                    .iter()
                    .filter_map(|&(one, other)| Some(minus(&to[of(&of_b, other)?], &from[of(&of_a, one)?])));
                over(&paired.collect::<Vec<_>>(), subjects)
            }
        };
        Some((value, interval))
    }

    /// Returns the resampled values of each run that could be scored again.
    pub fn resampled(&mut self, runs: &[usize], task: &str, part: Part, metric: &str) -> Vec<Vec<f64>> {
        let one = |&run: &usize| {
            let (_, resampled) = self.scored(run, task, part)?.metrics.get(metric)?;
            Some(resampled.clone())
        };
        runs.iter().filter_map(one).collect()
    }

    /// Returns the smallest number of subjects among the runs that could be scored again.
    pub fn subjects(&mut self, runs: &[usize], task: &str, part: Part) -> usize {
        let of = |&run: &usize| self.scored(run, task, part).map(|scored| scored.subjects);
        runs.iter().filter_map(of).min().unwrap_or(0)
    }

    /// Whether two runs of different groups have the same seeds and the same part of the split.
    fn repeat_each_other(&self, one: usize, other: usize) -> bool {
        let (a, b) = (&self.runs[one].repeated, &self.runs[other].repeated);
        a.iter().all(|(key, value)| b.get(key).is_none_or(|theirs| theirs == value))
    }

    /// Returns `Some` if both runs were asked about the same subjects. Adds a note otherwise.
    fn are_comparable(
        &mut self,
        (one, a): (usize, &str),
        (other, b): (usize, &str),
        task: &str,
        part: Part,
    ) -> Option<()> {
        let asked = |bench: &mut Self, run| {
            bench.scored(run, task, part).map(|scored| (scored.scans.clone(), scored.truth.clone()))
        };
        let part = part.name();
        let (Some(of_a), Some(of_b)) = (asked(self, one), asked(self, other)) else {
            // Without the answers, equal keys prove that the subjects are the same.
            let key = |run: usize, stage| self.runs[run].key(stage);
            let is_same = ["series", "split"].iter().all(|stage| key(one, stage) == key(other, stage));
            if !is_same {
                self.note(format!("No difference of `{task}` between `{a}` and `{b}`: they were divided differently, and their answers are no longer there to compare."));
            }
            return is_same.then_some(());
        };
        if of_a.0 != of_b.0 {
            let common = of_a.0.iter().filter(|scan| of_b.0.binary_search(scan).is_ok()).count();
            let (n, m) = (of_a.0.len(), of_b.0.len());
            let why = if self.runs[one].key("series") == self.runs[other].key("series") {
                "set `[split] seed` to ask both about the same {subject}s"
            } else {
                "their data are not the same"
            };
            self.note(format!("No difference of `{task}` on {part} between `{a}` and `{b}`: they were asked about different scans ({n} and {m} questions, {common} of them about the same scan), and two groups of people differ for many reasons; {why}."));
            return None;
        }
        if of_a.1 != of_b.1 {
            self.note(format!("`{task}`: the right answers of `{a}` and `{b}` differ, so part of their difference comes from the questions and not from the models."));
        }
        Some(())
    }

    pub(super) fn scored(&mut self, run: usize, task: &str, part: Part) -> Option<&Scored> {
        if self.runs.len() > MOST_RUNS {
            return None;
        }
        let key = (run, task.to_owned(), part.name());
        if !self.scored.contains_key(&key) {
            let scored = self.runs[run].scored(task, part);
            // A reason that applies to many runs is noted once.
            match &scored {
                Err(why) => self.note(format!("No paired interval for `{task}`: {why}.")),
                Ok(scored) => {
                    let why =
                        too_few(scored.subjects).map(|why| format!("`{task}` on {} has {why}.", part.name()));
                    why.into_iter().for_each(|why| self.note(why));
                }
            }
            self.scored.insert(key.clone(), scored);
        }
        self.scored.get(&key)?.as_ref().ok()
    }

    pub(super) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }
}

#[cfg(test)]
#[path = "scores/tests.rs"]
mod tests;
