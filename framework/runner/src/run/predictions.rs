//! Turns a run's answers into rows of `predictions.parquet`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boldface::{Answer, Example, Prediction, TimeSeries, scores};
use boldface_tables::predictions::{self, AnswererKind, PredictionRow};

use crate::store::{ANSWERS, OutcomeLine, StageKind, StoreError, cannot};

/// Reads the answers that a stage left in `dir`. Empty for stages without answers. `model` is the
/// judged model.
///
/// # Errors
/// If the file of answers cannot be read.
pub(super) fn of_stage(stage: &StageKind, dir: &Path, model: &str) -> Result<Vec<PredictionRow>, StoreError> {
    let (task, is_baseline) = match stage {
        StageKind::Evaluation(task) => (task, false),
        StageKind::Baseline(task) => (task, true),
        _ => return Ok(Vec::new()),
    };
    let path = dir.join(ANSWERS);
    let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
    let answers: serde_json::Result<Vec<OutcomeLine>> = text.lines().map(serde_json::from_str).collect();
    let answers = answers.map_err(|error| cannot("read", &path)(error.into()))?;
    let kind = |answerer: &str| match (is_baseline, answerer == model) {
        (true, _) => AnswererKind::Baseline,
        (false, true) => AnswererKind::Model,
        (false, false) => AnswererKind::Control,
    };
    Ok(rows(task, kind, &answers))
}

/// Makes the rows of all answers to one task.
pub(crate) fn rows(
    task: &str,
    kind: impl Fn(&str) -> AnswererKind,
    answers: &[OutcomeLine],
) -> Vec<PredictionRow> {
    let mut questions = BTreeMap::new();
    let mut rows = Vec::new();
    for OutcomeLine { part, plugin, outcome } in answers {
        let next = questions.entry((plugin, *part, &outcome.scan)).or_insert(0);
        let question_index = *next;
        *next += 1;
        rows.extend(forms(&outcome.example, &outcome.prediction).into_iter().map(|answer| PredictionRow {
            task: task.to_owned(),
            part: *part,
            scan: outcome.scan.clone(),
            window: outcome.example.window,
            question_index,
            question: outcome.example.question.clone(),
            answerer: plugin.clone(),
            kind: kind(plugin),
            answer,
        }));
    }
    rows
}

/// Makes one row per option of a choice; otherwise one row.
fn forms(example: &Example, prediction: &Prediction) -> Vec<predictions::AnswerColumns> {
    match &example.answer {
        Answer::Choice { options, correct } => choice(options, *correct, prediction),
        Answer::Band { fact, bands } => {
            let options: Vec<String> = bands.iter().map(|band| band.name.clone()).collect();
            choice(&options, fact.band_index(bands).unwrap_or(usize::MAX), prediction)
        }
        Answer::Text { reference, .. } => {
            let answer = match prediction {
                Prediction::Text { text, .. } => Some(text.clone()),
                _ => None,
            };
            vec![predictions::AnswerColumns {
                truth: Some(reference.clone()),
                answer,
                ..predictions::AnswerColumns::default()
            }]
        }
        Answer::Value { value, .. } => {
            let answer_value = match prediction {
                Prediction::Value { value } => Some(*value),
                _ => None,
            };
            vec![predictions::AnswerColumns {
                truth: Some(value.to_string()),
                truth_value: Some(*value),
                answer_value,
                ..predictions::AnswerColumns::default()
            }]
        }
        Answer::Series { .. } => {
            let answer_value = match prediction {
                Prediction::Series { predicted, actual } => squared_error(predicted, actual),
                _ => None,
            };
            vec![predictions::AnswerColumns { answer_value, ..predictions::AnswerColumns::default() }]
        }
    }
}

/// Makes a row per option, of which the one at `correct` is right. An open answer has no probabilities:
/// its answer is the option that it names, or the whole sentence if it names none.
fn choice(options: &[String], correct: usize, prediction: &Prediction) -> Vec<predictions::AnswerColumns> {
    let (answer, probabilities) = match prediction {
        Prediction::Choice { probabilities } => {
            (options.get(scores::most_likely(probabilities)).cloned(), &probabilities[..])
        }
        Prediction::Open { text, named } => {
            let named = named.and_then(|named| options.get(named));
            (Some(named.unwrap_or(text).clone()), &[][..])
        }
        _ => (None, &[][..]),
    };
    let option = |(index, option): (usize, &String)| predictions::AnswerColumns {
        truth: options.get(correct).cloned(),
        answer: answer.clone(),
        option: Some(option.clone()),
        option_index: Some(index as u64),
        probability: probabilities.get(index).copied(),
        ..predictions::AnswerColumns::default()
    };
    options.iter().enumerate().map(option).collect()
}

