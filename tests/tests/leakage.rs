//! Held-out data reach no fit, and no effect is found in data without one.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boldface::{Part, Prediction, Split};
use boldface_runner::run::{Finished, Manifest, OutcomeLine};
use boldface_tests::{Sandbox, Seen, test_score};

/// Test score of logistic regression on FC, for simulated scans of two classes.
fn classified(seed: u64, permuted: bool) -> f64 {
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

        [tasks.condition]
        type = "classification"
        target = "condition"
        classes = ["low", "high"]

        [evaluation]
        resamples = 40
        "#
    );
    sandbox.write("made.toml", &spec);
    let finished = sandbox.run("made.toml", &Seen::default()).unwrap();
    test_score(&finished.dir, "condition", "fc-logistic", "auroc")
}

#[test]
fn permuted_labels_score_at_chance() {
    // 24 test subjects, 12 and 12: the SD of one AUROC is sqrt(25 / (12 x 144)) = 0.120, and that of the
    // mean over 12 seeds is 0.035.
    let mean = (0..12).map(|seed| classified(seed, true)).sum::<f64>() / 12.0;
    assert!((mean - 0.5).abs() < 3.0 * 0.035, "{mean}");
}

#[test]
fn a_planted_effect_is_found() {
    let mean = (0..3).map(|seed| classified(seed, false)).sum::<f64>() / 3.0;
    assert!(mean > 0.9, "{mean}");
}

const TRS: usize = 80;
const SUBJECTS: usize = 12;

/// Number of volumes that forecasting shows.
const SHOWN: usize = 60;

const FILES: &str = r#"
[datasets.files]
type = "series"
path = "data"
tr = 2.0

[signal]
trs = 80

[corpora.connectivity]

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 8

[backbone]
type = "bigram"

[alignment]
steps = 4
warmup = 0
peak-lr = 1e-3
text-to-text = 0

[instruction]
steps = 6
warmup = 0
peak-lr = 1e-3

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[tasks.captioning]

[tasks.forecasting]
context = 60
horizon = 20

[evaluation]
resamples = 40
longest-answer = 20
"#;

/// Writes scans as files. `change` may alter the value of a subject at a volume.
fn project(change: impl Fn(usize, usize, f64) -> f64) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut participants = "participant_id\tcondition\n".to_owned();
    for subject in 0..SUBJECTS {
        participants += &format!("sub-{subject:02}\t{}\n", ["low", "high"][subject % 2]);
        let mut table = "a\tb\tc\td\n".to_owned();
        let mut state = 12_345 + subject as u64;
        for t in 0..TRS {
            let mut volume = Vec::new();
            for roi in 0..4 {
                state = (1_103_515_245 * state + 12_345) % (1 << 31);
                let noise = state as f64 / (1u64 << 31) as f64;
                let value = noise + (0.2 * t as f64 + roi as f64).sin();
                volume.push(change(subject, t, value).to_string());
            }
            table += &(volume.join("\t") + "\n");
        }
        sandbox.write(&format!("data/sub-{subject:02}/sub-{subject:02}_task-rest_timeseries.tsv"), &table);
    }
    sandbox.write("data/participants.tsv", &participants);
    sandbox.write("data/seg-four_dseg.tsv", "index\tname\tnetwork\n1\ta\tX\n2\tb\tX\n3\tc\tY\n4\td\tY\n");
    sandbox.write("files.toml", FILES);
    sandbox
}

