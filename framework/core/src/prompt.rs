//! Questions, right answers and predictions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Band, Fact, Result, ScanId, TimeSeries, Window, scores};

/// One question about one window of one scan.
///
/// The shown series is standardised over its window alone, so no statistic of hidden volumes reaches the
/// model. There is exactly one window per question; prompts with several scans would need a new field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The volumes shown to the model.
    pub window: Window,
    /// The question, in words.
    pub question: String,
    /// The right answer and its form.
    pub answer: Answer,
}

/// The right answer. Its form decides whether the model ranks options, generates text or continues
/// codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// One of several strings, ranked by log-likelihood, never sampled.
    Choice {
        /// All permitted answers.
        options: Vec<String>,
        /// Index of the right answer.
        correct: usize,
    },
    /// A text about the scan.
    Text {
        /// The reference text.
        reference: String,
        /// Facts that the reference states.
        facts: Vec<Fact>,
        /// How the model generates its text.
        #[serde(default)]
        decoding: Decoding,
    },
    /// One of the bands of a fact, ranked by log-likelihood like [`Answer::Choice`]. The prediction is a
    /// [`Prediction::Choice`] with one probability per band.
    Band {
        /// The fact. Its `band` is the right answer.
        fact: Fact,
        /// All bands, from low to high.
        bands: Vec<Band>,
    },
    /// The next volumes after the window, continued as codes and decoded.
    Series {
        /// Number of volumes.
        trs: usize,
    },
    /// A number. Without `edges`, a ridge regression fitted on training scans predicts it from the
    /// pooled hidden state. With `edges`, the model ranks ordinal bins.
    Value {
        /// The number, in `unit`.
        value: f64,
        /// Unit of the number, such as `years`. Empty for a number without a unit.
        unit: String,
        /// Edges of the bins to rank, ascending, both ends included. Empty for the ridge regression.
        edges: Vec<f64>,
    },
}

/// How the model generates the text of an [`Answer::Text`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decoding {
    /// Word by word, greedily.
    #[default]
    Free,
    /// From the model's answers about single facts. The model is asked about every fact. The corpus
    /// words the most unusual answers, as many as the reference has facts, without numbers. Every
    /// sentence therefore reads back, and none contains an invented value.
    Asked,
}

/// The answer of a model or a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prediction {
    /// Answers [`Answer::Choice`] and [`Answer::Band`] with a probability for each option.
    Choice {
        /// One probability per option. They sum to 1.
        probabilities: Vec<f64>,
    },
    /// Answers an openly asked [`Answer::Choice`] with a sentence and the option it names. Tasks never
    /// see this variant: the framework turns it into a choice, and into a wrong choice if no option is
    /// named.
    Open {
        /// The generated text.
        text: String,
        /// Index of the only option that the text names. `None` if it names none or several.
        named: Option<usize>,
    },
    /// Answers [`Answer::Text`].
    Text {
        /// The generated text.
        text: String,
        /// Facts read back from the text by the corpus that wrote the reference.
        facts: Vec<Fact>,
    },
    /// Answers [`Answer::Series`]. Both series are in standard deviations of the shown window.
    Series {
        /// The predicted volumes.
        predicted: TimeSeries,
        /// The volumes that actually followed.
        actual: TimeSeries,
    },
    /// Answers [`Answer::Value`], in its unit.
    Value {
        /// The predicted number.
        value: f64,
    },
}

/// One question, its right answer and the prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Scan that the question is about.
    pub scan: ScanId,
    /// The question and its right answer.
    pub example: Example,
    /// The model's or baseline's answer.
    pub prediction: Prediction,
}

impl Outcome {
    /// Returns the indices of the right option and of the most likely one.
    ///
    /// # Errors
    /// If this is not a choice, or the number of probabilities differs from the number of options.
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
