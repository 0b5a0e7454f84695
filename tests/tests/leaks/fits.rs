//! Catches norms, text sides, codebooks and language models that were fitted on held-out scans.

use std::collections::BTreeMap;
use std::fs;

use boldface::{Part, ScanId, Split};
use boldface_runner::run::{Cost, Finished, Manifest};
use boldface_tests::{Sandbox, Seen};
use expect_test::expect;

use super::{run_says, study, with};

const ALL_STAGES: &str = r#"
[corpora.connectivity]

[alignment]
steps = 2
warmup = 0
peak-lr = 1e-3
text-to-text = 0

[instruction]
steps = 2
warmup = 0
peak-lr = 1e-3
"#;

/// Adds a test scan to the list of scans that `stage` was fitted on, and updates the list's hash in the
/// manifest. The artefact stays consistent, as a faulty version of boldface would have written it.
fn doctor(sandbox: &Sandbox, run: &Finished, stage: &str) {
    let dir = |stage: &str| {
        let found = run.stages.iter().find(|found| found.stage.name() == stage).unwrap();
        sandbox.path("runs").join(&found.artefact)
    };
    let split: Split = serde_json::from_slice(&fs::read(dir("split").join("split.json")).unwrap()).unwrap();
    let person = split.parts.iter().find(|(_, part)| **part == Part::Test).unwrap().0;
    let subject = person.rsplit('-').next().unwrap().to_owned();
    let scan = ScanId::new("files", subject);
    let path = dir(stage).join("fitted-on.json");
    let mut scans: Vec<ScanId> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(!scans.is_empty(), "{stage}");
    scans.push(scan);
    fs::write(&path, serde_json::to_vec(&scans).unwrap()).unwrap();
    let found = run.stages.iter().find(|found| found.stage.name() == stage).unwrap();
    fs::remove_file(dir(stage).join("manifest.json")).unwrap();
    Manifest::create(&dir(stage), &found.stage, BTreeMap::new(), Cost::default())
        .unwrap()
        .write(&dir(stage))
        .unwrap();
}

#[test]
fn every_fit_outside_training_is_found() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    let spec = with(ALL_STAGES);
    sandbox.write("spec.toml", &spec);
    let run = sandbox.run("spec.toml", &Seen::default()).unwrap();
    let mut said = String::new();
    // Starts with the last stage, so that each is the first leak that the run finds.
    for stage in ["instruction", "alignment", "tokenizer", "text-space", "corpus"] {
        doctor(&sandbox, &run, stage);
        said += &run_says(&sandbox, &spec);
    }
    expect![[r#"
        stage `instruction` shows a leak; nothing after it was run
          split: leak `instruction.fitted-on`: `instruction` was fitted outside training: on `files/sub-02 (test)`; remove the artefact, so that it is made again from training scans
        stage `alignment` shows a leak; nothing after it was run
          split: leak `alignment.fitted-on`: `alignment` was fitted outside training: on `files/sub-02 (test)`; remove the artefact, so that it is made again from training scans
        stage `tokenizer` shows a leak; nothing after it was run
          split: leak `tokenizer.fitted-on`: `tokenizer` was fitted outside training: on `files/sub-02 (test)`; remove the artefact, so that it is made again from training scans
        stage `text-space` shows a leak; nothing after it was run
          split: leak `text-space.fitted-on`: `text-space` was fitted outside training: on `files/sub-02 (test)`; remove the artefact, so that it is made again from training scans
        stage `corpus` shows a leak; nothing after it was run
          split: leak `corpus.fitted-on`: `corpus` was fitted outside training: on `files/sub-02 (test)`; remove the artefact, so that it is made again from training scans
    "#]].assert_eq(&said);
}

#[test]
fn a_corpus_that_goes_on_learning() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    expect![[r#"
        stage `corpus` shows a leak; nothing after it was run
          corpora.gossip: leak `corpora.gossip.order`: its description of `files/sub-24` depends on the scans before it: it goes on learning after training; learn in `fit` only, and let `describe` change nothing; or accept it with a reason: `[leakage] accept = { "corpora.gossip.order" = "..." }`
    "#]].assert_eq(&run_says(&sandbox, &with("[corpora.gossip]\ncounts = true\n")));
}
