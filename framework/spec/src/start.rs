//! The `[start]` section: an export that an experiment starts from.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An export of another run, made by `boldface export`, to start from. None of the people it learned
/// from may be in this experiment's test part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartTable {
    /// The folder of the export, relative to the spec.
    pub path: PathBuf,
    /// Parts to take from it; both if left out. `[tokenizer]` and `[backbone]` must match the export.
    #[serde(default = "both")]
    pub take: Vec<Taken>,
}

/// A part of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// Stage 1: loaded from the export instead of fitted.
    Tokenizer,
    /// The language model after its last stage. Stages 2 and 3 continue its training.
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