/// Returns the mean squared error of a forecast. `None` if its shape differs from the actual series.
fn squared_error(predicted: &TimeSeries, actual: &TimeSeries) -> Option<f64> {
    let wide = |series: &TimeSeries| series.values().iter().copied().map(f64::from).collect::<Vec<f64>>();
    let is_same = predicted.trs() == actual.trs() && predicted.rois() == actual.rois();
    is_same.then(|| scores::mse(&wide(actual), &wide(predicted)))
}

#[cfg(test)]
mod tests {
    use boldface::{Outcome, Part, ScanId, Window};

    use super::*;

    fn answered(plugin: &str, answer: Answer, prediction: Prediction) -> OutcomeLine {
        let scan = ScanId::new("d", "01");
        let example = Example { window: Window::first(8), question: "What?".into(), answer };
        OutcomeLine {
            part: Part::Test,
            plugin: plugin.into(),
            outcome: Outcome { scan, example, prediction },
        }
    }

    fn one(answer: Answer, prediction: Prediction) -> Vec<predictions::AnswerColumns> {
        let rows = rows("task", |_| AnswererKind::Model, &[answered("gpt", answer, prediction)]);
        rows.into_iter().map(|row| row.answer).collect()
    }

    fn classes(correct: usize) -> Answer {
        Answer::Choice { options: ["a", "b", "c"].map(str::to_owned).into(), correct }
    }

    #[test]
    fn a_choice_has_a_row_per_option() {
        let rows = one(classes(2), Prediction::Choice { probabilities: vec![0.2, 0.5, 0.3] });
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.option.as_deref(), row.option_index, row.probability, row.answer.as_deref()))
            .collect();
        let chosen = Some("b");
        assert_eq!(
            seen,
            [
                (Some("a"), Some(0), Some(0.2), chosen),
                (Some("b"), Some(1), Some(0.5), chosen),
                (Some("c"), Some(2), Some(0.3), chosen)
            ]
        );
        assert!(rows.iter().all(|row| row.truth.as_deref() == Some("c") && row.truth_value.is_none()));
    }

    #[test]
    fn a_sentence_is_the_option_it_names_without_probabilities() {
        let open = |named| Prediction::Open { text: "It is b or c.".into(), named };
        let rows = one(classes(0), open(Some(1)));
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.answer.as_deref() == Some("b") && row.probability.is_none()));
        assert_eq!(one(classes(0), open(None))[0].answer.as_deref(), Some("It is b or c."));
    }

    #[test]
    fn numbers_texts_and_series_have_one_row() {
        let number = Answer::Value { value: 41.5, unit: "years".into(), edges: Vec::new() };
        let [row] = &one(number, Prediction::Value { value: 40.0 })[..] else { panic!() };
        assert_eq!(
            (row.truth.as_deref(), row.truth_value, row.answer_value),
            (Some("41.5"), Some(41.5), Some(40.0))
        );
        let text =
            Answer::Text { reference: "High.".into(), facts: Vec::new(), decoding: boldface::Decoding::Free };
        let [row] = &one(text, Prediction::Text { text: "Low.".into(), facts: Vec::new() })[..] else {
            panic!()
        };
        assert_eq!((row.truth.as_deref(), row.answer.as_deref()), (Some("High."), Some("Low.")));
        // (0 + 1 + 4 + 9) / 4
        let series = |values: [f32; 4]| TimeSeries::new(2, 2, 2.0, values.into()).unwrap();
        let prediction =
            Prediction::Series { predicted: series([0.0; 4]), actual: series([0.0, 1.0, 2.0, 3.0]) };
        let [row] = &one(Answer::Series { trs: 2 }, prediction)[..] else { panic!() };
        assert_eq!((&row.truth, row.answer_value), (&None, Some(3.5)));
    }

    #[test]
    fn questions_about_one_scan_are_counted_for_each_answerer() {
        let value = || Answer::Value { value: 1.0, unit: String::new(), edges: Vec::new() };
        let said = |plugin: &str| answered(plugin, value(), Prediction::Value { value: 2.0 });
        let answers = [said("gpt"), said("swap"), said("gpt"), said("swap")];
        let kind = |name: &str| if name == "gpt" { AnswererKind::Model } else { AnswererKind::Control };
        let rows = rows("task", kind, &answers);
        let seen: Vec<_> = rows.iter().map(|row| (row.kind, row.question_index)).collect();
        assert_eq!(
            seen,
            [
                (AnswererKind::Model, 0),
                (AnswererKind::Control, 0),
                (AnswererKind::Model, 1),
                (AnswererKind::Control, 1)
            ]
        );
    }
}
