//! Checks which change of a spec changes which keys, and how long planning takes.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use boldface_plugins as _;
use boldface_runner::plan::{Build, Offer, Plan, no_libraries, resolve};
use expect_test::expect;

const SPEC: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 12
trs = 80

[signal]
trs = 80

[corpora.connectivity]

[text]
path = "text.txt"

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[alignment]
steps = 10
warmup = 1
peak-lr = 1e-3

[instruction]
steps = 10
warmup = 1
peak-lr = 3e-4
lora = { rank = 8 }

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[tasks.forecasting]
context = 60
horizon = 20
"#;

fn plan(dir: &Path, source: &str) -> Plan {
    let text = dir.join("text.txt");
    if !text.exists() {
        fs::write(text, "A sentence.\n\nAnother one.\n").unwrap();
    }
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    resolve(&dir.join("spec.toml"), source, &build).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

/// Returns the stages whose keys change when `from` is replaced by `to` in the spec.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(SPEC.matches(from).count(), 1, "`{from}` must occur once");
    let dir = tempfile::tempdir().unwrap();
    differing(&plan(dir.path(), SPEC), &plan(dir.path(), &SPEC.replace(from, to)))
}

fn differing(one: &Plan, other: &Plan) -> String {
    let stages = one.stages.iter().zip(&other.stages);
    let names = stages.filter(|(a, b)| a.key != b.key).map(|(stage, _)| stage.name());
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn stages_come_after_their_inputs() {
    let dir = tempfile::tempdir().unwrap();
    let stages = plan(dir.path(), SPEC).stages;
    let lines: String = stages
        .iter()
        .map(|stage| format!("{} [{}] <- {}\n", stage.name(), stage.plugin, stage.inputs.join(" ")))
        .collect();
    expect![[r#"
        series [] <- 
        split [] <- series
        corpus [connectivity] <- series split
        text-space [bigram] <- split corpus
        tokenizer [quantile] <- series split corpus text-space
        codes [quantile] <- series split tokenizer
        alignment [bigram] <- series split corpus tokenizer text-space codes
        instruction [bigram] <- series split corpus tokenizer codes alignment
        baseline.condition [classification] <- series split corpus
        evaluation.condition [classification] <- series split corpus tokenizer codes instruction baseline.condition
        baseline.forecasting [forecasting] <- series split corpus
        evaluation.forecasting [forecasting] <- series split corpus tokenizer codes instruction baseline.forecasting
    "#]].assert_eq(&lines);
}

#[test]
fn where_and_how_fast_changes_no_key() {
    assert_eq!(changed("[signal]", "[runtime]\nworkers = 1\nruns = \"elsewhere\"\n\n[signal]"), "");
}

#[test]
fn the_order_of_tables_changes_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables: Vec<&str> = SPEC.trim().split("\n\n").collect();
    tables.reverse();
    let reordered = tables.join("\n\n").replace("steps = 10\nwarmup = 1", "warmup = 1\nsteps = 10");
    assert_eq!(differing(&plan(dir.path(), SPEC), &plan(dir.path(), &reordered)), "");
}

#[test]
fn a_change_reaches_what_depends_on_it_and_nothing_else() {
    expect!["instruction evaluation.condition evaluation.forecasting"]
        .assert_eq(&changed("rank = 8", "rank = 4"));
    expect!["alignment instruction evaluation.condition evaluation.forecasting"]
        .assert_eq(&changed("peak-lr = 1e-3", "peak-lr = 2e-3"));
    // The baselines of a forecast continue whole patches, too.
    expect!["tokenizer codes alignment instruction evaluation.condition baseline.forecasting evaluation.forecasting"]
        .assert_eq(&changed("patch = 20", "patch = 10"));
    expect!["tokenizer codes alignment instruction evaluation.condition evaluation.forecasting"]
        .assert_eq(&changed("patch = 20", "patch = 20\nseed = 3"));
    expect!["instruction evaluation.condition baseline.forecasting evaluation.forecasting"]
        .assert_eq(&changed("context = 60", "context = 40"));
    expect!["baseline.condition evaluation.condition baseline.forecasting evaluation.forecasting"]
        .assert_eq(&changed("[signal]", "[evaluation]\nresamples = 40\n\n[signal]"));
    expect!["split corpus text-space tokenizer codes alignment instruction baseline.condition evaluation.condition baseline.forecasting evaluation.forecasting"].assert_eq(&changed("[signal]", "[split]\nseed = 1\n\n[signal]"));
    expect!["series split corpus text-space tokenizer codes alignment instruction baseline.condition evaluation.condition baseline.forecasting evaluation.forecasting"].assert_eq(&changed("subjects = 12", "subjects = 14"));
    expect!["split corpus text-space tokenizer codes alignment instruction baseline.condition evaluation.condition baseline.forecasting evaluation.forecasting"].assert_eq(&changed("[datasets.made]", "seed = 1\n[datasets.made]"));
}

#[test]
fn text_counts_by_its_bytes_and_not_by_its_name() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plans = [plan(one.path(), SPEC), plan(other.path(), SPEC)];
    assert_eq!(differing(&plans[0], &plans[1]), "");
    fs::write(one.path().join("text.txt"), "Something else.").unwrap();
    assert!(differing(&plan(one.path(), SPEC), &plans[1]).starts_with("text-space tokenizer codes"));
    fs::rename(one.path().join("text.txt"), one.path().join("other.txt")).unwrap();
    fs::write(one.path().join("other.txt"), fs::read(other.path().join("text.txt")).unwrap()).unwrap();
    let renamed = plan(one.path(), &SPEC.replace("\"text.txt\"", "\"other.txt\""));
    assert_eq!(differing(&renamed, &plans[1]), "");
}

#[test]
fn a_resolved_spec_says_everything_and_has_the_same_keys() {
    let dir = tempfile::tempdir().unwrap();
    let first = plan(dir.path(), SPEC);
    let resolved = first.to_toml();
    let again = plan(dir.path(), &resolved);
    assert_eq!(differing(&first, &again), "");
    assert_eq!(again.to_toml(), resolved);
    expect![[r#"
        seed = 0
        engine = "dfdx"

        [datasets.made]
        autocorrelation = 0.5
        between-subjects = 0.2
        classes = [
            "low",
            "high",
        ]
        column = "condition"
        effect = 1.0
        networks = 4
        permute-labels = false
        response = 0.0
        rois = 20
        scans = 1
        seed = 0
        subjects = 12
        tr = 2.0
        trs = 80
        type = "synthetic"

        [signal]
        trs = 80
        start = 0
        standardize = "zscore"
        mixed-tr = false

        [split]
        validation = 0.15
        test = 0.15
        stratify = []
        seed = 0

        [corpora.connectivity]
        kind = "fisher-z"
        paraphrase = true
        type = "connectivity"

        [text]
        path = "text.txt"

        [tokenizer]
        codebook-size = 16
        patch = 20
        seed = 0
        type = "quantile"

        [backbone]
        seed = 0
        type = "bigram"

        [alignment]
        steps = 10
        batch-size = 8
        questions = 16
        made = 0.75
        facts = 1.0
        descriptions = 1
        accumulate = 1
        peak-lr = 0.001
        final-lr = 0.0001
        warmup = 1
        weight-decay = 0.1
        clip = 1.0
        dropout = 0.0
        fmri-to-text = 1.0
        fmri-to-fmri = 0.1
        text-to-text = 0.5
        text-batch-size = 4
        seed = 0

        [instruction]
        steps = 10
        batch-size = 8
        rehearsal = 1
        accumulate = 1
        peak-lr = 0.0003
        final-lr = 0.00003
        warmup = 1
        weight-decay = 0.1
        clip = 1.0
        dropout = 0.0
        seed = 0

        [instruction.lora]
        rank = 8
        alpha = 16.0
        dropout = 0.0

        [tasks.condition]
        classes = [
            "low",
            "high",
        ]
        held-out = false
        missing = "error"
        others = "error"
        paradigm = "single"
        question = "What is the {target} of this scan?"
        target = "condition"
        type = "classification"

        [tasks.forecasting]
        context = 60
        held-out = false
        horizon = 20
        paradigm = "single"
        type = "forecasting"

        [evaluation]
        resamples = 1000
        longest-answer = 160
        seed = 0

        [runtime]
        device = "cpu"
        workers = 0
        runs = "runs"
        checkpoint-seconds = 30
        plugin-seconds = 60
        tensorboard = false
    "#]]
    .assert_eq(&resolved);
}

/// Folder of the pain data beside the repository. Without it, tests are skipped, except in CI.
fn pain() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/pain");
    if data.is_dir() {
        return Some(data.canonicalize().unwrap());
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has no ../shared/data/pain");
    println!("skipped: there is no ../shared/data/pain");
    None
}

#[test]
fn a_plan_over_real_scans_takes_under_50_ms() {
    let Some(data) = pain() else { return };
    let dir = tempfile::tempdir().unwrap();
    let dataset = format!("[datasets.pain]\ntype = \"series\"\npath = \"{}\"", data.display());
    let source = SPEC
        .replace("[datasets.made]\ntype = \"synthetic\"\nsubjects = 12\ntrs = 80", &dataset)
        .replace("[\"low\", \"high\"]", "[\"passive\", \"regulate-up\", \"regulate-down\"]");
    let seconds = |_| {
        let start = Instant::now();
        assert_eq!(plan(dir.path(), &source).stages.len(), 12);
        start.elapsed().as_secs_f64()
    };
    // Takes the best of several, because other tests share the cores.
    let best = (0..5).map(seconds).fold(f64::INFINITY, f64::min);
    println!("a plan over {} takes {:.1} ms", data.display(), best * 1e3);
    assert!(best < 0.05, "{best} s");
}
