//! Compares scores with scikit-learn 1.9.1, pycocoevalcap and rouge-score (`../shared/golden`).

use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// Reads the golden numbers. If they are absent, prints a note and returns `None`.
fn golden() -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/parity.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs {}", path.display());
        println!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("golden numbers are JSON"))
}

#[track_caller]
fn near(ours: f64, golden: &Value) {
    let golden = golden.as_f64().expect("a golden number");
    assert!((ours - golden).abs() < 1e-9, "{ours} is not {golden}");
}

#[test]
fn binary() {
    let Some(golden) = golden().map(|golden| golden["binary"].clone()) else { return };
    let correct: Vec<usize> = (0..40).map(|i| usize::from((7 * i + 3) % 5 < 2)).collect();
    let chance = |i: usize| {
        0.7 * ((37 * i + 11) % 41) as f64 / 41.0 + 0.3 * correct[i] as f64 * ((i % 3) as f64 / 2.0)
    };
    let rows: Vec<[f64; 2]> = (0..40).map(|i| [1.0 - chance(i), chance(i)]).collect();
    let probabilities: Vec<&[f64]> = rows.iter().map(|row| row.as_slice()).collect();
    let predicted: Vec<usize> = rows.iter().map(|row| most_likely(row)).collect();
    near(accuracy(&correct, &predicted), &golden["acc"]);
    near(balanced_accuracy(&correct, &predicted), &golden["bal_acc"]);
    near(auroc_one_vs_rest(&correct, &probabilities), &golden["roc_auc"]);
    near(log_loss(&correct, &probabilities), &golden["log_loss"]);
    // AUROC computed by mistake from hard answers instead of scores.
    let positive: Vec<bool> = correct.iter().map(|&class| class == 1).collect();
    let hard: Vec<f64> = predicted.iter().map(|&class| class as f64).collect();
    near(auroc(&positive, &hard), &golden["roc_auc_from_hard_labels"]);
}

#[test]
fn multiclass() {
    let Some(golden) = golden().map(|golden| golden["multiclass"].clone()) else { return };
    let correct: Vec<usize> = (0..45).map(|i| (5 * i + 1) % 3).collect();
    let row = |i: usize| {
        let mut row = [(13, 5), (29, 11), (7, 17)].map(|(a, b)| ((i * a + b) % 31 + 1) as f64);
        row[correct[i]] += 8.0;
        let sum: f64 = row.iter().sum();
        row.map(|value| value / sum)
    };
    let rows: Vec<[f64; 3]> = (0..45).map(row).collect();
    let probabilities: Vec<&[f64]> = rows.iter().map(|row| row.as_slice()).collect();
    let predicted: Vec<usize> = rows.iter().map(|row| most_likely(row)).collect();
    near(accuracy(&correct, &predicted), &golden["acc"]);
    near(balanced_accuracy(&correct, &predicted), &golden["bal_acc"]);
    near(macro_f1(&correct, &predicted), &golden["f1_macro"]);
    near(auroc_one_vs_rest(&correct, &probabilities), &golden["auc_macro_ovr"]);
}

#[test]
fn regression() {
    let Some(golden) = golden().map(|golden| golden["regression"].clone()) else { return };
    let actual: Vec<f64> = (0..30).map(|i| f64::from(20 + (17 * i) % 53)).collect();
    let predicted: Vec<f64> =
        (0..30).map(|i| 0.8 * actual[i] + 10.0 + (((23 * i) % 19) as f64 - 9.0)).collect();
    near(mse(&actual, &predicted), &golden["mse"]);
    near(mae(&actual, &predicted), &golden["mae"]);
    near(r2(&actual, &predicted), &golden["r2"]);
    near(pearson_r(&actual, &predicted), &golden["pearson"]);
}

#[test]
fn text() {
    let Some(golden) = golden().map(|golden| golden["text"].clone()) else { return };
    let sentence = |key: &str, i: usize| golden[key][i].as_str().expect("a sentence").to_owned();
    let sentences: Vec<(String, String)> = (0..3).map(|i| (sentence("ref", i), sentence("hyp", i))).collect();
    let pairs: Vec<(&str, &str)> = sentences.iter().map(|(r, h)| (r.as_str(), h.as_str())).collect();
    near(bleu(&pairs), &golden["bleu1-4"][3]);
    for (i, pair) in pairs.iter().enumerate() {
        near(rouge_l(&[*pair]), &golden["rougeL_f1_each (porter stemmer)"][i]);
    }
    near(rouge_l(&pairs), &golden["rougeL_f1_mean"]);
}