fn artefact(sandbox: &Sandbox, run: &Finished, stage: &str) -> std::path::PathBuf {
    let found = run.stages.iter().find(|found| found.stage.name() == stage).unwrap();
    sandbox.path("runs").join(&found.artefact)
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Hashes of all fitted artefacts: norms, text side, tokenizer, and both trainings of the language
/// model.
fn fitted(sandbox: &Sandbox, run: &Finished) -> BTreeMap<String, String> {
    let fitted = [
        ("corpus", "connectivity/"),
        ("text-space", ""),
        ("tokenizer", "tokenizer/"),
        ("alignment", "model/"),
        ("instruction", "model/"),
    ];
    let mut hashes = BTreeMap::new();
    for (stage, prefix) in fitted {
        let manifest: Manifest = json(&artefact(sandbox, run, stage).join("manifest.json"));
        let files = manifest.files.into_iter().filter(|(name, _)| name.starts_with(prefix));
        // The metric table contains the stage's key, which differs.
        let files = files.filter(|(name, _)| name != "metrics.parquet");
        hashes.extend(files.map(|(name, record)| (format!("{stage}/{name}"), record.blake3)));
    }
    hashes
}

/// Returns one person of the test part and one of the training part.
fn people(sandbox: &Sandbox, run: &Finished) -> (usize, usize) {
    let split: Split = json(&artefact(sandbox, run, "split").join("split.json"));
    let of = |part| {
        let person = split.parts.iter().find(|(_, of)| **of == part).unwrap().0;
        person.rsplit('-').next().unwrap().parse().unwrap()
    };
    (of(Part::Test), of(Part::Train))
}

#[test]
fn a_held_out_scan_changes_nothing_that_is_fitted() {
    let sandbox = project(|_, _, value| value);
    let run = sandbox.run("files.toml", &Seen::default()).unwrap();
    let before = fitted(&sandbox, &run);
    assert!(before.len() >= 7, "{before:?}");
    let (test, train) = people(&sandbox, &run);

    let with_other = |other: usize| {
        let sandbox =
            project(
                |subject, t, value| {
                    if subject == other { 10.0 * value.powi(3) + (0.9 * t as f64).cos() } else { value }
                },
            );
        let run = sandbox.run("files.toml", &Seen::default()).unwrap();
        assert_eq!(people(&sandbox, &run), (test, train), "the signal changes the split");
        fitted(&sandbox, &run)
    };
    assert_eq!(with_other(test), before);
    // The same change in a training scan is visible everywhere, so this test can fail.
    let changed = with_other(train);
    for stage in ["corpus", "tokenizer", "alignment", "instruction"] {
        let differs = before.iter().any(|(name, hash)| name.starts_with(stage) && changed[name] != *hash);
        assert!(differs, "{stage}");
    }
}

#[test]
fn the_volumes_to_predict_change_no_prediction() {
    let forecasts = |change: Option<usize>| {
        let sandbox = project(
            |subject, t, value| {
                if Some(subject) == change && t >= SHOWN { 50.0 - 3.0 * value } else { value }
            },
        );
        let run = sandbox.run("files.toml", &Seen::default()).unwrap();
        let mut forecasts = Vec::new();
        for stage in ["baseline.forecasting", "evaluation.forecasting"] {
            let text = fs::read_to_string(artefact(&sandbox, &run, stage).join("outcomes.jsonl")).unwrap();
            for line in text.lines() {
                let answered: OutcomeLine = serde_json::from_str(line).unwrap();
                let Prediction::Series { predicted, actual } = answered.outcome.prediction else {
                    panic!("{line}")
                };
                let scan = answered.outcome.scan.subject.parse::<usize>().unwrap();
                forecasts.push((scan, answered.plugin, predicted, actual));
            }
        }
        (people(&sandbox, &run).0, forecasts)
    };
    let (test, before) = forecasts(None);
    let (_, after) = forecasts(Some(test));
    let mut seen = 0;
    for ((scan, plugin, predicted, actual), (_, _, then, truth)) in before.iter().zip(&after) {
        assert_eq!(predicted, then, "{plugin} of {scan}");
        assert_eq!(actual == truth, *scan != test, "{plugin} of {scan}");
        seen += usize::from(*scan == test);
    }
    // Persistence, AR, the model and its three controls.
    assert_eq!(seen, 6);
}
