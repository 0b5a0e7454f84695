//! Training settings of a language model: steps, learning rate and trained weights.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// The settings of one training stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Optimiser steps over the whole stage.
    pub steps: u64,
    /// Micro-batches whose gradients are summed before each step.
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
    /// Weights to train.
    pub tuning: Tuning,
}

/// The weights that a training stage changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tuning {
    /// All weights.
    Full,
    /// Low-rank adapters and the fMRI parts. The language model itself stays bit-identical.
    Lora(Lora),
}

/// A low-rank adapter: `W x + (alpha / rank) B A x` (Hu et al. 2022). A larger rank can learn more;
/// dividing by `rank` keeps the size of its output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lora {
    /// Rank of the adapter, at least 1: rows of A and columns of B.
    pub rank: usize,
    /// Scale, above 0: the adapter's output is multiplied by `alpha / rank`.
    #[serde(default = "default_alpha")]
    pub alpha: f64,
    /// Dropout on the adapter's input while training, at least 0 and below 1.
    #[serde(default)]
    pub dropout: f64,
    /// Names of the linear layers to adapt, such as `q_proj` or `self_attn.q_proj`. Names match whole
    /// parts, as in PEFT. If left out, all linear layers except the head are adapted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

impl Lora {
    /// Whether the linear layer `name` is adapted. A target is the whole name or its last parts.
    pub fn is_beside(&self, name: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|target| names(target, name))
    }

    /// Reports targets that match none of the model's linear layers. `offered` lists names for the hint.
    pub fn check_targets(&self, layers: &[impl AsRef<str>], offered: &[&str]) -> Vec<Problem> {
        let is_unknown = |target: &&String| !layers.iter().any(|layer| names(target, layer.as_ref()));
        let problem = |target: &String| {
            let offered = offered.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Problem::at("targets", format!("no linear layer of the model is named `{target}`"))
                .help(format!("use {offered}, or leave `targets` out for all of them"))
        };
        self.targets.iter().filter(is_unknown).map(problem).collect()
    }
}

fn names(target: &str, layer: &str) -> bool {
    let rest = layer.strip_suffix(target).filter(|_| !target.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn default_alpha() -> f64 {
    16.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lora(targets: &[&str]) -> Lora {
        let targets = targets.iter().map(|&target| target.to_owned()).collect();
        Lora { rank: 1, alpha: 1.0, dropout: 0.0, targets }
    }

    #[test]
    fn targets_are_whole_parts_at_the_end_of_a_name() {
        let name = "model.layers.0.self_attn.q_proj";
        for (target, expected) in [
            ("q_proj", true),
            ("self_attn.q_proj", true),
            (name, true),
            ("proj", false),
            ("attn.q_proj", false),
            ("self_attn", false),
            ("layers.1.self_attn.q_proj", false),
            ("", false),
        ] {
            assert_eq!(lora(&[target]).is_beside(name), expected, "{target}");
        }
        assert!(lora(&[]).is_beside(name));
        assert!(lora(&["v_proj", "q_proj"]).is_beside(name));
    }

    #[test]
    fn a_target_that_names_nothing_is_told_with_what_there_is() {
        let layers = ["blocks.0.qkv", "blocks.0.out"];
        let problems = lora(&["qkv", "q_proj"]).check_targets(&layers, &["qkv", "out"]);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected = "targets: no linear layer of the model is named `q_proj`; use `qkv`, `out`, or leave `targets` \
                        out for all of them";
        assert_eq!(told, [expected]);
        assert_eq!(lora(&[]).check_targets(&layers, &["qkv", "out"]), []);
    }
}
