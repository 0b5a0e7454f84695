//! Catches facts that are held out of training and reach it after all.

use std::collections::BTreeMap;
use std::fs;

use boldface_runner::run::{Cost, Manifest};
use boldface_tests::{Sandbox, Seen};
use expect_test::expect;
use serde_json::{Value, json};

use super::{run_says, said, study, with};

/// Holds one of three couplings out.
const HELD_OUT: &str = r#"
[corpora.connectivity]
paraphrase = false

[facts]
held-out = ["coupling.X-Y"]
"#;

const STAGES: &str = r#"
[alignment]
steps = 2
warmup = 0
peak-lr = 1e-3
text-to-text = 0

[instruction]
steps = 2
warmup = 0
peak-lr = 1e-3
forms = { values = 0.5 }
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    sandbox
}

#[test]
fn every_stage_proves_what_it_taught() {
    let sandbox = sandbox();
    let spec = with(&(HELD_OUT.to_owned() + STAGES));
    sandbox.write("spec.toml", &spec);
    let run = sandbox.run("spec.toml", &Seen::default()).unwrap();
    let mut said = String::new();
    // Starts with the last stage, so that each is the first leak that the run finds.
    for stage in ["instruction", "alignment", "tokenizer", "text-space"] {
        let found = run.stages.iter().find(|found| found.stage.name() == stage).unwrap();
        let dir = sandbox.path("runs").join(&found.artefact);
        let path = dir.join("taught.json");
        let mut taught: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let known = taught["features"].as_array().unwrap().clone();
        assert_eq!(known, [json!("coupling.X-X"), json!("coupling.Y-Y")], "{stage}");
        // As a faulty version of boldface would have written it.
        taught["features"].as_array_mut().unwrap().push("coupling.X-Y".into());
        fs::write(&path, taught.to_string()).unwrap();
        fs::remove_file(dir.join("manifest.json")).unwrap();
        let manifest = Manifest::create(&dir, &found.stage, BTreeMap::new(), Cost::default()).unwrap();
        manifest.write(&dir).unwrap();
        said += &run_says(&sandbox, &spec);
    }
    expect![[r#"
        stage `instruction` shows a leak; nothing after it was run
          facts.held-out: leak `instruction.held-out-facts`: `instruction` taught facts about `coupling.X-Y`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "instruction.held-out-facts" = "..." }`
        stage `alignment` shows a leak; nothing after it was run
          facts.held-out: leak `alignment.held-out-facts`: `alignment` taught facts about `coupling.X-Y`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "alignment.held-out-facts" = "..." }`
        stage `tokenizer` shows a leak; nothing after it was run
          facts.held-out: leak `tokenizer.held-out-facts`: `tokenizer` taught facts about `coupling.X-Y`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "tokenizer.held-out-facts" = "..." }`
        stage `text-space` shows a leak; nothing after it was run
          facts.held-out: leak `text-space.held-out-facts`: `text-space` taught facts about `coupling.X-Y`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "text-space.held-out-facts" = "..." }`
    "#]].assert_eq(&said);
}

#[test]
fn other_texts_that_ask_or_tell_it_are_found() {
    let sandbox = sandbox();
    let text = with(&format!("{HELD_OUT}\n[text]\npath = \"text.txt\"\n"));
    sandbox.write("text.txt", "Brains are many.\n\nX-Y coupling? Nobody knows.\n");
    let mut found = said(&sandbox, &text);
    let asks = "type = \"classification\"\nquestion = \"X-Y coupling?\"";
    let task = with(&(HELD_OUT.to_owned() + STAGES)).replacen("type = \"classification\"", asks, 1);
    found += &said(&sandbox, &task);
    // What the text tells shows when the corpus can read it.
    sandbox.write("text.txt", "Brains are many.\n\nX-Y coupling is typical.\n");
    assert_eq!(said(&sandbox, &text), "no problem\n");
    found += &run_says(&sandbox, &text);
    // A finding on the plan is accepted, and the stage that teaches it fails.
    let why = "[leakage]\naccept = { \"tasks.condition.held-out-facts\" = \"a test of waivers\" }\n";
    found += &run_says(&sandbox, &(task + why));
    expect![[r#"
        spec.toml:39:8: leak `text.held-out-facts`: the general text tells the question `X-Y coupling?`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "text.held-out-facts" = "..." }`
        spec.toml:22:8: leak `tasks.condition.held-out-facts`: it teaches the question `X-Y coupling?`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "tasks.condition.held-out-facts" = "..." }`
        stage `text-space` shows a leak; nothing after it was run
          text.path: leak `text.held-out-facts`: the general text tells facts about `coupling.X-Y`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "text.held-out-facts" = "..." }`
        stage `instruction` shows a leak; nothing after it was run
          facts.held-out: leak `instruction.held-out-facts`: `instruction` taught the question `X-Y coupling?`, which is held out; remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot; or accept it with a reason: `[leakage] accept = { "instruction.held-out-facts" = "..." }`
    "#]].assert_eq(&found);
}

#[test]
fn patterns_and_keys_that_hold_nothing_out_are_problems() {
    let sandbox = sandbox();
    let corpus = "[corpora.connectivity]\n";
    let patterns = |patterns: &str| format!("[facts]\nheld-out = {patterns}\n");
    let asked = "[tasks.facts]\nheld-out = true\n\n[tasks.captioning]\nheld-out = true\n";
    let free = "[tasks.captioning]\nheld-out = true\ndecoding = \"free\"\n";
    let mut found = String::new();
    for tables in [
        patterns(r#"["coupling.X-*"]"#),
        format!("{corpus}{}", patterns(r#"["coupling.X-Z", "strength.*", ""]"#)),
        format!("{corpus}{}", patterns(r#"["coupling.*"]"#)),
        format!("{corpus}{}", patterns(r#"["coupling.X-*"]"#)),
        format!("{corpus}{asked}"),
        format!("{corpus}{free}"),
    ] {
        found += &said(&sandbox, &with(&tables));
    }
    expect![[r#"
        spec.toml:32:12: no corpus measures facts of the scans; add a table such as `[corpora.connectivity]`, or remove `[facts]`
        spec.toml:33:13: `coupling.X-Z` matches no feature that a corpus asks about; did you mean `coupling.X-X`?
        spec.toml:33:29: `strength.*` matches no feature that a corpus asks about; there are `coupling.X-X`, `coupling.X-Y`, `coupling.Y-Y`
        spec.toml:33:43: `` matches no feature that a corpus asks about; there are `coupling.X-X`, `coupling.X-Y`, `coupling.Y-Y`
        spec.toml:33:12: all 3 features are held out, so training asks for none; leave some for training
        no problem
        spec.toml:33:12: training asks for the facts of the corpora whatever tasks there are, so this would hold nothing out; remove it; `[facts] held-out = ["coupling.A-*"]` keeps features out of training
        spec.toml:36:12: training asks for the facts of the corpora whatever tasks there are, so this would hold nothing out; remove it; `[facts] held-out = ["coupling.A-*"]` keeps features out of training
        no problem
    "#]].assert_eq(&found);
}
