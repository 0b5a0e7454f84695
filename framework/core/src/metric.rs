//! Metrics: named numbers with a direction, a unit and a level of chance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One number. `NaN` means undefined, such as an AUROC over one class, and is stored as missing.
///
/// The framework knows no metric by name: tables and reports take everything they state from these fields.
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
    /// Standard name of the metric: `balanced_accuracy`, `auroc`, `codebook_perplexity`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Whether higher values are better. `None` if neither direction is better.
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
    /// Creates a metric that should grow, such as accuracy.
    pub fn higher_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { higher_is_better: Some(true), ..Metric::neutral(name, value) }
    }

    /// Creates a metric that should shrink, such as a loss.
    pub fn lower_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { higher_is_better: Some(false), ..Metric::neutral(name, value) }
    }

    /// Creates a number without a direction, such as a learning rate.
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

/// One row of the metric table: one number, its origin and its confidence interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricRow {
    /// Stage that computed it, such as `evaluation.condition`.
    pub stage: String,
    /// The stage's content key.
    pub key: String,
    /// Plugin (`gpt`) or baseline (`fc-logistic`) that was measured.
    pub plugin: String,
    /// Part of the split: `train`, `validation` or `test`. Empty for numbers that belong to no part.
    pub split: String,
    /// Group of subjects, such as `sex=F`. `None` for the whole part.
    pub group: Option<String>,
    /// The stage's seed.
    pub seed: u64,
    /// Training step. `None` for final numbers.
    pub step: Option<u64>,
    /// The metric's name.
    pub metric: String,
    /// The metric's value. `None` if undefined.
    pub value: Option<f64>,
    /// Lower end of the 95% interval, bootstrapped over subjects.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// Number of examples behind the value.
    pub n: Option<u64>,
    /// For a paired difference, the plugin whose score was subtracted.
    pub against: Option<String>,
    /// Whether higher values are better. `None` if neither direction is better.
    pub higher_is_better: Option<bool>,
    /// The value that guessing reaches.
    pub chance: Option<f64>,
    /// The unit of the value.
    pub unit: Option<String>,
}
