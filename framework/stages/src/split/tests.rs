//! Every kind of split, with results worked out by hand.

use std::collections::BTreeSet;
use std::path::Path;

use boldface::{Problem, ScanId};
use expect_test::expect;

use super::*;
use crate::spec::{SplitTable, units};

pub fn scan(subject: usize, run: usize, condition: &str) -> ScanInfo {
    let id = ScanId {
        dataset: "d".into(),
        subject: format!("{subject:03}"),
        session: None,
        task: None,
        run: Some(run.to_string()),
        others: None,
        by_run: false,
    };
    let phenotype = [("condition".to_owned(), condition.to_owned())].into();
    ScanInfo { id, tr: 2.0, trs: 10, rois: 1, phenotype, events: Vec::new(), cuts: Vec::new() }
}

/// Subjects with one scan each, at the site given by `of`.
pub fn sites(subjects: usize, of: impl Fn(usize) -> String) -> Vec<ScanInfo> {
    let of_site = |subject| {
        let mut scan = scan(subject, 1, ["up", "down"][subject % 2]);
        scan.phenotype.insert("site".into(), of(subject));
        scan
    };
    (0..subjects).map(of_site).collect()
}

pub fn table(validation: f64, test: f64) -> SplitTable {
    SplitTable {
        validation: Some(validation),
        test: Some(test),
        stratify: vec!["condition".into()],
        ..SplitTable::default()
    }
}

pub fn folds(count: usize, fold: usize) -> SplitTable {
    SplitTable { folds: Some(count), fold: Some(fold), ..SplitTable::default() }
}

pub fn split(scans: &[ScanInfo], table: &SplitTable, seed: u64) -> Split {
    divide(&scans.iter().collect::<Vec<_>>(), table, seed).unwrap()
}

pub fn count(split: &Split, part: Part) -> usize {
    split.parts.values().filter(|&&of| of == part).count()
}

pub fn persons(split: &Split, part: Part) -> BTreeSet<String> {
    split.parts.iter().filter(|(_, of)| **of == part).map(|(person, _)| person.clone()).collect()
}

