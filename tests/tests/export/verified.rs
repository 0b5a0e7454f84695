//! Recomputes a recorded number from the export alone.

use std::fs;

use boldface_runner::check::{Unverified, VerificationRequest, Verified, verify};
use boldface_runner::export::{Export, Refused};
use boldface_tests::{Sandbox, Seen, build};

use super::{COUNTED, exported, project};

/// A transformer that learns in all three stages, with a probe that reads it before stage 3.
pub const LEARNED: &str = r#"
[datasets.pain]
type = "series"
path = "data"

[signal]
trs = 40

[corpora.connectivity]

[text]
path = "text.txt"

[tokenizer]
type = "vq"
patch = 10
codebook-size = 8
width = 16
steps = 4
warmup = 1

[backbone]
type = "gpt"
layers = 1
heads = 2
width = 16
vocabulary = 280
context = 512
text-steps = 4
text-batch-size = 2
text-length = 32

[alignment]
steps = 3
batch-size = 2
warmup = 1
peak-lr = 1e-2
lora = { rank = 2 }

[instruction]
steps = 3
batch-size = 2
warmup = 1
peak-lr = 1e-2
lora = { rank = 2 }

[tasks.probed]
type = "classification"
target = "sex"
classes = ["F", "M"]
paradigm = "probe"

[tasks.sex]
type = "classification"
target = "sex"
classes = ["F", "M"]

[evaluation]
resamples = 40
longest-answer = 5
"#;

pub fn verified(sandbox: &Sandbox, dir: &str, asked: &VerificationRequest) -> Result<Verified, Unverified> {
    verify(&sandbox.path(dir), asked, &build(), &Seen::default())
}

fn asked_for(task: &str) -> VerificationRequest {
    VerificationRequest { task: Some(task.to_owned()), ..VerificationRequest::default() }
}

#[test]
fn every_score_comes_out_again_without_the_run() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    fs::remove_dir_all(sandbox.path("runs")).unwrap();
    fs::remove_file(sandbox.path("text.txt")).unwrap();
    fs::remove_file(sandbox.path("words.toml")).unwrap();
    let first = verified(&sandbox, "out", &VerificationRequest::default()).unwrap();
    assert_eq!(first.task, "captioning");
    for task in ["captioning", "forecasting", "sex"] {
        let again = verified(&sandbox, "out", &asked_for(task)).unwrap();
        assert!(again.holds(), "{again:?}");
        assert_eq!(again.found, Some(again.recorded));
    }
    let metric = VerificationRequest { metric: Some("auroc".to_owned()), ..asked_for("sex") };
    let again = verified(&sandbox, "out", &metric).unwrap();
    assert_eq!((again.metric.as_str(), again.holds()), ("auroc", true));
    assert!(!sandbox.path("runs").exists());
}

#[test]
fn a_transformer_answers_again_before_and_after_its_last_stage() {
    let sandbox = project(LEARNED);
    let export = exported(&sandbox, "out", false);
    let said = Export::read(&export.dir).unwrap();
    let aligned = said.aligned.unwrap();
    assert_eq!((said.model.stage.as_str(), aligned.stage.as_str()), ("instruction", "alignment"));
    for task in ["probed", "sex"] {
        let again = verified(&sandbox, "out", &asked_for(task)).unwrap();
        assert_eq!(again.found, Some(again.recorded), "{again:?}");
        assert_eq!(again.tolerance, 1e-9 * again.recorded.abs().max(1.0));
    }
}

