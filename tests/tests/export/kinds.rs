//! Exports and verifies every kind of run: other paradigms, runs as units, arms, and models of all
//! kinds.

use std::fs;
use std::path::Path;

use boldface_runner::export::{Export, Unverified, VerificationRequest, write};
use boldface_runner::run::{Budget, run_sweep};
use boldface_tests::shipped::stand_in;
use boldface_tests::{Sandbox, Seen};

use super::start::problems;
use super::verified::{LEARNED, verified};
use super::{COUNTED, exported, project};

/// Simulated scans without files.
const MADE: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 10
scans = 4
trs = 40
rois = 8

[signal]
trs = 40

[corpora.connectivity]

[tokenizer]
type = "quantile"
patch = 10
codebook-size = 8

[backbone]
type = "bigram"

[instruction]
steps = 4
warmup = 0
peak-lr = 1e-3

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[evaluation]
resamples = 40
"#;

fn asked_for(task: &str) -> VerificationRequest {
    VerificationRequest { task: Some(task.to_owned()), ..VerificationRequest::default() }
}

fn holds(sandbox: &Sandbox, dir: &str, asked: &VerificationRequest) {
    let again = verified(sandbox, dir, asked).unwrap_or_else(|error| panic!("{dir}: {error:?}"));
    assert_eq!(again.found, Some(again.recorded), "{again:?}");
}

