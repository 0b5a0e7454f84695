//! How a group of runs stands beside its baselines and controls, in a table and in words.

use boldface::Part;
use boldface_tables::leaderboard::Summary;
use boldface_tables::summary::Verdict;

use super::beside::{Intervals, Reference, ReferenceScore, TaskMetric};
use super::groups::RunGroup;
use super::marks;
use super::scores::{Bench, GroupScore};
use crate::report::document::{Align, Block, ReportTable, TableCell, metric_label, plain, strong};
use crate::report::number;
use crate::score::{SWAP, TEXT_ONLY};

/// A group's scores on one metric, and those of its baselines and controls on the same questions.
pub struct Standing {
    group: RunGroup,
    task: String,
    metric: String,
    higher_is_better: Option<bool>,
    /// The part on which the differences are shown.
    part: Part,
    model: String,
    validation: GroupScore,
    shown: GroupScore,
    /// The baselines and controls with their scores on validation and on the shown part.
    lines: Vec<(Reference, ReferenceScore, ReferenceScore)>,
    /// The line of the baseline that is best on validation.
    best: Option<usize>,
    chance: Option<f64>,
    /// What its runs are called: folds, if nothing else differs.
    noun: &'static str,
}

impl Bench<'_> {
    /// Returns how a group stands on a metric, on the part of `measure`. The best baseline always gets its
    /// intervals.
    pub fn standing(&mut self, group: &RunGroup, measure: &TaskMetric<'_>, intervals: Intervals) -> Standing {
        let TaskMetric { task, part, metric, higher_is_better } = *measure;
        let on_validation = TaskMetric { part: Part::Validation, ..*measure };
        let best = self.best_baseline(&group.runs, measure);
        let mut lines = Vec::new();
        for reference in self.references(&group.runs, task) {
            let is_best = best.as_ref() == Some(&reference);
            let intervals = if is_best { Intervals::Rescored } else { intervals };
            let validation = self.beside(&group.runs, &reference, &on_validation, intervals);
            let shown = self.beside(&group.runs, &reference, measure, intervals);
            if validation.score.summary.n + shown.score.summary.n > 0 {
                lines.push((reference, validation, shown));
            }
        }
        let best = best.and_then(|best| lines.iter().position(|(reference, ..)| *reference == best));
        let (all, first) = (self.runs, &self.runs[group.runs[0]]);
        let is_fold = |run: &usize| {
            let others = |run: &usize| all[*run].repeated.iter().filter(|(key, _)| *key != "split.fold");
            others(run).eq(others(&group.runs[0]))
        };
        let has_fold = first.repeated.contains_key("split.fold");
        let chance = first.final_score(task, part, &first.model, metric).and_then(|score| score.chance);
        Standing {
            group: group.clone(),
            task: task.to_owned(),
            metric: metric.to_owned(),
            higher_is_better,
            part,
            model: first.model.clone(),
            validation: self.cell(group, None, task, Part::Validation, metric, higher_is_better),
            shown: self.cell(group, None, task, part, metric, higher_is_better),
            lines,
            best,
            chance,
            noun: if has_fold && group.runs.iter().all(is_fold) { "fold" } else { "run" },
        }
    }
}

impl Standing {
    /// The baseline that is best on validation, and its score on the shown part.
    pub fn best(&self) -> Option<(&Reference, &ReferenceScore)> {
        self.best.map(|best| (&self.lines[best].0, &self.lines[best].2))
    }

