//! What a run of a sweep leaves behind: `sweep.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::sweep::Sweep;
use crate::spec::Select;

/// `sweep.json`: what was varied, and what became of every arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// The spec file's stem.
    pub name: String,
    /// The spec file as it was named.
    pub spec: PathBuf,
    /// Every key that is varied and the values it takes; null where the key is left out.
    pub axes: BTreeMap<String, Vec<Value>>,
    /// How to choose among the arms, if it was asked for.
    pub select: Option<Select>,
    /// The arms, in order.
    pub arms: Vec<ArmRecord>,
}

/// One arm of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmRecord {
    /// Its name.
    pub name: String,
    /// What it sets in the base, by dotted key; null for a key that it leaves out.
    pub settings: BTreeMap<String, Value>,
    /// What became of it.
    pub status: ArmStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// Its folder, relative to the sweep's: the folder of an ordinary run.
    pub run: PathBuf,
}

/// What became of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArmStatus {
    /// All its stages are finished.
    Finished,
    /// A stage that it needs failed.
    Failed,
    /// It was not reached: the sweep goes on, or was stopped.
    Skipped,
}

impl SweepRecord {
    /// The record of a run that has not begun.
    pub fn of(sweep: &Sweep) -> SweepRecord {
        let arm = |arm: &crate::plan::sweep::Arm| ArmRecord {
            name: arm.name.clone(),
            settings: arm.settings.clone(),
            status: ArmStatus::Skipped,
            error: None,
            run: PathBuf::from("arms").join(&arm.name),
        };
        SweepRecord {
            name: sweep.name.clone(),
            spec: sweep.path.clone(),
            axes: sweep.axes.clone(),
            select: sweep.select.clone(),
            arms: sweep.arms.iter().map(arm).collect(),
        }
    }

    /// The arms that failed.
    pub fn failed(&self) -> impl Iterator<Item = &ArmRecord> {
        self.arms.iter().filter(|arm| arm.status == ArmStatus::Failed)
    }
}
