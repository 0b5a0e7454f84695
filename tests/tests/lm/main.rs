//! `boldface lm` as its users call it: on a tiny model of this repository, and on SmolLM2 where it is there.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod mistakes;
mod smollm2;
mod tiny;

use std::process::Output;

use boldface_tests::repository;
use serde_json::Value;

/// A Llama of 11,106 random numbers with a tokenizer of 128 tokens and a context of 96.
fn tiny() -> String {
    repository("tests/golden/lm/small-llama").display().to_string()
}

/// What a command printed; it succeeded and had nothing to complain about.
fn printed(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The lines of `lm score`, one a token, and the last.
fn scored(output: &Output) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> =
        printed(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let total = lines.pop().unwrap();
    (lines, total)
}

/// Their log-likelihoods.
fn likelihoods(lines: &[Value]) -> Vec<Option<f64>> {
    lines.iter().map(|line| line["log_likelihood"].as_f64()).collect()
}
