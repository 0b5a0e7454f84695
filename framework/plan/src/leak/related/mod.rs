//! Checks whether the split divides a person, or people who are related.

mod columns;
mod relatives;

use std::collections::{BTreeMap, BTreeSet};

use boldface::{ScanInfo, Split};
use serde_json::json;

use super::{Check, CheckStatus};
use crate::spec::Experiment;
use crate::store::UNIT_CHECK;

/// Whether a column groups related people, or one person under several labels.
pub fn is_related<'a>(column: &str, scans: impl Iterator<Item = &'a ScanInfo>) -> bool {
    let people = scans.filter_map(|scan| Some((scan.id.person(), scan.column(column)?))).collect();
    columns::recognise(column, &people).is_some()
}

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
        return vec![
            Check::passed(UNIT_CHECK, "split", found).but(CheckStatus::Warned, help).with(json!(parts)),
        ];
    }
    let found = format!(
        "{} people with {} sessions and {} scans are each in one part: the split knows people, not scans",
        people.len(),
        sessions.len(),
        scans.len()
    );
    let mut checks = vec![Check::passed("split.people", "split", found).with(json!(parts))];
    checks.extend(relatives::checks(scans, split, experiment.split.group.as_deref()));
    checks
}
