//! Comparison with the exact and BrainSpace's numbers of `parity.json`, block `gradient`.

use boldface::serde_json::Value;
use faer::Mat;

use super::*;
use crate::golden;

/// Computes Pearson correlations in 64 bits, row after row.
fn correlations(mut signals: Vec<Vec<f64>>) -> Vec<f64> {
    for signal in &mut signals {
        let mean = signal.iter().sum::<f64>() / signal.len() as f64;
        signal.iter_mut().for_each(|x| *x -= mean);
        let length = signal.iter().map(|x| x * x).sum::<f64>().sqrt();
        signal.iter_mut().for_each(|x| *x /= length);
    }
    let product = |i: usize, j: usize| signals[i].iter().zip(&signals[j]).map(|(a, b)| a * b).sum();
    (0..3600).map(|at| if at % 61 == 0 { 1.0 } else { product(at / 60, at % 60) }).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn near(ours: &[f64], theirs: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}: {ours:?} beside {theirs:?}");
    }
}

/// Compares with the tolerance as a share of each number.
fn near_share(ours: &[f64], theirs: &[f64], tolerance: f64, what: &str) {
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a / b - 1.0).abs() <= tolerance, "{what}: {ours:?} beside {theirs:?}");
    }
}

#[test]
fn a_row_keeps_what_brainspace_keeps() {
    // `int(n * (1 - 0.9))` in Python 3.13.
    let kept_of = [60, 100, 200, 400, 450, 1000].map(|rois| kept(rois, 0.9));
    assert_eq!(kept_of, [5, 9, 19, 39, 44, 99]);
    assert_eq!(kept(400, 0.0), 400);
}

#[test]
fn gradients_equal_the_golden_file() {
    let Some(file) = golden::file() else { return };
    let fc = correlations(golden::signals().0);
    let blocks = [
        (Kernel::NormalizedAngle, "single_normangle"),
        (Kernel::CosineThenNormalizedAngle, "reference_double (cosine then normalized_angle)"),
    ];
    for (kernel, name) in blocks {
        let block = &file["gradient"][name];
        let living: Vec<usize> = (0..60).collect();
        let affinity = affinity(&fc, 60, &living, kernel, 0.9);
        let sum: f64 = affinity.col_iter().map(|column| column.iter().sum::<f64>()).sum();
        assert!((sum - block["aff_sum"].as_f64().unwrap()).abs() < 1e-6, "{name}: sum {sum}");
        let gradients = steps(kernel, Embedding::DiffusionMap).of_living(&fc, 60, living).unwrap();
        near(&gradients.lambdas, &numbers(&block["exact_lambda"]), 1e-7, name);
        near_share(&gradients.lambdas, &numbers(&block["brainspace_lambda"]), 1e-3, name);
        let maps: Vec<Vec<f64>> = (0..3).map(|g| gradients.map(g)).collect();
        let range = |map: &Vec<f64>| {
            map.iter().fold(f64::MIN, |a, &b| a.max(b)) - map.iter().fold(f64::MAX, |a, &b| a.min(b))
        };
        near(&maps.iter().map(range).collect::<Vec<_>>(), &numbers(&block["range"]), 1e-7, name);
        if kernel == Kernel::NormalizedAngle {
            near(&maps[0][..10], &numbers(&block["exact_g1[:10]"]), 1e-7, "gradient 1");
            near(&maps[1][..10], &numbers(&block["exact_g2[:10]"]), 1e-7, "gradient 2");
        }
    }
}

#[test]
fn turning_equals_the_golden_file() {
    let Some(file) = golden::file() else { return };
    let block = &file["gradient"]["procrustes_to_cos(0.1*(k+1)*i)"];
    let fc = correlations(golden::signals().0);
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let gradients = steps.of_living(&fc, 60, (0..60).collect()).unwrap();
    let value = |roi: usize, g: usize| (roi as f64 * 0.1 * (g + 1) as f64).cos();
    let target = Mat::from_fn(60, 3, value);
    let turn = procrustes(&gradients.maps, &target).unwrap();
    for i in 0..3 {
        let row: Vec<f64> = (0..3).map(|j| turn[(i, j)]).collect();
        near(&row, &numbers(&block["R"][i]), 1e-7, "R");
    }
    let maps = (0..3).map(|g| (0..60).map(|roi| Some(value(roi, g))).collect()).collect();
    let template = GradientTemplate { maps, lambdas: vec![0.0; 3], shares: vec![0.0; 3] };
    let turned = gradients.turned_onto(&template).unwrap();
    let first: Vec<f64> = (0..3).map(|g| turned.maps[(0, g)]).collect();
    near(&first, &numbers(&block["aligned[0]"]), 1e-7, "aligned");
}
