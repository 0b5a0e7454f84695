//! Baselines and controls beside the model: their scores, and the model minus each of them.

use boldface::Part;
use boldface_tables::leaderboard::{Summary, summary};
use boldface_tables::summary::verdict;

use super::paired::{minus, over};
use super::run::Scored;
use super::scores::{Bench, GroupDifference, GroupScore, MOST_RUNS};
use crate::report::results::hardness;

/// A baseline or a control of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name, such as `majority` or `swap`.
    pub name: String,
    /// Whether it is a baseline. A control is the model itself, asked differently.
    pub is_baseline: bool,
}

/// Scores of a baseline or a control on one metric, over the runs of a group.
#[derive(Clone, Debug, Default)]
pub struct ReferenceScore {
    /// Its own score; the difference is the model minus it.
    pub score: GroupScore,
    /// The differences of the runs that have both scores.
    pub compared: Summary,
}

/// Which intervals are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intervals {
    /// Those of single runs, which are stored.
    Stored,
    /// Also those over several runs, for which answers are scored again.
    Rescored,
}

/// A metric of a task on a part.
#[derive(Clone, Copy, Debug)]
pub struct TaskMetric<'a> {
    /// The task.
    pub task: &'a str,
    /// The part.
    pub part: Part,
    /// The metric.
    pub metric: &'a str,
    /// Its direction.
    pub higher_is_better: Option<bool>,
}

