//! Exports a finished run as a folder for others: content, verification and errors.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod bad;
mod kinds;
mod start;
mod verified;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use boldface_runner::export::{Exported, write};
use boldface_tests::cohort::study;
use boldface_tests::{Sandbox, Seen};

/// A run with everything that works without a network.
const COUNTED: &str = r#"
[datasets.pain]
type = "series"
path = "data"

[signal]
trs = 40

[corpora.connectivity]

[text]
path = "text.txt"

[tokenizer]
type = "quantile"
patch = 10
codebook-size = 8

[backbone]
type = "bigram"

[alignment]
steps = 4
warmup = 0
peak-lr = 1e-3

[instruction]
steps = 4
warmup = 0
peak-lr = 1e-3

[tasks.captioning]

[tasks.forecasting]
context = 30
horizon = 10

[tasks.sex]
type = "classification"
target = "sex"
classes = ["F", "M"]
prompts = "words.toml"

[evaluation]
resamples = 40
longest-answer = 5
"#;

/// Creates a project with the study and this `spec.toml`.
fn project(spec: &str) -> Sandbox {
    let sandbox = study();
    sandbox.write("text.txt", "The cat sat.\n\nThe dog ran, and the cat ran too.\n");
    sandbox.write("words.toml", "question = [\"Which {target} has this subject?\"]\n");
    sandbox.write("spec.toml", spec);
    sandbox
}

/// Runs `spec.toml` and exports the run to the folder `to`.
fn exported(sandbox: &Sandbox, to: &str, hashed: bool) -> Exported {
    let run = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed:?}"));
    write(&run.dir, &sandbox.path(to), hashed).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns all files below `dir` with their bytes.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn collect(dir: &Path, root: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, found);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(dir, dir, &mut found);
    found
}

#[test]
fn an_export_has_what_it_promises_and_the_same_run_gives_the_same_bytes() {
    let sandbox = project(COUNTED);
    let one = exported(&sandbox, "out/one", false);
    exported(&sandbox, "out/two", false);
    let (files, again) = (files(&one.dir), files(&sandbox.path("out/two")));
    let names: Vec<&str> = files.keys().map(|name| name.to_str().unwrap()).collect();
    for name in [
        "LICENCE.md",
        "README.md",
        "learned.tsv",
        "manifest.json",
        "metrics.md",
        "metrics.parquet",
        "model/bigram.json",
        "norms/corpus.json",
        "normaliser.json",
        "prompts/sex.toml",
        "regions.tsv",
        "spec.toml",
        "splits.tsv",
        "versions.json",
    ] {
        assert!(names.contains(&name), "{name} is missing: {names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("tokenizer/")), "{names:?}");
    for (name, bytes) in &files {
        // The run is different, but its stages are the same.
        assert!(again.get(name) == Some(bytes), "{} differs", name.display());
    }
    assert_eq!((files.len(), one.files.0 + 1), (again.len(), files.len()));

    let text = |name: &str| String::from_utf8(files[Path::new(name)].clone()).unwrap();
    assert_eq!(text("regions.tsv").lines().nth(3), Some("3\tB1\tB"));
    let card = text("README.md");
    for said in [
        "---\nlibrary_name: boldface",
        "| test |",
        "AUROC",
        "fc-logistic",
        "boldface verify DIR --data pain=PATH",
    ] {
        assert!(card.contains(said), "{said}: {card}");
    }
    assert!(!card.contains("sub-"), "{card}");
    // The list of people can serve as the split of another experiment.
    let splits = text("splits.tsv");
    assert_eq!(splits.lines().count(), 13, "{splits}");
    let spec = format!("{COUNTED}\n[split]\nfile = \"out/one/splits.tsv\"\n");
    sandbox.write("again.toml", &spec);
    let plan = sandbox.plan("again.toml");
    let parts = &plan.stages.iter().find(|stage| stage.name() == "split").unwrap().config["parts"];
    for line in splits.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(parts[format!("{}/{}", columns[0], columns[1])], columns[2]);
    }
}

#[test]
fn subjects_are_hashed_where_that_is_asked() {
    let sandbox = project(COUNTED);
    let export = exported(&sandbox, "out", true);
    for (name, bytes) in files(&export.dir) {
        let text = String::from_utf8_lossy(&bytes);
        let is_told = ["LICENCE.md", "README.md"].iter().any(|told| name == Path::new(told));
        for subject in 1..=12 {
            let label = format!("sub-{subject:02}");
            assert!(is_told || !text.contains(&label), "{} names {label}", name.display());
        }
    }
    assert!(fs::read_to_string(export.dir.join("splits.tsv")).unwrap().contains("pain\tblake3:"));
}

#[test]
fn nothing_is_overwritten_and_half_a_run_is_refused() {
    let sandbox = project(COUNTED);
    let export = exported(&sandbox, "out", false);
    let before = files(&export.dir);
    let latest = sandbox.path("runs/latest");
    let error = write(&latest, &export.dir, false).unwrap_err().to_string();
    assert!(error.ends_with("already exists, and nothing is overwritten; name another folder"), "{error}");
    assert_eq!(files(&export.dir), before);

    sandbox.write(
        "half.toml",
        &COUNTED
            .replace("patch = 10", "patch = 20")
            .replace("context = 30\nhorizon = 10", "context = 20\nhorizon = 20"),
    );
    sandbox.run("half.toml", &Seen::interrupting("evaluation.forecasting")).unwrap_err();
    let failed = sandbox.path("runs/latest-failed");
    let error = write(&failed, &sandbox.path("half"), false).unwrap_err().to_string();
    assert!(error.contains("is not finished: it stopped before `evaluation.forecasting`"), "{error}");

    sandbox.run("spec.toml", &Seen::default()).unwrap();
    let damaged = boldface_tests::plan(&sandbox.path("spec.toml"));
    let tokenizer = damaged.stages.iter().find(|stage| stage.name() == "tokenizer").unwrap();
    let artefact = sandbox.path("runs").join(boldface_runner::run::Store::relative(tokenizer));
    let file = fs::read_dir(artefact.join("tokenizer")).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, "{}").unwrap();
    let error = write(&latest, &sandbox.path("damaged"), false).unwrap_err().to_string();
    assert!(error.contains("cannot be exported: `tokenizer/"), "{error}");
    // No temporary folder remains beside the export.
    let left = fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
}