#[test]
fn tasks_that_are_asked_in_other_ways_come_out_again() {
    let tasks = "
[tasks.age]
type = \"regression\"
target = \"age\"
unit = \"years\"

[tasks.sex]
type = \"classification\"
target = \"sex\"
classes = [\"F\", \"M\"]
paradigm = \"multi\"

[tasks.older]
type = \"regression\"
target = \"age\"
unit = \"years\"
edges = [18, 40, 80]
paradigm = \"multi\"

[tasks.few]
type = \"classification\"
target = \"sex\"
classes = [\"F\", \"M\"]
shots = 2

[evaluation]
resamples = 40
";
    let spec = COUNTED.split("[tasks.captioning]").next().unwrap().to_owned() + tasks;
    let sandbox = project(&spec);
    exported(&sandbox, "out", false);
    for task in ["age", "few", "older", "sex"] {
        holds(&sandbox, "out", &asked_for(task));
    }
}

#[test]
fn runs_in_the_place_of_subjects_and_data_without_files() {
    for (unit, rows) in [("subject", 10), ("run", 40)] {
        let sandbox = Sandbox::new();
        sandbox.write("spec.toml", &format!("{MADE}\n[split]\nunit = \"{unit}\"\n"));
        for hashed in [false, true] {
            let dir = format!("out-{hashed}");
            let export = exported(&sandbox, &dir, hashed);
            let splits = fs::read_to_string(export.dir.join("splits.tsv")).unwrap();
            assert_eq!(splits.lines().count(), 1 + rows, "{splits}");
            holds(&sandbox, &dir, &VerificationRequest::default());
        }
        // Other simulated scans are other people, unless the dataset has the same name.
        let begun = format!("{MADE}\n[split]\nunit = \"{unit}\"\nseed = 3\n[start]\npath = \"out-true\"\n");
        let other = begun.replacen("subjects = 10", "subjects = 10\nseed = 7", 1);
        assert!(problems(&sandbox, &begun).contains("leak `start.people`"), "{}", problems(&sandbox, &begun));
        assert!(problems(&sandbox, &other).contains("leak `start.people`"), "{}", problems(&sandbox, &other));
        assert_eq!(problems(&sandbox, &other.replace("[datasets.made]", "[datasets.others]")), "");
    }
}

#[test]
fn an_arm_of_a_sweep_is_a_run() {
    let sandbox = Sandbox::new();
    sandbox.write("base.toml", MADE);
    sandbox.write("grid.toml", "base = \"base.toml\"\n\n[grid]\n\"instruction.steps\" = [3, 4]\n");
    let budget = Budget { workers: 1, cores: 1, memory: u64::MAX, takes: &|_| None, fail_fast: true };
    let finished = run_sweep(&sandbox.sweep("grid.toml"), &budget, &Seen::default()).unwrap();
    let arm = finished.dir.join(&finished.record.arms[1].run);
    let export = write(&arm, &sandbox.path("out"), false).unwrap_or_else(|error| panic!("{error}"));
    let card = fs::read_to_string(export.dir.join("README.md")).unwrap();
    assert!(card.contains("condition (classification), 8 scans of 2 subjects"), "{card}");
    holds(&sandbox, "out", &VerificationRequest::default());
}

/// The spec without stages 2 and 3 and without the probe.
fn untrained() -> String {
    let (before, rest) = LEARNED.split_once("[alignment]").unwrap();
    before.to_owned() + "[tasks.sex]" + rest.split_once("[tasks.sex]").unwrap().1
}

#[test]
fn a_model_that_only_knows_text_is_exported_as_that_and_begun_with() {
    let sandbox = project(&untrained());
    let export = exported(&sandbox, "out", false);
    let said = Export::read(&export.dir).unwrap();
    assert!(!said.model.reads_fmri && said.aligned.is_none(), "{said:?}");
    holds(&sandbox, "out", &VerificationRequest::default());
    let start = "\n[split]\nfile = \"out/splits.tsv\"\n\n[start]\npath = \"out\"\n";
    for take in ["[\"tokenizer\", \"model\"]", "[\"model\"]"] {
        sandbox.write("more.toml", &format!("{}{start}take = {take}\n", untrained()));
        sandbox.run("more.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{take}: {failed:?}"));
    }
}

#[test]
fn a_transformer_with_adapters_goes_on_learning() {
    let sandbox = project(LEARNED);
    exported(&sandbox, "out", false);
    let start = "\n[split]\nfile = \"out/splits.tsv\"\n\n[start]\npath = \"out\"\n";
    sandbox.write("more.toml", &format!("{LEARNED}{start}"));
    let (seen, weights) = (Seen::default(), "model/weights.safetensors");
    let more = sandbox.run("more.toml", &seen).unwrap_or_else(|failed| panic!("{failed:?}"));
    assert!(seen.ran().contains(&"instruction".to_owned()), "{:?}", seen.ran());
    write(&more.dir, &sandbox.path("second"), false).unwrap();
    let read = |dir: &str, name: &str| fs::read(sandbox.path(dir).join(name)).unwrap();
    assert_ne!(read("second", weights), read("out", weights));
    for file in fs::read_dir(sandbox.path("out/tokenizer")).unwrap() {
        let name = Path::new("tokenizer").join(file.unwrap().file_name());
        let name = name.to_str().unwrap();
        assert_eq!(read("second", name), read("out", name), "{name}");
    }
    fs::remove_dir_all(sandbox.path("out")).unwrap();
    fs::remove_dir_all(sandbox.path("runs")).unwrap();
    holds(&sandbox, "second", &asked_for("sex"));
}

#[test]
fn a_published_model_is_named_and_must_be_there() {
    let (before, rest) = LEARNED.split_once("[backbone]").unwrap();
    let rest = rest.split_once("[alignment]").unwrap().1;
    let backbone = "[backbone]\ntype = \"pretrained\"\nweights = \"models/tiny\"\nchat = \"none\"\n\n[alignment]\ntext-to-text = 0";
    let spec = format!("{before}{backbone}{rest}");
    let sandbox = project(&spec);
    let copy = |to: &str| {
        for name in ["config.json", "model.safetensors", "tokenizer.json"] {
            sandbox.write(&format!("{to}/{name}"), "");
            fs::copy(stand_in().join(name), sandbox.path(to).join(name)).unwrap();
        }
    };
    copy("models/tiny");
    let export = exported(&sandbox, "out", false);
    let card = fs::read_to_string(export.dir.join("README.md")).unwrap();
    assert!(card.contains("\nbase_model: \""), "{card}");
    assert!(export.dir.join("model/adapter/adapter_config.json").exists());
    assert!(export.dir.join("model/fmri.safetensors").exists());
    holds(&sandbox, "out", &asked_for("sex"));

    fs::rename(sandbox.path("models/tiny"), sandbox.path("models/moved")).unwrap();
    match verified(&sandbox, "out", &asked_for("sex")) {
        Err(Unverified::Spec(problems)) => {
            assert!(problems[0].to_string().contains("models/tiny"), "{}", problems[0]);
        }
        other => panic!("{other:?}"),
    }
    let at = |weights: &str| VerificationRequest { weights: Some(sandbox.path(weights)), ..asked_for("sex") };
    holds(&sandbox, "out", &at("models/moved"));
    copy("models/other");
    let file = sandbox.path("models/other/model.safetensors");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    match verified(&sandbox, "out", &at("models/other")) {
        Err(Unverified::Spec(problems)) => {
            let said = problems[0].to_string();
            assert!(said.contains("these are not the weights that the export was made with"), "{said}");
        }
        other => panic!("{other:?}"),
    }
}
