//! The origin of every value of a resolved spec.

use serde_json::Value;

use super::Plan;
use crate::spec::{Layered, Origin, join_key, plain, written};

/// One value of a resolved spec.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedValue {
    /// Its dotted key.
    pub key: String,
    /// The value as TOML.
    pub value: String,
    /// Place where it was written, or `None` for a default.
    pub origin: Option<Origin>,
}

/// Returns every value of a plan, sorted by key. `spec` is the spec that the plan was resolved from.
pub fn blame(plan: &Plan, spec: &Layered) -> Vec<ResolvedValue> {
    let experiment = serde_json::to_value(&plan.experiment).expect("a spec read from TOML is plain JSON");
    let mut leaves = Vec::new();
    collect(&plain(experiment), "", spec, &mut leaves);
    // Sort here, because the key order of `serde_json` depends on its features.
    leaves.sort_by(|a, b| a.key.cmp(&b.key));
    leaves
}

fn collect(value: &Value, key: &str, spec: &Layered, leaves: &mut Vec<ResolvedValue>) {
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                collect(value, &join_key(key, name), spec, leaves);
            }
        }
        leaf => {
            let origin = spec.get(key).and_then(|_| spec.origin(key)).cloned();
            leaves.push(ResolvedValue { key: key.to_owned(), value: written(leaf), origin });
        }
    }
}
