//! Properties of every split: nobody is in two parts, and over all folds everyone is tested once.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, ScanInfo, Split};
use proptest::prelude::*;

use super::tests::{count, folds, persons, scan, sites, split, table};
use crate::spec::SplitTable;

/// Whether all persons of a site are in the same part.
fn sites_are_whole(scans: &[ScanInfo], split: &Split) -> bool {
    let mut seen: BTreeMap<&str, Part> = BTreeMap::new();
    scans.iter().all(|scan| {
        let part = split.part(&scan.id).unwrap();
        *seen.entry(&scan.phenotype["site"]).or_insert(part) == part
    })
}

proptest! {
    #[test]
    fn over_all_folds_everyone_is_tested_once(
        of_subject in proptest::collection::vec((0usize..9, 1usize..4), 12..70),
        count_of_folds in 2usize..6,
        repeat in 0usize..3,
        grouped in any::<bool>(),
        seed in 0u64..50,
    ) {
        let mut scans = Vec::new();
        for (subject, (site, runs)) in of_subject.iter().enumerate() {
            for run in 0..*runs {
                let mut scan = scan(subject, run, ["up", "down"][(subject + run) % 2]);
                scan.phenotype.insert("site".into(), site.to_string());
                scans.push(scan);
            }
        }
        let sites: BTreeSet<usize> = of_subject.iter().map(|(site, _)| *site).collect();
        // Two more sites than folds, so that something is left for validation and training.
        prop_assume!(!grouped || sites.len() >= count_of_folds + 2);
        let mut tested: Vec<String> = Vec::new();
        let mut sizes = Vec::new();
        for fold in 0..count_of_folds {
            let table = SplitTable {
                stratify: vec!["condition".into()],
                validation: Some(0.1),
                group: grouped.then(|| "site".into()),
                repeats: Some(3),
                repeat: Some(repeat),
                ..folds(count_of_folds, fold)
            };
            let divided = split(&scans, &table, seed);
            let turned: Vec<ScanInfo> = scans.iter().rev().cloned().collect();
            prop_assert_eq!(&divided, &split(&turned, &table, seed), "the order of the scans matters");
            prop_assert_eq!(divided.parts.len(), of_subject.len());
            prop_assert!(!grouped || sites_are_whole(&scans, &divided));
            prop_assert!(Part::ALL.iter().all(|part| count(&divided, *part) > 0));
            sizes.push(count(&divided, Part::Test));
            tested.extend(persons(&divided, Part::Test));
        }
        tested.sort_unstable();
        let everyone: BTreeSet<String> = scans.iter().map(|scan| scan.id.person()).collect();
        prop_assert_eq!(tested, everyone.into_iter().collect::<Vec<_>>());
        let range = sizes.iter().max().unwrap() - sizes.iter().min().unwrap();
        prop_assert!(grouped || range <= 1, "{:?}", sizes);
    }

    #[test]
    fn a_group_is_in_one_part(
        site_of in proptest::collection::vec(0usize..8, 20..80),
        seed in 0u64..50,
        stratified in any::<bool>(),
    ) {
        let scans = sites(site_of.len(), |subject| site_of[subject].to_string());
        prop_assume!(site_of.iter().collect::<BTreeSet<_>>().len() >= 4);
        let mut table = SplitTable { group: Some("site".into()), ..table(0.2, 0.2) };
        if !stratified {
            table.stratify.clear();
        }
        let grouped = split(&scans, &table, seed);
        prop_assert!(sites_are_whole(&scans, &grouped));
        prop_assert!(Part::ALL.iter().all(|part| count(&grouped, *part) > 0));
        // Leaves out sites, and groups validation by site too.
        table.leave_out = Some("site".into());
        table.test = None;
        for fold in 0..table.variants(&scans).len() {
            table.fold = Some(fold);
            prop_assert!(sites_are_whole(&scans, &split(&scans, &table, seed)));
        }
    }

    #[test]
    fn no_subject_is_in_two_parts_and_strata_are_spread(
        // Each subject has one to three scans, of two conditions.
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

        // `parts` is by person, so all scans of a person are in one part. Everyone must be in one.
        prop_assert_eq!(divided.parts.len(), subjects.len());
        let share = 0.2 * subjects.len() as f64;
        for part in Part::ALL {
            prop_assert!(count(&divided, part) > 0);
            let share = if part == Part::Train { 0.6 * subjects.len() as f64 } else { share };
            prop_assert!((count(&divided, part) as f64 - share).abs() <= 1.0 + 1e-9);
        }
        // In each stratum, test is within one subject of its share. Validation is taken from what test
        // leaves, which may move its share by less than one more.
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
