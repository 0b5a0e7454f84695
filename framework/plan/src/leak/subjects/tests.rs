//! One person under two labels, in one dataset and in two, and other people with similar labels.

use std::collections::BTreeMap;

use boldface::ScanId;

use super::*;

/// Makes a person of a dataset with columns.
fn person(dataset: &str, label: String, columns: &[(&str, String)]) -> ScanInfo {
    let phenotype: BTreeMap<String, String> =
        columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let id = ScanId::new(dataset, label);
    ScanInfo { id, tr: 2.0, trs: 9, rois: 1, phenotype, events: vec![], cuts: vec![] }
}

/// Returns an age that tells people apart, the more so with a decimal.
fn age(i: usize) -> String {
    (18 + 7 * i % 43).to_string()
}

/// Returns the worst status and what was found.
fn worst(scans: &[ScanInfo]) -> (CheckStatus, String) {
    let worst = checks(scans).into_iter().max_by_key(|check| check.status);
    worst.map(|check| (check.status, format!("{}: {}", check.id, check.found))).unwrap()
}

/// Checks 24 people of one dataset with labels and ages.
fn one_dataset(
    label: impl Fn(usize) -> String,
    age: Option<&dyn Fn(usize) -> String>,
) -> (CheckStatus, String) {
    let columns = |i: usize| age.map(|age| ("age", age(i))).into_iter().collect::<Vec<_>>();
    worst(&(0..24).map(|i| person("d", label(i), &columns(i))).collect::<Vec<_>>())
}

/// Checks 24 people of each of two datasets with labels and ages.
fn two_datasets(
    labels: [&dyn Fn(usize) -> String; 2],
    ages: Option<[&dyn Fn(usize) -> String; 2]>,
) -> (CheckStatus, String) {
    let columns =
        |set: usize, i: usize| ages.map(|ages| ("age", ages[set](i))).into_iter().collect::<Vec<_>>();
    let people = (0..48).map(|i| {
        let (set, i) = (i / 24, i % 24);
        person(["d", "e"][set], labels[set](i), &columns(set, i))
    });
    worst(&people.collect::<Vec<_>>())
}

#[test]
fn other_spellings_in_one_dataset() {
    let (status, found) = one_dataset(|i| format!("{}{}", ["S", "s0"][i % 2], i / 2 + 1), None);
    assert_eq!(status, CheckStatus::Failed, "{found}");
    assert!(found.starts_with("datasets.d.spelling"), "{found}");
    assert_eq!(one_dataset(|i| format!("S{:02}", i + 1), None).0, CheckStatus::Passed);
}

#[test]
fn visits_in_one_dataset() {
    for [first, second] in
        [["bl", "m12"], ["v1", "v02"], ["pre", "post"], ["Sbl", "Sm12"], ["-ses-1", "-ses-2"]]
    {
        let (status, found) = one_dataset(|i| format!("{:03}{}", i / 2 + 1, [first, second][i % 2]), None);
        assert_eq!(status, CheckStatus::Failed, "{first}: {found}");
        assert!(found.starts_with("datasets.d.visits"), "{found}");
    }
    let (status, found) = one_dataset(|i| format!("{}{:03}", ["pre", "post"][i % 2], i / 2 + 1), None);
    assert_eq!(status, CheckStatus::Failed, "{found}");
    // Numbers of people behind the letter of a site, not visits.
    assert_eq!(one_dataset(|i| format!("{}v{:03}", i % 2 + 1, i + 1), None).0, CheckStatus::Passed);
}

#[test]
fn two_people_of_a_dyad_are_no_visits() {
    let label = |i: usize| format!("{:02}{}", i / 2 + 1, ["a", "b"][i % 2]);
    assert_eq!(one_dataset(label, None).0, CheckStatus::Warned);
    assert_eq!(one_dataset(label, Some(&age)).0, CheckStatus::Warned);
    assert_eq!(one_dataset(label, Some(&|i| age(i / 2))).0, CheckStatus::Failed);
}

