//! A task's questions about the scans of a part, and the answers to them.

use std::io::Write;
use std::path::Path;

use boldface::{Answer, Example, Outcome, Part, Prediction, Result, Scan, Split};

use super::shots;
use crate::plan::{Plan, PlannedPlugin};
use crate::run::OutcomeLine;
use crate::run::store::cannot;

/// One question about one scan.
#[derive(Clone, Debug)]
pub struct QuestionCase<'a> {
    /// The scan, in the plan's standardisation.
    pub scan: &'a Scan,
    /// The question with its answer.
    pub example: Example,
}

/// The form of a task's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    /// One of several strings.
    Choice,
    /// One of the bands of a fact.
    Band,
    /// Text.
    Text,
    /// Volumes.
    Series,
    /// A number, predicted by ridge regression.
    Value,
    /// A number, chosen among ordinal bins.
    Bins,
}

impl AnswerForm {
    /// Returns the form of an answer.
    pub fn from_answer(answer: &Answer) -> AnswerForm {
        match answer {
            Answer::Choice { .. } => AnswerForm::Choice,
            Answer::Band { .. } => AnswerForm::Band,
            Answer::Text { .. } => AnswerForm::Text,
            Answer::Series { .. } => AnswerForm::Series,
            Answer::Value { edges, .. } if edges.is_empty() => AnswerForm::Value,
            Answer::Value { .. } => AnswerForm::Bins,
        }
    }
}

/// Finds the task called `name`.
pub fn task<'a>(plan: &'a Plan, name: &str) -> Result<&'a PlannedPlugin<dyn boldface::Task>> {
    let found = plan.tasks.iter().find(|task| task.name == name);
    found.ok_or_else(|| format!("the experiment has no task `{name}`").into())
}

/// Returns all questions of a task about the scans of `part`, in the order of the scans.
pub fn cases<'a>(
    task: &PlannedPlugin<dyn boldface::Task>,
    scans: &'a [Scan],
    split: &Split,
    part: Part,
) -> Result<Vec<QuestionCase<'a>>> {
    let mut cases = Vec::new();
    for scan in split.scans_in(part, scans)? {
        let examples = task.config.examples(scan)?;
        cases.extend(examples.into_iter().map(|example| QuestionCase { scan, example }));
    }
    Ok(cases)
}

/// Returns the training questions to learn from: all of them, or the task's shots.
///
/// # Errors
/// If there are fewer questions than shots, or the task refuses a scan.
pub fn training<'a>(
    plan: &Plan,
    task: &PlannedPlugin<dyn boldface::Task>,
    scans: &'a [Scan],
    split: &Split,
) -> Result<Vec<QuestionCase<'a>>> {
    let cases = cases(task, scans, split, Part::Train)?;
    match task.asking.keys.shots {
        Some(shots) => shots::choose(&task.name, cases, shots, plan.experiment.seed),
        None => Ok(cases),
    }
}

/// Returns the common form of all answers. `None` without cases.
pub fn form(cases: &[QuestionCase<'_>]) -> Result<Option<AnswerForm>> {
    let of = |case: &QuestionCase<'_>| AnswerForm::from_answer(&case.example.answer);
    let first = cases.first().map(of);
    if let Some(other) = cases.iter().find(|case| Some(of(case)) != first) {
        let id = &other.scan.info.id;
        return Err(format!(
            "the example of `{id}` has another kind of answer than the first; make it two tasks"
        )
        .into());
    }
    Ok(first)
}

/// Pairs each case with the answer of `plugin`.
pub fn answered(
    part: Part,
    plugin: &str,
    cases: &[QuestionCase<'_>],
    predictions: Vec<Prediction>,
) -> Vec<OutcomeLine> {
    let answer = |(case, prediction): (&QuestionCase<'_>, Prediction)| OutcomeLine {
        part,
        plugin: plugin.to_owned(),
        outcome: Outcome { scan: case.scan.info.id.clone(), example: case.example.clone(), prediction },
    };
    cases.iter().zip(predictions).map(answer).collect()
}

/// Pairs the cases of several parts, in order, with the answers of `plugin`.
pub fn answered_in_parts(
    plugin: &str,
    asked: &[(Part, Vec<QuestionCase<'_>>)],
    predictions: Vec<Prediction>,
) -> Vec<OutcomeLine> {
    let mut predictions = predictions.into_iter();
    let of_part = |(part, cases): &(Part, Vec<QuestionCase<'_>>)| {
        answered(*part, plugin, cases, predictions.by_ref().take(cases.len()).collect())
    };
    asked.iter().flat_map(of_part).collect()
}

/// Returns the outcomes of one model or baseline on one part.
pub fn outcomes<'a>(answers: &'a [OutcomeLine], part: Part, plugin: &str) -> Vec<&'a Outcome> {
    let wanted = answers.iter().filter(|answer| answer.part == part && answer.plugin == plugin);
    wanted.map(|answer| &answer.outcome).collect()
}

/// Writes `outcomes.jsonl`, one answer per line.
///
/// # Errors
/// If an answer has a number that is not finite, which would make every score undefined.
pub fn write(dir: &Path, answers: &[OutcomeLine]) -> Result<()> {
    if let Some(bad) = answers.iter().find(|answer| !is_finite(&answer.outcome.prediction)) {
        return Err(format!(
            "`{}` answered `{}` with numbers that are not finite",
            bad.plugin, bad.outcome.scan
        )
        .into());
    }
    let path = dir.join("outcomes.jsonl");
    let mut lines = Vec::new();
    for answer in answers {
        serde_json::to_writer(&mut lines, answer)?;
        lines.write_all(b"\n")?;
    }
    Ok(std::fs::write(&path, lines).map_err(cannot("write", &path))?)
}

fn is_finite(prediction: &Prediction) -> bool {
    match prediction {
        Prediction::Choice { probabilities } => probabilities.iter().all(|share| share.is_finite()),
        Prediction::Text { .. } | Prediction::Open { .. } => true,
        Prediction::Value { value } => value.is_finite(),
        Prediction::Series { predicted, actual } => {
            predicted.values().iter().chain(actual.values()).all(|value| value.is_finite())
        }
    }
}
