//! The record of a sweep's run: `sweep.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::Select;

/// `sweep.json`: what was varied, and the status of every arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// The spec file's name without extension.
    pub name: String,
    /// Path of the spec file as the user gave it.
    pub spec: PathBuf,
    /// Every varied key with its values; null where the key is left out.
    pub axes: BTreeMap<String, Vec<Value>>,
    /// How to choose among the arms, if the spec says so.
    pub select: Option<Select>,
    /// The arms, in order.
    pub arms: Vec<ArmRecord>,
}

/// One arm of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmRecord {
    /// Its name.
    pub name: String,
    /// The keys it sets in the base, as dotted keys; null for a key that it removes.
    pub settings: BTreeMap<String, Value>,
    /// Its status.
    pub status: ArmStatus,
    /// Why it failed or was left out.
    pub error: Option<String>,
    /// Its folder, relative to the sweep's. It is laid out like the folder of an ordinary run.
    pub run: PathBuf,
}

/// Status of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArmStatus {
    /// All its stages are finished.
    Finished,
    /// A stage that it needs failed.
    Failed,
    /// Not reached yet, or the sweep was stopped.
    Skipped,
}

impl SweepRecord {
    /// Returns the arms that the run includes: all but those that `--only` left out.
    pub fn included(&self) -> impl Iterator<Item = &ArmRecord> {
        self.arms.iter().filter(|arm| arm.status != ArmStatus::Skipped || arm.error.is_none())
    }

    /// Returns the arms that failed.
    pub fn failed(&self) -> impl Iterator<Item = &ArmRecord> {
        self.arms.iter().filter(|arm| arm.status == ArmStatus::Failed)
    }
}
