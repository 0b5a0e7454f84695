//! Turns an experiment with several splits into one experiment per split.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Arm;
use crate::spec::{Layered, Located, join};
use crate::{Build, DataCache, Plan, resolve_layered};

/// An arm whose spec may have folds, repetitions or a column to leave out, without a choice among them.
pub(super) struct OpenArm {
    pub name: String,
    pub settings: BTreeMap<String, Value>,
    pub spec: Layered,
    pub plan: Plan,
}

impl OpenArm {
    /// Returns one arm per split, or the arm itself if there is only one split.
    ///
    /// # Errors
    /// Returns the problems of the splits that cannot be run.
    pub fn close(self, build: &Build<'_>, data: &DataCache) -> Result<Vec<Arm>, Vec<Located>> {
        let OpenArm { name, settings, spec, plan } = self;
        let mut no_problems = Vec::new();
        let scans = data.cohorts(&plan.datasets, &plan.experiment, &mut no_problems).scans;
        let variants = plan.experiment.split.variants(&scans);
        if variants.is_empty() {
            return Ok(vec![Arm { name, settings, plan }]);
        }
        let written = ["split.folds", "split.leave-out", "split.repeats", "split"];
        let Some(origin) = written.iter().find_map(|key| spec.origin(key)).cloned() else {
            return Ok(vec![Arm { name, settings, plan }]);
        };
        let (mut arms, mut problems) = (Vec::new(), Vec::new());
        for variant in variants {
            let mut one = spec.clone();
            one.set_all(variant.iter().map(|(key, value)| (key.as_str(), value.clone(), &origin)));
            let label = |key: &str| Some(format!("{}={}", key.strip_prefix("split.")?, variant.get(key)?));
            let own = ["split.repeat", "split.fold"].into_iter().filter_map(label);
            let name = join(&[name.clone()].into_iter().chain(own).collect::<Vec<_>>());
            match resolve_layered(&one, build, data) {
                Ok(plan) => {
                    let settings = settings.clone().into_iter().chain(variant).collect();
                    arms.push(Arm { name, settings, plan });
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(arms) } else { Err(problems) }
    }
}
