//! Runs `boldface lm` as users do, on a tiny model of this repository and, if present, on SmolLM2.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod mistakes;
mod smollm2;
mod tiny;

use std::process::Output;

use boldface_tests::repository;
use serde_json::Value;

/// Path of a Llama with 11,106 random parameters, a tokenizer of 128 tokens and a context of 96.
fn tiny() -> String {
    repository("tests/golden/lm/small-llama").display().to_string()
}

/// Returns the output of a command that succeeded without warnings.
fn printed(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns the lines of `lm score`, one per token, and the final line.
fn scored(output: &Output) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> =
        printed(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let total = lines.pop().unwrap();
    (lines, total)
}

/// Returns the log-likelihoods of the lines.
fn likelihoods(lines: &[Value]) -> Vec<Option<f64>> {
    lines.iter().map(|line| line["log_likelihood"].as_f64()).collect()
}
