//! Divides the subjects, stratified and by seed, before anything is fitted.

mod units;

use std::collections::BTreeMap;

use boldface::{Metric, Part, Result, ScanInfo, Split, seed};
use rand::seq::SliceRandom;
use serde::Serialize;

use super::Work;
use crate::spec::SplitTable;

/// Raised when the same config gives different results.
pub const VERSION: u32 = 1;

/// Saves who is in which part, and the hash of that.
pub fn run(work: &mut Work<'_>) -> Result<()> {
    let signals = work.inputs.signals()?;
    let infos: Vec<&ScanInfo> = signals.infos.iter().map(|info| &**info).collect();
    let split = divide(&infos, &work.plan.experiment.split, work.stage.seed)?;
    let hash = blake3::hash(&serde_json::to_vec(&split)?).to_hex().to_string();
    let mut summary = Summary { hash, subjects: BTreeMap::new(), scans: BTreeMap::new() };
    for part in Part::ALL {
        let subjects = split.parts.values().filter(|&&of| of == part).count();
        let mut scans = 0;
        for info in &infos {
            scans += usize::from(split.part(&info.id)? == part);
        }
        summary.subjects.insert(part.name(), subjects);
        summary.scans.insert(part.name(), scans);
        work.recorder.part(part, Metric::neutral("subjects", subjects as f64), scans);
        work.recorder.part(part, Metric::neutral("scans", scans as f64), scans);
    }
    work.write_json("summary.json", &summary)?;
    work.write_json("split.json", &split)
}

/// `summary.json`: the split at a glance.
#[derive(Serialize)]
struct Summary {
    /// BLAKE3 of `split.json`.
    hash: String,
    subjects: BTreeMap<&'static str, usize>,
    scans: BTreeMap<&'static str, usize>,
}

/// Divides the persons of `scans`; the order of the scans does not matter.
///
/// A person's stratum is the sorted list of what their scans have in the columns of `stratify`.
fn divide(scans: &[&ScanInfo], table: &SplitTable, seed: u64) -> Result<Split> {
    let mut values: BTreeMap<String, Vec<Vec<&str>>> = BTreeMap::new();
    for scan in scans {
        let columns = table.stratify.iter();
        let of_scan = columns.map(|column| scan.phenotype.get(column).map_or("", String::as_str)).collect();
        values.entry(scan.id.person()).or_default().push(of_scan);
    }
    let mut strata: BTreeMap<Vec<Vec<&str>>, Vec<String>> = BTreeMap::new();
    let persons = values.len();
    for (person, mut of_person) in values {
        of_person.sort_unstable();
        strata.entry(of_person).or_default().push(person);
    }
    let sizes = sizes(persons, table)?;

    let mut rng = seed::stream(seed, "split");
    let mut strata: Vec<Vec<String>> = strata.into_values().collect();
    strata.iter_mut().for_each(|persons| persons.shuffle(&mut rng));
    // Equal remainders fall to the strata in this order.
    strata.shuffle(&mut rng);

    let mut parts = BTreeMap::new();
    for (part, size) in [(Part::Test, sizes.test), (Part::Validation, sizes.validation)] {
        let quotas = quotas(&strata.iter().map(Vec::len).collect::<Vec<_>>(), size);
        for (stratum, take) in strata.iter_mut().zip(quotas) {
            parts.extend(stratum.drain(..take).map(|person| (person, part)));
        }
    }
    parts.extend(strata.into_iter().flatten().map(|person| (person, Part::Train)));
    Ok(Split { parts })
}

/// How many persons each part gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    validation: usize,
    test: usize,
}

/// Shares of `persons`, rounded, and at least one person for each part with a share.
fn sizes(persons: usize, table: &SplitTable) -> Result<Sizes> {
    let (validation, test) = table.sizes(persons);
    let sizes = Sizes { validation, test };
    if sizes.validation + sizes.test >= persons {
        return Err(format!(
            "{persons} subjects cannot be split: {} for validation and {} for test leave none to train on; \
             add subjects or lower `split.validation` and `split.test`",
            sizes.validation, sizes.test
        )
        .into());
    }
    Ok(sizes)
}

/// How many of `total`, at most the sum of `strata`, fall to each stratum: its proportional share
/// rounded down, and one more for the largest remainders (the first of equals).
fn quotas(strata: &[usize], total: usize) -> Vec<usize> {
    let all: usize = strata.iter().sum();
    if all == 0 {
        return vec![0; strata.len()];
    }
    let mut quotas: Vec<usize> = strata.iter().map(|&size| total * size / all).collect();
    let mut order: Vec<usize> = (0..strata.len()).collect();
    order.sort_by_key(|&stratum| std::cmp::Reverse(total * strata[stratum] % all));
    // Fewer than the strata with a remainder, and a stratum with a remainder is not used up.
    let left = total - quotas.iter().sum::<usize>();
    order.into_iter().take(left).for_each(|stratum| quotas[stratum] += 1);
    quotas
}

#[cfg(test)]
mod tests {
    use boldface::ScanId;
    use proptest::prelude::*;

    use super::*;

