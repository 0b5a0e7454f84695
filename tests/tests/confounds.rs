//! Compares confounds and scrubbing with nilearn on files written by Python, both recorded and live.

use std::collections::BTreeMap;
use std::fs;

use boldface_imaging::confounds::{ConfoundTable, Confounds, DummyScans, Scrub, kept_volumes};
use boldface_tests::{python, repository};
use serde::Deserialize;

/// Output of `tests/python/confounds.py`.
#[derive(Deserialize)]
struct Nilearn {
    files: BTreeMap<String, String>,
    cases: Vec<Case>,
    scrubs: Vec<Rule>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    strategy: String,
    columns: BTreeMap<String, Vec<f64>>,
    kept: Option<Vec<usize>>,
}

#[derive(Deserialize)]
struct Rule {
    file: String,
    fd: Option<f64>,
    dvars: Option<f64>,
    shortest: usize,
    kept: Option<Vec<usize>>,
}

fn near(a: f64, b: f64) -> bool {
    // pandas parses numbers correctly up to the last digit but one.
    (a - b).abs() <= 1e-12 * a.abs().max(1.0)
}

fn places(kept: &[bool]) -> Vec<usize> {
    (0..kept.len()).filter(|&volume| kept[volume]).collect()
}

fn compare(nilearn: &Nilearn) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in &nilearn.files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let read = |file: &str| {
        let path = folder.path().join(format!("{file}_desc-confounds_timeseries.tsv"));
        ConfoundTable::read(&path).expect("a table")
    };
    for case in &nilearn.cases {
        let Case { file, strategy, columns, kept } = case;
        let table = read(file);
        let confounds = Confounds::Named(strategy.parse().expect("a strategy"));
        let names = confounds.columns(&table).expect("the columns are there");
        let ours = confounds.choose(&table).expect("the columns are there");
        assert_eq!((ours.rows, ours.columns), (table.trs(), columns.len()), "{file}, {strategy}");
        for (place, name) in names.iter().enumerate() {
            let theirs =
                columns.get(name).unwrap_or_else(|| panic!("{file}, {strategy}: nilearn has no {name}"));
            for (volume, &theirs) in theirs.iter().enumerate() {
                let ours = ours.at(volume, place);
                assert!(near(ours, theirs), "{file}, {strategy}, {name}, volume {volume}: {ours}, {theirs}");
            }
        }
        let own = kept_volumes(Some(&table), None, DummyScans::Detected, table.trs()).expect("a mask");
        assert_eq!(places(&own), kept.clone().unwrap_or((0..table.trs()).collect()), "{file}, {strategy}");
        // Confounds that fMRIPrep computes are computed the same way if a file lacks them.
        let is_motion = strategy.ends_with('p') && file == "sub-new";
        if is_motion {
            let bare = confounds.choose(&read("sub-bare")).expect("the base columns are there");
            assert!(
                bare.values.iter().zip(&ours.values).all(|(a, b)| near(*a, *b)),
                "{strategy} of base columns"
            );
        }
    }
    for rule in &nilearn.scrubs {
        let table = read(&rule.file);
        let scrub = Scrub { fd: rule.fd, dvars: rule.dvars, shortest: rule.shortest };
        let kept =
            kept_volumes(Some(&table), Some(&scrub), DummyScans::Detected, table.trs()).expect("a mask");
        let theirs = rule.kept.clone().unwrap_or((0..table.trs()).collect());
        assert_eq!(places(&kept), theirs, "{} {scrub:?}", rule.file);
    }
    assert!(nilearn.cases.len() >= 24 && nilearn.scrubs.len() >= 20);
}

#[test]
fn confounds_and_masks_are_those_that_nilearn_gave() {
    let text = fs::read_to_string(repository("tests/golden/confounds.json")).expect("the golden file");
    compare(&serde_json::from_str(&text).expect("JSON"));
}

#[test]
fn confounds_and_masks_are_those_that_nilearn_gives() {
    let Some(mut python) = python() else { return };
    let script = repository("tests/python/confounds.py");
    let output = python.arg(script).args(["1", "60", "12"]).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    compare(&serde_json::from_slice(&output.stdout).expect("JSON"));
}
