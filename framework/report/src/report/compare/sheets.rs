//! Comparisons as plain tables for programs: one row per score, with all digits.

use std::collections::BTreeMap;

use boldface::Part;
use boldface_tables::export::{ColumnValues, Sheet};
use boldface_tables::leaderboard::{Summary, Trial, repeats};

use super::beside::{Intervals, Reference, TaskMetric};
use super::board::LeaderboardRow;
use super::groups::RunGroup;
use super::scores::{Bench, GroupDifference, GroupScore};

/// Runs that a sheet lists under one name.
pub struct SheetLine {
    /// The runs and their name.
    pub group: RunGroup,
    /// Its settings, by dotted key.
    pub settings: BTreeMap<String, String>,
    /// The group from which it is subtracted, unless it is the first one itself.
    first: Option<RunGroup>,
    rank: Option<u64>,
}

/// One row: what is scored, and its scores.
struct SheetRow<'a> {
    line: &'a SheetLine,
    measure: &'a TaskMetric<'a>,
    name: String,
    kind: &'static str,
    is_best: bool,
    score: GroupScore,
    /// The model minus this baseline or control, and the runs that have both.
    minus: Option<(GroupDifference, Summary)>,
}

/// Returns a line per group. All are compared with the first.
pub fn lines_of_groups(groups: &[RunGroup]) -> Vec<SheetLine> {
    let line = |(place, group): (usize, &RunGroup)| SheetLine {
        group: group.clone(),
        settings: BTreeMap::new(),
        first: (place > 0).then(|| groups[0].clone()),
        rank: None,
    };
    groups.iter().enumerate().map(line).collect()
}

/// Returns a line per arm, best validation first. A line with the mean of the arms that differ only in
/// seeds and folds comes before them.
pub fn lines_of_sweep(trials: &[Trial], rows: &[LeaderboardRow]) -> Vec<SheetLine> {
    let mut lines = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let first = (place > 0).then(|| rows[0].group.clone());
        let rank = Some(place as u64 + 1);
        let arm = |run: usize, first: Option<RunGroup>| SheetLine {
            group: RunGroup { label: trials[run].name.clone(), runs: vec![run] },
            settings: trials[run].settings.clone(),
            first,
            rank,
        };
        match row.entry.trials[..] {
            [one] => lines.push(arm(one, first)),
            _ => {
                let settings = row.entry.settings.clone();
                lines.push(SheetLine { group: row.group.clone(), settings, first, rank });
                lines.extend(row.entry.trials.iter().map(|&run| arm(run, None)));
            }
        }
    }
    lines
}

