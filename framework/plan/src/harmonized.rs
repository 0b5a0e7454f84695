//! Checks of `[harmonization]` against the tables and the split.

use std::collections::BTreeMap;

use boldface::{Part, Problem, ScanInfo};

use super::{Plan, mixed};
use crate::spec::{Experiment, missing_column};

/// Largest number of batches named in a message.
const SHOWN: usize = 5;

/// Reports columns that are missing or have gaps.
pub(super) fn check(experiment: &Experiment, scans: &[ScanInfo], problems: &mut Vec<Problem>) {
    let Some(how) = &experiment.harmonization else { return };
    let preserved = how.preserve.iter().enumerate();
    let preserved = preserved.map(|(place, column)| (format!("harmonization.preserve[{place}]"), column));
    let columns = std::iter::once(("harmonization.batch".to_owned(), &how.batch)).chain(preserved);
    let unknown: Vec<Problem> =
        columns.filter_map(|(key, column)| missing_column(&key, column, scans)).collect();
    for (place, column) in how.preserve.iter().enumerate() {
        problems.extend(mixed::check(&format!("harmonization.preserve[{place}]"), column, scans));
    }
    let is_known = |problem: &Problem| unknown.iter().all(|other| other.key != problem.key);
    let gaps = how.check(scans).into_iter().map(|problem| problem.below("harmonization"));
    problems.extend(gaps.filter(is_known).collect::<Vec<_>>().into_iter().chain(unknown.iter().cloned()));
    for (key, column) in [("group", &experiment.split.group), ("leave-out", &experiment.split.leave_out)] {
        if column.as_ref() == Some(&how.batch) {
            let message = format!(
                "`split.{key}` keeps each `{}` in one part, so what the scans of a test part are harmonised by \
                 can never be learned in training",
                how.batch
            );
            let help = "leave `[harmonization]` out, or split in another way";
            problems.push(Problem::at("harmonization.batch", message).help(help));
        }
    }
}

/// Reports batches with too few training scans.
///
/// # Errors
/// Returns a problem with the names of these batches.
pub(super) fn check_split(plan: &Plan) -> Result<(), Vec<Problem>> {
    let Some(how) = &plan.experiment.harmonization else { return Ok(()) };
    // Another check reports a split that cannot be made.
    let Ok(Some(split)) = plan.split(&plan.scans) else { return Ok(()) };
    let mut training: BTreeMap<&str, usize> = BTreeMap::new();
    for scan in plan.scans.iter() {
        let is_training = split.part(&scan.id).is_ok_and(|part| part == Part::Train);
        *training.entry(scan.column(&how.batch).unwrap_or_default()).or_default() += usize::from(is_training);
    }
    let few: Vec<String> = training
        .iter()
        .filter(|(_, scans)| **scans < 2)
        .map(|(batch, scans)| format!("{scans} of `{batch}`"))
        .collect();
    if few.is_empty() {
        return Ok(());
    }
    let more = few.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "every `{}` needs two training scans to be harmonised, but there are {}",
        how.batch,
        few.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ") + &more
    );
    let help = format!(
        "spread them over the parts with `[split] stratify = [\"{0}\"]`, leave those scans out, or join small \
         ones in another column",
        how.batch
    );
    Err(vec![Problem::at("harmonization.batch", message).help(help)])
}
