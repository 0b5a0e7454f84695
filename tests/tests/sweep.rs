//! Sweeps run equal stages once, confine a failure to its arms, and lose no finished work.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use boldface_runner::plan::sweep::{Sweep, Union};
use boldface_runner::run::{ArmStatus, Budget, FinishedSweep, Record, SweepFailed, SweepRecord, run_sweep};
use boldface_tests::{Sandbox, Seen};

const BASE: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 14
trs = 80

[signal]
trs = 80

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 8

[backbone]
type = "bigram"

[instruction]
steps = 4
warmup = 0
peak-lr = 1e-3

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[evaluation]
resamples = 40
"#;

const GRID: &str = r#"
base = "base.toml"

[grid]
"tokenizer.codebook-size" = [4, 8]
"instruction.steps" = [3, 4]
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("base.toml", BASE);
    sandbox.write("grid.toml", GRID);
    sandbox
}

fn run(sweep: &Sweep, workers: usize, fail_fast: bool, seen: &Seen) -> Result<FinishedSweep, SweepFailed> {
    let budget = Budget { workers, cores: 2, memory: u64::MAX, takes: &|_| None, fail_fast };
    run_sweep(sweep, &budget, seen)
}

fn rows(dir: &Path) -> Vec<boldface::MetricRow> {
    boldface_tables::metrics::read(&dir.join("metrics.parquet")).unwrap()
}

#[test]
fn equal_stages_run_once_in_a_sweep_and_across_sweeps() {
    let sandbox = sandbox();
    let sweep = sandbox.sweep("grid.toml");
    let union = Union::collect(&sweep);
    // Of 8 stages, all arms share 4; tokenizer and codes differ by codebook, and instruction and
    // evaluation differ by both: 4 + 2 x 2 + 4 x 2.
    assert_eq!((sweep.arms.len(), union.total(), union.nodes.len()), (4, 32, 16));
    let seen = Seen::default();
    let finished = run(&sweep, 2, false, &seen).unwrap();
    assert_eq!(seen.ran().len(), 16);
    assert!(finished.record.arms.iter().all(|arm| arm.status == ArmStatus::Finished));

    // The second sweep adds two stages of its own, and the single experiment none.
    sandbox.write(
        "other.toml",
        "base = \"base.toml\"\n[arms.a]\n\"instruction.steps\" = 4\n[arms.b]\n\"instruction.steps\" = 5\n",
    );
    let seen = Seen::default();
    run(&sandbox.sweep("other.toml"), 1, false, &seen).unwrap();
    assert_eq!(seen.ran(), ["instruction", "evaluation.condition"]);
    let seen = Seen::default();
    let single = sandbox.run("base.toml", &seen).unwrap();
    assert_eq!(seen.ran(), Vec::<String>::new());
    let arm = &finished.record.arms[3];
    assert_eq!(arm.name, "codebook-size=8,steps=4");
    assert_eq!(rows(&finished.dir.join(&arm.run)), rows(&single.dir));
}

#[test]
fn the_folder_of_a_sweep_holds_a_run_for_every_arm() {
    let sandbox = sandbox();
    let finished = run(&sandbox.sweep("grid.toml"), 2, false, &Seen::default()).unwrap();
    let latest = fs::canonicalize(sandbox.path("runs/latest")).unwrap();
    assert_eq!(latest, fs::canonicalize(&finished.dir).unwrap());
    assert_eq!(fs::read_to_string(finished.dir.join("spec.toml")).unwrap(), GRID);
    let written = fs::read_to_string(finished.dir.join("sweep.json")).unwrap();
    assert_eq!(serde_json::from_str::<SweepRecord>(&written).unwrap(), finished.record);
    let axes: Vec<&String> = finished.record.axes.keys().collect();
    assert_eq!(axes, ["instruction.steps", "tokenizer.codebook-size"]);
    for arm in &finished.record.arms {
        let dir = finished.dir.join(&arm.run);
        let record: Record =
            serde_json::from_str(&fs::read_to_string(dir.join("plan.json")).unwrap()).unwrap();
        assert_eq!(record.stages.len(), 8);
        assert_eq!(record.experiment.tokenizer["codebook-size"], arm.settings["tokenizer.codebook-size"]);
        assert!(rows(&dir).iter().any(|row| row.stage == "evaluation.condition"));
        // The arm's own spec describes the run exactly, so running it again computes nothing.
        let spec = fs::read_to_string(dir.join("spec.toml")).unwrap();
        sandbox.write("again.toml", &spec);
        let seen = Seen::default();
        sandbox.run("again.toml", &seen).unwrap();
        assert_eq!(seen.ran(), Vec::<String>::new(), "{spec}");
    }
}