    /// What its runs are called: `fold` or `run`.
    pub fn noun(&self) -> &'static str {
        self.noun
    }

    /// Takes another baseline as the best one, such as that of all folds.
    pub fn with_best(mut self, best: Option<&Reference>) -> Standing {
        self.best = self.lines.iter().position(|(reference, ..)| Some(reference) == best);
        self
    }

    /// Returns the two cells of the best baseline: its score with its name, and the model minus it.
    pub fn best_cells(&self) -> [TableCell; 2] {
        let Some((reference, found)) = self.best() else { return [number::DASH; 2].map(TableCell::new) };
        let value = marks::mean(&found.score.summary);
        let note: Vec<String> = std::iter::once(reference.name.clone()).chain(value.note).collect();
        [TableCell { note: Some(note.join(" ")), ..value }, difference(found)]
    }

    /// Returns the mean score of a control. A dash if the group lacks it.
    pub fn control_cell(&self, name: &str) -> TableCell {
        let line = self.lines.iter().find(|(reference, ..)| reference.name == name);
        line.map_or_else(|| TableCell::new(number::DASH), |(_, _, shown)| marks::mean(&shown.score.summary))
    }

    /// Lists the names of the controls.
    pub fn controls(&self) -> impl Iterator<Item = &str> {
        let controls = self.lines.iter().filter(|(reference, ..)| !reference.is_baseline);
        controls.map(|(reference, ..)| reference.name.as_str())
    }

    /// Makes a table with the model and every baseline and control in rows.
    pub fn table(&self) -> ReportTable {
        let part = self.part.name();
        let mut columns = vec![("model, baseline or control".to_owned(), Align::Left)];
        if self.part != Part::Validation {
            columns.push(("validation".to_owned(), Align::Right));
        }
        columns.push((part.to_owned(), Align::Right));
        columns.push((format!("{} minus it, {part}", self.model), Align::Right));
        let row = |name: String, validation: TableCell, shown: TableCell, minus: TableCell| {
            let mut row = vec![TableCell::new(name)];
            row.extend((self.part != Part::Validation).then_some(validation));
            row.extend([shown, minus]);
            row
        };
        let model = [&self.validation, &self.shown].map(marks::value);
        let [validation, shown] = model;
        let mut rows = vec![row(self.model.clone(), validation, shown, TableCell::new(number::DASH))];
        for (place, (reference, validation, shown)) in self.lines.iter().enumerate() {
            let kind = match (reference.is_baseline, self.best == Some(place)) {
                (true, true) => " (best baseline)",
                (true, false) => "",
                (false, _) => " (control)",
            };
            let name = format!("{}{kind}", reference.name);
            let cells = [validation, shown].map(|found| marks::value(&found.score));
            let [validation, value] = cells;
            rows.push(row(name, validation, value, difference(shown)));
        }
        let over = match self.group.runs.len() {
            1 => String::new(),
            n => format!(", mean of {}", number::count(n, self.noun)),
        };
        ReportTable {
            caption: format!(
                "{}, {}{}{over}",
                self.group.label,
                self.measure(),
                marks::arrow(self.higher_is_better)
            ),
            columns,
            rows,
        }
    }

    fn measure(&self) -> String {
        format!("{} {}", self.task, metric_label(&self.metric))
    }

    /// Says whether the model beats its best baseline, which others it does not beat, and which controls.
    pub fn words(&self) -> Vec<Block> {
        let Some(up) = self.higher_is_better else { return Vec::new() };
        let mut said = Vec::new();
        match self.best() {
            None if self.lines.iter().any(|(reference, ..)| reference.is_baseline) => said.push(
                " No baseline has a validation score, so none is called the best; see the table.".to_owned(),
            ),
            None => said.push(" It is compared with no baseline.".to_owned()),
            Some((best, found)) => said.push(self.against_best(best, found, up)),
        }
        let (baselines, controls): (Vec<_>, Vec<_>) = self
            .lines
            .iter()
            .enumerate()
            .filter(|(place, (_, _, shown))| self.best != Some(*place) && is_not_beaten(shown, up))
            .map(|(_, (reference, ..))| reference)
            .partition(|reference| reference.is_baseline);
        let names = |list: &[&Reference]| {
            number::listed(&list.iter().map(|reference| reference.name.as_str()).collect::<Vec<_>>())
        };
        if !baselines.is_empty() {
            said.push(format!(" Other baselines that it does not beat: {}.", names(&baselines)));
        }
        if !controls.is_empty() {
            let scan = controls.iter().any(|control| [SWAP, TEXT_ONLY].contains(&control.name.as_str()));
            let so = if scan { ", so its score is not shown to come from this person's scan" } else { "" };
            said.push(format!(" Controls that it does not beat: {}{so}.", names(&controls)));
        }
        let name = format!("{}: {}", self.measure(), self.group.label);
        vec![Block::Text(vec![strong(name), plain(said.concat())])]
    }

    fn against_best(&self, best: &Reference, found: &ReferenceScore, up: bool) -> String {
        let [ours, theirs] = [self.shown.summary.mean, found.score.summary.mean].map(number::score);
        let part = self.part.name();
        let Some(minus) = found.score.difference else {
            return format!(
                " is not compared with its best baseline, {} ({theirs} on {part}): no run has the score of both.",
                best.name
            );
        };
        let (by, interval) = number::difference(Some(minus.value), minus.interval);
        let is_ahead = if up { minus.value > 0.0 } else { minus.value < 0.0 };
        let (verb, end) = match (minus.verdict, is_ahead) {
            (Verdict::Better, _) => ("beats", ""),
            (Verdict::Worse, _) => ("loses to", ""),
            (Verdict::NotBetter, _) => ("does not beat", " includes 0"),
            (Verdict::Unknown, false) => ("does not beat", " without an interval"),
            (Verdict::Unknown, true) => ("is not shown to beat", " without an interval"),
        };
        let interval = interval.map_or_else(String::new, |interval| format!(" {interval}"));
        let Summary { n, total, .. } = found.compared;
        let over = match (n, total) {
            (_, 1) => String::new(),
            (n, total) if n == total => format!(", mean of {}", number::count(n, self.noun)),
            (n, total) => {
                format!(", mean of the {n} of {} with both scores", number::count(total, self.noun))
            }
        };
        let mut words = format!(
            " {verb} its best baseline, {}: {ours} against {theirs} on {part} ({by}{interval}{end}{over}).",
            best.name
        );
        let beyond = |(low, high): (f64, f64), level: f64| if up { low > level } else { high < level };
        if minus.verdict == Verdict::Better
            && let Some(chance) = self.chance
            && !self.shown.interval.is_some_and(|interval| beyond(interval, chance))
        {
            words += &format!(" It is not above chance ({}), so this says little.", number::plain(chance));
        }
        words
    }
}

