//! Size estimates of stages before they run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Estimated size of a stage before it runs. A plan estimates how long a stage takes from a finished
/// stage of the same kind and plugin and the sizes of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Number of model parameters. An upper bound if the number depends on the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Total work over all steps, in tokens. Without training, in numbers of the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<u64>,
    /// Tokens held in memory at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    /// Peak memory in bytes, if the plugin can estimate it before anything runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

impl Size {
    /// Describes a fit of `parameters` numbers over `steps` steps of `batch` tokens each.
    pub fn of_fit(parameters: u64, steps: u64, batch: u64) -> Size {
        let work = Some(steps.saturating_mul(batch));
        Size { parameters: Some(parameters), work, batch: Some(batch), memory: None }
    }
}
