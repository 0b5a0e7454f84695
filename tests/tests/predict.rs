//! `boldface predict`, `ask` and `embed`: a finished model on scans outside its run.

use std::fs;
use std::path::{Path, PathBuf};

use boldface::Part;
use boldface_runner::predict::{Model, ModelRequest, NewScans};
use boldface_runner::run::PREDICTIONS;
use boldface_tables::predictions::{self, AnswererKind, PredictionRow};
use boldface_tests::{Sandbox, Seen};

const SPEC: &str = r#"
[datasets.lab]
type = "series"
path = "lab"
tr = 2.0

[signal]
trs = 40

[split]
validation = 0.25
test = 0.25
stratify = ["group"]

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 4

[backbone]
type = "bigram"

[instruction]
steps = 20
peak-lr = 1e-3

[tasks.group]
type = "classification"
target = "group"
classes = ["a", "b"]

[tasks.years]
type = "regression"
target = "age"
unit = "years"
edges = [20, 40, 60]

[tasks.read-off]
type = "regression"
target = "age"

[evaluation]
resamples = 20
"#;

/// A lab's folder: one table per subject, with a header and 50 volumes of four regions.
fn lab(sandbox: &Sandbox) {
    let mut people = "participant_id,group,age\n".to_owned();
    for subject in 0..24_u32 {
        let group = if subject % 2 == 0 { "a" } else { "b" };
        people += &format!("sub-{subject:02},{group},{}\n", 21 + subject);
        let mut state = u64::from(subject) * 7919 + 17;
        let mut text = "V1,V2,M1,M2\n".to_owned();
        for _ in 0..50 {
            let mut value = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f64 / f64::from(1 << 24)
            };
            let cells: Vec<String> = (0..4).map(|_| value().to_string()).collect();
            text += &(cells.join(",") + "\n");
        }
        sandbox.write(&format!("lab/sub-{subject:02}.csv"), &text);
    }
    sandbox.write("lab/participants.csv", &people);
}

fn request(path: &Path) -> ModelRequest {
    let runs = PathBuf::from("runs");
    ModelRequest { path: path.to_owned(), runs, weights: None, device: None, workers: 1 }
}

/// What a prediction says, without the names of dataset and part.
fn said(row: &PredictionRow) -> String {
    let answer = &row.answer;
    format!(
        "{} {} {} {} {:?} {:?} {:?} {:?}",
        row.task,
        row.scan.subject,
        row.question_index,
        row.question,
        answer.answer,
        answer.option,
        answer.probability,
        answer.answer_value
    )
}

#[test]
fn the_test_scans_of_a_run_get_its_numbers_from_the_run_and_from_its_export() {
    let sandbox = Sandbox::new();
    lab(&sandbox);
    sandbox.write("spec.toml", SPEC);
    let dir = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}")).dir;
    let recorded: Vec<PredictionRow> = predictions::read(&dir.join(PREDICTIONS)).unwrap();
    let is_own = |row: &&PredictionRow| {
        row.part == Part::Test && row.kind == AnswererKind::Model && row.task != "read-off"
    };
    let recorded: Vec<&PredictionRow> = recorded.iter().filter(is_own).collect();
    let mut files: Vec<PathBuf> =
        recorded.iter().map(|row| sandbox.path(&format!("lab/sub-{}.csv", row.scan.subject))).collect();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), 6);
    let mut expected: Vec<String> = recorded.into_iter().map(said).collect();
    expected.sort();

    let export = sandbox.path("export");
    boldface_runner::export::write(&dir, &export, false).unwrap();
    for path in [&dir, &export] {
        let model = Model::open(&request(path)).unwrap();
        let scans = NewScans::read(&model, &files, Some(2.0), None).unwrap();
        assert!(scans.warnings.is_empty(), "{:?}", scans.warnings);
        let answers = model.predict(&scans, &[]).unwrap();
        let mut found: Vec<String> = answers.rows.iter().map(said).collect();
        found.sort();
        assert_eq!(found, expected);
        assert!(
            answers.rows.iter().all(|row| row.answer.truth.is_none() && row.answer.truth_value.is_none())
        );
        assert_eq!(answers.notes.len(), 1, "{:?}", answers.notes);
        assert!(answers.notes[0].starts_with("task `read-off` is left out"), "{:?}", answers.notes);
        // One task alone gives the same numbers.
        let alone = model.predict(&scans, &["years".to_owned()]).unwrap();
        assert!(!alone.rows.is_empty() && alone.rows.iter().all(|row| expected.contains(&said(row))));
        let unknown = model.predict(&scans, &["decades".to_owned()]).unwrap_err().to_string();
        assert!(unknown.contains("no task `decades`; it has `group`, `read-off`, `years`"), "{unknown}");
        // Pooled states: one row per scan, which tells scans apart.
        let states = model.embed(&scans, "Describe this scan.").unwrap();
        assert_eq!((states.tokenizer.len(), states.model.len()), (6, 6));
        assert!(states.tokenizer.iter().all(|row| row.len() == model.shape().width));
        assert_ne!(states.tokenizer[0], states.tokenizer[1]);
        assert_eq!(model.ask(&scans, "What is the group of this scan?").unwrap().len(), 6);
    }
}

#[test]
fn a_scan_that_does_not_fit_is_refused_by_name() {
    let sandbox = Sandbox::new();
    lab(&sandbox);
    sandbox.write("spec.toml", SPEC);
    let dir = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}")).dir;
    let model = Model::open(&request(&dir)).unwrap();
    let text = fs::read_to_string(sandbox.path("lab/sub-03.csv")).unwrap();
    sandbox.write("new/sub-80.csv", &text.replacen("V1,V2", "V2,V1", 1));
    sandbox.write("new/sub-81.csv", &text.lines().take(30).collect::<Vec<_>>().join("\n"));
    sandbox.write("new/sub-82.csv", &text.lines().map(|line| format!("{line},1\n")).collect::<String>());
    sandbox.write("new/sub-83.csv", &text);
    sandbox.write("new/sub-83.json", r#"{"RepetitionTime": 0.8}"#);
    let files: Vec<PathBuf> = (80..84).map(|n| sandbox.path(&format!("new/sub-{n}.csv"))).collect();
    let refused = |files: &[PathBuf], tr| NewScans::read(&model, files, tr, None).unwrap_err().to_string();
    let message = refused(&files[..3], Some(2.0));
    assert!(message.starts_with("3 of 3 scans do not fit the model, and none was asked about:"), "{message}");
    for (file, reason) in
        [("sub-80.csv", "`V2`"), ("sub-81.csv", "29 volumes, but the model"), ("sub-82.csv", "")]
    {
        assert!(message.lines().any(|line| line.contains(file) && line.contains(reason)), "{message}");
    }
    let message = refused(&files[3..], None);
    assert!(message.contains("its repetition time is 0.8 s, and the model has learned 2 s"), "{message}");
    let regions = ["V1", "M1", "V2", "M2"].map(str::to_owned);
    let own = [sandbox.path("lab/sub-03.csv")];
    let message = NewScans::read(&model, &own, Some(2.0), Some(&regions)).unwrap_err().to_string();
    assert!(message.contains("--regions"), "{message}");
}
