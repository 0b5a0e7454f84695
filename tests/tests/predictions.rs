//! Recomputes every score from `predictions.parquet` with pandas and scikit-learn.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use boldface::{MetricRow, Part};
use boldface_runner::run::{Budget, PREDICTIONS, run_sweep};
use boldface_tables::predictions::{self, AnswererKind, PredictionRow};
use boldface_tests::{Sandbox, Seen, told};

/// A choice, a number and a forecast without training.
const SPEC: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 48
trs = 60
rois = 8
effect = 1.0
classes = ["20", "60"]

[signal]
trs = 60

[split]
validation = 0.25
test = 0.25
stratify = ["condition"]

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 4

[backbone]
type = "bigram"

[tasks.group]
type = "classification"
target = "condition"
classes = ["20", "60"]

[tasks.age]
type = "regression"
target = "condition"
unit = "years"

[tasks.forecasting]
context = 40
horizon = 20

[evaluation]
resamples = 40
"#;

fn run(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.write("spec.toml", SPEC);
    sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}")).dir
}

fn read(dir: &Path) -> Vec<PredictionRow> {
    predictions::read(&dir.join(PREDICTIONS)).unwrap()
}

#[test]
fn scores_computed_from_predictions_are_those_of_the_table() {
    let sandbox = Sandbox::new();
    let dir = run(&sandbox);
    let metrics = boldface_tables::metrics::read(&dir.join("metrics.parquet")).unwrap();
    let Some(found) = told("predictions.py", &[dir.join(PREDICTIONS).display().to_string()]) else { return };
    let mut answerers = BTreeSet::new();
    // Each part has twelve subjects, enough for an interval around the score.
    let accuracy =
        metrics.iter().find(|row| row.metric == "accuracy" && row.plugin == "fc-logistic").unwrap();
    let (low, value, high) = (accuracy.low.unwrap(), accuracy.value.unwrap(), accuracy.high.unwrap());
    assert!(low <= value && value <= high, "{low} {value} {high}");
    for score in &found {
        let text = |name: &str| score[name].as_str().unwrap();
        let stage = if text("kind") == "baseline" { "baseline" } else { "evaluation" };
        let stage = format!("{stage}.{}", text("task"));
        let is_it = |row: &&MetricRow| {
            (&*row.stage, &*row.split, &*row.plugin, &*row.metric)
                == (&*stage, text("split"), text("answerer"), text("metric"))
                && row.against.is_none()
                && row.group.is_none()
        };
        let ours = metrics.iter().find(is_it).unwrap_or_else(|| panic!("no row for {score}")).value.unwrap();
        let theirs = score["value"].as_f64().unwrap();
        assert!((ours - theirs).abs() < 1e-9, "{score}: {ours}");
        answerers.insert((text("task"), text("answerer"), text("metric")));
    }
    for wanted in [
        ("group", "bigram", "auroc"),
        ("group", "fc-logistic", "accuracy"),
        ("group", "surrogate", "log_loss"),
        ("age", "bigram", "mae"),
        ("age", "mean", "mae"),
        ("forecasting", "bigram", "mse"),
        ("forecasting", "persistence", "mse"),
    ] {
        assert!(answerers.contains(&wanted), "{wanted:?} is not in {answerers:?}");
    }
}

#[test]
fn every_answer_is_there_and_a_cached_run_writes_the_same_bytes() {
    let sandbox = Sandbox::new();
    let dir = run(&sandbox);
    let rows = read(&dir);
    // 12 test and 12 validation subjects, two conditions per subject and two options per question.
    let of = |task: &str, answerer: &str| {
        rows.iter()
            .filter(move |row| row.task == task && row.answerer == answerer)
            .cloned()
            .collect::<Vec<PredictionRow>>()
    };
    let scans = of("forecasting", "bigram").len();
    assert!(scans >= 24, "{scans}");
    assert_eq!(of("group", "bigram").len(), 2 * scans);
    assert_eq!(of("age", "fc-ridge").len(), scans);
    for answerer in ["bigram", "text-only", "surrogate", "fc-logistic", "majority"] {
        let kind = match answerer {
            "bigram" => AnswererKind::Model,
            "text-only" | "surrogate" => AnswererKind::Control,
            _ => AnswererKind::Baseline,
        };
        assert!(of("group", answerer).iter().all(|row| row.kind == kind), "{answerer}");
        assert!(of("group", answerer).iter().any(|row| row.part == Part::Test), "{answerer}");
    }
    let forecast = &of("forecasting", "ar")[0];
    assert!(forecast.answer.truth.is_none() && forecast.answer.answer_value.is_some());
    assert_eq!((forecast.window.start, forecast.window.trs), (0, 40));

    let seen = Seen::default();
    let again = sandbox.run("spec.toml", &seen).unwrap_or_else(|failed| panic!("{failed}")).dir;
    assert!(seen.ran().is_empty() && again != dir);
    let bytes = |dir: &Path| fs::read(dir.join(PREDICTIONS)).unwrap();
    assert_eq!(bytes(&again), bytes(&dir));

    sandbox.write("sweep.toml", "base = \"spec.toml\"\n[grid]\n\"tokenizer.codebook-size\" = [4, 8]\n");
    let budget = Budget { workers: 1, cores: 2, memory: u64::MAX, takes: &|_| None, fail_fast: true };
    let swept = run_sweep(&sandbox.sweep("sweep.toml"), &budget, &Seen::default()).unwrap();
    let arms: Vec<Vec<u8>> = swept.record.arms.iter().map(|arm| bytes(&swept.dir.join(&arm.run))).collect();
    assert_eq!(arms.len(), 2);
    assert_eq!(arms[0], bytes(&dir));
    assert_eq!(read(&swept.dir.join(&swept.record.arms[1].run)).len(), rows.len());
}
