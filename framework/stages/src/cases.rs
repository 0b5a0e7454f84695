//! A task's questions about the scans of a part, and the answers to them.

use boldface::{Example, Outcome, Part, Prediction, Result, Scan, Split};

use super::config::ExampleSource;
use super::shots;
use crate::store::OutcomeLine;

pub use crate::study::AnswerForm;

/// One question about one scan.
#[derive(Clone, Debug)]
pub struct QuestionCase<'a> {
    /// The scan, in the plan's standardisation.
    pub scan: &'a Scan,
    /// The question with its answer.
    pub example: Example,
}

/// Returns all questions of a task about the scans of `part`, in the order of the scans.
pub fn cases<'a>(
    task: &ExampleSource<'_>,
    scans: &'a [Scan],
    split: &Split,
    part: Part,
) -> Result<Vec<QuestionCase<'a>>> {
    let mut cases = Vec::new();
    for scan in split.scans_in(part, scans)? {
        let examples = task.plugin.config.examples(scan)?;
        cases.extend(examples.into_iter().map(|example| QuestionCase { scan, example }));
    }
    Ok(cases)
}

/// Returns the training questions to learn from: all of them, or the task's shots.
///
/// # Errors
/// If there are fewer questions than shots, or the task refuses a scan.
pub fn training<'a>(
    task: &ExampleSource<'_>,
    scans: &'a [Scan],
    split: &Split,
) -> Result<Vec<QuestionCase<'a>>> {
    let cases = cases(task, scans, split, Part::Train)?;
    match task.shots {
        Some(shots) => shots::choose(task.plugin.name, cases, shots.count, shots.seed),
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
