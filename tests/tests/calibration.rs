//! Compares calibration scores with scikit-learn, which `tests/golden/calibration.py` runs on the same
//! answers.

use std::io::Write;
use std::process::Stdio;

use boldface::scores;
use boldface_tests::{python, repository};
use serde_json::{Value, json};

/// Simulates overconfident answers: the probabilities carry information but are too extreme.
fn answers(classes: usize, n: usize) -> (Vec<usize>, Vec<Vec<f64>>) {
    let answer = |i: usize| {
        let raw = (0..classes).map(|class| (((29 * i + 17 * class * i + 5 * class) % 97 + 1) as f64).powi(3));
        let raw: Vec<f64> = raw.collect();
        let total: f64 = raw.iter().sum();
        let shares: Vec<f64> = raw.iter().map(|share| share / total).collect();
        let said = scores::most_likely(&shares);
        let truth = if i % 5 < 3 { said } else { (said + i) % classes };
        (truth, shares)
    };
    (0..n).map(answer).unzip()
}

fn near(ours: f64, theirs: &Value) {
    let theirs = theirs.as_f64().expect("a number");
    assert!((ours - theirs).abs() < 1e-12, "{ours} is not {theirs}");
}

#[test]
fn bins_errors_and_brier_scores_are_scikit_learns() {
    for (classes, n) in [(2, 300), (3, 300), (5, 25)] {
        let (correct, probabilities) = answers(classes, n);
        let Some(mut python) = python() else { return };
        let mut script = python
            .arg(repository("tests/golden/calibration.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let given = json!({ "correct": correct, "probabilities": probabilities }).to_string();
        script.stdin.take().expect("a pipe").write_all(given.as_bytes()).expect("the script reads");
        let output = script.wait_with_output().expect("the script ends");
        assert!(output.status.success(), "the script failed");
        let theirs: Value = serde_json::from_slice(&output.stdout).expect("JSON");

        let probabilities: Vec<&[f64]> = probabilities.iter().map(Vec::as_slice).collect();
        let bins = scores::reliability(&correct, &probabilities);
        assert_eq!(json!(bins.iter().map(|bin| bin.n).collect::<Vec<_>>()), theirs["n"]);
        for (place, bin) in bins.iter().enumerate() {
            near(bin.accuracy, &theirs["accuracy"][place]);
            near(bin.confidence, &theirs["confidence"][place]);
        }
        near(scores::calibration_error(&correct, &probabilities), &theirs["ece"]);
        near(scores::brier(&correct, &probabilities), &theirs["brier"]);
    }
}
