//! The `[start]` section: an export that an experiment goes on from.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `boldface export` made of another run, as the beginning of this one. The people it learned from must not be in
/// this experiment's test part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartTable {
    /// The folder of the export, relative to the spec.
    pub path: PathBuf,
    /// What is taken from it; both if left out. `[tokenizer]` and `[backbone]` must be those of the export.
    #[serde(default = "both")]
    pub take: Vec<Taken>,
}

/// A part of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// Stage 1: it is loaded, and nothing is fitted.
    Tokenizer,
    /// The language model as its last stage left it: stages 2 and 3 go on from there.
    Model,
}

fn both() -> Vec<Taken> {
    vec![Taken::Tokenizer, Taken::Model]
}

impl StartTable {
    /// Whether a part is taken.
    pub fn takes(&self, part: Taken) -> bool {
        self.take.contains(&part)
    }
}