#[test]
fn letters_for_groups_and_for_one_person() {
    let groups = |i: usize| format!("{}{:02}", ["A", "B"][i % 2], i / 2 + 1);
    assert_eq!(one_dataset(groups, None).0, CheckStatus::Passed);
    assert_eq!(one_dataset(groups, Some(&age)).0, CheckStatus::Passed);
    assert_eq!(one_dataset(groups, Some(&|i| age(i / 2))).0, CheckStatus::Failed);
    let bare = |i: usize| format!("{}{:02}", ["", "P"][i % 2], i / 2 + 1);
    assert_eq!(one_dataset(bare, None).0, CheckStatus::Warned);
    assert_eq!(one_dataset(bare, Some(&age)).0, CheckStatus::Passed);
    assert_eq!(one_dataset(bare, Some(&|i| age(i / 2))).0, CheckStatus::Failed);
}

#[test]
fn one_person_in_two_datasets() {
    let (small, prefixed) = (|i: usize| format!("{:02}", i + 1), |i: usize| format!("P{:03}", i + 1));
    let (large, padded) = (|i: usize| (50_003 + i).to_string(), |i: usize| format!("00{}", 50_003 + i));
    let other = |i: usize| age(i + 5);
    let older = |i: usize| (19 + 7 * i % 43).to_string();
    assert_eq!(two_datasets([&large, &padded], None).0, CheckStatus::Failed);
    assert_eq!(two_datasets([&|i| format!("UM{}", large(i)), &padded], None).0, CheckStatus::Failed);
    assert_eq!(
        two_datasets([&|i| format!("002S4{i:03}bl"), &|i| format!("002S4{i:03}m12")], None).0,
        CheckStatus::Failed
    );
    let unpadded = |i: usize| (i + 1).to_string();
    let spelled: [[&dyn Fn(usize) -> String; 2]; 2] = [[&small, &prefixed], [&small, &unpadded]];
    for labels in spelled {
        assert_eq!(two_datasets(labels, Some([&age, &age])).0, CheckStatus::Failed);
        // A year later.
        assert_eq!(two_datasets(labels, Some([&age, &older])).0, CheckStatus::Failed);
        assert_eq!(two_datasets(labels, Some([&age, &other])).0, CheckStatus::Passed);
        assert_eq!(two_datasets(labels, None).0, CheckStatus::Warned);
    }
    // Series with letters of their own are other people unless their ages say otherwise.
    let control = |i: usize| format!("C{:02}", i + 1);
    assert_eq!(two_datasets([&control, &prefixed], None).0, CheckStatus::Passed);
    assert_eq!(two_datasets([&control, &prefixed], Some([&age, &age])).0, CheckStatus::Failed);
}

#[test]
fn people_are_known_by_what_only_one_has() {
    let labels: [&dyn Fn(usize) -> String; 2] =
        [&|i| format!("{:02}", i + 1), &|i| format!("NDARINV{:05}", i * 7919)];
    let fine = |i: usize| format!("{:.2}", 20.0 + (i * 1571 % 4001) as f64 / 100.0);
    let finer = |i: usize| fine(i + 40);
    let (status, found) = two_datasets(labels, Some([&fine, &|i| fine(23 - i)]));
    assert_eq!(status, CheckStatus::Failed, "{found}");
    assert!(found.starts_with("datasets.e.values-of.d: 24 of 24"), "{found}");
    assert_eq!(two_datasets(labels, Some([&fine, &finer])).0, CheckStatus::Passed);
    // Whole years and numbers in order are common to all studies.
    assert_eq!(two_datasets(labels, Some([&age, &age])).0, CheckStatus::Passed);
    assert_eq!(two_datasets(labels, Some([&|i| i.to_string(), &|i| i.to_string()])).0, CheckStatus::Passed);
}
