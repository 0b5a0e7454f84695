//! How large a stage is, as far as it can be told before it runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How large a stage is, as far as it can be told before it runs. Two stages of one kind and one plugin
/// can be compared by it: that is how a plan guesses what a stage will take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Numbers in the weights of the model; the most there can be where the data decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// What it goes through, all steps together: tokens, or numbers of the signal where nothing is learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<u64>,
    /// Tokens that are held in memory at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    /// Bytes that it will hold at once, where the plugin can tell before anything ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

impl Size {
    /// A fit of `parameters` numbers over `steps` steps of `batch` tokens each.
    pub fn of_fit(parameters: u64, steps: u64, batch: u64) -> Size {
        let work = Some(steps.saturating_mul(batch));
        Size { parameters: Some(parameters), work, batch: Some(batch), memory: None }
    }
}
