//! The form of a task's answers, and how the model learns them.

use boldface::{Answer, Decoding};

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

/// Whether an answer consists of facts, whose questions training asks one by one.
pub fn is_taught_by_asking(answer: &Answer) -> bool {
    matches!(answer, Answer::Band { .. } | Answer::Text { decoding: Decoding::Asked, .. })
}
