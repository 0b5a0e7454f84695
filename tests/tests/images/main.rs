//! Compares image reading with nibabel, on files written by code and on real, difficult ones from
//! `../shared/data`.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod cifti;
mod real;
mod written;

use std::path::Path;

use boldface_imaging::bold::{Bold, Space};
use boldface_imaging::nifti::ImageHeader;
use serde_json::Value;

/// The content of a recording or a single image.
struct Read {
    shape: [usize; 4],
    affine: Vec<f64>,
    tr: Option<f64>,
    values: Vec<f32>,
}

/// Reads all volumes of an image.
fn read(path: &Path) -> boldface::Result<Read> {
    let mut bold = Bold::open(path)?;
    let header = ImageHeader::read(path)?;
    let [x, y, z] = header.grid.shape;
    assert_eq!(bold.space(), &Space::Volume(header.grid.clone()));
    let (mut values, mut volume) = (Vec::new(), Vec::new());
    while bold.read(&mut volume)? {
        assert_eq!(volume.len(), header.grid.voxels());
        values.extend(&volume);
    }
    assert!(!bold.read(&mut volume)? && volume.is_empty());
    let affine = header.grid.affine.0.as_flattened().to_vec();
    assert_eq!((header.volumes, header.tr), (bold.trs(), bold.tr()));
    Ok(Read { shape: [x, y, z, header.volumes], affine, tr: header.tr, values })
}

/// Compares an image with the output of `read_images.py`.
fn assert_same(name: &str, ours: &Read, theirs: &Value) {
    assert_eq!(theirs["error"], Value::Null, "{name}");
    let mut shape: Vec<usize> = numbers(&theirs["shape"]).iter().map(|&length| length as usize).collect();
    shape.resize(4, 1);
    assert_eq!(ours.shape.as_slice(), shape, "{name}");
    let affine = numbers(&theirs["affine"]);
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * (1.0 + b.abs());
    assert!(ours.affine.iter().zip(&affine).all(near), "{name}: {:?} {affine:?}", ours.affine);
    match (ours.tr, theirs["tr"].as_f64()) {
        (Some(tr), Some(expected)) => assert!((tr - expected).abs() < 1e-6 * expected, "{name}: {tr}"),
        // Without a unit, a TR of 1 is a default that nobody filled in, and 0 means unknown.
        (None, Some(1.0 | 0.0) | None) => {}
        (tr, expected) => panic!("{name}: TR {tr:?}, but nibabel has {expected:?}"),
    }
    let (mut bad, mut sum, mut weighted, mut size) = (0, 0.0, 0.0, 0.0);
    for (place, &value) in ours.values.iter().enumerate() {
        if !value.is_finite() {
            bad += 1;
            continue;
        }
        sum += f64::from(value);
        weighted += f64::from(value) * (place % 97) as f64;
        size += f64::from(value).abs() * (place % 97) as f64;
    }
    assert_eq!(Some(bad), theirs["bad"].as_u64(), "{name}");
    for (ours, theirs) in [(sum, &theirs["sum"]), (weighted, &theirs["weighted"])] {
        let theirs = theirs.as_f64().unwrap();
        assert!((ours - theirs).abs() <= 1e-9 * size, "{name}: {ours} {theirs}");
    }
}

/// Compares every value with the float32 values from the script.
fn assert_equal(name: &str, ours: &[f32], theirs: &Path) {
    let bytes = std::fs::read(theirs).unwrap();
    let theirs: Vec<f32> = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let differ = ours.iter().zip(&theirs).position(|(a, b)| a != b && !(a.is_nan() && b.is_nan()));
    assert_eq!(differ, None, "{name}: the place of the first value that differs");
}

fn numbers(list: &Value) -> Vec<f64> {
    match list {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}
