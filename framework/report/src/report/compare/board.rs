//! A sweep as a leaderboard: arms ranked on validation, the test score of the chosen arm, and main
//! effects.

use std::collections::BTreeMap;

use boldface::Part;
use boldface_tables::leaderboard::{self, BASE, LeaderboardAxis, LeaderboardEntry, Level, Trial, told};
use boldface_tables::summary::verdict;

use super::beside::{Intervals, TaskMetric};
use super::folders::{FinishedArm, RecordedSweep};
use super::groups::RunGroup;
use super::marks;
use super::multiples::Effect;
use super::paired::{mean, minus, over};
use super::run::Run;
use super::scores::{Bench, GroupDifference, GroupScore};
use super::standing::{Standing, controls, side_by_side};
use crate::report::document::{Align, Block, Figure, ReportTable, TableCell, metric_label, plain, strong};
use crate::report::number;
use crate::report::plot::range;

/// A sweep and the metric by which it is ranked.
pub struct Board<'a> {
    /// The sweep.
    pub sweep: &'a RecordedSweep,
    /// Runs of its readable arms, in order.
    pub runs: &'a [Run],
    /// The task.
    pub task: String,
    /// The metric of the task.
    pub metric: String,
    /// The metric's direction.
    pub higher_is_better: Option<bool>,
    /// The part on which effects and differences are shown.
    pub part: Part,
}

/// One row of the leaderboard.
pub struct LeaderboardRow {
    /// The trials in this row.
    pub entry: LeaderboardEntry,
    /// Its label and runs.
    pub group: RunGroup,
    /// Score on validation subjects.
    pub validation: GroupScore,
    /// Score on test subjects, with the difference from the first row.
    pub test: GroupScore,
    /// Its test score beside those of its baselines and controls.
    pub standing: Standing,
}