/// Builds a sheet with one row per line, metric and answerer: the model, each baseline and each control.
/// `noun` names the lines: `arm` or `run`. Ranks are those of the `headline`.
pub fn sheet(
    bench: &mut Bench<'_>,
    lines: &[SheetLine],
    measures: &[TaskMetric<'_>],
    noun: &'static str,
    headline: Option<(&str, &str)>,
) -> Sheet {
    let mut rows = Vec::new();
    for line in lines {
        measures.iter().for_each(|measure| rows.extend(rows_of_line(bench, line, measure)));
    }
    let text = |value: &dyn Fn(&SheetRow<'_>) -> Option<String>| {
        ColumnValues::Text(rows.iter().map(value).collect())
    };
    let number =
        |value: &dyn Fn(&SheetRow<'_>) -> Option<f64>| ColumnValues::Number(rows.iter().map(value).collect());
    let count =
        |value: &dyn Fn(&SheetRow<'_>) -> Option<u64>| ColumnValues::Count(rows.iter().map(value).collect());
    let mut sheet = Sheet::new();
    if let Some(headline) = headline {
        let is_headline = |row: &SheetRow<'_>| (row.measure.task, row.measure.metric) == headline;
        sheet = sheet.with("rank", count(&|row| row.line.rank.filter(|_| is_headline(row))));
    }
    let is_mean = |row: &SheetRow<'_>| row.line.group.runs.len() > 1;
    sheet = sheet
        .with("row", text(&|row| Some(if is_mean(row) { "mean" } else { noun }.to_owned())))
        .with(noun, text(&|row| Some(row.line.group.label.clone())));
    let mut keys: Vec<&String> = lines.iter().flat_map(|line| line.settings.keys()).collect();
    keys.sort_by_key(|key| (repeats(key), *key));
    keys.dedup();
    for key in keys {
        sheet = sheet.with(key, text(&|row| row.line.settings.get(key).cloned()));
    }
    let minus = |row: &SheetRow<'_>| row.minus.map(|(minus, _)| minus);
    sheet
        .with("task", text(&|row| Some(row.measure.task.to_owned())))
        .with("split", text(&|row| Some(row.measure.part.name().to_owned())))
        .with("metric", text(&|row| Some(row.measure.metric.to_owned())))
        .with("name", text(&|row| Some(row.name.clone())))
        .with("kind", text(&|row| Some(row.kind.to_owned())))
        .with("best_baseline", text(&|row| row.is_best.then(|| "yes".to_owned())))
        .with("value", number(&|row| row.score.summary.mean))
        .with("low", number(&|row| Some(row.score.interval?.0)))
        .with("high", number(&|row| Some(row.score.interval?.1)))
        .with("sd", number(&|row| row.score.summary.sd))
        .with("n", count(&|row| row.score.n))
        .with("runs", count(&|row| Some(row.score.summary.total as u64)))
        .with("runs_scored", count(&|row| Some(row.score.summary.n as u64)))
        .with("model_minus", number(&|row| Some(minus(row)?.value)))
        .with("model_minus_low", number(&|row| Some(minus(row)?.interval?.0)))
        .with("model_minus_high", number(&|row| Some(minus(row)?.interval?.1)))
        .with("model_minus_runs", count(&|row| Some(row.minus?.1.n as u64)))
        .with("difference", number(&|row| Some(row.score.difference?.value)))
        .with("difference_low", number(&|row| Some(row.score.difference?.interval?.0)))
        .with("difference_high", number(&|row| Some(row.score.difference?.interval?.1)))
        .with("against", text(&|row| Some(row.score.difference.and(row.line.first.as_ref())?.label.clone())))
}

/// Makes the rows of a line: the model first, then its baselines and controls.
fn rows_of_line<'a>(
    bench: &mut Bench<'_>,
    line: &'a SheetLine,
    measure: &'a TaskMetric<'a>,
) -> Vec<SheetRow<'a>> {
    let TaskMetric { task, part, metric, higher_is_better } = *measure;
    let runs = &line.group.runs;
    let score = bench.cell(&line.group, line.first.as_ref(), task, part, metric, higher_is_better);
    let mut rows = Vec::new();
    if score.summary.n > 0 || score.n.is_some() {
        let name = bench.runs[runs[0]].model.clone();
        rows.push(SheetRow { line, measure, name, kind: "model", is_best: false, score, minus: None });
    }
    let best: Option<Reference> = bench.best_baseline(runs, measure);
    for reference in bench.references(runs, task) {
        let found = bench.beside(runs, &reference, measure, Intervals::Rescored);
        if found.score.n.is_none() && found.score.summary.n == 0 {
            continue;
        }
        let minus = found.score.difference.map(|minus| (minus, found.compared));
        let is_best = best.as_ref() == Some(&reference);
        let kind = if reference.is_baseline { "baseline" } else { "control" };
        let score = GroupScore { difference: None, ..found.score };
        rows.push(SheetRow { line, measure, name: reference.name, kind, is_best, score, minus });
    }
    rows
}

/// Lists the metrics of the tasks on the parts, in the order of the tables.
pub fn measures<'a>(
    bench: &Bench<'_>,
    tasks: &'a [(String, Option<String>)],
    parts: &[Part],
    names: &'a mut Vec<(usize, Part, String, Option<bool>)>,
) -> Vec<TaskMetric<'a>> {
    for (place, (task, metric)) in tasks.iter().enumerate() {
        for &part in parts {
            let found = bench.metrics(task, part, metric.as_deref()).into_iter();
            names.extend(found.map(|(metric, up)| (place, part, metric, up)));
        }
    }
    let measure = |(place, part, metric, up): &'a (usize, Part, String, Option<bool>)| TaskMetric {
        task: &tasks[*place].0,
        part: *part,
        metric,
        higher_is_better: *up,
    };
    names.iter().map(measure).collect()
}
