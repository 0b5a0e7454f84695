//! Metrics: named numbers with a direction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One number. `NaN` means undefined, such as an AUROC over one class, and is stored as missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Standard name of the metric: `balanced_accuracy`, `auroc`, `codebook_perplexity`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Whether higher values are better. `None` if neither direction is better.
    pub higher_is_better: Option<bool>,
}

impl Metric {
    /// Creates a metric that should grow, such as accuracy.
    pub fn higher_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { name: name.into(), value, higher_is_better: Some(true) }
    }

    /// Creates a metric that should shrink, such as a loss.
    pub fn lower_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { name: name.into(), value, higher_is_better: Some(false) }
    }

    /// Creates a number without a direction, such as a learning rate.
    pub fn neutral(name: impl Into<String>, value: f64) -> Metric {
        Metric { name: name.into(), value, higher_is_better: None }
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
}
