//! A resolved sweep: its arms, each a plan, and the stages that they share.

mod resolve;
mod union;
mod variants;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Plan;
use crate::spec::Select;

pub use resolve::{Resolved, resolve_any};
pub use union::{Node, Union};

/// Many experiments that differ in some keys; made by resolving a spec, and by nothing else.
#[derive(Debug)]
pub struct Sweep {
    /// The spec file's stem.
    pub name: String,
    /// The spec file.
    pub path: PathBuf,
    /// The spec exactly as it was read.
    pub source: String,
    /// Every key that is varied and the values it takes, in order; null where the key is left out. An arm
    /// without a setting of a key has the base's value.
    pub axes: BTreeMap<String, Vec<Value>>,
    /// How to choose among the arms, if it is asked for.
    pub select: Option<Select>,
    /// The arms, in order.
    pub arms: Vec<Arm>,
}

impl Sweep {
    /// Folder of runs and cached stages; the arms have it from their base.
    pub fn runs(&self) -> &Path {
        self.arms.first().map_or(Path::new("runs"), |arm| &arm.plan.experiment.runtime.runs)
    }
}

/// One experiment of a sweep.
#[derive(Debug)]
pub struct Arm {
    /// Its name, unique in the sweep and fit for a folder.
    pub name: String,
    /// What it sets in the base, by dotted key; null for a key that it leaves out.
    pub settings: BTreeMap<String, Value>,
    /// The experiment.
    pub plan: Plan,
}
