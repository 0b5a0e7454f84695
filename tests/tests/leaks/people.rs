//! One person in two parts, through any route.

use boldface_tests::Sandbox;
use expect_test::expect;

use super::{SPEC, person, recording, run_says, said, study, study_of, with};

#[test]
fn a_study_as_it_should_be() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    assert_eq!(said(&sandbox, SPEC), "no problem\n");
}

#[test]
fn one_person_under_two_spellings() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        if i == 4 {
            person.label = "001".to_owned();
        }
    });
    expect![[r#"
        spec.toml:2:11: leak `datasets.files.spelling`: `sub-001` and `sub-01` look like one person under two labels; give a person one label; or accept it with a reason: `[leakage] accept = { "datasets.files.spelling" = "..." }`
    "#]].assert_eq(&said(&sandbox, SPEC));
}

#[test]
fn visits_as_people() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.label = format!("{:02}v{}", i / 2 + 1, i % 2 + 1));
    expect![[r#"
        spec.toml:2:11: leak `datasets.files.visits`: `sub-01v1` and `sub-01v2`, `sub-02v1` and `sub-02v2`, `sub-03v1` and `sub-03v2` and 9 more look like visits of one person, and would be divided; name the visit in `ses-`, as BIDS does, or keep people together with `[split] group`; or accept it with a reason: `[leakage] accept = { "datasets.files.visits" = "..." }`
    "#]].assert_eq(&said(&sandbox, SPEC));
}

#[test]
fn a_family_on_both_sides() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.columns.push(("family_id", format!("F{}", i % 8))));
    expect![[r#"
        spec.toml:10:2: leak `split.related.family_id`: `F0` (files/sub-01, files/sub-09, files/sub-17) of `family_id`, `F1` (files/sub-02, files/sub-10, files/sub-18) of `family_id`, `F2` (files/sub-03, files/sub-11, files/sub-19) of `family_id` and 4 more is in more than one part; keep them together: `[split] group = "family_id"`; or accept it with a reason: `[leakage] accept = { "split.related.family_id" = "..." }`
    "#]].assert_eq(&said(&sandbox, SPEC));
}

/// A second dataset in `more`.
const MORE: &str = "[datasets.more]\ntype = \"series\"\npath = \"more\"\ntr = 2.0\n";

#[test]
fn the_same_people_in_two_datasets() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    // Other recordings of the same people, recognisable only by their ages.
    study(&sandbox, "more", |i, person| person.signal = 100 + i);
    expect![[r#"
        spec.toml:31:11: leak `datasets.more.people-of.files`: `sub-01`, `sub-02`, `sub-03` and 21 more are also in `files`, and 24 of 24 agree in `age`: the same people under two names; put all scans of a person into one dataset, or keep them together by a column that both have: `[split] group`; or accept it with a reason: `[leakage] accept = { "datasets.more.people-of.files" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with(MORE)));
}

#[test]
fn labels_that_no_two_studies_give_out() {
    let sandbox = Sandbox::new();
    let label = |i: usize| format!("NDARAB{:03}", 7 * i);
    study(&sandbox, "data", |i, person| {
        person.label = label(i);
        person.columns.truncate(1);
    });
    study_of(&sandbox, "more", 12, |i, person| {
        person.signal = 100 + i;
        person.label = label(i + 12);
        person.columns.truncate(1);
    });
    expect![[r#"
        spec.toml:31:11: leak `datasets.more.people-of.files`: `sub-NDARAB084`, `sub-NDARAB091`, `sub-NDARAB098` and 9 more are also in `files`, and two studies would not share such labels: the same people under two names; put all scans of a person into one dataset, or keep them together by a column that both have: `[split] group`; or accept it with a reason: `[leakage] accept = { "datasets.more.people-of.files" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with(MORE)));
}

#[test]
fn other_people_with_the_same_numbers() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    study(&sandbox, "more", |i, person| {
        person.signal = 100 + i;
        person.columns[1].1 = (30 + 11 * i % 29).to_string();
    });
    assert_eq!(said(&sandbox, &with(MORE)), "no problem\n");
}

#[test]
fn a_folder_read_twice() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, person| person.columns.truncate(1));
    let again = "[datasets.again]\ntype = \"series\"\npath = \"data\"\ntr = 2.0\n";
    expect![[r#"
        spec.toml:2:11: leak `datasets.files.copy`: it has the same files as `again`, read the same way: every person is there twice; remove one of the two; or accept it with a reason: `[leakage] accept = { "datasets.files.copy" = "..." }`
    "#]].assert_eq(&said(&sandbox, &with(again)));
}

#[test]
fn a_file_under_two_names() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.signal = if i == 9 { 3 } else { i });
    expect![[r#"
        spec.toml:2:2: leak `series.copies`: `files/sub-04/sub-04_timeseries.tsv` and `files/sub-10/sub-10_timeseries.tsv` are the same file under the names of several people; find out whose recording it is, and remove the others; or accept it with a reason: `[leakage] accept = { "series.copies" = "..." }`
    "#]].assert_eq(&said(&sandbox, SPEC));
}

#[test]
fn a_recording_in_other_units_under_another_name() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    let copy = recording(person(3).signal, 40, |x| 1000.0 - 25.0 * x);
    sandbox.write("data/sub-10/sub-10_timeseries.tsv", &copy);
    assert_eq!(said(&sandbox, SPEC), "no problem\n");
    expect![[r#"
        stage `series` shows a leak; nothing after it was run
          datasets: leak `series.copies`: `files/sub-04` and `files/sub-10` are the same recording of two people; find out whose recording it is, and remove the other; or accept it with a reason: `[leakage] accept = { "series.copies" = "..." }`
    "#]].assert_eq(&run_says(&sandbox, SPEC));
}

#[test]
fn made_people_with_the_same_seed() {
    let sandbox = Sandbox::new();
    let made = SPEC.replace("type = \"series\"\npath = \"data\"\ntr = 2.0", "type = \"synthetic\"\ntrs = 40");
    assert_eq!(said(&sandbox, &made), "no problem\n");
    let twice = made + "[datasets.again]\ntype = \"synthetic\"\ntrs = 40\nsubjects = 30\n";
    expect![[r#"
        stage `series` shows a leak; nothing after it was run
          datasets: leak `series.copies`: `again/sub-01_run-1` and `files/sub-01_run-1`, `again/sub-02_run-1` and `files/sub-02_run-1`, `again/sub-03_run-1` and `files/sub-03_run-1` and 20 more are the same recording of two people; find out whose recording it is, and remove the other; or accept it with a reason: `[leakage] accept = { "series.copies" = "..." }`
          datasets: leak `series.near-copies`: `again/sub-05_run-1` and `files/sub-05_run-1` (r = 0.95), `again/sub-07_run-1` and `files/sub-07_run-1` (r = 0.93), `again/sub-10_run-1` and `files/sub-10_run-1` (r = 0.93) and 4 more show the same activity: one recording under the names of two people, shifted, reversed or cleaned otherwise; find out whose recording it is, and remove the other; or accept it with a reason: `[leakage] accept = { "series.near-copies" = "..." }`
    "#]].assert_eq(&run_says(&sandbox, &twice));
}
