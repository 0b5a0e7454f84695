//! Checks whether the split divides a person, or people who are related.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, ScanInfo, Split};
use serde_json::json;

use super::{Check, CheckStatus, named};
use crate::spec::Experiment;

/// Name of the check that reports a split by runs.
pub const UNIT: &str = "split.unit";

/// Names of columns that group related people.
const RELATED: [&str; 12] = [
    "family",
    "familyid",
    "household",
    "twin",
    "twinid",
    "pair",
    "pairid",
    "sibling",
    "alias",
    "person",
    "personid",
    "originalid",
];

/// Checks that the split divides neither people nor groups of related people.
pub fn checks(scans: &[ScanInfo], split: &Split, experiment: &Experiment) -> Vec<Check> {
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for part in split.parts.values() {
        *parts.entry(part.name()).or_default() += 1;
    }
    let people: BTreeSet<String> = scans.iter().map(|scan| scan.id.person()).collect();
    let sessions: BTreeSet<_> = scans.iter().map(|scan| (scan.id.person(), &scan.id.session)).collect();
    if let Some(caution) = experiment.split.unit.caution() {
        let people: BTreeSet<_> = scans.iter().map(|scan| (&scan.id.dataset, &scan.id.subject)).collect();
        let of = if people.len() == 1 { "person" } else { "people" };
        let found = format!("{} runs of {} {of}: {caution}", scans.len(), people.len());
        let help = "divide subjects, `unit = \"subject\"`, for numbers about new people";
        return vec![Check::passed(UNIT, "split", found).but(CheckStatus::Warned, help).with(json!(parts))];
    }
    let found = format!(
        "{} people with {} sessions and {} scans are each in one part: the split knows people, not scans",
        people.len(),
        sessions.len(),
        scans.len()
    );
    let mut checks = vec![Check::passed("split.people", "split", found).with(json!(parts))];
    let columns: BTreeSet<&String> = scans.iter().flat_map(|scan| scan.phenotype.keys()).collect();
    let group = experiment.split.group.as_ref();
    for column in columns.into_iter().filter(|column| is_related(column) && group != Some(column)) {
        checks.push(related(column, scans, split));
    }
    checks
}

fn is_related(column: &str) -> bool {
    let plain: String = column.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    RELATED.contains(&plain.as_str()) || plain == "originalsubject" || plain == "sourcesubject"
}

fn related(column: &str, scans: &[ScanInfo], split: &Split) -> Check {
    let mut groups: BTreeMap<&str, BTreeMap<String, Option<Part>>> = BTreeMap::new();
    for scan in scans {
        if let Some(value) = scan.phenotype.get(column) {
            let person = scan.id.person();
            let part = split.parts.get(&person).copied();
            groups.entry(value).or_default().insert(person, part);
        }
    }
    let several = groups.values().filter(|people| people.len() > 1).count();
    let divided: Vec<String> = groups
        .iter()
        .filter(|(_, people)| people.values().collect::<BTreeSet<_>>().len() > 1)
        .map(|(value, people)| {
            format!("{value}` ({}) of `{column}", people.keys().cloned().collect::<Vec<_>>().join(", "))
        })
        .collect();
    let id = format!("split.related.{column}");
    if divided.is_empty() {
        let found = format!("`{column}` holds {several} groups of several people, and none is divided");
        return Check::passed(id, "split", found);
    }
    let found = format!("{} is in more than one part", named(&divided));
    let help = format!("keep them together: `[split] group = \"{column}\"`");
    let evidence = json!({ "column": column, "groups": several, "divided": divided.len() });
    Check::passed(id, "split", found).but(CheckStatus::Failed, help).with(evidence)
}
