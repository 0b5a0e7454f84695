//! How a language model is trained: steps, learning rate, which weights move.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The recipe of one training stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Optimiser steps over the whole stage.
    pub steps: u64,
    /// Micro-batches whose gradients are added up before a step.
    pub accumulate: usize,
    /// Learning rate after the warm-up.
    pub peak_lr: f64,
    /// Learning rate at the last step.
    pub final_lr: f64,
    /// Steps of linear warm-up.
    pub warmup: u64,
    /// Decoupled weight decay, on matrices only.
    pub weight_decay: f64,
    /// Largest global gradient norm; 0 turns clipping off.
    pub clip: f64,
    /// Dropout on the model's residual branches.
    pub dropout: f64,
    /// Which weights move.
    pub tuning: Tuning,
}

/// Which weights a training stage moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tuning {
    /// All of them.
    Full,
    /// Low-rank adapters and the fMRI parts; the language model itself stays bit-identical.
    Lora(Lora),
}

/// A low-rank adapter: `W x + (alpha / rank) B A x`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lora {
    /// Rank of the adapter.
    pub rank: usize,
    /// Scale: the adapter's output is multiplied by `alpha / rank`.
    #[serde(default = "default_alpha")]
    pub alpha: f64,
    /// Dropout on the adapter's input.
    #[serde(default)]
    pub dropout: f64,
    /// Names of the linear layers it stands beside, such as `q_proj`; all of them if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

fn default_alpha() -> f64 {
    16.0
}
