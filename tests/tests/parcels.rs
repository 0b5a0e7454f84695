//! Compares region signals with nilearn, for every combination of options on computed images and for
//! real scans.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::path::{Path, PathBuf};

use boldface_imaging::bold::Bold;
use boldface_imaging::nifti::{Affine, Datatype};
use boldface_imaging::parcellation::{
    ParcellateOptions, Parcellated, Parcellation, ParcellationFiles, ParcellationKind, parcellate,
};
use boldface_imaging::testing::Image;
use boldface_tests::{is_ci, python, repository};
use serde_json::Value;

const TRS: usize = 4;
/// Cosine and sine of a quarter of a radian.
const COS: f64 = 0.9689124217106447;
const SIN: f64 = 0.24740395925452294;

type Shape = [usize; 3];

/// The grids of `parcels_golden.py`.
fn grid(name: &str) -> (Shape, Affine) {
    let (shape, rows) = match name {
        "plain" => ([7, 8, 6], [[2.0, 0.0, 0.0, -6.0], [0.0, 2.0, 0.0, -7.0], [0.0, 0.0, 2.0, -5.0]]),
        "flipped" => ([7, 8, 6], [[-2.0, 0.0, 0.0, 6.1], [0.0, 2.0, 0.0, -7.0], [0.0, 0.0, -2.5, 6.2]]),
        "oblique" => (
            [7, 8, 6],
            [[2.0 * COS, -2.0 * SIN, 0.0, -4.3], [2.0 * SIN, 2.0 * COS, 0.1, -8.2], [0.0, -0.2, 2.5, -5.1]],
        ),
        "swapped" => ([8, 6, 7], [[0.0, 0.0, -2.0, 5.7], [2.2, 0.0, 0.0, -7.3], [0.0, 2.0, 0.0, -5.2]]),
        "fine" => ([11, 12, 9], [[-1.3, 0.0, 0.0, 6.3], [0.0, 1.3, 0.0, -7.1], [0.0, 0.0, 1.4, -5.63]]),
        "coarse" => ([5, 5, 4], [[3.1, 0.0, 0.0, -6.2], [0.0, 3.3, 0.0, -6.9], [0.0, 0.0, 3.7, -5.41]]),
        "tilted" => (
            [10, 9, 8],
            [[1.7 * COS, 0.0, 1.5 * SIN, -7.4], [0.0, -1.8, 0.0, 7.83], [-1.7 * SIN, 0.0, 1.5 * COS, -3.3]],
        ),
        other => panic!("there is no grid {other}"),
    };
    (shape, Affine(rows))
}

/// Writes an image of one or more volumes.
fn write(path: &Path, on: &str, datatype: Datatype, (slope, intercept): (f64, f64), values: Vec<f64>) {
    let (shape, affine) = grid(on);
    let volumes = values.len() / shape.iter().product::<usize>();
    let dims = [shape.as_slice(), &[volumes]].concat();
    let image = Image { datatype, slope, intercept, sform: (1, affine), ..Image::new(&dims, values) };
    std::fs::write(path, image.bytes()).unwrap();
}

/// Computes a value for every voxel, x fastest.
fn filled(shape: Shape, value: impl Fn(i64, i64, i64) -> f64) -> Vec<f64> {
    let [nx, ny, nz] = shape.map(|length| length as i64);
    let voxels = (0..nz).flat_map(move |z| (0..ny).flat_map(move |y| (0..nx).map(move |x| (x, y, z))));
    voxels.map(|(x, y, z)| value(x, y, z)).collect()
}

fn write_bold(path: &Path, on: &str, dtype: &str) {
    let (shape, _) = grid(on);
    let value =
        |t: i64| move |x, y, z| 500 + (x * 31 + y * 17 + z * 7 + t * 13 + x * y * 3 + z * t * 5) % 101;
    let (datatype, scaling) = match dtype {
        "int16" => (Datatype::I16, (1.0, 0.0)),
        "scaled" => (Datatype::I16, (0.25, 3.0)),
        _ => (Datatype::F32, (1.0, 0.0)),
    };
    let fraction = |value: i64| if dtype == "float32" { (value % 8) as f64 / 8.0 } else { 0.0 };
    let values = (0..TRS as i64).flat_map(|t| {
        filled(shape, |x, y, z| {
            let value = value(t)(x, y, z);
            value as f64 + fraction(value)
        })
    });
    write(path, on, datatype, scaling, values.collect());
}

fn write_labels(path: &Path, on: &str) {
    let (shape, _) = grid(on);
    let [nx, ny, nz] = shape.map(|length| length as i64);
    let label = |x, y, z| match (x + y + z) % 5 {
        0 => 0.0,
        _ => (3 * (1 + (2 * x) / nx + 2 * ((2 * y) / ny) + 4 * ((2 * z) / nz))) as f64,
    };
    write(path, on, Datatype::I16, (1.0, 0.0), filled(shape, label));
}

fn write_maps(path: &Path, on: &str) {
    let (shape, _) = grid(on);
    let [nx, ny, nz] = shape.map(|length| length as i64);
    let map = |k: i64| {
        let centre = (k * nx / 3, (k + 1) * ny / 4, k * nz / 3);
        move |x: i64, y: i64, z: i64| {
            let distance = (x - centre.0).pow(2) + (y - centre.1).pow(2) + (z - centre.2).pow(2);
            (64 - distance).max(0) as f64 / 64.0
        }
    };
    write(path, on, Datatype::F32, (1.0, 0.0), (0..3).flat_map(|k| filled(shape, map(k))).collect());
}