fn said(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
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
    expect![[r#"
        split: 2 subjects cannot be split: 1 for validation and 1 for test leave nobody to learn from; add subjects or lower the shares
    "#]]
    .assert_eq(&said(&check(&table(0.01, 0.01), 0, &scans[..2])));
}

#[test]
fn the_split_of_shares_stays_what_it_was() {
    // Test and validation subjects of seed 3 from before there were folds. Published splits must not
    // change.
    let scans: Vec<ScanInfo> = (0..12).map(|subject| scan(subject, 1, ["up", "down"][subject % 2])).collect();
    let split = split(&scans, &table(0.2, 0.2), 3);
    expect![[r#"{"d/sub-000", "d/sub-007"} {"d/sub-001", "d/sub-006"}"#]].assert_eq(&format!(
        "{:?} {:?}",
        persons(&split, Part::Test),
        persons(&split, Part::Validation)
    ));
}

#[test]
fn seeds_and_repetitions_give_other_splits() {
    let scans: Vec<ScanInfo> = (0..40).map(|subject| scan(subject, 1, "rest")).collect();
    assert_ne!(split(&scans, &table(0.2, 0.2), 0), split(&scans, &table(0.2, 0.2), 1));
    for base in [table(0.2, 0.2), folds(5, 2)] {
        let of =
            |repeat| split(&scans, &SplitTable { repeats: Some(3), repeat: Some(repeat), ..base.clone() }, 0);
        assert_eq!(of(0), split(&scans, &base, 0));
        assert!(of(0) != of(1) && of(1) != of(2));
    }
}

#[test]
fn each_site_is_left_out_once() {
    let scans = sites(20, |subject| ["B", "A", "C"][subject % 3].to_owned());
    let mut table = SplitTable { leave_out: Some("site".into()), ..SplitTable::default() };
    let variants = table.variants(&scans);
    assert_eq!(variants.len(), 3);
    for (fold, site) in ["A", "B", "C"].into_iter().enumerate() {
        assert_eq!(variants[fold], [("split.fold".to_owned(), fold.into())].into());
        table.fold = Some(fold);
        let split = split(&scans, &table, 0);
        for scan in &scans {
            assert_eq!(split.part(&scan.id).unwrap() == Part::Test, scan.phenotype["site"] == site);
        }
        // The share is of all 20 subjects.
        assert_eq!(count(&split, Part::Validation), 3);
    }
    assert_eq!(table.variants(&scans), []);
    table.fold = Some(3);
    expect![[r#"
        split.fold: there is no fold 3: the 3 folds are counted from 0; choose 0 to 2
    "#]]
    .assert_eq(&said(&check(&table, 0, &scans)));
}

#[test]
fn variants_are_folds_inside_repetitions() {
    let table = SplitTable { folds: Some(2), repeats: Some(2), ..SplitTable::default() };
    let told: Vec<String> =
        table.variants(&[]).iter().map(|settings| serde_json::to_string(settings).unwrap()).collect();
    expect![[r#"
        {"split.fold":0,"split.repeat":0}
        {"split.fold":1,"split.repeat":0}
        {"split.fold":0,"split.repeat":1}
        {"split.fold":1,"split.repeat":1}"#]]
    .assert_eq(&told.join("\n"));
    assert_eq!(SplitTable::default().variants(&[]), []);
    assert_eq!(SplitTable { fold: Some(1), ..table }.variants(&[]).len(), 2);
}

#[test]
fn who_shares_a_value_with_a_third_is_of_one_unit() {
    let mut scans = sites(4, |subject| ["A", "A", "B", "C"][subject].to_owned());
    // The third subject also has a scan at site A, which joins both sites.
    let mut second = scan(2, 2, "up");
    second.phenotype.insert("site".into(), "A".into());
    scans.push(second);
    let units = units(&scans, &["site"]);
    let sizes: Vec<(&str, usize)> =
        units.iter().map(|(name, persons)| (name.as_str(), persons.len())).collect();
    assert_eq!(sizes, [("A + B", 3), ("C", 1)]);
}

#[test]
fn contradictions_and_ranges_are_told() {
    let scans = sites(6, |subject| format!("s{}", subject % 2));
    let told = |table: &SplitTable| said(&check(table, 0, &scans));
    let all = SplitTable {
        test: Some(0.2),
        leave_out: Some("site".into()),
        folds: Some(1),
        repeat: Some(0),
        ..SplitTable::default()
    };
    expect![[r#"
        split.leave-out: `folds` and `leave-out` both decide the test part; leave one of them out
        split.test: `folds` and `test` both decide how large the test part is; the fold is the test part: leave `test` out
        split.repeat: there are no repetitions to choose from; add `repeats`
        split.folds: must be at least 2, is 1; one fold would leave nobody to learn from
    "#]].assert_eq(&told(&all));
    let file = SplitTable {
        file: Some("split.tsv".into()),
        test: Some(0.2),
        folds: Some(5),
        ..SplitTable::default()
    };
    expect![[r#"
        split.test: `file` already says who is in which part, so `test` has no effect; leave one of them out
        split.folds: `file` already says who is in which part, so `folds` has no effect; leave one of them out
    "#]]
    .assert_eq(&told(&file));
    expect![[r#"
        split.fold: there is no fold 5: the 5 folds are counted from 0; choose 0 to 4
    "#]]
    .assert_eq(&told(&folds(5, 5)));
    expect![[r#"
        split.folds: 7 folds need more than the 6 subjects; at most `folds = 6`
    "#]]
    .assert_eq(&told(&folds(7, 0)));
    expect![[r#"
        split.folds: 3 folds need more than the 2 groups by `site`; at most `folds = 2`
    "#]]
    .assert_eq(&told(&SplitTable { group: Some("site".into()), ..folds(3, 0) }));
    expect![[r#"
        split.group: the 2 groups by `site` are too few for 3 parts; group by another column, or leave `group` out
    "#]].assert_eq(&told(&SplitTable { group: Some("site".into()), ..table(0.2, 0.2) }));
    expect![[r#"
        split: `validation` 0.5 and `test` 0.5 leave nobody to learn from; lower them to a sum below 1
        split.group: no scan has a column `family`; there are `condition`, `site`
    "#]]
    .assert_eq(&told(&SplitTable { group: Some("family".into()), ..table(0.5, 0.5) }));
    expect![[r#"
        split.fold: there are no folds to choose from; add `folds` or `leave-out`
        split.validation: `validation` must lie between 0 and 1, is 1.5; write a share such as 0.15
    "#]]
    .assert_eq(&told(&SplitTable { fold: Some(1), validation: Some(1.5), ..SplitTable::default() }));
    let mut scans = scans.clone();
    scans[3].phenotype.remove("site");
    let table = SplitTable { group: Some("site".into()), ..table(0.2, 0.2) };
    expect![[r#"
        split.group: 1 of 6 scans have no `site`: `d/sub-003_run-1`; fill the column, or leave those scans out
    "#]]
    .assert_eq(&said(&check(&table, 0, &scans)));
}

#[test]
fn a_file_says_who_is_where() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("split.tsv");
    let scans: Vec<ScanInfo> = (0..4).map(|subject| scan(subject, 1, "rest")).collect();
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        read_file(&path, Path::new("split.tsv"), &scans)
    };
    let good = "participant_id\tpart\nsub-000\ttrain\n001\ttrain\nsub-002\tvalidation\nsub-003\ttest\n";
    let parts = read(good).unwrap();
    assert_eq!(
        parts.values().copied().collect::<Vec<_>>(),
        [Part::Train, Part::Train, Part::Validation, Part::Test]
    );
    let wrong = "participant_id\tpart\nsub-000\ttrain\nsub-000\ttest\nsub-009\ttest\nsub-002\tdev\nn/a\ttrain\nsub-003\tn/a\n";
    expect![[r#"
        file: `sub-000` is in `train` on line 2 and in `test` on line 3
        file: line 4: no scan is of `sub-009`; did you mean `000`?
        file: line 5: no part is named `dev`; there are `train`, `validation`, `test`
        file: line 6: there is no `participant_id`
        file: line 7: `sub-003` has no `part`
    "#]]
    .assert_eq(&said(&read(wrong).unwrap_err()));
    expect![[r#"
        file: `split.tsv` has no row for `d/sub-001`, `d/sub-002`, `d/sub-003`; give every subject a part, or leave subjects out of the dataset
    "#]].assert_eq(&said(&read("participant_id\tpart\nsub-000\ttrain\n").unwrap_err()));
    expect![[r#"
        file: `split.tsv` puts nobody in `test`; all three parts are needed: train, validation and test
    "#]]
    .assert_eq(&said(&read(&good.replace("test", "train")).unwrap_err()));
    expect![[r#"
        file: `split.tsv`: no column is named `participant_id`; the columns are `subject`, `part`
    "#]]
    .assert_eq(&said(&read("subject\tpart\n000\ttrain\n").unwrap_err()));
    expect![[r#"
        file: `split.tsv`: line 5 has 3 cells, but the header has 2
    "#]]
    .assert_eq(&said(&read(&good.replace("sub-003\ttest", "sub-003\ttest\textra")).unwrap_err()));
    std::fs::remove_file(&path).unwrap();
    let gone = read_file(&path, Path::new("split.tsv"), &scans).unwrap_err();
    assert_eq!(gone[0].message, "there is no file `split.tsv`");
}

#[test]
fn a_file_tells_datasets_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("split.tsv");
    let mut scans: Vec<ScanInfo> =
        (0..2).flat_map(|subject| [scan(subject, 1, "a"), scan(subject, 1, "a")]).collect();
    scans[1].id.dataset = "e".into();
    scans[3].id.dataset = "e".into();
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        read_file(&path, Path::new("split.tsv"), &scans)
    };
    let good =
        "participant_id\tdataset\tpart\n000\td\ttrain\n000\te\ttest\n001\td\tvalidation\n001\te\ttrain\n";
    assert_eq!(read(good).unwrap()["e/sub-000"], Part::Test);
    expect![[r#"
        file: line 2: `000` is a subject of `d` and `e`; say which in a column `dataset`
    "#]]
    .assert_eq(&said(&read("participant_id\tpart\n000\ttrain\n").unwrap_err()));
    expect![[r#"
        file: line 5: no scan of dataset `f` is of `001`; did you mean `d`?
    "#]]
    .assert_eq(&said(&read(&good.replace("001\te", "001\tf")).unwrap_err()));
}

#[test]
fn more_runs_than_a_sweep_may_have_are_a_problem_and_not_made() {
    let table = SplitTable { folds: Some(10_000), repeats: Some(10_000), ..SplitTable::default() };
    assert_eq!(table.variants(&[]).len(), 10_000);
    let problems = check::check(&table, 0, &[]);
    assert!(problems.iter().any(|problem| problem.message.contains("make 100000000 runs")), "{problems:?}");
}
