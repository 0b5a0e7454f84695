//! Compares connectivity gradients with BrainSpace, live, on two real scans.

use std::fs;
use std::path::Path;

use boldface::{TimeSeries, serde_json};
use boldface_features::gradient::{
    ConnectivityGradients, Embedding, GradientTemplate, Kernel, Steps, affinity,
};
use boldface_features::{Fc, fc};
use boldface_tests::{shared, told};
use serde::Deserialize;

/// One line of the output of `tests/python/gradient.py`. Maps are gradients x regions.
#[derive(Deserialize)]
struct Brainspace {
    scan: String,
    rois: usize,
    trs: usize,
    cases: Vec<Case>,
    procrustes: Turned,
}

#[derive(Deserialize)]
struct Case {
    kernel: Kernel,
    embedding: Embedding,
    lambdas: Vec<f64>,
    maps: Vec<Vec<f64>>,
    exact: Option<Exact>,
    shares: Option<Vec<f64>>,
}

#[derive(Deserialize)]
struct Exact {
    lambdas: Vec<f64>,
    maps: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Turned {
    kernel: Kernel,
    embedding: Embedding,
    target: Vec<Vec<f64>>,
    aligned: Vec<Vec<f64>>,
}

#[test]
fn gradients_of_real_scans_are_brainspaces() {
    let lemon = "lemon_schaefer400/lemon_sub-010188_schaefer400_652.npy";
    let (Some(lemon), Some(brainfc)) = (shared(lemon), shared("brainfc_rest01/timeseries.tsv")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let paths = [&lemon, &brainfc, folder.path()].map(|path: &Path| path.display().to_string());
    let Some(lines) = told("gradient.py", &paths) else { return };
    assert_eq!(lines.len(), 2);
    for line in lines {
        let theirs: Brainspace = serde_json::from_value(line).expect("a scan a line");
        compare(&theirs, folder.path());
    }
}

fn compare(theirs: &Brainspace, folder: &Path) {
    let name = &theirs.scan;
    let bytes = fs::read(folder.join(format!("{name}.f32"))).expect("the series");
    let values = bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
    let series = TimeSeries::new(theirs.trs, theirs.rois, 2.0, values).expect("the sizes fit");
    let fc = fc(&series);
    for case in &theirs.cases {
        let what = format!("{name}, {:?}, {:?}", case.kernel, case.embedding);
        let kernel = serde_json::to_value(case.kernel).expect("a name");
        let file = format!("{name}.{}.f64", kernel.as_str().expect("a name"));
        same_affinity(&fc, case.kernel, &folder.join(file));
        let steps = Steps { kernel: case.kernel, sparsity: 0.9, embedding: case.embedding, components: 3 };
        let ours = steps.gradients(&fc).unwrap_or_else(|missing| panic!("{what}: {missing}"));
        let Case { lambdas, maps, exact, shares, .. } = case;
        match exact {
            // BrainSpace's own solver is off by this much. Ours equals the exact numbers.
            Some(exact) => {
                near(&ours.lambdas, lambdas, 0.03, &what);
                near(&ours.lambdas, &exact.lambdas, 1e-6, &what);
                alike(&ours, &exact.maps, 1e-9, &what);
            }
            None => near(&ours.lambdas, lambdas, 1e-6, &what),
        }
        alike(&ours, maps, 1e-3, &what);
        shares.iter().for_each(|shares| near(&ours.shares, shares, 1e-6, &what));
    }
    let Turned { kernel, embedding, target, aligned } = &theirs.procrustes;
    let steps = Steps { kernel: *kernel, sparsity: 0.9, embedding: *embedding, components: 3 };
    let maps = target.iter().map(|map| map.iter().copied().map(Some).collect()).collect();
    let template = GradientTemplate { maps, lambdas: vec![0.0; 3], shares: vec![0.0; 3] };
    let turned = steps.gradients(&fc).and_then(|ours| ours.turned_onto(&template)).expect("a whole scan");
    for (g, aligned) in aligned.iter().enumerate() {
        let far = turned.map(g).iter().zip(aligned).any(|(a, b)| (a - b).abs() > 1e-8);
        assert!(!far, "{name}, gradient {} turned: {:?} and {aligned:?}", g + 1, turned.map(g));
    }
}

/// Compares every affinity. BrainSpace's diagonal is 1 up to the square root of rounding, ours exactly.
fn same_affinity(fc: &Fc, kernel: Kernel, file: &Path) {
    let rois = fc.rois();
    let ours = affinity(fc.values(), rois, &(0..rois).collect::<Vec<_>>(), kernel, 0.9);
    let bytes = fs::read(file).expect("the affinities");
    let (numbers, _) = bytes.as_chunks();
    assert_eq!(numbers.len(), rois * rois);
    for (place, &eight) in numbers.iter().enumerate() {
        let (i, j, theirs) = (place / rois, place % rois, f64::from_le_bytes(eight));
        assert!((ours[(i, j)] - theirs).abs() < 5e-8, "{kernel:?} {i}, {j}: {} and {theirs}", ours[(i, j)]);
    }
}

fn near(ours: &[f64], theirs: &[f64], share: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len());
    let far = ours.iter().zip(theirs).any(|(a, b)| (a / b - 1.0).abs() > share);
    assert!(!far, "{what}: {ours:?} and {theirs:?}");
}

/// Checks that the absolute correlation of each gradient with theirs exceeds `1 - less`.
fn alike(ours: &ConnectivityGradients, theirs: &[Vec<f64>], less: f64, what: &str) {
    for (g, theirs) in theirs.iter().enumerate() {
        let r = correlation(&ours.map(g), theirs).abs();
        assert!(r > 1.0 - less, "{what}: gradient {} correlates {r}", g + 1);
    }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let centred = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| value - mean).collect::<Vec<f64>>()
    };
    let (a, b) = (centred(a), centred(b));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}