#[test]
fn workers_change_no_number() {
    let numbers = |workers: usize| {
        let sandbox = sandbox();
        let finished = run(&sandbox.sweep("grid.toml"), workers, false, &Seen::default()).unwrap();
        let arms = finished.record.arms.iter().map(|arm| rows(&finished.dir.join(&arm.run)));
        arms.collect::<Vec<_>>()
    };
    assert_eq!(numbers(1), numbers(3));
}

/// 14 subjects x 20 regions x 4 patches give 1120 means, too few for this codebook.
const FAILING: &str = r#"
base = "base.toml"

[grid]
"tokenizer.codebook-size" = [100000, 8]
"instruction.steps" = [3, 4]
"#;

#[test]
fn a_failure_takes_only_the_arms_that_need_the_stage() {
    let sandbox = sandbox();
    sandbox.write("failing.toml", FAILING);
    let seen = Seen::default();
    let finished = run(&sandbox.sweep("failing.toml"), 2, false, &seen).unwrap();
    let status: Vec<ArmStatus> = finished.record.arms.iter().map(|arm| arm.status).collect();
    assert_eq!(status, [ArmStatus::Failed, ArmStatus::Failed, ArmStatus::Finished, ArmStatus::Finished]);
    let error = finished.record.arms[0].error.clone().unwrap();
    assert!(error.starts_with("stage `tokenizer` failed in plugin `quantile`: "), "{error}");
    assert!(error.contains("too few for `codebook-size` = 100000"), "{error}");
    // 16 distinct stages without the failed tokenizer, its codes, two instructions and two evaluations.
    assert_eq!(seen.ran().len(), 10);
    // The failed arm also has the shared stages.
    let failed = rows(&finished.dir.join(&finished.record.arms[0].run));
    let stages: BTreeSet<&str> = failed.iter().map(|row| row.stage.as_str()).collect();
    assert!(stages.contains("baseline.condition") && !stages.contains("evaluation.condition"));

    let seen = Seen::default();
    run(&sandbox.sweep("failing.toml"), 1, true, &seen).unwrap();
    assert_eq!(seen.ran(), Vec::<String>::new());
}

#[test]
fn fail_fast_stops_everything_that_has_not_begun() {
    let sandbox = sandbox();
    sandbox.write("failing.toml", FAILING);
    let finished = run(&sandbox.sweep("failing.toml"), 1, true, &Seen::default()).unwrap();
    let status: Vec<ArmStatus> = finished.record.arms.iter().map(|arm| arm.status).collect();
    assert_eq!(status, [ArmStatus::Failed, ArmStatus::Failed, ArmStatus::Skipped, ArmStatus::Skipped]);
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_was() {
    let sandbox = sandbox();
    let interrupted = Seen::interrupting("instruction");
    let failed = run(&sandbox.sweep("grid.toml"), 1, false, &interrupted).unwrap_err();
    let SweepFailed::Interrupted { finished, total, dir } = &failed else { panic!("{failed}") };
    assert_eq!((*finished, *total), (interrupted.ran().len(), 16));
    let written = fs::read_to_string(dir.join("sweep.json")).unwrap();
    let record: SweepRecord = serde_json::from_str(&written).unwrap();
    assert!(record.arms.iter().all(|arm| arm.status == ArmStatus::Skipped && arm.error.is_none()));

    let seen = Seen::default();
    run(&sandbox.sweep("grid.toml"), 2, false, &seen).unwrap();
    assert_eq!(seen.ran().len(), 16 - finished);
}

#[test]
fn seeds_keep_the_test_subjects_and_folds_are_arms() {
    let sandbox = sandbox();
    sandbox.write("seeds.toml", "base = \"base.toml\"\nseeds = [0, 1, 2]\n");
    let sweep = sandbox.sweep("seeds.toml");
    let keys = |stage: &str| {
        let of_arm = |arm: &boldface_runner::plan::sweep::Arm| {
            arm.plan.stages.iter().find(|found| found.name() == stage).unwrap().key.clone()
        };
        sweep.arms.iter().map(of_arm).collect::<BTreeSet<_>>().len()
    };
    assert_eq!((keys("split"), keys("baseline.condition"), keys("tokenizer")), (1, 1, 3));

    sandbox
        .write("folds.toml", &BASE.replace("[tokenizer]", "[split]\nfolds = 3\nrepeats = 2\n\n[tokenizer]"));
    let sweep = sandbox.sweep("folds.toml");
    let names: Vec<&str> = sweep.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names[..2], ["repeat=0,fold=0", "repeat=0,fold=1"]);
    assert_eq!((names.len(), sweep.axes["split.fold"].len()), (6, 3));
    let finished = run(&sweep, 2, false, &Seen::default()).unwrap();
    assert!(finished.record.arms.iter().all(|arm| arm.status == ArmStatus::Finished));
}

