//! The `[leakage]` section: leaks that the author knows of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the leakage lint finds and the author accepts. Part of no key: accepting changes no result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Leakage {
    /// Why a finding is no leak, by the finding's name, such as
    /// `"tasks.diagnosis.nuisance.site" = "each site scanned one group; reported as a limit"`. The reason
    /// stands in the proof and in the report.
    #[serde(default)]
    pub accept: BTreeMap<String, String>,
}

impl Leakage {
    /// Whether nothing is accepted.
    pub fn is_empty(&self) -> bool {
        self.accept.is_empty()
    }
}
