//! One wrong spec for each kind of mistake, and exactly what is said of it before anything runs.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::Path;

use boldface_plugins as _;
use boldface_runner::plan::{Build, resolve};
use expect_test::{Expect, expect};

const RIGHT: &str = r#"seed = 0
engine = "dfdx"

[datasets.made]
type = "synthetic"
subjects = 12
trs = 80

[signal]
trs = 80

[split]
stratify = ["condition"]

[corpora.connectivity]

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[instruction]
steps = 10
warmup = 2
peak-lr = 1e-3
lora = { rank = 2 }

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[tasks.forecasting]
context = 60
horizon = 20
"#;

/// What is said of `source` in the folder `dir`, one problem a line, the folder's name left out.
fn said(dir: &Path, source: &str) -> String {
    let build = Build { engines: &["dfdx"], devices: &["cpu"] };
    match resolve(&dir.join("spec.toml"), source, &build) {
        Ok(plan) => format!("no problem, {} stages\n", plan.stages.len()),
        Err(problems) => {
            let lines = problems.iter().map(|problem| format!("{problem}\n"));
            lines.collect::<String>().replace(&format!("{}/", dir.display()), "")
        }
    }
}

/// The right spec with each text replaced by another.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(RIGHT.to_owned(), |spec, (from, to)| {
        assert_eq!(spec.matches(from).count(), 1, "`{from}` must occur once");
        spec.replace(from, to)
    })
}

fn check(edits: &[(&str, &str)], expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    expected.assert_eq(&said(dir.path(), &edited(edits)));
}

