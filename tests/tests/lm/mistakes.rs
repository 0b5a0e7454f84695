//! What people get wrong, and what they are told: each names what it is about, and nothing is printed as a result.

use std::fs;

use boldface_tests::Sandbox;
use expect_test::{Expect, expect};

use crate::tiny;

fn fails(sandbox: &Sandbox, arguments: &[&str], expected: &Expect) {
    let output = sandbox.boldface(&[&["lm"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    expected.assert_eq(&said.replace(&tiny(), "small-llama").lines().collect::<Vec<_>>().join("\n"));
}

#[test]
fn texts_that_are_none() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.txt", "");
    sandbox.write("letter.txt", "a");
    sandbox.write("latin1.txt", "");
    fs::write(sandbox.path("latin1.txt"), b"first line\ncaf\xe9").unwrap();
    let model = tiny();
    let score = |text: &str, expected: &Expect| {
        fails(&sandbox, &["score", "--weights", &model, "--text", text], expected);
    };
    score("none.txt", &expect![""]);
    score("empty.txt", &expect![""]);
    score("latin1.txt", &expect![""]);
    score("letter.txt", &expect![""]);
}

#[test]
fn models_and_places_that_are_not_there() {
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", "the brain");
    sandbox.write("model.bin", "");
    let model = tiny();
    let score = |weights: &str, more: &[&str], expected: &Expect| {
        let arguments = ["score", "--weights", weights, "--text", "text.txt"];
        fails(&sandbox, &[&arguments[..], more].concat(), expected);
    };
    score("nowhere", &[], &expect![""]);
    score("model.bin", &[], &expect![""]);
    score(&model, &["--device", "cuda:7"], &expect![""]);
    score(&model, &["--engine", "jax"], &expect![""]);
    score(&model, &["--precision", "bf16"], &expect![""]);
    score(&model, &["--precision", "f64"], &expect![""]);
}

#[test]
fn prompts_and_samplings_that_mean_nothing() {
    let sandbox = Sandbox::new();
    let model = tiny();
    let generate = |prompt: &str, more: &[&str], expected: &Expect| {
        let arguments = ["generate", "--weights", &model, "--prompt", prompt];
        fails(&sandbox, &[&arguments[..], more].concat(), expected);
    };
    generate("", &[], &expect![""]);
    generate(&"z".repeat(96), &[], &expect![""]);
    generate("the brain", &["--chat"], &expect![""]);
    generate("the brain", &["--temperature=-1"], &expect![""]);
    generate("the brain", &["--top-p", "1.5"], &expect![""]);
}
