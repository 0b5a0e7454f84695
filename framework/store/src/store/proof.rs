//! `leakage.json`: the leakage checks of a run and their results.

use boldface::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Suffix of the names of checks of fits. Such a leak cannot be accepted.
pub const FIT_ENDING: &str = ".fitted-on";

/// Suffix of the names of a task's cautions.
pub const CAUTION_ENDING: &str = ".caution";

/// Name of the check of the split's unit.
pub const UNIT_CHECK: &str = "split.unit";

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

impl Check {
    /// Makes a check that found nothing.
    pub fn passed(id: impl Into<String>, key: impl Into<String>, found: impl Into<String>) -> Check {
        Check {
            id: id.into(),
            key: key.into(),
            when: CheckTime::Plan,
            status: CheckStatus::Passed,
            found: found.into(),
            help: None,
            reason: None,
            evidence: Value::Null,
        }
    }

    /// Sets the status and the advice.
    pub fn but(self, status: CheckStatus, help: impl Into<String>) -> Check {
        Check { status, help: Some(help.into()), ..self }
    }

    /// Sets the evidence.
    pub fn with(self, evidence: Value) -> Check {
        Check { evidence, ..self }
    }

    /// Marks the check as one of a run's artefacts.
    pub fn in_run(self) -> Check {
        Check { when: CheckTime::Run, ..self }
    }

    /// Returns the problem for a leak that is not accepted.
    pub fn problem(&self) -> Problem {
        let mut help = self.help.clone().unwrap_or_default();
        // A fit on test scans cannot be accepted for any reason.
        if !self.id.ends_with(FIT_ENDING) {
            help += &format!(
                "; or accept it with a reason: `[leakage] accept = {{ \"{}\" = \"...\" }}`",
                self.id
            );
        }
        Problem::at(&self.key, format!("leak `{}`: {}", self.id, self.found)).help(help)
    }
}

impl Proof {
    /// Returns notes to show before a run: the unit of the split, the tasks' cautions and all that is only
    /// warned of. They are not leaks.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        let is_told = |check: &&Check| {
            check.status == CheckStatus::Warned
                || check.id == UNIT_CHECK
                || check.id.ends_with(CAUTION_ENDING)
        };
        self.checks.iter().filter(is_told).map(|check| check.found.as_str())
    }

    /// Returns what a run's artefacts warn of.
    pub fn seen_in_run(&self) -> impl Iterator<Item = &str> {
        let is_seen = |check: &&Check| check.status == CheckStatus::Warned && check.when == CheckTime::Run;
        self.checks.iter().filter(is_seen).map(|check| check.found.as_str())
    }

    /// Counts the checks with a status.
    pub fn count(&self, status: CheckStatus) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// Returns the leaks that are not accepted.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.status == CheckStatus::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_warned_of_is_told() {
        let check = |id: &str| Check::passed(id, "tasks.sex", format!("found by {id}"));
        let warned = |id: &str| check(id).but(CheckStatus::Warned, "look at it");
        let checks = vec![
            check("tasks.sex.columns"),
            check("split.unit"),
            check("sex.caution"),
            warned("tasks.sex.site"),
            check("tasks.sex.length").but(CheckStatus::Hidden, "nothing to do"),
            warned("datasets.copies").in_run(),
        ];
        let proof = Proof { checks };
        let told: Vec<&str> = proof.told().collect();
        assert_eq!(
            told,
            [
                "found by split.unit",
                "found by sex.caution",
                "found by tasks.sex.site",
                "found by datasets.copies"
            ]
        );
        assert_eq!(proof.seen_in_run().collect::<Vec<_>>(), ["found by datasets.copies"]);
    }
}
