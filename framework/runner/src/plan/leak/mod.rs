//! The leakage lint: what it looked at, what it found, and what the author accepts.

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
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use after::{check as after, join};
pub(crate) use before::Memo;
pub(super) use before::check;
pub(crate) use fits::FITTED_ON;
pub(crate) use waivers::{settle, stale};

/// Everything that was looked at in search of a leak: `leakage.json` of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Every check, those of the plan first.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, such as `tasks.condition.nuisance.site`; what `[leakage] accept` names.
    pub id: String,
    /// Key of the spec that it is about.
    pub key: String,
    /// Before anything ran, or on what the run made.
    pub when: When,
    /// What came out.
    pub status: Status,
    /// What was found, in words with numbers.
    pub found: String,
    /// What to do about it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Why the author accepts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The numbers, columns, scans and people that it rests on.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub evidence: Value,
}

/// When something was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Before anything ran.
    Plan,
    /// On what the run made.
    Run,
}

/// What came out of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// There is nothing.
    Passed,
    /// It would tell, but the model cannot see it.
    Hidden,
    /// It is not proven to leak; a reader should know of it.
    Warned,
    /// It leaks, and the author says why that is right.
    Accepted,
    /// It leaks.
    Failed,
}

impl Check {
    /// A check that found nothing.
    pub(crate) fn passed(id: impl Into<String>, key: impl Into<String>, found: impl Into<String>) -> Check {
        Check {
            id: id.into(),
            key: key.into(),
            when: When::Plan,
            status: Status::Passed,
            found: found.into(),
            help: None,
            reason: None,
            evidence: Value::Null,
        }
    }

    /// The same check with what came out of it, and what to do.
    pub(crate) fn but(self, status: Status, help: impl Into<String>) -> Check {
        Check { status, help: Some(help.into()), ..self }
    }

    /// The same check with what it rests on.
    pub(crate) fn with(self, evidence: Value) -> Check {
        Check { evidence, ..self }
    }

    /// The same check of what the run made.
    pub(crate) fn in_run(self) -> Check {
        Check { when: When::Run, ..self }
    }

    /// What is said of a leak that nobody accepted.
    pub(crate) fn problem(&self) -> Problem {
        let mut help = self.help.clone().unwrap_or_default();
        // No reason makes a fit on test scans right.
        if !self.id.ends_with(fits::ENDING) {
            help += &format!("; or say why it is none: `[leakage] accept = {{ \"{}\" = \"...\" }}`", self.id);
        }
        Problem::at(&self.key, format!("leak `{}`: {}", self.id, self.found)).help(help)
    }
}

impl Proof {
    /// How many checks came out so.
    pub fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// What is no leak, and to be known before anything runs: what the numbers are about, and what was passed over.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        let is_told = |check: &&Check| check.id == related::UNIT || check.id.ends_with(before::CAUTION);
        self.checks.iter().filter(is_told).map(|check| check.found.as_str())
    }

    /// The leaks that nobody accepted.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.status == Status::Failed)
    }
}

/// The first of `names`, in backticks, and how many more there are.
pub(crate) fn named<T: std::fmt::Display>(names: &[T]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
