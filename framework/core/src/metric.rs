//! Numbers with a name and a direction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One number. `NaN` means undefined (an AUROC over one class) and is stored as missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The field's name for it: `balanced_accuracy`, `auroc`, `codebook_perplexity`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its direction; none if neither way is better.
    pub higher_is_better: Option<bool>,
}

impl Metric {
    /// A metric that should grow, such as accuracy.
    pub fn higher_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { name: name.into(), value, higher_is_better: Some(true) }
    }

    /// A metric that should shrink, such as a loss.
    pub fn lower_is_better(name: impl Into<String>, value: f64) -> Metric {
        Metric { name: name.into(), value, higher_is_better: Some(false) }
    }

    /// A number without a direction, such as a learning rate.
    pub fn neutral(name: impl Into<String>, value: f64) -> Metric {
        Metric { name: name.into(), value, higher_is_better: None }
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
}