/// Whether a difference is not on the better side of zero, as far as is known.
fn is_not_beaten(found: &ReferenceScore, up: bool) -> bool {
    found.score.difference.is_some_and(|minus| match minus.verdict {
        Verdict::Better => false,
        Verdict::NotBetter | Verdict::Worse => true,
        Verdict::Unknown => {
            if up {
                minus.value <= 0.0
            } else {
                minus.value >= 0.0
            }
        }
    })
}

/// Formats the model minus a baseline or a control, and over how many runs if not over all.
fn difference(found: &ReferenceScore) -> TableCell {
    let cell = marks::difference(&found.score);
    let Some(count) = marks::defined(&found.compared).filter(|_| found.score.difference.is_some()) else {
        return cell;
    };
    let note: Vec<String> = cell.note.into_iter().chain([count]).collect();
    TableCell { note: Some(note.join(" ")), ..cell }
}

/// Makes a table with groups in rows: their scores, the best baseline, and the controls.
pub fn side_by_side(standings: &[Standing], first: &str, title: &str) -> Option<ReportTable> {
    let one = standings.first()?;
    let names = controls(standings.iter());
    let part = one.part.name();
    let mut columns = vec![(first.to_owned(), Align::Left)];
    let numbers = [part.to_owned(), "best baseline".to_owned(), format!("{part} minus best baseline")];
    columns.extend(numbers.into_iter().chain(names.iter().cloned()).map(|name| (name, Align::Right)));
    let row = |standing: &Standing| {
        let mut row = vec![TableCell::new(standing.group.label.clone()), marks::value(&standing.shown)];
        row.extend(standing.best_cells());
        row.extend(names.iter().map(|name| standing.control_cell(name)));
        row
    };
    Some(ReportTable {
        caption: format!("{}{}{title}", one.measure(), marks::arrow(one.higher_is_better)),
        columns,
        rows: standings.iter().map(row).collect(),
    })
}

/// Lists the controls that any of the groups has.
pub fn controls<'a>(standings: impl Iterator<Item = &'a Standing>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in standings.flat_map(Standing::controls) {
        if names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
#[path = "standing/tests.rs"]
mod tests;
