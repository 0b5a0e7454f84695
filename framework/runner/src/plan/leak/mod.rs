//! The leakage lint: its checks, its findings, and the findings that the author accepts.

mod after;
mod asked;
mod before;
mod copies;
mod described;
mod fits;
mod harmonized;
mod nuisance;
mod predict;
mod related;
mod started;
mod subjects;
mod text;
mod waivers;
mod words;

use boldface::Problem;
use serde_json::Value;

pub(crate) use after::{check as after, join};
pub(super) use asked::strings;
pub(crate) use before::LeakCheckCache;
pub(super) use before::check;
pub(crate) use waivers::{settle, stale};

pub use crate::store::{Check, CheckStatus, CheckTime, Proof};

impl Check {
    /// Makes a check that found nothing.
    pub(crate) fn passed(id: impl Into<String>, key: impl Into<String>, found: impl Into<String>) -> Check {
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
    pub(crate) fn but(self, status: CheckStatus, help: impl Into<String>) -> Check {
        Check { status, help: Some(help.into()), ..self }
    }

    /// Sets the evidence.
    pub(crate) fn with(self, evidence: Value) -> Check {
        Check { evidence, ..self }
    }

    /// Marks the check as one of a run's artefacts.
    pub(crate) fn in_run(self) -> Check {
        Check { when: CheckTime::Run, ..self }
    }

    /// Returns the problem for a leak that is not accepted.
    pub(crate) fn problem(&self) -> Problem {
        let mut help = self.help.clone().unwrap_or_default();
        // A fit on test scans cannot be accepted for any reason.
        if !self.id.ends_with(fits::ENDING) {
            help += &format!(
                "; or accept it with a reason: `[leakage] accept = {{ \"{}\" = \"...\" }}`",
                self.id
            );
        }
        Problem::at(&self.key, format!("leak `{}`: {}", self.id, self.found)).help(help)
    }
}

impl Proof {
    /// Returns notes to show before a run: the unit of the split and the tasks' cautions. They are not
    /// leaks.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        let is_told = |check: &&Check| check.id == related::UNIT || check.id.ends_with(before::CAUTION);
        self.checks.iter().filter(is_told).map(|check| check.found.as_str())
    }
}

/// Lists the first three of `names` in backticks and the number of others.
pub(crate) fn named<T: std::fmt::Display>(names: &[T]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