impl Board<'_> {
    /// Turns the arms into trials of the one metric.
    pub fn trials(&self, arms: &[&FinishedArm]) -> Vec<Trial> {
        let value = |run: &Run, part| run.score(&self.task, part, &self.metric).and_then(|row| row.value);
        let keys = |run: &Run| ["series", "split"].map(|stage| run.key(stage).map(|key| key.0.clone()));
        let mut divisions: BTreeMap<_, String> = BTreeMap::new();
        let trial = |(run, arm): (&Run, &&FinishedArm)| {
            let division = divisions.entry(keys(run));
            let division = division.or_insert_with(|| told(&arm.settings, leaderboard::repeats)).clone();
            Trial {
                name: arm.name.clone(),
                settings: arm.settings.clone(),
                division,
                validation: value(run, Part::Validation),
                test: value(run, Part::Test),
            }
        };
        self.runs.iter().zip(arms).map(trial).collect()
    }

    /// Ranks the rows, best validation first.
    pub fn rows(&self, bench: &mut Bench<'_>, trials: &[Trial]) -> Vec<LeaderboardRow> {
        let entries = leaderboard::entries(trials, self.higher_is_better);
        let only = (entries.len() == 1).then(|| match trials {
            [one] => one.name.clone(),
            _ => self.sweep.name.clone(),
        });
        let label = |entry: &LeaderboardEntry| match (
            own_name(&trials[entry.trials[0]]),
            told(&entry.settings, |_| true),
        ) {
            (Some(name), _) => name.to_owned(),
            (None, none) if none.is_empty() => only.clone().unwrap_or_else(|| BASE.to_owned()),
            (None, told) => told,
        };
        let group = |entry: &LeaderboardEntry| RunGroup { label: label(entry), runs: entry.trials.clone() };
        let groups: Vec<RunGroup> = entries.iter().map(group).collect();
        let mut rows = Vec::new();
        for (entry, group) in entries.into_iter().zip(&groups) {
            let first = (!rows.is_empty()).then(|| &groups[0]);
            let standing = bench.standing(
                group,
                &self.measure(Part::Test),
                // Only the first arm has a table of its own.
                if first.is_none() { Intervals::Rescored } else { Intervals::Stored },
            );
            let mut cell =
                |first, part| bench.cell(group, first, &self.task, part, &self.metric, self.higher_is_better);
            let (validation, test) = (cell(None, Part::Validation), cell(first, Part::Test));
            rows.push(LeaderboardRow { entry, group: group.clone(), validation, test, standing });
        }
        rows
    }

    /// The metric on a part.
    pub fn measure(&self, part: Part) -> TaskMetric<'_> {
        TaskMetric { task: &self.task, part, metric: &self.metric, higher_is_better: self.higher_is_better }
    }

    /// Builds the table of the arms, or of the runs of a single arm, and how the first arm stands beside
    /// its baselines and controls.
    pub fn ranking(&self, bench: &mut Bench<'_>, trials: &[Trial], rows: &[LeaderboardRow]) -> Vec<Block> {
        let [first, others @ ..] = rows else { return Vec::new() };
        let mut blocks = Vec::new();
        if !others.is_empty() {
            blocks.push(Block::Table(self.table(trials, rows)));
        }
        blocks.extend(first.standing.words());
        blocks.push(Block::Table(first.standing.table()));
        if others.is_empty() && trials.len() > 1 {
            let best = first.standing.best().map(|(best, _)| best.clone());
            let noun = first.standing.noun();
            let mut standing = |(run, trial): (usize, &Trial)| {
                let group = RunGroup { label: trial.name.clone(), runs: vec![run] };
                bench.standing(&group, &self.measure(Part::Test), Intervals::Stored).with_best(best.as_ref())
            };
            let standings: Vec<Standing> = trials.iter().enumerate().map(&mut standing).collect();
            blocks.extend(side_by_side(&standings, noun, &format!(", {noun} by {noun}")).map(Block::Table));
        }
        blocks
    }

    /// Builds the leaderboard, the chosen arms and the main effects.
    pub fn blocks(&self, bench: &mut Bench<'_>, trials: &[Trial], rows: &[LeaderboardRow]) -> Vec<Block> {
        let is_ranked = rows.len() > 1;
        let title = if is_ranked { "Leaderboard" } else { "Beside baselines and controls" };
        let mut blocks = vec![Block::Section(title.into())];
        blocks.extend(self.ranking(bench, trials, rows));
        if !is_ranked {
            return blocks;
        }
        blocks.push(Block::Text(vec![plain(
            "Arms and best baselines are chosen by validation. Test values are shown for comparison and never used to choose: the best of many test values is too good.",
        )]));
        let counts = || rows.iter().map(|row| row.entry.trials.len());
        if counts().min() != counts().max() {
            let words = "Arms have different numbers of runs (column runs), so their means are over different seeds or {subject}s. Differences use only the runs that both arms have.";
            blocks.push(Block::Text(vec![strong("Unequal. "), plain(words)]));
        }
        let choices = leaderboard::choices(trials, &entries(rows), self.higher_is_better);
        blocks.extend(self.chosen(bench, &choices, rows, leaderboard::divisions(trials).len()));
        let mut axes = leaderboard::axes(trials, &self.sweep.axes);
        // Keys that only a named arm sets do not form an axis: nothing else varies with them.
        axes.retain(|axis| axis.keys.iter().any(|key| self.sweep.axes.contains_key(key)));
        if !axes.is_empty() {
            blocks.push(Block::Section("Main effects".into()));
            blocks.push(Block::Figures(self.figures(trials, &axes)));
            blocks.push(Block::Table(self.effects(bench, trials, &axes)));
            blocks.push(Block::Text(vec![plain(
                "A value is the mean over all runs at a level. A difference compares runs that are equal in everything else, seeds included. Its interval is over {subject}s and seeds.",
            )]));
        }
        blocks
    }

    pub(super) fn label(&self) -> String {
        format!("{} {}", self.task, metric_label(&self.metric))
    }

    fn table(&self, trials: &[Trial], rows: &[LeaderboardRow]) -> ReportTable {
        // Named arms are identified by name instead of by settings.
        let named = trials.iter().any(|trial| own_name(trial).is_some());
        let keys = if named { Vec::new() } else { keys(trials) };
        let mut columns = vec![("rank".to_owned(), Align::Left)];
        columns.extend(short(&keys).into_iter().map(|key| (key, Align::Left)));
        if keys.is_empty() {
            columns.push(("arm".to_owned(), Align::Left));
        }
        let controls = controls(rows.iter().map(|row| &row.standing));
        let numbers = ["validation", "test", "best baseline", "test minus best baseline"].map(str::to_owned);
        let last = ["test minus first", "runs"].map(str::to_owned);
        let numbers = numbers.into_iter().chain(controls.iter().cloned()).chain(last);
        columns.extend(numbers.map(|name| (name, Align::Right)));
        let row = |(place, row): (usize, &LeaderboardRow)| {
            let mut cells = vec![TableCell::new((place + 1).to_string())];
            let value = |key: &String| row.entry.settings.get(key).map_or(BASE, String::as_str);
            cells.extend(keys.iter().map(|key| TableCell::new(value(key))));
            if keys.is_empty() {
                cells.push(TableCell::new(row.group.label.clone()));
            }
            cells.extend([marks::value(&row.validation), marks::value(&row.test)]);
            cells.extend(row.standing.best_cells());
            cells.extend(controls.iter().map(|name| row.standing.control_cell(name)));
            cells.push(marks::difference(&row.test));
            cells.push(TableCell::new(row.entry.trials.len().to_string()));
            cells
        };
        let caption = format!("{}{}", self.label(), marks::arrow(self.higher_is_better));
        ReportTable { caption, columns, rows: rows.iter().enumerate().map(row).collect() }
    }

    fn effects(&self, bench: &mut Bench<'_>, trials: &[Trial], axes: &[LeaderboardAxis]) -> ReportTable {
        let columns =
            [("axis", Align::Left), ("level", Align::Left), ("validation", Align::Right)].into_iter();
        let difference = format!("{} minus first level", self.part.name());
        let columns =
            columns.chain([("test", Align::Right), (&*difference, Align::Right), ("pairs", Align::Right)]);
        let columns = columns.map(|(name, align)| (name.to_owned(), align)).collect();
        let mut rows = Vec::new();
        for axis in axes {
            for (place, level) in axis.levels.iter().enumerate() {
                let mean = |of: fn(&Trial) -> Option<f64>| {
                    marks::mean(&leaderboard::summary(level.trials.iter().map(|&trial| of(&trials[trial]))))
                };
                let effect = self.effect(bench, level);
                rows.push(vec![
                    TableCell::new(axis.keys.join(", ")),
                    TableCell::new(level.value.clone()),
                    mean(|trial| trial.validation),
                    mean(|trial| trial.test),
                    effect.map_or_else(|| TableCell::new(number::DASH), |found| marks::minus(&found)),
                    TableCell::new(if place == 0 {
                        number::DASH.to_owned()
                    } else {
                        level.pairs.len().to_string()
                    }),
                ]);
            }
        }
        ReportTable { caption: format!("{}, axis by axis", self.label()), columns, rows }
    }

    /// Returns the mean difference between a level's runs and their partners at the first level.
    pub fn effect(&self, bench: &mut Bench<'_>, level: &Level) -> Option<GroupDifference> {
        let single = |run: usize| RunGroup { label: self.runs[run].label(), runs: vec![run] };
        // Settings of other axes are fixed; seeds are resampled.
        let mut seeds: BTreeMap<_, (Vec<f64>, Vec<Vec<f64>>)> = BTreeMap::new();
        for &(first, this) in &level.pairs {
            let (a, b) = (single(first), single(this));
            let (value, _) = bench.difference(&a, &b, &self.task, self.part, &self.metric)?;
            let [from, to] =
                [first, this].map(|run| bench.resampled(&[run], &self.task, self.part, &self.metric));
            let series = from.first().zip(to.first()).map(|(from, to)| minus(to, from));
            let (values, all) = seeds.entry(&self.runs[this].repeated).or_default();
            values.push(value);
            all.extend(series);
        }
        let means =
            seeds.values().map(|(values, _)| leaderboard::summary(values.iter().copied().map(Some)).mean);
        let value = leaderboard::summary(means).mean?;
        let is_whole = seeds.values().all(|(values, series)| values.len() == series.len());
        let series: Vec<Vec<f64>> = seeds.values().map(|(_, series)| mean(series)).collect();
        let runs: Vec<usize> = level.pairs.iter().flat_map(|&(first, this)| [first, this]).collect();
        let subjects = bench.subjects(&runs, &self.task, self.part);
        let interval = if is_whole { over(&series, subjects) } else { None };
        Some(GroupDifference { value, interval, verdict: verdict(interval, self.higher_is_better) })
    }

    fn figures(&self, trials: &[Trial], axes: &[LeaderboardAxis]) -> Vec<Figure> {
        let value = |trial: usize| match self.part {
            Part::Validation => trials[trial].validation,
            _ => trials[trial].test,
        };
        let (low, high) = range((0..trials.len()).filter_map(value).filter(|value| value.is_finite()));
        let (low, high) = (low - 0.06 * (high - low), high + 0.06 * (high - low));
        let metric = format!("{} on {}", metric_label(&self.metric), self.part.name());
        let figure = |(place, axis): (usize, &LeaderboardAxis)| {
            let level = |level: &'_ Level| -> (Vec<f64>, Option<f64>) {
                let values: Vec<f64> = level.trials.iter().filter_map(|&trial| value(trial)).collect();
                let mean = leaderboard::summary(values.iter().copied().map(Some)).mean;
                (values, mean)
            };
            let levels = axis.levels.iter().map(|one| {
                let (values, mean) = level(one);
                (one.value.as_str(), values, mean)
            });
            let title = axis.keys.join(", ");
            let effect =
                Effect { title: &title, metric: &metric, levels: levels.collect(), range: (low, high) };
            let svg = effect.svg();
            Figure { slug: format!("axis-{}", place + 1), caption: title, svg }
        };
        axes.iter().enumerate().map(figure).collect()
    }
}

/// Returns the name that an arm's author gave it. `None` for a point of a grid, which is labelled by
/// its settings.
fn own_name(trial: &Trial) -> Option<&str> {
    trial.name.split(',').next().filter(|name| !name.contains('=') && !name.is_empty())
}

/// Returns the entries of the rows.
fn entries(rows: &[LeaderboardRow]) -> Vec<LeaderboardEntry> {
    rows.iter().map(|row| row.entry.clone()).collect()
}

/// Lists all keys that any arm sets, except seeds.
pub fn keys(trials: &[Trial]) -> Vec<String> {
    let keys = trials.iter().flat_map(|trial| trial.settings.keys());
    let mut keys: Vec<String> = keys.filter(|key| !leaderboard::repeats(key)).cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Shortens keys to the part after the last dot, unless two would become equal.
fn short(keys: &[String]) -> Vec<String> {
    let last = |key: &String| key.rsplit('.').next().unwrap_or(key).to_owned();
    let is_alone = |name: &String| keys.iter().filter(|key| last(key) == *name).count() == 1;
    keys.iter().map(|key| Some(last(key)).filter(is_alone).unwrap_or_else(|| key.clone())).collect()
}
