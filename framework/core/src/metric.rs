//! Numbers that say what they mean: a name, a direction, a unit and the level of chance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One number. `NaN` means undefined (an AUROC over one class) and is stored as missing.
///
/// The framework knows no metric by name: everything that tables and reports say about one comes from these fields.
///
/// ```
/// use boldface::Metric;
///
/// let auroc = Metric::higher_is_better("auroc", 0.71).with_chance(0.5).from_probabilities();
/// let error = Metric::lower_is_better("mae", 4.2).in_unit("years");
/// assert_eq!((auroc.chance, error.unit.as_deref()), (Some(0.5), Some("years")));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The field's name for it: `balanced_accuracy`, `auroc`, `codebook_perplexity`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its direction; none if neither way is better.
    pub higher_is_better: Option<bool>,
    /// The value that guessing reaches, such as 0.5 for an AUROC. A report claims no advantage over a baseline for
    /// a model that is not above chance.
    pub chance: Option<f64>,
    /// The unit of the value, such as `years`; none for numbers without one.
    pub unit: Option<String>,
    /// Whether it ranks or weighs probabilities, and so means nothing for answers in free text.
    pub needs_probabilities: bool,
}

impl Metric {
    /// A metric that should grow, such as accuracy.
    pub fn higher_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { higher_is_better: Some(true), ..Metric::neutral(name, value) }
    }

    /// A metric that should shrink, such as a loss.
    pub fn lower_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { higher_is_better: Some(false), ..Metric::neutral(name, value) }
    }

    /// A number without a direction, such as a learning rate.
    pub fn neutral(name: impl Into<String>, value: f64) -> Metric {
        Metric {
            name: name.into(),
            value,
            higher_is_better: None,
            chance: None,
            unit: None,
            needs_probabilities: false,
        }
    }

    /// States the value that guessing reaches.
    pub fn with_chance(self, level: f64) -> Metric {
        Metric { chance: Some(level).filter(|level| !level.is_nan()), ..self }
    }

    /// States the unit of the value; an empty one is none.
    pub fn in_unit(self, unit: impl Into<String>) -> Metric {
        Metric { unit: Some(unit.into()).filter(|unit| !unit.is_empty()), ..self }
    }

    /// Marks a metric that ranks or weighs probabilities.
    pub fn from_probabilities(self) -> Metric {
        Metric { needs_probabilities: true, ..self }
    }
}

/// One row of the metric table: one number, where it comes from and how sure it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricRow {
    /// The stage that made it, such as `evaluation.condition`.
    pub stage: String,
    /// The stage's content key.
    pub key: String,
    /// What was measured: a plugin (`gpt`) or a baseline (`fc-logistic`).
    pub plugin: String,
    /// `train`, `validation` or `test`; empty for numbers that belong to no part.
    pub split: String,
    /// The group of subjects it is about, such as `sex=F`; none for all of the part.
    pub group: Option<String>,
    /// The stage's seed.
    pub seed: u64,
    /// The training step; none for final numbers.
    pub step: Option<u64>,
    /// The metric's name.
    pub metric: String,
    /// Its value; none if undefined.
    pub value: Option<f64>,
    /// Lower end of the 95% bootstrap interval by subject.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// How many examples it rests on.
    pub n: Option<u64>,
    /// For a paired difference: the plugin that was subtracted.
    pub against: Option<String>,
    /// The metric's direction.
    pub higher_is_better: Option<bool>,
    /// The value that guessing reaches.
    pub chance: Option<f64>,
    /// The unit of the value.
    pub unit: Option<String>,
}