#[test]
fn a_number_that_was_touched_does_not_hold() {
    let sandbox = project(COUNTED);
    let export = exported(&sandbox, "out", false);
    // Someone improves a score and also fixes the table's hash.
    let (table, manifest) = (export.dir.join("metrics.parquet"), export.dir.join("manifest.json"));
    let mut rows = boldface_tables::metrics::read(&table).unwrap();
    for row in rows.iter_mut().filter(|row| row.plugin == "bigram" && row.split == "test") {
        row.value = row.value.map(|value| value + 0.01);
    }
    let hash = |path| boldface_runner::run::FileRecord::read(path).unwrap();
    let before = hash(&table);
    boldface_tables::metrics::write(&table, "spec", &rows).unwrap();
    let after = hash(&table);
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.replace(&before.blake3, &after.blake3);
    fs::write(
        &manifest,
        text.replace(&format!("\"bytes\": {}", before.bytes), &format!("\"bytes\": {}", after.bytes)),
    )
    .unwrap();
    let again = verified(&sandbox, "out", &asked_for("sex")).unwrap();
    assert!(!again.holds(), "{again:?}");
    assert!((again.recorded - again.found.unwrap() - 0.01).abs() < 1e-9, "{again:?}");
}

#[test]
fn every_file_that_differs_is_named() {
    let sandbox = project(COUNTED);
    let export = exported(&sandbox, "out", false);
    let model = export.dir.join("model/bigram.json");
    let mut bytes = fs::read(&model).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&model, bytes).unwrap();
    fs::remove_file(export.dir.join("regions.tsv")).unwrap();
    match verified(&sandbox, "out", &VerificationRequest::default()).unwrap_err() {
        Unverified::Refused(Refused::Damaged { files, .. }) => {
            assert_eq!(files.len(), 2, "{files:?}");
            assert_eq!(files[0], "`model/bigram.json` has changed since it was written");
            assert!(files[1].starts_with("`regions.tsv`: "), "{files:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_data_are_told_and_moved_data_are_found() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    fs::rename(sandbox.path("data"), sandbox.path("moved")).unwrap();
    match verified(&sandbox, "out", &VerificationRequest::default()).unwrap_err() {
        Unverified::Spec(problems) => {
            assert!(problems[0].to_string().contains("there is no folder `data`"), "{}", problems[0])
        }
        other => panic!("{other:?}"),
    }
    let at = |name: &str| VerificationRequest {
        data: [("pain".to_owned(), sandbox.path(name))].into(),
        ..asked_for("sex")
    };
    assert!(verified(&sandbox, "out", &at("moved")).unwrap().holds());

    let scan = sandbox.path("moved/sub-03/func/sub-03_task-rest_timeseries.tsv");
    let text = fs::read_to_string(&scan).unwrap();
    let number = text.lines().nth(1).unwrap().split('\t').next().unwrap().to_owned();
    fs::write(&scan, text.replacen(&number, "99.5", 1)).unwrap();
    let error = verified(&sandbox, "out", &at("moved")).unwrap_err().to_string();
    let expected =
        "these are not the data of the recorded score: the files of `pain` differ; nothing was computed";
    assert_eq!(error, expected);
}

#[test]
fn what_is_not_in_the_export_is_said_with_what_is() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    let said = |asked: &VerificationRequest| verified(&sandbox, "out", asked).unwrap_err().to_string();
    let expected =
        "the export has no test score of a task `age`; there are `captioning`, `forecasting`, `sex`";
    assert_eq!(said(&asked_for("age")), expected);
    let metric = VerificationRequest { metric: Some("r2".to_owned()), ..asked_for("sex") };
    assert!(
        said(&metric)
            .starts_with("the export has no test score of `sex` called `r2`; there are `accuracy`, "),
        "{}",
        said(&metric)
    );
    let data = VerificationRequest {
        data: [("pein".to_owned(), sandbox.path("data"))].into(),
        ..VerificationRequest::default()
    };
    assert_eq!(said(&data), "the export has no dataset `pein`; there are `pain`");
    let engine = VerificationRequest { engine: Some("torch".to_owned()), ..VerificationRequest::default() };
    match verified(&sandbox, "out", &engine).unwrap_err() {
        Unverified::Spec(problems) => {
            assert!(problems[0].to_string().contains("this build has no engine `torch`"))
        }
        other => panic!("{other:?}"),
    }
}
