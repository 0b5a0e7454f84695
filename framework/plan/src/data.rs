//! Checks of the datasets against the spec.

use std::sync::Arc;

use boldface::{Cohort, Part, Problem, ScanInfo};

use super::Plan;
use crate::spec::{Crop, Signal};

/// Checks that every scan is long enough for the crop.
pub(super) fn check_lengths(
    signal: &Signal,
    crop: Crop,
    cohorts: &[Arc<Cohort>],
    problems: &mut Vec<Problem>,
) {
    let needed = crop.needed();
    let key = if signal.min_trs.is_some() { "min-trs" } else { "trs" };
    let scans: Vec<&ScanInfo> = cohorts.iter().flat_map(|cohort| &cohort.scans).collect();
    let short: Vec<&&ScanInfo> = scans.iter().filter(|scan| scan.trs < needed).collect();
    let Some(shortest) = short.iter().map(|scan| scan.trs).min() else { return };
    let named: Vec<String> =
        short.iter().take(3).map(|scan| format!("`{}` has {}", scan.id, scan.trs)).collect();
    let others = match short.len() - named.len() {
        0 => String::new(),
        n => format!(" and {n} more are too short"),
    };
    let message =
        format!("the crop needs {needed} volumes (`start` + `{key}`), but {}{others}", named.join(", "));
    let help = match shortest.checked_sub(signal.start).filter(|&trs| trs > 0) {
        Some(trs) => format!("at most `{key} = {trs}` keeps every scan; a scan is never padded"),
        None => format!("lower `start` and `{key}`; a scan is never padded"),
    };
    problems.push(Problem::at(format!("signal.{key}"), message).help(help));
}

/// Checks that all datasets have the same regions in the same order.
pub(super) fn check_alike(cohorts: &[Arc<Cohort>], problems: &mut Vec<Problem>) {
    let Some(((first, one), rest)) =
        cohorts.split_first().and_then(|(cohort, rest)| Some(((cohort, cohort.scans.first()?), rest)))
    else {
        return;
    };
    for cohort in rest {
        let Some(other) = cohort.scans.first() else { continue };
        let key = format!("datasets.{}", other.id.dataset);
        let (a, b) = (&one.id.dataset, &other.id.dataset);
        let (regions, others) = (&first.regions.names, &cohort.regions.names);
        if regions.len() != others.len() {
            let message = format!("`{b}` has {} regions, `{a}` has {}", others.len(), regions.len());
            problems.push(Problem::at(&key, message).help("parcellate both with one atlas"));
        } else if let Some(i) = (0..regions.len()).find(|&i| regions[i] != others[i]) {
            let message =
                format!("region {} of `{b}` is `{}`, of `{a}` it is `{}`", i + 1, others[i], regions[i]);
            problems.push(Problem::at(&key, message).help("use one atlas with its regions in one order"));
        }
    }
}

/// Checks that all scans have one repetition time, so that all patches last equally long.
pub(super) fn check_rates(scans: &[ScanInfo], signal: &Signal, problems: &mut Vec<Problem>) {
    let Some(first) = scans.first().filter(|_| !signal.mixed_tr) else { return };
    let Some(other) = scans.iter().find(|scan| scan.tr != first.tr) else { return };
    let (a, b) = (&first.id, &other.id);
    let message = format!("`{b}` has a repetition time of {} s, `{a}` one of {} s", other.tr, first.tr);
    let help = "resample one of them, or let patches last unequally long with `signal.mixed-tr = true`";
    problems.push(Problem::at(format!("datasets.{}", b.dataset), message).help(help));
}

/// Checks that training has a scan as long as the longest of validation and test: nothing learns what to do
/// with patches at later times.
///
/// # Errors
/// Returns a problem with the limit that all parts reach.
pub(super) fn check_longest(plan: &Plan) -> Result<(), Vec<Problem>> {
    if plan.experiment.signal.min_trs.is_none() {
        return Ok(());
    }
    // Another check reports a split that cannot be made.
    let Ok(Some(split)) = plan.split(&plan.scans) else { return Ok(()) };
    let crop = plan.crop();
    let longest = |is_training: bool| {
        let is_of =
            |scan: &&ScanInfo| split.part(&scan.id).is_ok_and(|part| (part == Part::Train) == is_training);
        plan.scans.iter().filter(is_of).map(|scan| (crop.kept(scan.trs), &scan.id)).max()
    };
    let (Some((known, _)), Some((asked, id))) = (longest(true), longest(false)) else { return Ok(()) };
    if asked <= known {
        return Ok(());
    }
    let message = format!(
        "`{id}` of validation or test is shown with {asked} volumes, but no training scan with more than {known}, so \
         nothing learns to read later ones"
    );
    Err(vec![
        Problem::at("signal.trs", message).help(format!("set `trs = {known}`, or split in another way")),
    ])
}
