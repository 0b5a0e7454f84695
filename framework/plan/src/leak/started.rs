//! Checks whether the export that an experiment starts from has learned from people in the test part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boldface::{Part, ScanInfo, Split};
use serde_json::json;

use super::{Check, CheckStatus, named};
use crate::store::people::{Learned, SPLITS};

/// Compares the people that the export learned from with the test part. `contents` has the content hash
/// of each dataset, which identifies it under any name.
pub fn check(
    scans: &[ScanInfo],
    split: &Split,
    contents: &BTreeMap<String, String>,
    learned: &[Learned],
    export: &Path,
) -> Check {
    let mut by_part: BTreeMap<Part, BTreeSet<String>> = BTreeMap::new();
    // Use the person even if the split divides runs.
    let person = |scan: &ScanInfo| format!("{}/sub-{}", scan.id.dataset, scan.id.subject);
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for scan in scans {
        let content = contents.get(&scan.id.dataset).map(String::as_str);
        let is_known =
            *known.entry(person(scan)).or_insert_with(|| learned.iter().any(|one| one.is(&scan.id, content)));
        if let (true, Ok(part)) = (is_known, split.part(&scan.id)) {
            by_part.entry(part).or_default().insert(person(scan));
        }
    }
    let of = |part: Part| {
        by_part.get(&part).map(|people| people.iter().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let (test, validation) = (of(Part::Test), of(Part::Validation));
    let counts: BTreeMap<&str, usize> = Part::ALL.map(|part| (part.name(), of(part).len())).into();
    let (id, key) = ("start.people", "start.path");
    let many = |people: &[String]| match people {
        [one] => format!("`{one}`"),
        _ => format!("{} people ({})", people.len(), named(people)),
    };
    let found =
        format!("none of the test people is among the {} whom the export learned from", learned.len());
    let check = Check::passed(id, key, found).with(json!({ "learned": learned.len(), "known": counts }));
    let file = export.join(SPLITS);
    let keep = format!(
        "keep everybody in the part that the export had them in: `[split] file = \"{}\"`, or a file of your own that \
         puts nobody of them into `test` (a hashed id cannot be read from there); or remove `[start]`; rename data of \
         other people that happen to have the same name",
        file.display()
    );
    if !test.is_empty() {
        let found = format!(
            "the export learned from {} of the test part: their scores would be of known people",
            many(&test)
        );
        return Check { found, ..check }.but(CheckStatus::Failed, keep);
    }
    if !validation.is_empty() {
        let found = format!(
            "the export learned from {} of the validation part: choices favour what they know",
            many(&validation)
        );
        return Check { found, ..check }.but(CheckStatus::Warned, keep);
    }
    check
}
