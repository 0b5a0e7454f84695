//! The table: each task's scores beside its baselines, and what the differences allow to say.

mod drawn;
mod said;

use std::collections::BTreeSet;

use boldface::Part;
use boldface_tables::summary::{Score, ScoreDifference, Verdict};

use super::document::{Align, ReportTable, TableCell, Tone, metric_label};
use super::number;
use super::stored::StoredRun;
use crate::score::{CORRECTION_WEIGHT, control_rank};

/// Separates the two names whose difference a column holds.
pub const DIFFERENCE: &str = " - ";

/// All scores of one task on one part.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// The part.
    pub part: Part,
    /// The task's table in the spec.
    pub task: String,
    /// The task's plugin.
    pub plugin: String,
    /// The model that is judged; none if only baselines ran.
    pub model: Option<String>,
    /// Everyone who answered, the model first.
    pub answerers: Vec<String>,
    /// Whose scores the model's are compared with.
    against: Vec<String>,
    /// Metrics in their order, without those of a single horizon (`mse@5`).
    metrics: Vec<String>,
    scores: Vec<Score>,
    /// The prior that the model corrects, and the weight of its correction.
    prior: Option<(String, f64)>,
    /// What it rests on, such as `30 scans of 10 subjects`.
    pub rests_on: String,
    /// How many subjects it rests on, if that is known.
    pub subjects: Option<usize>,
}

/// Results of every task on `part`, by name of the task.
pub fn results(stored: &StoredRun, part: Part) -> Vec<Results> {
    let of_part = || stored.scores.iter().filter(|score| score.split == part.name());
    let tasks: BTreeSet<&str> = of_part().map(|score| score.task.as_str()).collect();
    tasks
        .into_iter()
        .map(|task| one(stored, part, task, of_part().filter(|score| score.task == task)))
        .collect()
}

fn one<'a>(stored: &StoredRun, part: Part, task: &str, scores: impl Iterator<Item = &'a Score>) -> Results {
    let scores: Vec<Score> = scores.cloned().collect();
    let asked = stored.task(task);
    let named = asked.and_then(|asked| asked.model.clone());
    let model = named.filter(|name| scores.iter().any(|score| score.plugin == *name && !score.baseline));
    let model =
        model.or_else(|| scores.iter().find(|score| !score.baseline).map(|score| score.plugin.clone()));

    let mut answerers = Vec::from_iter(model.clone());
    let (mut metrics, mut against) = (Vec::new(), Vec::new());
    for score in &scores {
        push_new(&mut answerers, &score.plugin);
        if !score.metric.contains('@') {
            push_new(&mut metrics, &score.metric);
        }
        if Some(&score.plugin) == model.as_ref() {
            score.differences.iter().for_each(|difference| push_new(&mut against, &difference.against));
        }
    }
    // The model stays first; the sort is stable.
    let skip = usize::from(model.is_some());
    answerers[skip..].sort_by_key(|name| hardness(name));
    against.sort_by_key(|name| hardness(name));
    let prior = stored.rows.iter().find_map(|row| {
        let is_it = row.metric == CORRECTION_WEIGHT && row.stage == format!("evaluation.{task}");
        row.against.clone().zip(row.value).filter(|_| is_it)
    });
    let (rests_on, subjects) = rests_on(stored, part, task, &answerers, &scores);
    Results {
        part,
        task: task.to_owned(),
        plugin: asked.map_or_else(|| task.to_owned(), |asked| asked.plugin.clone()),
        model,
        answerers,
        against,
        metrics,
        scores,
        prior,
        rests_on,
        subjects,
    }
}

/// The harder a baseline is to beat, the sooner it is shown; what is compared in one sentence is the first.
pub(super) fn hardness(name: &str) -> usize {
    const FROM_THE_HARDEST: [&str; 10] =
        ["fc", "tangent", "facts", "ar", "persistence", "motion", "site", "majority", "mean", "without"];
    if let Some(rank) = control_rank(name) {
        return FROM_THE_HARDEST.len() + rank;
    }
    let family = name.split(['-', ' ']).next().unwrap_or(name);
    FROM_THE_HARDEST.iter().position(|known| *known == family).unwrap_or(7)
}

