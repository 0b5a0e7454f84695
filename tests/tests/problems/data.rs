//! Mistakes that appear only together with the data.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};

use super::{check, said};

#[test]
fn the_split() {
    check(
        &[("[split]", "[split]\ntest = 0.0")],
        expect![[r#"
        spec.toml:13:8: `test` must lie between 0 and 1, is 0; write a share such as 0.15
    "#]],
    );
    check(
        &[("[split]", "[split]\ntest = 0.6\nvalidation = 0.4")],
        expect![[r#"
        spec.toml:12:2: `validation` 0.4 and `test` 0.6 leave nobody to learn from; lower them to a sum below 1
    "#]],
    );
    check(
        &[("subjects = 12", "subjects = 2")],
        expect![[r#"
        spec.toml:12:2: 2 subjects cannot be split: 1 for validation and 1 for test leave nobody to learn from; add subjects or lower the shares
        spec.toml:33:11: no scan has `high` as its `condition`; leave the class out or add subjects
    "#]],
    );
    check(
        &[("stratify = [\"condition\"]", "stratify = [\"condition\", \"grup\"]")],
        expect![[r#"
        spec.toml:13:26: no scan has a column `grup`; did you mean `group`?
    "#]],
    );
}

#[test]
fn lengths() {
    check(
        &[("[signal]\ntrs = 80", "[signal]\ntrs = 80\nstart = 20")],
        expect![[r#"
        spec.toml:10:7: the crop needs 100 volumes (`start` + `trs`), but `made/sub-01_run-1` has 80, `made/sub-02_run-1` has 80, `made/sub-03_run-1` has 80 and 9 more are too short; at most `trs = 60` keeps every scan; a scan is never padded
    "#]],
    );
    check(
        &[("[signal]\ntrs = 80", "[signal]\ntrs = 75"), ("context = 60", "context = 40")],
        expect![[r#"
        spec.toml:10:7: 75 volumes are not a whole number of the tokenizer's patches of 20; set `trs = 60`, or another `tokenizer.patch`
    "#]],
    );
    check(
        &[("context = 60", "context = 80")],
        expect![[r#"
        spec.toml:37:11: 80 shown and 20 predicted volumes make 100, but scans are cropped to 80; shorten `context` or `horizon`, or raise the dataset's `trs`
    "#]],
    );
}

#[test]
fn a_context_too_short_for_a_scan() {
    // 20 regions x 4 patches make 80 tokens.
    check(
        &[("type = \"bigram\"", "type = \"gpt\"\ncontext = 64")],
        expect![[r#"
        spec.toml:21:2: a window of 128 tokens is not between 2 and `context`; `context` is 64
        spec.toml:23:11: a scan is 80 tokens (20 regions x 4 patches), which leaves no room for text in a context of 64; raise the context above 80, lower `signal.trs` or raise `tokenizer.patch`
    "#]],
    );
}

#[test]
fn targets_and_classes() {
    check(
        &[("target = \"condition\"", "target = \"sex\"")],
        expect![[r#"
        spec.toml:32:10: no scan has a value for `sex`; columns are: condition, group
    "#]],
    );
    check(
        &[("[\"low\", \"high\"]", "[\"low\", \"high\", \"middle\"]")],
        expect![[r#"
        spec.toml:33:11: no scan has `middle` as its `condition`; leave the class out or add subjects
    "#]],
    );
    check(
        &[("[\"low\", \"high\"]", "[\"low\"]")],
        expect![[r#"
            spec.toml:33:11: there is nothing to choose between; list every value that the target takes
            spec.toml:33:11: `condition` takes the value `high`, which is not a class; add `high` to `classes`, or leave such scans out with `others = "skip"`
        "#]],
    );
}

#[test]
fn missing_files() {
    let series = "type = \"series\"\npath = \"data/pian\"";
    check(
        &[("type = \"synthetic\"\nsubjects = 12\ntrs = 80", series)],
        expect![[r#"
        spec.toml:6:8: there is no folder `data/pian`; a path is relative to the spec: this one is `data/pian`
    "#]],
    );
    check(
        &[("type = \"synthetic\"\nsubjects = 12\ntrs = 80", "type = \"series\"")],
        expect![[r#"
        spec.toml:4:11: missing field `path`; name the folder of the data, relative to the spec
    "#]],
    );
    check(
        &[("[signal]", "[text]\npath = \"stories.txt\"\n\n[signal]")],
        expect![[r#"
        spec.toml:10:8: there is no file `stories.txt`; a path is relative to the spec: this one is `stories.txt`
    "#]],
    );
}

#[test]
fn two_datasets_that_do_not_fit() {
    let other = "[datasets.other]\ntype = \"synthetic\"\nrois = 24\ntr = 3.0\nsubjects = 6\n\n[signal]";
    check(
        &[("[signal]", other)],
        expect![[r#"
            spec.toml:9:11: `other` has 24 regions, `made` has 20; parcellate both with one atlas
            spec.toml:9:11: `other/sub-1_run-1` has a repetition time of 3 s, `made/sub-01_run-1` one of 2 s; resample one of them, or let patches last unequally long with `signal.mixed-tr = true`
        "#]],
    );
}

/// Creates a small series dataset: three subjects, two regions, four volumes.
fn folder(dir: &Path) {
    let data = dir.join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("seg-two_dseg.tsv"), "index\tname\tnetwork\n1\tA\tx\n2\tB\ty\n").unwrap();
    for subject in ["01", "02", "03"] {
        let signal = format!("A\tB\n1\t2\n2\t1\n1\t3\n0\t{subject}\n");
        fs::write(data.join(format!("sub-{subject}_task-rest_seg-two_timeseries.tsv")), signal).unwrap();
    }
    fs::write(data.join("participants.tsv"), "participant_id\tsex\nsub-01\tf\nsub-02\tm\nsub-03\tn/a\n")
        .unwrap();
}

const SERIES: &str = r#"
datasets.d = { type = "series", path = "data", tr = 2.0 }
signal.trs = 4
tokenizer = { type = "quantile", patch = 2 }
backbone.type = "bigram"
tasks.forecasting = { context = 2, horizon = 2 }
"#;

fn check_folder(spoil: impl FnOnce(&Path), source: &str, expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    spoil(&dir.path().join("data"));
    expected.assert_eq(&said(dir.path(), source));
}

#[test]
fn a_folder_of_series() {
    check_folder(
        |_| {},
        SERIES,
        expect![[r#"
        no problem, 7 stages
    "#]],
    );
    let scan = "sub-02_task-rest_seg-two_timeseries.tsv";
    let spoil = |data: &Path| fs::write(data.join(scan), "A\tB\n1\t2\n").unwrap();
    check_folder(
        spoil,
        SERIES,
        expect![[r#"
        spec.toml:3:14: the crop needs 4 volumes (`start` + `trs`), but `d/sub-02_task-rest` has 1; at most `trs = 1` keeps every scan; a scan is never padded
    "#]],
    );
    let spoil =
        |data: &Path| fs::write(data.join("seg-two_dseg.tsv"), "index\tname\tnetwork\n1\tA\tx\n").unwrap();
    check_folder(
        spoil,
        SERIES,
        expect![[r#"
        spec.toml:2:10: file `data/sub-01_task-rest_seg-two_timeseries.tsv`: column `B` is not in the region table (and 2 more of 3 scans have a problem)
    "#]],
    );
    check_folder(
        |data| fs::remove_file(data.join("seg-two_dseg.tsv")).unwrap(),
        SERIES,
        expect![[r#"
        no problem, 7 stages
    "#]],
    );
}

#[test]
fn a_participant_without_the_target_and_a_class_with_one_subject() {
    // `sub-03` has `n/a`, and each sex occurs once. With `missing = "skip"`, only the latter is
    // reported.
    let task = |rest: &str| {
        let classes = "target = \"sex\", classes = [\"f\", \"m\"]";
        format!("{SERIES}tasks.sex = {{ type = \"classification\", {classes}{rest} }}\n")
    };
    check_folder(
        |_| {},
        &task(""),
        expect![[r#"
        spec.toml:7:49: `sex` has no value for `d/sub-03_task-rest`; fill the table in, or leave such scans out with `missing = "skip"`
        spec.toml:7:66: class `f` occurs in one subject only: it cannot be in both training and test; leave the class out or add subjects
        spec.toml:7:66: class `m` occurs in one subject only: it cannot be in both training and test; leave the class out or add subjects
    "#]],
    );
    check_folder(
        |_| {},
        &task(", missing = \"skip\""),
        expect![[r#"
        spec.toml:7:66: class `f` occurs in one subject only: it cannot be in both training and test; leave the class out or add subjects
        spec.toml:7:66: class `m` occurs in one subject only: it cannot be in both training and test; leave the class out or add subjects
    "#]],
    );
}