#[test]
fn the_right_spec_is_right() {
    check(
        &[],
        expect![[r#"
        no problem, 11 stages
    "#]],
    );
}

#[test]
fn broken_toml() {
    check(
        &[("[signal]", "[signal")],
        expect![[r#"
        spec.toml:9:8: unclosed table, expected `]`
    "#]],
    );
    check(
        &[("seed = 0", "seed = nan")],
        expect![[r#"
        spec.toml:1:8: `NaN` is not a number to compute with
    "#]],
    );
    check(
        &[("[backbone]", "[tokenizer]")],
        expect![[r#"
        spec.toml:21:2: duplicate key
        spec.toml:22:1: duplicate key
    "#]],
    );
}

#[test]
fn sections() {
    check(
        &[("[split]", "[spilt]")],
        expect![[r#"
        spec.toml:12:2: unknown section `spilt`; did you mean `split`?
    "#]],
    );
    check(
        &[("[signal]\ntrs = 80\n", "")],
        expect![[r#"
        spec.toml:1:1: missing section `signal`; add a table `[signal]`
    "#]],
    );
    check(
        &[("[tasks.condition]", "[tasks.\"a/b\"]")],
        expect![[r#"
        spec.toml:30:8: `a/b` cannot be the name of a folder; name it with letters, digits, `-` and `_`
    "#]],
    );
    check(
        &[("seed = 0", "tasks = 3"), ("[tasks.condition]", "[x]"), ("[tasks.forecasting]", "[y]")],
        expect![[r#"
        spec.toml:1:9: expected a table, found `3`
        spec.toml:30:2: unknown section `x`; there are `seed`, `engine`, `datasets`, `signal`, `split`, `corpora`, `text`, `tokenizer`, `backbone`, `alignment`, `instruction`, `tasks`, `evaluation`, `runtime`
        spec.toml:35:2: unknown section `y`; there are `seed`, `engine`, `datasets`, `signal`, `split`, `corpora`, `text`, `tokenizer`, `backbone`, `alignment`, `instruction`, `tasks`, `evaluation`, `runtime`
    "#]],
    );
}

#[test]
fn no_task() {
    let source = RIGHT.split("[tasks.condition]").next().unwrap();
    expect![[r#"
        spec.toml:1:1: missing section `tasks`; add a table such as `[tasks.NAME]`
    "#]]
    .assert_eq(&said(Path::new("."), source));
}

#[test]
fn unknown_keys() {
    check(
        &[("horizon = 20", "horizn = 20")],
        expect![[r#"
        spec.toml:37:1: unknown field `horizn`, expected `context` or `horizon`; did you mean `horizon`?
    "#]],
    );
    check(
        &[("[signal]\n", "[signal]\nstandardise = \"zscore\"\n")],
        expect![[r#"
        spec.toml:10:1: unknown field `standardise`, expected one of `trs`, `start`, `standardize`; did you mean `standardize`?
    "#]],
    );
    check(
        &[("rank = 2", "rank = 2, aplha = 4")],
        expect![[r#"
        spec.toml:28:20: unknown field `aplha`, expected one of `rank`, `alpha`, `dropout`; did you mean `alpha`?
    "#]],
    );
}

#[test]
fn wrong_types() {
    check(
        &[("patch = 20", "patch = \"20\"")],
        expect![[r#"
        spec.toml:19:9: expected a whole number, 0 or more, found the text `20`
    "#]],
    );
    check(
        &[("patch = 20", "patch = -20")],
        expect![[r#"
        spec.toml:19:9: expected a whole number, 0 or more, found `-20`
    "#]],
    );
    check(
        &[("[\"low\", \"high\"]", "[\"low\", 3]")],
        expect![[r#"
        spec.toml:33:19: expected text, found `3`
    "#]],
    );
    check(
        &[("lora = { rank = 2 }", "lora = true")],
        expect![[r#"
        spec.toml:28:8: expected a table, found `true`
    "#]],
    );
    check(
        &[("type = \"quantile\"", "type = 3")],
        expect![[r#"
        spec.toml:18:8: expected text, found `3`
    "#]],
    );
    check(
        &[("[signal]\n", "[signal]\nstandardize = \"zscor\"\n")],
        expect![[r#"
        spec.toml:10:15: unknown variant `zscor`, expected one of `zscore`, `robust`, `none`; did you mean `zscore`?
    "#]],
    );
}

#[test]
fn unknown_plugins() {
    check(
        &[("\"classification\"", "\"clasification\"")],
        expect![[r#"
        spec.toml:31:8: no task is named `clasification`; did you mean `classification`?
    "#]],
    );
    check(
        &[("type = \"classification\"\n", "")],
        expect![[r#"
        spec.toml:30:8: no task is named `condition`; add `type`; there are `captioning`, `classification`, `forecasting`
    "#]],
    );
    check(
        &[("type = \"bigram\"", "type = \"llama\"")],
        expect![[r#"
        spec.toml:22:8: no backbone is named `llama`; there is only `bigram`
    "#]],
    );
    check(
        &[("type = \"bigram\"", "")],
        expect![[r#"
        spec.toml:21:2: missing field `type`; add `type`; there is only `bigram`
    "#]],
    );
}

#[test]
fn what_this_build_lacks() {
    check(
        &[("\"dfdx\"", "\"tch\"")],
        expect![[r#"
        spec.toml:2:10: this build has no engine `tch`; set `engine = "dfdx"`, which it has
    "#]],
    );
    check(
        &[("seed = 0", "seed = 0\nruntime.device = \"cuda\"")],
        expect![[r#"
        spec.toml:2:18: this build cannot compute on `cuda`; there is only `cpu`
    "#]],
    );
}

#[test]
fn numbers_out_of_range() {
    check(
        &[
            ("steps = 10", "steps = 0\nbatch-size = 0"),
            ("peak-lr = 1e-3", "peak-lr = 0"),
            ("rank = 2", "rank = 0"),
        ],
        expect![[r#"
            spec.toml:25:9: must be at least 1
            spec.toml:26:14: must be at least 1
            spec.toml:28:11: must be above 0, is 0
            spec.toml:29:17: must be at least 1
        "#]],
    );
    check(
        &[("warmup = 2", "warmup = 20\nfinal-lr = 1.0\ndropout = 1.0")],
        expect![[r#"
        spec.toml:26:10: 20 steps of warm-up do not fit into 10 steps
        spec.toml:27:12: must lie between 0 and `peak-lr`, is 1
        spec.toml:28:11: must be at least 0 and below 1, is 1
    "#]],
    );
    check(
        &[("[signal]\ntrs = 80", "[signal]\ntrs = 0")],
        expect![[r#"
        spec.toml:10:7: must be at least 1
    "#]],
    );
}

#[test]
fn the_split() {
    check(
        &[("[split]", "[split]\ntest = 0.0")],
        expect![[r#"
        spec.toml:13:8: must lie between 0 and 1, is 0; both held-out parts are always reported
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
        spec.toml:33:11: `condition` takes the value `high`, which is not a class; add `high` to `classes`
    "#]],
    );
}

#[test]
fn nothing_to_learn_from() {
    let alignment = "[alignment]\nsteps = 10\nwarmup = 1\npeak-lr = 1e-3\n\n[instruction]";
    check(
        &[("[instruction]", alignment), ("[corpora.connectivity]\n", "")],
        expect![[r#"
        spec.toml:23:2: no corpus describes the scans; add a table such as `[corpora.connectivity]`, or set `fmri-to-text = 0`
        spec.toml:23:2: there is no general text; add a table `[text]` with a `path`, or set `text-to-text = 0`
    "#]],
    );
    let silent = alignment.replace("1e-3\n", "1e-3\nfmri-to-text = 0\nfmri-to-fmri = 0\ntext-to-text = 0\n");
    check(
        &[("[instruction]", &silent)],
        expect![[r#"
        spec.toml:24:2: all three weights are 0, so it would learn nothing
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
        spec.toml:9:11: `other` has a repetition time of 3 s, `made` one of 2 s; resample one of them: a patch must last equally long everywhere
    "#]],
    );
}

/// The folder of a small series dataset: three subjects of two regions and four volumes.
fn folder(dir: &Path) {
    let data = dir.join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("seg-two_dseg.tsv"), "index\tname\tnetwork\n1\tA\tx\n2\tB\ty\n").unwrap();
    for subject in ["01", "02", "03"] {
        let signal = "A\tB\n1\t2\n2\t1\n1\t3\n0\t1\n";
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
        spec.toml:2:10: file `data/sub-01_task-rest_seg-two_timeseries.tsv`: column `B` is no region of the region table (and 2 more of 3 scans have a problem)
    "#]],
    );
    check_folder(
        |data| fs::remove_file(data.join("seg-two_dseg.tsv")).unwrap(),
        SERIES,
        expect![[r#"
        spec.toml:2:10: no region table `..._dseg.tsv` for these scans in `data`; write one with the columns `index`, `name` and `network`, or name it with `regions`
    "#]],
    );
}

#[test]
fn a_class_with_one_subject() {
    let task = "tasks.sex = { type = \"classification\", target = \"sex\", classes = [\"f\", \"m\"] }\n";
    check_folder(
        |_| {},
        &format!("{SERIES}{task}"),
        expect![[r#"
        spec.toml:7:66: class `f` occurs in one subject only: it cannot be in both training and test; leave the class out or add subjects
        spec.toml:7:66: class `m` occurs in one subject only: it cannot be in both training and test; leave the class out or add subjects
    "#]],
    );
}

#[test]
fn every_mistake_at_once() {
    check(
        &[
            ("\"dfdx\"", "\"tch\""),
            ("[signal]\ntrs = 80", "[signal]\ntrs = \"many\"\nstrat = 3"),
            ("\"classification\"", "\"clasification\""),
            ("horizon = 20", "horizn = 16"),
            ("[split]", "[spilt]"),
            ("rank = 2", "rank = 0"),
        ],
        expect![[r#"
            spec.toml:2:10: this build has no engine `tch`; set `engine = "dfdx"`, which it has
            spec.toml:10:7: expected a whole number, 0 or more, found the text `many`
            spec.toml:11:1: unknown field `strat`, expected one of `trs`, `start`, `standardize`; did you mean `start`?
            spec.toml:13:2: unknown section `spilt`; did you mean `split`?
            spec.toml:29:17: must be at least 1
            spec.toml:32:8: no task is named `clasification`; did you mean `classification`?
            spec.toml:38:1: unknown field `horizn`, expected `context` or `horizon`; did you mean `horizon`?
        "#]],
    );
}
