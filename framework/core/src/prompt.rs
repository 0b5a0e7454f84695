//! What a task asks, what it expects, and what came back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Band, Fact, Result, ScanId, TimeSeries, Window, scores};

/// One question about one scan.
///
/// The series a prompt shows is standardised over the window it shows and over nothing else,
/// so no statistic of hidden volumes reaches the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The volumes shown to the model.
    pub window: Window,
    /// The question, in words.
    pub question: String,
    /// The right answer.
    pub answer: Answer,
}

/// The form of an answer decides the query: ranked, generated or continued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// One of several strings, ranked by log-likelihood, never sampled.
    Choice {
        /// All permitted answers.
        options: Vec<String>,
        /// Index of the right one.
        correct: usize,
    },
    /// A text about the scan.
    Text {
        /// The reference text.
        reference: String,
        /// What the reference says.
        facts: Vec<Fact>,
        /// How the model's text is made.
        #[serde(default)]
        decoding: Decoding,
    },
    /// One of the bands of a fact, ranked by log-likelihood as [`Answer::Choice`]; answered with a
    /// [`Prediction::Choice`] of one probability per band.
    Band {
        /// The fact; its `band` is the right answer.
        fact: Fact,
        /// All bands, from low to high.
        bands: Vec<Band>,
    },
    /// The next volumes after the window, continued as codes and decoded.
    Series {
        /// How many volumes.
        trs: usize,
    },
    /// A number: read off the pooled hidden state by a ridge regression fitted on training scans, or
    /// found by ranking ordinal bins.
    Value {
        /// The number, in `unit`.
        value: f64,
        /// Its unit, such as `years`; empty for a number without one.
        unit: String,
        /// Edges of the bins to rank, ascending, both ends included; empty for the ridge regression.
        edges: Vec<f64>,
    },
}

/// How the text of an [`Answer::Text`] is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decoding {
    /// Word by word, greedily.
    #[default]
    Free,
    /// The model is asked about every fact; the most unusual answers, as many as the reference has facts, are told in the
    /// corpus' words without numbers. So every sentence reads back, and none invents a value.
    Asked,
}

/// What a model or a baseline answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prediction {
    /// For [`Answer::Choice`] and [`Answer::Band`]: a probability for each option.
    Choice {
        /// Sums to 1.
        probabilities: Vec<f64>,
    },
    /// For [`Answer::Choice`] of a task that is asked openly: a sentence, and the option it names.
    /// A task never sees it: the framework hands it a choice, a wrong one where nothing is named.
    Open {
        /// The generated text.
        text: String,
        /// Index of the one option that the text names; none if it names none or several.
        named: Option<usize>,
    },
    /// For [`Answer::Text`].
    Text {
        /// The generated text.
        text: String,
        /// What it says, read back by the corpus that wrote the reference.
        facts: Vec<Fact>,
    },
    /// For [`Answer::Series`]; both sides in standard deviations of the shown window.
    Series {
        /// The predicted volumes.
        predicted: TimeSeries,
        /// The volumes that really followed.
        actual: TimeSeries,
    },
    /// For [`Answer::Value`], in its unit.
    Value {
        /// The predicted number.
        value: f64,
    },
}

/// One question, its right answer and the answer given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The scan that was asked about.
    pub scan: ScanId,
    /// What was asked.
    pub example: Example,
    /// What was answered.
    pub prediction: Prediction,
}

impl Outcome {
    /// Of a choice: the index of the right option, and that of the most likely one.
    ///
    /// # Errors
    /// If the answer is no choice, or not one of as many options as there are.
    pub fn choice(&self) -> Result<(usize, usize)> {
        match (&self.example.answer, &self.prediction) {
            (Answer::Choice { options, correct }, Prediction::Choice { probabilities })
                if probabilities.len() == options.len() && !options.is_empty() =>
            {
                Ok((*correct, scores::most_likely(probabilities)))
            }
            _ => Err(format!("`{}` was not answered with one of its options", self.scan).into()),
        }
    }
}
