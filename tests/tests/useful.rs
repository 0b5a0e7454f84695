//! Measures how well descriptors alone predict a label: they find a planted effect and are otherwise at
//! chance.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;

use boldface::MetricRow;
use boldface_runner::run::Finished;
use boldface_tests::{Sandbox, Seen, test_score};

/// Runs a spec on simulated scans. `more` adds corpora, tasks and anything else.
fn finished(seed: u64, permuted: bool, more: &str) -> (Sandbox, Finished) {
    let sandbox = Sandbox::new();
    let spec = format!(
        r#"
        seed = {seed}

        [datasets.made]
        type = "synthetic"
        subjects = 60
        trs = 80
        seed = {seed}
        permute-labels = {permuted}

        [signal]
        trs = 80

        [split]
        test = 0.4
        stratify = ["condition"]

        [tokenizer]
        type = "quantile"
        patch = 20
        codebook-size = 8

        [backbone]
        type = "bigram"

        [alignment]
        steps = 2
        warmup = 0
        peak-lr = 1e-3
        text-to-text = 0

        [evaluation]
        resamples = 40

        {more}
        "#
    );
    sandbox.write("made.toml", &spec);
    let finished = sandbox.run("made.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    (sandbox, finished)
}

const CONDITION: &str = r#"
[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]
"#;

fn rows(run: &Finished) -> Vec<MetricRow> {
    boldface_tables::metrics::read(&run.dir.join("metrics.parquet")).unwrap()
}

/// Returns the baselines of a task.
fn baselines(rows: &[MetricRow], task: &str) -> BTreeSet<String> {
    let stage = format!("baseline.{task}");
    rows.iter().filter(|row| row.stage == stage).map(|row| row.plugin.clone()).collect()
}

#[test]
fn a_planted_effect_is_found_in_facts_and_permuted_labels_are_at_chance() {
    let auroc = |seed, permuted| {
        let (_sandbox, run) = finished(seed, permuted, &format!("[corpora.connectivity]\n{CONDITION}"));
        test_score(&run.dir, "condition", "facts-logistic", "auroc")
    };
    let found = (0..2).map(|seed| auroc(seed, false)).sum::<f64>() / 2.0;
    assert!(found > 0.9, "{found}");
    // 24 test subjects, 12 and 12: the SD of one AUROC is 0.120, and that of the mean over 8 seeds is
    // 0.042.
    let mean = (0..8).map(|seed| auroc(seed, true)).sum::<f64>() / 8.0;
    assert!((mean - 0.5).abs() < 3.0 * 0.042, "{mean}");
}

#[test]
fn every_corpus_is_judged_beside_all_of_them() {
    let corpora =
        "[corpora.all]\ntype = \"connectivity\"\n[corpora.few]\ntype = \"connectivity\"\nstrongest = 2\n";
    let tasks = format!("{CONDITION}\n[tasks.captioning]\n[tasks.forecasting]\ncontext = 60\nhorizon = 20\n");
    let (_sandbox, run) = finished(0, false, &format!("{corpora}{tasks}"));
    let rows = rows(&run);
    let expected = [
        "facts (all)",
        "facts (few)",
        "facts-logistic",
        "fc-flat-logistic",
        "fc-logistic",
        "majority",
        "tangent-logistic",
    ];
    assert_eq!(baselines(&rows, "condition"), expected.map(str::to_owned).into());
    // Captions consist of the facts, and forecasts show only part of the scan, so neither has a facts
    // baseline.
    assert_eq!(baselines(&rows, "captioning"), ["another-person", "majority"].map(str::to_owned).into());
    assert_eq!(baselines(&rows, "forecasting"), ["ar", "persistence"].map(str::to_owned).into());
    for plugin in expected {
        let compared = rows.iter().any(|row| {
            row.stage == "evaluation.condition"
                && row.against.as_deref() == Some(plugin)
                && row.value.is_some()
        });
        assert!(compared, "the model is compared with `{plugin}`");
    }
    let page = boldface_runner::report::write(&run.dir).unwrap();
    let page = std::fs::read_to_string(page.markdown).unwrap();
    assert!(page.contains("facts (few)") && page.contains("facts-logistic"), "{page}");
    // A corpus of all couplings predicts at least as well as two couplings.
    let auroc = |plugin: &str| test_score(&run.dir, "condition", plugin, "auroc");
    assert!(auroc("facts (all)") > 0.9, "{}", auroc("facts (all)"));
    assert!(auroc("facts (all)") >= auroc("facts (few)"));
}

#[test]
fn numbers_have_a_ridge_and_without_a_corpus_there_are_no_facts() {
    let age = CONDITION
        .replace("classification", "regression")
        .replace("classes = [\"low\", \"high\"]", "unit = \"years\"");
    let (sandbox, run) = finished(0, false, &format!("[corpora.connectivity]\n{CONDITION}"));
    let expected = ["facts-logistic", "fc-flat-logistic", "fc-logistic", "majority", "tangent-logistic"];
    assert_eq!(baselines(&rows(&run), "condition"), expected.map(str::to_owned).into());
    let spec = std::fs::read_to_string(sandbox.path("made.toml")).unwrap();
    let numbers = spec
        .replace(CONDITION, &age)
        .replace("permute-labels = false", "permute-labels = false\nclasses = [\"20\", \"60\"]");
    sandbox.write("numbers.toml", &numbers);
    let run = sandbox.run("numbers.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    let expected = ["facts-ridge", "fc-flat-ridge", "fc-ridge", "mean", "tangent-ridge"];
    assert_eq!(baselines(&rows(&run), "condition"), expected.map(str::to_owned).into());
    // The mean is 20 years from everyone.
    let mae = test_score(&run.dir, "condition", "facts-ridge", "mae");
    assert!(mae < 15.0, "{mae}");

    sandbox.write(
        "none.toml",
        &spec
            .replace("[corpora.connectivity]", "")
            .replace("text-to-text = 0", "text-to-text = 0\nfmri-to-text = 0"),
    );
    let run = sandbox.run("none.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}"));
    let expected = ["fc-flat-logistic", "fc-logistic", "majority", "tangent-logistic"];
    assert_eq!(baselines(&rows(&run), "condition"), expected.map(str::to_owned).into());
}
