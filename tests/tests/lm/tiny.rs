//! Checks the output of the verbs on a tiny random model.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use boldface_tests::Sandbox;
use expect_test::expect;
use serde_json::json;

use crate::{likelihoods, printed, scored, tiny};

#[test]
fn a_line_a_token_and_the_mean() {
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", "the brain and\n the mind");
    let score = ["lm", "score", "--weights", &tiny(), "--text", "text.txt"];
    let output = sandbox.boldface(&score);
    let (lines, total) = scored(&output);
    let texts: String = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(texts, "the brain and\n the mind");
    let scores = likelihoods(&lines);
    assert_eq!(scores[0], None);
    let known: Vec<f64> = scores[1..].iter().map(|score| score.unwrap()).collect();
    assert!(known.iter().all(|score| *score < 0.0), "{known:?}");
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let (said, perplexity) = (total["mean"].as_f64().unwrap(), total["perplexity"].as_f64().unwrap());
    // A line shows the 7 digits of a 32-bit number.
    assert!((said - mean).abs() < 1e-6, "{said} and {mean}");
    assert!((perplexity.ln() + said).abs() < 1e-12, "{perplexity} and {said}");
    assert_eq!(total["tokens"], json!(lines.len()));
    assert_eq!(total["scored"], json!(lines.len() - 1));
    // Any number of threads gives the same bytes.
    for workers in ["1", "3"] {
        let again = sandbox.boldface(&[&score[..], &["--workers", workers]].concat());
        assert_eq!(printed(&again), printed(&output));
    }
    expect![[r#"{"id":86,"text":"t","log_likelihood":null}"#]]
        .assert_eq(printed(&output).lines().next().unwrap());
}

#[test]
fn a_reader_who_has_seen_enough_ends_it_quietly() {
    let sandbox = Sandbox::new();
    // Far more lines than a pipe buffers, and more tokens than the context.
    sandbox.write("text.txt", &"the brain and the mind ".repeat(300));
    let mut command = sandbox.command(&["lm", "score", "--weights", &tiny(), "--text", "text.txt"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"id\":"), "{first}");
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_text_is_continued_and_a_seed_repeats_it() {
    let sandbox = Sandbox::new();
    let model = tiny();
    let generate = ["lm", "generate", "--weights", &model, "--prompt", "the brain", "--max-tokens", "20"];
    let with = |more: &[&str]| printed(&sandbox.boldface(&[&generate[..], more].concat()));
    let likeliest = with(&[]);
    assert_eq!(likeliest, " l^? and l.as\\\\CtF8.5esfE\n");
    let hot = ["--temperature", "1.5", "--top-k", "60", "--top-p", "0.95", "--seed"];
    let drawn = |seed: &'static str| with(&[&hot[..], &[seed]].concat());
    assert_eq!(drawn("1"), "ONx<a lOAuS} 9 s)KhZa8\n");
    assert_eq!(drawn("1"), drawn("1"));
    assert_ne!(drawn("1"), drawn("2"));
    assert_eq!(with(&["--temperature", "2", "--top-k", "1"]), likeliest);
}

#[test]
fn what_a_model_is_made_of() {
    let sandbox = Sandbox::new();
    let output = sandbox.boldface(&["lm", "info", "--weights", &tiny()]);
    expect![[r#"
        name            small-llama
        family          Llama
        licence         unknown
        parameters      11,106
        layers          2 of width 18, 6 heads on 2 key-value heads
        context         96 tokens
        vocabulary      128 tokens
        chat template   no
        weights         0 MB in f32
        a full context  0 MB of keys and values
    "#]]
    .assert_eq(&printed(&output));
}
