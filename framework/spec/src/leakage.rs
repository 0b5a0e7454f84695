//! The `[leakage]` section: leaks that the author accepts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Findings of the leakage lint that you accept. Not part of any key, because accepting changes no
/// result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Leakage {
    /// Reason why a finding is not a leak, by the finding's name, such as
    /// `"tasks.diagnosis.nuisance.site" = "each site scanned one group; reported as a limit"`. The
    /// reason appears in the proof and in the report.
    #[serde(default)]
    pub accept: BTreeMap<String, String>,
}

impl Leakage {
    /// Whether no finding is accepted.
    pub fn is_empty(&self) -> bool {
        self.accept.is_empty()
    }
}
