//! Checks the recorded fits of a run: everything must be fitted on training scans.

use std::collections::BTreeSet;

use boldface::{Part, ScanId, Split};
use serde_json::json;

use super::{Check, CheckStatus, named};
use crate::store::FIT_ENDING;

/// Checks that `stage` learned from training scans only.
pub fn check(stage: &str, fitted_on: &[ScanId], split: &Split) -> Check {
    let id = format!("{stage}{FIT_ENDING}");
    let part = |scan: &ScanId| split.parts.get(&scan.person()).copied();
    let outside: Vec<&ScanId> = fitted_on.iter().filter(|scan| part(scan) != Some(Part::Train)).collect();
    let people: BTreeSet<String> = fitted_on.iter().map(ScanId::person).collect();
    let evidence = json!({ "scans": fitted_on.len(), "people": people.len(), "outside": outside.len() });
    if outside.is_empty() {
        let found = format!(
            "`{stage}` was given {} scans of {} people to learn from, all of the training part",
            fitted_on.len(),
            people.len()
        );
        return Check::passed(id, "split", found).in_run().with(evidence);
    }
    let said = |scan: &&ScanId| format!("{scan} ({})", part(scan).map_or("of no part", Part::name));
    let said: Vec<String> = outside.iter().map(said).collect();
    let found = format!("`{stage}` was fitted outside training: on {}", named(&said));
    let help = "remove the artefact, so that it is made again from training scans";
    Check::passed(id, "split", found).but(CheckStatus::Failed, help).in_run().with(evidence)
}
