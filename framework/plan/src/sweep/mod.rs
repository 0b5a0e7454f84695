//! A resolved sweep: a plan per arm, and the stages that arms share.

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

/// Several experiments that differ in some keys. Only resolving a spec makes a sweep.
#[derive(Debug)]
pub struct Sweep {
    /// The spec file's stem.
    pub name: String,
    /// The spec file.
    pub path: PathBuf,
    /// The text of the spec. If it extends another, the merged values.
    pub source: String,
    /// Every varied key with its values, in order. A dropped key has the value null. An arm that does
    /// not set a key has the base's value.
    pub axes: BTreeMap<String, Vec<Value>>,
    /// How to choose an arm, if the sweep asks for it.
    pub select: Option<Select>,
    /// The arms, in order.
    pub arms: Vec<Arm>,
}

impl Sweep {
    /// Returns the folder of runs and cached stages, which all arms take from their base.
    pub fn runs(&self) -> &Path {
        self.arms.first().map_or(Path::new("runs"), |arm| &arm.plan.experiment.runtime.runs)
    }
}

/// One experiment of a sweep.
#[derive(Debug)]
pub struct Arm {
    /// Its name, unique in the sweep and valid as a folder name.
    pub name: String,
    /// Its settings by dotted key. A dropped key has the value null.
    pub settings: BTreeMap<String, Value>,
    /// The experiment.
    pub plan: Plan,
}