fn write_mask(path: &Path, on: &str) {
    let (shape, _) = grid(on);
    let inside = |x, y, z| f64::from(u8::from((x + 2 * y + 3 * z) % 4 != 0));
    write(path, on, Datatype::I16, (1.0, 0.0), filled(shape, inside));
}

fn ours(
    scan: &Path,
    atlas: &Path,
    mask: Option<&Path>,
    fwhm: Option<f64>,
    kind: ParcellationKind,
) -> (Parcellation, Parcellated) {
    let files =
        ParcellationFiles { volume: atlas.into(), regions: None, networks: "network".to_owned(), kind };
    let parcellation = Parcellation::read(&files).unwrap();
    let bold = Bold::open(scan).unwrap();
    let weights = parcellation.on(bold.space(), mask).unwrap();
    let options = ParcellateOptions { smoothing: fwhm, minimum_coverage: 0.0 };
    let made = parcellate(bold, &weights, &options).unwrap();
    (parcellation, made)
}

/// Compares each signal with nilearn's within a relative 1e-5. Maps, which are fitted together, are
/// compared relative to the largest. A region that nilearn dropped must be missing.
fn check(case: &Value, atlas: &Parcellation, made: &Parcellated) {
    let labels: Vec<i64> =
        case["labels"].as_array().unwrap().iter().map(|label| label.as_i64().unwrap()).collect();
    let signals = case["signals"].as_array().unwrap();
    let about = |label: i32| format!("label {label} of {}", describe(case));
    assert_eq!(made.signal.rows, signals.len(), "{}", describe(case));
    assert!(labels.iter().all(|&label| atlas.labels().contains(&(label as i32))), "{}", describe(case));
    for (roi, &label) in atlas.labels().iter().enumerate() {
        let Some(column) = labels.iter().position(|&other| other == i64::from(label)) else {
            assert_eq!(made.coverage[roi], 0.0, "{}", about(label));
            assert!(made.signal.column(roi).all(f64::is_nan), "{}", about(label));
            continue;
        };
        for (tr, row) in signals.iter().enumerate() {
            let row: Vec<f64> =
                row.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
            let (ours, theirs) = (made.signal.at(tr, roi), row[column]);
            let size = match case["kind"].as_str() {
                Some("maps") => row.iter().fold(0.0, |size: f64, number| size.max(number.abs())),
                _ => theirs.abs(),
            };
            assert!((ours - theirs).abs() <= 1e-5 * size, "{ours} is not {theirs}: {}", about(label));
        }
    }
}

fn describe(case: &Value) -> String {
    let settings = case.as_object().unwrap().iter().filter(|(key, _)| *key != "signals" && *key != "labels");
    settings.map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
}

fn golden() -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(repository("tests/golden/parcels.json")).unwrap()).unwrap()
}

#[test]
fn every_combination_of_options_is_nilearns() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, atlas, mask) =
        (folder.path().join("scan.nii"), folder.path().join("atlas.nii"), folder.path().join("mask.nii"));
    let cases = golden();
    assert_eq!(cases.len(), 144);
    for case in &cases {
        let text = |key: &str| case[key].as_str();
        write_bold(&scan, text("scan").unwrap(), text("dtype").unwrap());
        let kind =
            if text("kind") == Some("maps") { ParcellationKind::Maps } else { ParcellationKind::Labels };
        match kind {
            ParcellationKind::Maps => write_maps(&atlas, text("atlas").unwrap()),
            _ => write_labels(&atlas, text("atlas").unwrap()),
        }
        text("mask").inspect(|on| write_mask(&mask, on));
        let mask = text("mask").map(|_| mask.as_path());
        let (parcellation, made) = ours(&scan, &atlas, mask, case["fwhm"].as_f64(), kind);
        check(case, &parcellation, &made);
    }
}

#[test]
fn the_golden_numbers_are_those_of_this_nilearn() {
    let Some(mut python) = python() else { return };
    let output = python.arg(repository("tests/python/parcels_golden.py")).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let live: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let golden = golden();
    assert_eq!(live.len(), golden.len());
    for (live, golden) in live.iter().zip(&golden) {
        assert_eq!((describe(live), &live["labels"]), (describe(golden), &golden["labels"]));
        let numbers = |case: &Value| -> Vec<f64> {
            let rows = case["signals"].as_array().unwrap().iter();
            rows.flat_map(|row| row.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()))
                .collect()
        };
        // Another processor may round the last digits differently.
        let (live, golden) = (numbers(live), numbers(golden));
        assert!(
            live.len() == golden.len()
                && live.iter().zip(&golden).all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs())
        );
    }
}

#[test]
fn real_scans_are_nilearns() {
    let shared = repository("../shared");
    if !shared.join("data/nifti").is_dir() {
        assert!(!is_ci(), "CI has no {}", shared.display());
        eprintln!("skipped: there is no {}", shared.display());
        return;
    }
    let Some(mut python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = repository("tests/python/parcels_golden.py");
    let output =
        python.arg(script).arg("real").args([&shared, folder.path()]).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cases: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(cases.len(), 26);
    for case in &cases {
        let path = |key: &str| case[key].as_str().map(PathBuf::from);
        let (scan, atlas) = (path("scan").unwrap(), path("atlas").unwrap());
        let (parcellation, made) =
            ours(&scan, &atlas, path("mask").as_deref(), case["fwhm"].as_f64(), ParcellationKind::Labels);
        check(case, &parcellation, &made);
    }
}
