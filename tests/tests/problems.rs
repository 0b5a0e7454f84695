//! One wrong spec for each kind of mistake, and exactly what is said of it before anything runs.

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
    check(&[], expect![[""]]);
}

#[test]
fn broken_toml() {
    check(&[("[signal]", "[signal")], expect![[""]]);
    check(&[("seed = 0", "seed = nan")], expect![[""]]);
    check(&[("[backbone]", "[tokenizer]")], expect![[""]]);
}

#[test]
fn sections() {
    check(&[("[split]", "[spilt]")], expect![[""]]);
    check(&[("[signal]\ntrs = 80\n", "")], expect![[""]]);
    check(&[("[tasks.condition]", "[tasks.\"a/b\"]")], expect![[""]]);
    check(&[("seed = 0", "tasks = 3"), ("[tasks.condition]", "[x]"), ("[tasks.forecasting]", "[y]")], expect![[""]]);
}

#[test]
fn no_task() {
    let source = RIGHT.split("[tasks.condition]").next().unwrap();
    expect![[""]].assert_eq(&said(Path::new("."), source));
}

#[test]
fn unknown_keys() {
    check(&[("horizon = 20", "horizn = 20")], expect![[""]]);
    check(&[("[signal]\n", "[signal]\nstandardise = \"zscore\"\n")], expect![[""]]);
    check(&[("rank = 2", "rank = 2, aplha = 4")], expect![[""]]);
}

#[test]
fn wrong_types() {
    check(&[("patch = 20", "patch = \"20\"")], expect![[""]]);
    check(&[("patch = 20", "patch = -20")], expect![[""]]);
    check(&[("[\"low\", \"high\"]", "[\"low\", 3]")], expect![[""]]);
    check(&[("lora = { rank = 2 }", "lora = true")], expect![[""]]);
    check(&[("type = \"quantile\"", "type = 3")], expect![[""]]);
    check(&[("[signal]\n", "[signal]\nstandardize = \"zscor\"\n")], expect![[""]]);
}

#[test]
fn unknown_plugins() {
    check(&[("\"classification\"", "\"clasification\"")], expect![[""]]);
    check(&[("type = \"classification\"\n", "")], expect![[""]]);
    check(&[("type = \"bigram\"", "type = \"llama\"")], expect![[""]]);
    check(&[("type = \"bigram\"", "")], expect![[""]]);
}

#[test]
fn what_this_build_lacks() {
    check(&[("\"dfdx\"", "\"tch\"")], expect![[""]]);
    check(&[("seed = 0", "seed = 0\nruntime.device = \"cuda\"")], expect![[""]]);
}

#[test]
fn numbers_out_of_range() {
    check(
        &[("steps = 10", "steps = 0\nbatch-size = 0"), ("peak-lr = 1e-3", "peak-lr = 0"), ("rank = 2", "rank = 0")],
        expect![[""]],
    );
    check(&[("warmup = 2", "warmup = 20\nfinal-lr = 1.0\ndropout = 1.0")], expect![[""]]);
    check(&[("[signal]\ntrs = 80", "[signal]\ntrs = 0")], expect![[""]]);
}

#[test]
fn the_split() {
    check(&[("[split]", "[split]\ntest = 0.0")], expect![[""]]);
    check(&[("[split]", "[split]\ntest = 0.6\nvalidation = 0.4")], expect![[""]]);
    check(&[("subjects = 12", "subjects = 2")], expect![[""]]);
    check(&[("stratify = [\"condition\"]", "stratify = [\"condition\", \"grup\"]")], expect![[""]]);
}

#[test]
fn lengths() {
    check(&[("[signal]\ntrs = 80", "[signal]\ntrs = 80\nstart = 20")], expect![[""]]);
    check(&[("[signal]\ntrs = 80", "[signal]\ntrs = 75"), ("context = 60", "context = 40")], expect![[""]]);
    check(&[("context = 60", "context = 80")], expect![[""]]);
}

#[test]
fn targets_and_classes() {
    check(&[("target = \"condition\"", "target = \"sex\"")], expect![[""]]);
    check(&[("[\"low\", \"high\"]", "[\"low\", \"high\", \"middle\"]")], expect![[""]]);
    check(&[("[\"low\", \"high\"]", "[\"low\"]")], expect![[""]]);
}

#[test]
fn nothing_to_learn_from() {
    let alignment = "[alignment]\nsteps = 10\nwarmup = 1\npeak-lr = 1e-3\n\n[instruction]";
    check(&[("[instruction]", alignment), ("[corpora.connectivity]\n", "")], expect![[""]]);
    let silent = alignment.replace("1e-3\n", "1e-3\nfmri-to-text = 0\nfmri-to-fmri = 0\ntext-to-text = 0\n");
    check(&[("[instruction]", &silent)], expect![[""]]);
}

#[test]
fn missing_files() {
    let series = "type = \"series\"\npath = \"data/pian\"";
    check(&[("type = \"synthetic\"\nsubjects = 12\ntrs = 80", series)], expect![[""]]);
    check(&[("type = \"synthetic\"\nsubjects = 12\ntrs = 80", "type = \"series\"")], expect![[""]]);
    check(&[("[signal]", "[text]\npath = \"stories.txt\"\n\n[signal]")], expect![[""]]);
}

#[test]
fn two_datasets_that_do_not_fit() {
    let other = "[datasets.other]\ntype = \"synthetic\"\nrois = 24\ntr = 3.0\nsubjects = 6\n\n[signal]";
    check(&[("[signal]", other)], expect![[""]]);
}

/// The folder of a small series dataset: three subjects of two regions and four volumes.
fn folder(dir: &Path) {
    let data = dir.join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("atlas_dseg.tsv"), "index\tname\tnetwork\n1\tA\tx\n2\tB\ty\n").unwrap();
    for subject in ["01", "02", "03"] {
        let signal = "A\tB\n1\t2\n2\t1\n1\t3\n0\t1\n";
        fs::write(data.join(format!("sub-{subject}_task-rest_timeseries.tsv")), signal).unwrap();
    }
    fs::write(data.join("participants.tsv"), "participant_id\tsex\nsub-01\tf\nsub-02\tm\nsub-03\tn/a\n").unwrap();
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
    check_folder(|_| {}, SERIES, expect![[""]]);
    let scan = "sub-02_task-rest_timeseries.tsv";
    let spoil = |data: &Path| fs::write(data.join(scan), "A\tB\n1\t2\n").unwrap();
    check_folder(spoil, SERIES, expect![[""]]);
    let spoil = |data: &Path| fs::write(data.join("atlas_dseg.tsv"), "index\tname\tnetwork\n1\tA\tx\n").unwrap();
    check_folder(spoil, SERIES, expect![[""]]);
    check_folder(|data| fs::remove_file(data.join("atlas_dseg.tsv")).unwrap(), SERIES, expect![[""]]);
}

#[test]
fn a_class_with_one_subject() {
    let task = "tasks.sex = { type = \"classification\", target = \"sex\", classes = [\"f\", \"m\"] }\n";
    check_folder(|_| {}, &format!("{SERIES}{task}"), expect![[""]]);
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
        expect![[""]],
    );
}
