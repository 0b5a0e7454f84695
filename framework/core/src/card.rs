//! Information for the model card of an export.

use serde::{Deserialize, Serialize};

/// Description of the published model that a backbone starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Name of the published model, such as `HuggingFaceTB/SmolLM2-135M`.
    pub base_model: Option<String>,
    /// Licence of the weights as stated in the model's files, such as `apache-2.0`.
    pub licence: Option<String>,
    /// Other notes for the reader, one sentence each.
    pub notes: Vec<String>,
}
