//! A stage of a run, as it is planned, recorded and stored: its kind, its config and its key.

use std::fmt;

use boldface::Size;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One stage of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What the stage does.
    pub kind: StageKind,
    /// The plugin it runs, such as `vq`. Empty for the framework's own stages.
    pub plugin: String,
    /// Its seed.
    pub seed: u64,
    /// Names of the stages it may read. It can read no others.
    pub inputs: Vec<String>,
    /// All parts of the spec that its result depends on.
    pub config: Value,
    /// Its size, as far as known. Not part of the key.
    #[serde(default)]
    pub size: Size,
    /// Hash of kind, version, plugin, config, seed, engine and the inputs' keys.
    pub key: Key,
}

impl Stage {
    /// Returns the name, such as `series`, `tokenizer` or `evaluation.condition`.
    pub fn name(&self) -> String {
        self.kind.to_string()
    }
}

/// Kinds of stages. The enum is closed, because the framework must handle every kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Reads, checks and crops every scan.
    Series,
    /// Divides the subjects.
    Split,
    /// Fits norms on training scans and describes every scan.
    Corpus,
    /// Trains the backbone's text side and embeds the training descriptions.
    TextSpace,
    /// Stage 1: trains the tokenizer.
    Tokenizer,
    /// Computes features and codes of every scan, once.
    Codes,
    /// Stage 2: language alignment.
    Alignment,
    /// Stage 3: instruction tuning.
    Instruction,
    /// Scores a task without the model.
    Baseline(String),
    /// Scores a task with the model.
    Evaluation(String),
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StageKind::Series => f.write_str("series"),
            StageKind::Split => f.write_str("split"),
            StageKind::Corpus => f.write_str("corpus"),
            StageKind::TextSpace => f.write_str("text-space"),
            StageKind::Tokenizer => f.write_str("tokenizer"),
            StageKind::Codes => f.write_str("codes"),
            StageKind::Alignment => f.write_str("alignment"),
            StageKind::Instruction => f.write_str("instruction"),
            StageKind::Baseline(task) => write!(f, "baseline.{task}"),
            StageKind::Evaluation(task) => write!(f, "evaluation.{task}"),
        }
    }
}

/// A content key: 32 hexadecimal digits of a BLAKE3 hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub String);

impl Key {
    /// Returns the first twelve digits, used in output and in folder names.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}
