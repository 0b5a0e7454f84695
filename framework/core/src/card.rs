//! What the page of an exported model says of the model that it was made from.

use serde::{Deserialize, Serialize};

/// What a backbone says of the published model that it starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The published model, as its publisher names it, such as `HuggingFaceTB/SmolLM2-135M`.
    pub base_model: Option<String>,
    /// The licence of its weights, as its files say it, such as `apache-2.0`.
    pub licence: Option<String>,
    /// What a reader should know besides, a sentence each.
    pub notes: Vec<String>,
}
