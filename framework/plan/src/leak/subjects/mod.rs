//! Finds people under two names, whom a split by subject would divide.

mod agreement;
mod shared;
mod values;
mod within;

use std::collections::BTreeMap;

use boldface::ScanInfo;
use serde_json::Value;

use super::{Check, CheckStatus, named};

pub use agreement::bound;

/// One scan of each subject of a dataset, by label.
type Subjects<'a> = BTreeMap<&'a str, &'a ScanInfo>;

/// Checks the names of `scans` in all datasets.
pub fn checks(scans: &[ScanInfo]) -> Vec<Check> {
    let mut by_dataset: BTreeMap<&str, Subjects<'_>> = BTreeMap::new();
    for scan in scans {
        by_dataset.entry(&scan.id.dataset).or_default().entry(&scan.id.subject).or_insert(scan);
    }
    let mut checks: Vec<Check> =
        by_dataset.iter().flat_map(|(dataset, subjects)| within::checks(dataset, subjects)).collect();
    let datasets: Vec<_> = by_dataset.iter().collect();
    for (place, (name, subjects)) in datasets.iter().enumerate() {
        for (earlier, others) in &datasets[..place] {
            let labels = shared::check(name, subjects, earlier, others);
            // One finding tells of the same people, and the labels say who they are.
            if labels.status != CheckStatus::Failed {
                checks.push(values::check(name, subjects, earlier, others));
            }
            checks.push(labels);
        }
    }
    checks
}

/// Finds datasets that occur twice under different names. `tables` has the plugin, config and hash of
/// files of each.
pub fn twice(tables: &serde_json::Map<String, Value>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (place, (name, table)) in tables.iter().enumerate() {
        let (id, key) = (format!("datasets.{name}.copy"), format!("datasets.{name}"));
        let check = match tables.iter().take(place).find(|(_, other)| *other == table) {
            None => Check::passed(id, key, "no other dataset has the same files read in the same way"),
            Some((other, _)) => {
                let found = format!(
                    "it has the same files as `{other}`, read the same way: every person is there twice"
                );
                Check::passed(id, key, found).but(CheckStatus::Failed, "remove one of the two")
            }
        };
        checks.push(check);
    }
    checks
}

/// Names two labels of one person.
fn pair(one: &str, other: &str) -> String {
    if one == other { format!("sub-{one}") } else { format!("sub-{one}` as `sub-{other}") }
}

#[cfg(test)]
mod tests;
