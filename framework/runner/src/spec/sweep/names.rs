//! Names of arms: short, unique, reproducible and valid as folder names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::keys::leaves;

/// Longest value in a name, in characters.
const LONGEST_VALUE: usize = 24;
const LONGEST: usize = 120;

/// The shortest unique label of every key, such as `rank` for `instruction.lora.rank`.
pub(super) struct KeyLabels(BTreeMap<String, String>);

impl KeyLabels {
    /// Labels `keys`. A plugin's `type` is labelled with the table's name.
    pub fn new<'k>(keys: impl IntoIterator<Item = &'k str>) -> KeyLabels {
        // `seeds` adds `seed=N` to the names of arms.
        let keys: BTreeSet<&str> = keys.into_iter().chain(["seed"]).collect();
        let tail = |key: &str, n: usize| {
            let key = key.strip_suffix(".type").unwrap_or(key);
            let parts: Vec<&str> = key.split('.').collect();
            parts[parts.len().saturating_sub(n)..].join(".")
        };
        let label = |key: &&str| {
            let is_unique =
                |label: &String, n: usize| keys.iter().filter(|other| tail(other, n) == *label).count() == 1;
            let candidates = (1..=key.split('.').count()).map(|n| (n, tail(key, n)));
            let found = candidates.into_iter().find(|(n, label)| is_unique(label, *n));
            ((*key).to_owned(), found.map_or_else(|| (*key).to_owned(), |(_, label)| label))
        };
        KeyLabels(keys.iter().map(label).collect())
    }

    /// Formats a setting as `rank=4`.
    pub fn value(&self, key: &str, value: &Value) -> String {
        format!("{}={}", self.label(key), short(value))
    }

    /// Formats a change as `rank=4`, or as `no-alignment` for a dropped key.
    pub fn change(&self, key: &str, value: Option<&Value>) -> String {
        match value {
            Some(value) => self.value(key, value),
            None => format!("no-{}", self.label(key)),
        }
    }

    fn label(&self, key: &str) -> String {
        plain(self.0.get(key).map_or(key, String::as_str))
    }
}

/// Joins the parts of a name.
pub(crate) fn join(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(",")
}

/// Makes names unique and limits their length, by adding a hash of their arms' settings.
pub(super) fn distinguish(names: &mut [String], identity: impl Fn(usize) -> String) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    // On a case-insensitive file system `A=1` and `a=1` would be one folder.
    names.iter().for_each(|name| *count.entry(name.to_lowercase()).or_default() += 1);
    for (i, name) in names.iter_mut().enumerate() {
        if count[&name.to_lowercase()] > 1 || name.chars().count() > LONGEST {
            let hash = blake3::hash(identity(i).as_bytes()).to_hex();
            let kept: String = name.chars().take(LONGEST).collect();
            *name = format!("{kept}-{}", &hash.as_str()[..6]);
        }
    }
}

/// Shortens a value to a few characters that every file system accepts.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join("+"),
        Value::Object(table) => match table.get("type") {
            Some(Value::String(name)) => name.clone(),
            _ => {
                let said =
                    leaves(table, "").into_iter().map(|(key, _, value)| format!("{key}-{}", short(value)));
                said.collect::<Vec<_>>().join("+")
            }
        },
        scalar => scalar.to_string(),
    };
    if text.chars().count() <= LONGEST_VALUE {
        return plain(&text);
    }
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let kept: String = text.chars().take(LONGEST_VALUE - 7).collect();
    format!("{}-{}", plain(&kept), &hash.as_str()[..6])
}

/// Replaces characters that a file system may reject, and a dot at the front.
fn plain(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.+".contains(c) { c } else { '_' };
    let text: String = text.chars().map(safe).collect();
    match text.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => text,
    }
}
