//! A resolved sweep: a plan per arm, and the stages that arms share.

mod resolve;
mod union;
mod variants;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Plan;
use super::limit::limited_name;
use crate::spec::{Select, closest};

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
    /// Arms that the user leaves out of the run: name and settings.
    pub left_out: Vec<(String, BTreeMap<String, Value>)>,
}

/// Number of arms that an error lists.
const LISTED: usize = 40;

impl Sweep {
    /// Leaves out every arm but the one called `name`.
    ///
    /// # Errors
    /// A message with a similar name and the names of the arms, if no arm has this name.
    pub fn keep_only(&mut self, name: &str) -> Result<(), String> {
        if self.arms.iter().all(|arm| arm.name != name) {
            let near = closest(name, self.arms.iter().map(|arm| arm.name.as_str()));
            let its = near.map_or_else(|| "its".to_owned(), |near| format!("did you mean `{near}`? Its"));
            let names = self.arms.iter().take(LISTED).map(|arm| format!("`{}`", arm.name));
            let mut names = names.collect::<Vec<_>>().join(", ");
            if self.arms.len() > LISTED {
                names += &format!(" and {} more (`boldface plan --all`)", self.arms.len() - LISTED);
            }
            return Err(format!("`{}` has no arm `{name}`; {its} arms are {names}", self.path.display()));
        }
        let (kept, left_out) = std::mem::take(&mut self.arms).into_iter().partition(|arm| arm.name == name);
        self.arms = kept;
        let left_out: Vec<Arm> = left_out;
        self.left_out.extend(left_out.into_iter().map(|arm| (arm.name, arm.settings)));
        Ok(())
    }

    /// Limits every arm to about `most` scans, as [`Plan::limit`] does.
    ///
    /// # Errors
    /// A message that names the arm.
    pub fn limit(&mut self, most: usize) -> Result<(), String> {
        for arm in &mut self.arms {
            arm.plan.limit(most).map_err(|error| format!("arm `{}`: {error}", arm.name))?;
        }
        self.name = limited_name(&self.name, most);
        Ok(())
    }

    /// Whether the arms are limited to a few scans.
    pub fn is_limited(&self) -> bool {
        self.arms.iter().any(|arm| arm.plan.is_limited())
    }

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
