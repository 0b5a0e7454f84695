//! `outcomes.jsonl`: the answers of a model or of baselines to a task, one per line.

use std::io::Write;
use std::path::Path;

use boldface::{Prediction, Result};

use super::artefacts::cannot;
use super::files::ANSWERS;
use super::json::broken;
use super::record::OutcomeLine;

/// Reads the answers in the artefact `dir`.
///
/// # Errors
/// If the file cannot be read.
pub fn read_answers(dir: &Path) -> Result<Vec<OutcomeLine>> {
    let path = dir.join(ANSWERS);
    let text = std::fs::read_to_string(&path).map_err(cannot("read", &path))?;
    let parse = |line: &str| serde_json::from_str(line).map_err(|error| broken(&path, &error));
    text.lines().map(parse).collect()
}

/// Writes `outcomes.jsonl`, one answer per line.
///
/// # Errors
/// If an answer has a number that is not finite, which would make every score undefined.
pub fn write_answers(dir: &Path, answers: &[OutcomeLine]) -> Result<()> {
    if let Some(bad) = answers.iter().find(|answer| !is_finite(&answer.outcome.prediction)) {
        return Err(format!(
            "`{}` answered `{}` with numbers that are not finite",
            bad.plugin, bad.outcome.scan
        )
        .into());
    }
    let path = dir.join(ANSWERS);
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
