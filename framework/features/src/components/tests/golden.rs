//! Comparison with scikit-learn, numpy and scipy: numbers of `tests/python/components_golden.py`.

use std::fs;
use std::path::{Path, PathBuf};

use boldface::serde_json::{self, Value};
use boldface_imaging::npy;
use faer::Mat;

use super::*;
use crate::Missing;
use crate::components::{Components, IterationLimits, fast_ica};
use crate::golden as input;

const FILE: &str = include_str!("../../../../../tests/golden/components.json");

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn fast_ica_is_scikit_learns_number_by_number() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let (signals, _) = input::signals();
    for case in file["input"].as_array().unwrap() {
        let n = case["components"].as_u64().unwrap() as usize;
        let start = Mat::from_fn(n, n, |i, k| (1.0 + ((i * n + k) as f64).powi(2)).sin());
        let limits = IterationLimits { tolerance: 1e-6, iterations: 1000, whole_steps: 1000 };
        let data = if case["spatial"].as_bool().unwrap() {
            Mat::from_fn(input::ROIS, input::TRS, |i, t| signals[i][t])
        } else {
            Mat::from_fn(input::TRS, input::ROIS, |t, i| signals[i][t])
        };
        let found = fast_ica(data.as_ref(), n, start.as_ref(), limits).unwrap();
        assert_eq!(found.iterations as u64, case["iterations"].as_u64().unwrap());
        for (row, expected) in rows(&case["sources"]).iter().enumerate() {
            for (k, expected) in expected.iter().enumerate() {
                assert!((found.sources[(row, k)] - expected).abs() < 1e-6, "source {k}, row {row}, of {n}");
            }
        }
        for (k, expected) in rows(&case["unmixing"]).iter().enumerate() {
            for (feature, expected) in expected.iter().enumerate() {
                assert!((found.unmixing[(k, feature)] - expected).abs() < 1e-6, "unmixing {k} of {n}");
            }
        }
    }
}

/// Returns every scan of the pain data, and its subject.
fn pain() -> (Vec<TimeSeries>, Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/data/pain");
    let folder = |path: PathBuf| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let subjects = folder(root).filter(|path| path.is_dir());
    let files = subjects.flat_map(|subject| folder(subject.join("func")));
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|is| is == "npy")).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let (header, values) = npy::read(file).unwrap();
        TimeSeries::new(header.rows, header.cols, 2.0, values).unwrap()
    };
    (files.iter().map(read).collect(), files)
}

#[test]
fn components_of_real_scans_are_scikit_learns() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let golden = &file["pain"];
    let (scans, files) = pain();
    assert_eq!(scans.len() as u64, golden["scans"].as_u64().unwrap());
    let subject = |file: &PathBuf| file.parent().unwrap().parent().unwrap().to_owned();
    let count = |one: &PathBuf| files.iter().filter(|file| subject(file) == subject(one)).count();
    let weighted: Vec<_> =
        scans.iter().zip(&files).map(|(scan, file)| (scan, 1.0 / count(file) as f64)).collect();
    let found = Components::blind(&weighted, 20, 10, 0).unwrap();
    // Both sides fix sign and order by rules, but maps are matched because equal shares may swap.
    let expected = rows(&golden["maps"]);
    let mut taken = [false; 20];
    for (k, map) in expected.iter().enumerate() {
        let like = |other: usize| correlation(&found.maps[other].weights, map).abs();
        let best =
            (0..20).filter(|&other| !taken[other]).max_by(|&a, &b| like(a).total_cmp(&like(b))).unwrap();
        taken[best] = true;
        assert!(like(best) > 0.99, "component {k} is found again with {}", like(best));
        // Maxima that are close to each other differ in the fourth decimal.
        let (share, expected) = (found.maps[best].share, golden["shares"][k].as_f64().unwrap());
        assert!((share - expected).abs() < 1e-3, "share of {k}: {share} is not {expected}");
    }
    assert!(taken.iter().all(|&taken| taken));
}

#[test]
fn dual_regression_and_measures_are_those_of_numpy_and_scipy() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let golden = &file["pain"];
    let (scans, files) = pain();
    assert!(files[0].ends_with(golden["first"].as_str().unwrap().split_once("pain/").unwrap().1));
    // Uses the golden maps, so that only the regression and the measures can differ.
    let map = |(k, weights): (usize, Vec<f64>)| crate::components::Map {
        name: format!("{k:02}"),
        weights,
        share: 0.0,
        stability: None,
    };
    let maps = rows(&golden["maps"]).into_iter().enumerate().map(map).collect();
    let group = Components { rois: 122, live: (0..122).collect(), maps };
    let regressed = group.courses(&scans[0]).unwrap();
    for (t, volume) in rows(&golden["courses"]).iter().enumerate() {
        for (k, expected) in volume.iter().enumerate() {
            let value = regressed.courses[k].as_ref().unwrap()[t];
            assert!((value - expected).abs() < 1e-4, "course {k}, volume {t}: {value} is not {expected}");
        }
    }
    let own = regressed.maps().unwrap();
    for (k, map) in rows(&golden["own_maps"]).iter().enumerate() {
        for (roi, expected) in map.iter().enumerate() {
            assert!((own[k][roi] - expected).abs() < 1e-3, "map {k}, region {roi}");
        }
    }
    let measured = group.measure(&scans[0], &[]);
    assert_eq!(measured.len(), 5 * 20 + 190);
    for (measure, values) in golden["measures"].as_object().unwrap() {
        let ours = measured.iter().filter(|one| one.feature.measure == *measure);
        for (one, expected) in ours.zip(numbers(values)) {
            // The pain data are band-passed, so this is slow power over the filter's noise floor.
            if measure == "component-spectral-ratio" && expected > 1e4 {
                assert_eq!(one.value, Err(Missing::Filtered), "{}", one.feature);
                continue;
            }
            let value = one.value.unwrap();
            let off = (value - expected).abs();
            assert!(off < 1e-4 * expected.abs().max(1.0), "{}: {value} is not {expected}", one.feature);
        }
    }
}