    fn scan(subject: usize, run: usize, condition: &str) -> ScanInfo {
        let id = ScanId {
            dataset: "d".into(),
            subject: format!("{subject:03}"),
            session: None,
            task: None,
            run: Some(run.to_string()),
        };
        let phenotype = [("condition".to_owned(), condition.to_owned())].into();
        ScanInfo { id, tr: 2.0, trs: 10, rois: 1, phenotype }
    }

    fn table(validation: f64, test: f64) -> SplitTable {
        SplitTable {
            validation: Some(validation),
            test: Some(test),
            stratify: vec!["condition".into()],
            ..SplitTable::default()
        }
    }

    fn split(scans: &[ScanInfo], table: &SplitTable, seed: u64) -> Split {
        divide(&scans.iter().collect::<Vec<_>>(), table, seed).unwrap()
    }

    fn count(split: &Split, part: Part) -> usize {
        split.parts.values().filter(|&&of| of == part).count()
    }

    #[test]
    fn the_largest_remainders_get_the_rest() {
        // 3 of 10 over 5, 4 and 1: 1.5, 1.2 and 0.3; down to 1, 1 and 0, and the rest to the first.
        assert_eq!(quotas(&[5, 4, 1], 3), [2, 1, 0]);
        // 2 of 5 over five strata of one: 0.4 each, the first two.
        assert_eq!(quotas(&[1; 5], 2), [1, 1, 0, 0, 0]);
        assert_eq!(quotas(&[2, 3], 5), [2, 3]);
        assert_eq!(quotas(&[], 0), [0; 0]);
    }

    #[test]
    fn thirty_three_subjects_make_23_5_5() {
        // 0.15 x 33 = 4.95, rounded to 5.
        let scans: Vec<ScanInfo> = (0..33).map(|subject| scan(subject, 1, "rest")).collect();
        let split = split(&scans, &table(0.15, 0.15), 0);
        assert_eq!(Part::ALL.map(|part| count(&split, part)), [23, 5, 5]);
    }

    #[test]
    fn a_small_share_still_gets_one_and_training_is_never_empty() {
        let scans: Vec<ScanInfo> = (0..3).map(|subject| scan(subject, 1, "rest")).collect();
        let of_three = split(&scans, &table(0.01, 0.01), 0);
        assert_eq!(Part::ALL.map(|part| count(&of_three, part)), [1, 1, 1]);
        let error = divide(&scans[..2].iter().collect::<Vec<_>>(), &table(0.01, 0.01), 0).unwrap_err();
        assert!(error.to_string().starts_with("2 subjects cannot be split"), "{error}");
    }

    #[test]
    fn seeds_give_other_splits() {
        let scans: Vec<ScanInfo> = (0..40).map(|subject| scan(subject, 1, "rest")).collect();
        assert_ne!(split(&scans, &table(0.2, 0.2), 0), split(&scans, &table(0.2, 0.2), 1));
    }

    proptest! {
        #[test]
        fn no_subject_is_in_two_parts_and_strata_are_spread(
            // A subject has one to three scans of two conditions.
            subjects in proptest::collection::vec(proptest::collection::vec(0u8..2, 1..4), 8..60),
            seed in 0u64..50,
            reverse in any::<bool>(),
        ) {
            let mut scans = Vec::new();
            for (subject, runs) in subjects.iter().enumerate() {
                for (run, condition) in runs.iter().enumerate() {
                    scans.push(scan(subject, run, ["up", "down"][usize::from(*condition)]));
                }
            }
            let table = table(0.2, 0.2);
            let divided = split(&scans, &table, seed);
            if reverse { scans.reverse() } else { scans.rotate_left(3) }
            prop_assert_eq!(&divided, &split(&scans, &table, seed), "the order of the scans matters");

            // `parts` is by person: all scans of a person have one part, and everyone has one.
            prop_assert_eq!(divided.parts.len(), subjects.len());
            let share = 0.2 * subjects.len() as f64;
            for part in Part::ALL {
                prop_assert!(count(&divided, part) > 0);
                let share = if part == Part::Train { 0.6 * subjects.len() as f64 } else { share };
                prop_assert!((count(&divided, part) as f64 - share).abs() <= 1.0 + 1e-9);
            }
            // In each stratum the held-out parts are within one subject of their share; the second
            // part is taken from what the first left, which may move its share by less than one more.
            let mut strata: BTreeMap<Vec<u8>, Vec<Part>> = BTreeMap::new();
            for (subject, runs) in subjects.iter().enumerate() {
                let mut runs = runs.clone();
                runs.sort_unstable();
                let part = divided.part(&scan(subject, 0, "").id).unwrap();
                strata.entry(runs).or_default().push(part);
            }
            let total = |part| count(&divided, part) as f64 / subjects.len() as f64;
            for parts in strata.values() {
                let off = |part| {
                    let here = parts.iter().filter(|&&of| of == part).count() as f64;
                    (here - total(part) * parts.len() as f64).abs()
                };
                prop_assert!(off(Part::Test) < 1.0 && off(Part::Validation) < 2.0);
            }
        }
    }
}