impl Bench<'_> {
    /// Lists the baselines of a task in these runs, hardest to beat first, and then its controls.
    pub fn references(&self, runs: &[usize], task: &str) -> Vec<Reference> {
        let mut found: Vec<Reference> = Vec::new();
        for &run in runs {
            let run = &self.runs[run];
            let scores = [Part::Validation, Part::Test].into_iter().flat_map(|part| run.finals(task, part));
            for score in scores.filter(|score| score.plugin != run.model) {
                let reference = Reference { name: score.plugin.clone(), is_baseline: score.baseline };
                if !found.contains(&reference) {
                    found.push(reference);
                }
            }
        }
        found.sort_by_key(|reference| (!reference.is_baseline, hardness(&reference.name)));
        found
    }

    /// Returns the baseline with the best mean on validation subjects, the first of equal ones. Only
    /// baselines that were scored in the most runs count: means over other runs are about other people.
    pub fn best_baseline(&self, runs: &[usize], measure: &TaskMetric<'_>) -> Option<Reference> {
        let up = measure.higher_is_better?;
        let on_validation = TaskMetric { part: Part::Validation, ..*measure };
        let baselines = self.references(runs, measure.task).into_iter().filter(|one| one.is_baseline);
        let mut known: Vec<(Reference, usize, f64)> = Vec::new();
        for baseline in baselines {
            let found = self.own_scores(runs, &baseline, &on_validation);
            known.extend(found.mean.map(|mean| (baseline, found.n, if up { mean } else { -mean })));
        }
        let most = known.iter().map(|(_, n, _)| *n).max()?;
        known.retain(|(_, n, _)| *n == most);
        let mut best = None;
        for (baseline, _, value) in known {
            if best.as_ref().is_none_or(|(_, known): &(Reference, f64)| value > *known) {
                best = Some((baseline, value));
            }
        }
        best.map(|(baseline, _)| baseline)
    }

    /// Returns the score of a baseline or a control over some runs, and the model minus it. The difference
    /// is the mean over the runs that have both scores; its interval is paired by subject.
    pub fn beside(
        &mut self,
        runs: &[usize],
        reference: &Reference,
        measure: &TaskMetric<'_>,
        intervals: Intervals,
    ) -> ReferenceScore {
        let rescores = intervals == Intervals::Rescored;
        let all = self.runs;
        let row =
            |run: usize| all[run].final_score(measure.task, measure.part, &reference.name, measure.metric);
        let own = self.own_scores(runs, reference, measure);
        let scored: Vec<usize> =
            runs.iter().copied().filter(|&run| row(run).is_some_and(|score| score.value.is_some())).collect();
        let interval = match scored[..] {
            [one] => row(one).and_then(|score| score.interval),
            _ if rescores => self.interval_over(&scored, reference, measure, false),
            _ => None,
        };
        let minus = |run: usize| self.stored_difference(run, reference, measure);
        let compared = summary(runs.iter().map(|&run| minus(run).map(|(value, _)| value)));
        let both: Vec<usize> = runs.iter().copied().filter(|&run| minus(run).is_some()).collect();
        let of_difference = match both[..] {
            [one] => minus(one).and_then(|(_, interval)| interval),
            _ if rescores => self.interval_over(&both, reference, measure, true),
            _ => None,
        };
        let difference = compared.mean.map(|value| GroupDifference {
            value,
            interval: of_difference,
            verdict: verdict(of_difference, measure.higher_is_better),
        });
        let n = runs.iter().find_map(|&run| row(run)?.n);
        ReferenceScore { score: GroupScore { summary: own, interval, n, difference }, compared }
    }

    /// Returns the resampled differences of the model from a baseline or a control in one run. `None` if
    /// either cannot be scored again, or if they answered different questions.
    pub fn difference_series(
        &mut self,
        run: usize,
        reference: &Reference,
        measure: &TaskMetric<'_>,
    ) -> Option<Vec<f64>> {
        let model = self.scored(run, measure.task, measure.part)?.clone();
        let theirs = self.scored_beside(run, reference, measure)?;
        if model.scans != theirs.scans || model.truth != theirs.truth {
            return None;
        }
        let (_, ours) = model.metrics.get(measure.metric)?;
        let (_, theirs) = theirs.metrics.get(measure.metric)?;
        Some(minus(ours, theirs))
    }

    /// Returns the stored difference of the model from a baseline or a control in one run, and its
    /// interval.
    pub fn stored_difference(
        &self,
        run: usize,
        reference: &Reference,
        measure: &TaskMetric<'_>,
    ) -> Option<(f64, Option<(f64, f64)>)> {
        let run = &self.runs[run];
        let model = run.final_score(measure.task, measure.part, &run.model, measure.metric)?;
        let found = model.differences.iter().find(|difference| difference.against == reference.name)?;
        Some((found.value?, found.interval))
    }

    fn own_scores(&self, runs: &[usize], reference: &Reference, measure: &TaskMetric<'_>) -> Summary {
        let value = |&run: &usize| {
            self.runs[run].final_score(measure.task, measure.part, &reference.name, measure.metric)?.value
        };
        summary(runs.iter().map(value))
    }

    /// Returns the interval of the mean over several runs: of the scores, or of the model minus them.
    fn interval_over(
        &mut self,
        runs: &[usize],
        reference: &Reference,
        measure: &TaskMetric<'_>,
        of_difference: bool,
    ) -> Option<(f64, f64)> {
        let (mut series, mut subjects) = (Vec::new(), usize::MAX);
        for &run in runs {
            series.push(if of_difference {
                self.difference_series(run, reference, measure)?
            } else {
                self.scored_beside(run, reference, measure)?.metrics.get(measure.metric)?.1.clone()
            });
            subjects = subjects.min(self.scored_beside(run, reference, measure)?.subjects);
        }
        over(&series, subjects)
    }

    fn scored_beside(
        &mut self,
        run: usize,
        reference: &Reference,
        measure: &TaskMetric<'_>,
    ) -> Option<&Scored> {
        if self.runs.len() > MOST_RUNS {
            return None;
        }
        let answers = self.runs[run].answers(measure.task, reference.is_baseline)?;
        let key = (answers, reference.name.clone(), measure.part.name());
        if !self.beside.contains_key(&key) {
            let (name, is_baseline) = (&reference.name, reference.is_baseline);
            let scored = self.runs[run].scored_beside(measure.task, measure.part, name, is_baseline);
            if let Err(why) = &scored {
                self.note(format!(
                    "No interval for `{name}` of `{}` over several runs: {why}.",
                    measure.task
                ));
            }
            self.beside.insert(key.clone(), scored.ok());
        }
        self.beside.get(&key)?.as_ref()
    }
}