#[test]
fn the_binary_plans_runs_and_sums_up() {
    let sandbox = sandbox();
    sandbox.write("failing.toml", FAILING);
    let said = |arguments: &[&str]| {
        let output = sandbox.boldface(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    };
    let (code, text) = said(&["check", "failing.toml", "grid.toml"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("grid.toml: no problem, 4 arms, 16 distinct stages"), "{text}");
    let (_, text) = said(&["plan", "failing.toml"]);
    assert!(text.contains("4 arms, 32 stages, 16 of them distinct: 0 cached, 16 to run"), "{text}");
    assert!(text.contains("sharing saves 16 stages"), "{text}");

    let (code, text) = said(&["run", "failing.toml", "--workers", "2"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("2 of 4 arms failed; the others are finished and kept"), "{text}");
    assert!(text.contains("in codebook-size=100000,steps=3, codebook-size=100000,steps=4"), "{text}");
    assert!(
        sandbox.path("runs/latest/sweep.json").exists() && sandbox.path("runs/latest/log.jsonl").exists()
    );
    assert!(sandbox.path("runs/latest/arms/codebook-size=8,steps=4/report.html").exists());

    let (code, text) = said(&["run", "grid.toml", "--workers", "0"]);
    assert_eq!(code, Some(0), "{text}");
    let (_, text) = said(&["plan", "grid.toml"]);
    assert!(text.contains("16 cached, 0 to run"), "{text}");
}

#[test]
fn one_arm_runs_alone_and_the_whole_sweep_finds_it() {
    let sandbox = sandbox();
    sandbox.write("folds.toml", &BASE.replace("[tokenizer]", "[split]\nfolds = 3\n\n[tokenizer]"));
    let said = |arguments: &[&str]| {
        let output = sandbox.boldface(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, _, errors) = said(&["run", "folds.toml", "--only", "fold=11"]);
    assert_eq!(code, Some(2));
    assert_eq!(
        errors,
        "error: `folds.toml` has no arm `fold=11`; did you mean `fold=1`? Its arms are `fold=0`, `fold=1`, `fold=2`\n"
    );
    let (code, _, errors) = said(&["run", "base.toml", "--only", "fold=1"]);
    assert_eq!(code, Some(2));
    assert_eq!(errors, "error: `base.toml` is one experiment without arms; leave out `--only`\n");
    assert!(!sandbox.path("runs/folds").exists() && !sandbox.path("runs/base").exists());

    let (code, text, errors) = said(&["run", "folds.toml", "--only", "fold=1"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        text.contains("1 of 3 runs") && text.contains("fold=2 skipped: left out of this run by `--only`"),
        "{text}"
    );
    assert!(sandbox.path("runs/latest/arms/fold=1/report.html").is_file());
    assert!(!sandbox.path("runs/latest/arms/fold=0").exists());
    let written = fs::read_to_string(sandbox.path("runs/latest/sweep.json")).unwrap();
    let record: SweepRecord = serde_json::from_str(&written).unwrap();
    assert_eq!((record.arms.len(), record.included().count()), (3, 1));

    let sweep = sandbox.sweep("folds.toml");
    let (seen, union) = (Seen::default(), Union::collect(&sweep));
    run(&sweep, 1, false, &seen).unwrap();
    // The arm has 8 stages, and what it shares with the others is cached for them too.
    assert_eq!(seen.cached().len(), 8);
    assert_eq!(seen.ran().len(), union.nodes.len() - 8);
}