fn push_new(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// What the first answerer's scores rest on.
fn rests_on(
    stored: &StoredRun,
    part: Part,
    task: &str,
    answerers: &[String],
    scores: &[Score],
) -> (String, Option<usize>) {
    let answered = answerers.first().zip(stored.task(task));
    let (mut scans, mut subjects) = (BTreeSet::new(), BTreeSet::new());
    for answered in answered.iter().flat_map(|(plugin, asked)| asked.answers(part, plugin)) {
        scans.insert(&answered.outcome.scan);
        subjects.insert(answered.outcome.scan.person());
    }
    if subjects.is_empty() {
        let n = scores.iter().find_map(|score| score.n).unwrap_or_default();
        return (number::count(n as usize, "example"), None);
    }
    let text =
        format!("{} of {}", number::count(scans.len(), "scan"), number::count(subjects.len(), "{subject}"));
    (text, Some(subjects.len()))
}

impl Results {
    /// `condition (classification), 30 scans of 10 subjects`.
    pub fn caption(&self) -> String {
        let plugin = if self.plugin == self.task { String::new() } else { format!(" ({})", self.plugin) };
        format!("{}{plugin}, {}", self.task, self.rests_on)
    }

    /// One row a metric; the model, the baselines, then the differences from the first `most` of them.
    pub fn table(&self, label: fn(&str) -> String, most: usize) -> ReportTable {
        let mut columns = vec![("metric".to_owned(), Align::Left)];
        columns.extend(self.answerers.iter().map(|name| (name.clone(), Align::Right)));
        let model = self.model.clone().unwrap_or_default();
        columns.extend(
            self.against.iter().take(most).map(|name| (format!("{model}{DIFFERENCE}{name}"), Align::Right)),
        );
        let rows = self.metrics.iter().map(|metric| self.row(metric, label, most)).collect();
        ReportTable { caption: self.caption(), columns, rows }
    }

    /// The whole table with a row per answerer and difference, which fits a page when there are many.
    pub fn by_answerer(&self) -> ReportTable {
        self.table(metric_label, usize::MAX).transposed("")
    }

    fn row(&self, metric: &str, label: fn(&str) -> String, most: usize) -> Vec<TableCell> {
        let of = |plugin: &String| {
            self.scores.iter().find(|score| score.plugin == *plugin && score.metric == metric)
        };
        let mut row = vec![TableCell::new(self.directed(metric, label(metric)))];
        for plugin in &self.answerers {
            let score = of(plugin);
            let value = score.and_then(|score| score.value);
            let interval = score.and_then(|score| score.interval);
            row.push(TableCell::noted(number::with_interval(value, interval), Tone::Plain));
        }
        for against in self.against.iter().take(most) {
            let difference = self.model.as_ref().and_then(of).and_then(|score| minus(score, against));
            row.push(difference.map_or_else(|| TableCell::new(number::DASH), difference_cell));
        }
        row
    }

    /// Adds the metric's unit and direction to its label, as in `MAE (years) ↓`.
    fn directed(&self, metric: &str, label: String) -> String {
        let arrow = self.higher_is_better(metric).map_or("", |up| if up { " ↑" } else { " ↓" });
        format!("{}{arrow}", self.in_unit(metric, label))
    }

    fn higher_is_better(&self, metric: &str) -> Option<bool> {
        self.scores.iter().find(|score| score.metric == metric).and_then(|score| score.higher_is_better)
    }

    /// Adds the metric's unit to its label, as in `MAE (years)`.
    fn in_unit(&self, metric: &str, label: String) -> String {
        let unit = self.scores.iter().find(|score| score.metric == metric).and_then(|s| s.unit.as_ref());
        unit.map_or_else(|| label.clone(), |unit| format!("{label} ({unit})"))
    }

    /// The metric to state when only one fits: the first one that the task reports for the model.
    pub fn headline(&self) -> Option<&str> {
        let is_of_model =
            |metric: &&String| self.model.as_ref().is_some_and(|model| self.score(model, metric).is_some());
        self.metrics.iter().find(is_of_model).or(self.metrics.first()).map(String::as_str)
    }
}

fn told(value: Option<f64>, interval: Option<(f64, f64)>) -> String {
    let (value, interval) = number::with_interval(value, interval);
    interval.map_or_else(|| value.clone(), |interval| format!("{value} {interval}"))
}

fn minus<'a>(score: &'a Score, against: &str) -> Option<&'a ScoreDifference> {
    score.differences.iter().find(|difference| difference.against == against)
}

fn difference_cell(found: &ScoreDifference) -> TableCell {
    TableCell::noted(number::difference(found.value, found.interval), tone(found.verdict))
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Better => Tone::Good,
        Verdict::Worse => Tone::Bad,
        Verdict::NotBetter | Verdict::Unknown => Tone::Plain,
    }
}
