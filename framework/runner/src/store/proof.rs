//! `leakage.json`: the leakage checks of a run and their results.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All leakage checks of a run, stored as `leakage.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The checks. Those of the plan come first.
    pub checks: Vec<Check>,
}

/// One leakage check and its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, such as `tasks.condition.nuisance.site`. `[leakage] accept` refers to it.
    pub id: String,
    /// The key of the spec that it is about.
    pub key: String,
    /// Whether it ran on the plan or on a run's artefacts.
    pub when: CheckTime,
    /// Its result.
    pub status: CheckStatus,
    /// The finding in words, with numbers.
    pub found: String,
    /// Advice, if there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The author's reason for accepting it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Numbers, columns, scans and people behind the finding.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub evidence: Value,
}

/// The time of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckTime {
    /// Before the run, on the plan.
    Plan,
    /// After a stage, on its artefact.
    Run,
}

/// Result of a check, from harmless to a leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Nothing found.
    Passed,
    /// A nuisance predicts the answers, but the model cannot see it.
    Hidden,
    /// Possibly a leak. The reader should know about it.
    Warned,
    /// A finding that the author accepts with a reason.
    Accepted,
    /// A leak.
    Failed,
}

impl Proof {
    /// Counts the checks with a status.
    pub fn count(&self, status: CheckStatus) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// Returns the leaks that are not accepted.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.status == CheckStatus::Failed)
    }
}
