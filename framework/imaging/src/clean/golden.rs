//! Compares cleaning with numbers of nilearn and scipy, written by `tests/python/clean_golden.py`.
//!
//! The script first corrects nilearn 0.14.1 in two places: some censored volumes are not interpolated,
//! and rounding noise of dependent confounds counts as regressors.

use boldface::serde_json::{self, Value};

use super::butterworth::{self, PassBand};
use super::{Cleaning, Filter, Standardization, clean};
use crate::matrix::Matrix;
use crate::resample;

const TRS: usize = 100;
const TR: f64 = 2.0;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/clean.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn columns(columns: &[&dyn Fn(usize) -> f64]) -> Matrix {
    let values = (0..TRS).flat_map(|t| columns.iter().map(move |column| column(t)));
    Matrix::new(TRS, columns.len(), values.collect()).unwrap()
}

/// Inputs of the script: a signal of five regions, and six kinds of confounds.
fn inputs() -> (Matrix, Vec<Option<Matrix>>) {
    let mut state: u64 = 1_234_567;
    let mut draw = || {
        state = (1_103_515_245 * state + 12345) % (1 << 31);
        state as f64 / f64::from(1u32 << 31) - 0.5
    };
    let u: Vec<[f64; 8]> = (0..TRS).map(|_| [(); 8].map(|()| draw())).collect();
    let levels = [(100.0, 1.0), (1000.0, 20.0), (10.0, 0.3), (-50.0, 5.0), (0.5, 2.0)];
    let region = |t: usize, i: usize| {
        let (at, place) = (t as f64, (1 + i) as f64);
        let waves = (0.11 * place * at).sin() + 0.6 * (0.37 * place * at).cos();
        levels[i].0 + levels[i].1 * (waves + 0.02 * at + 1.5 * u[t][i])
    };
    let signal = (0..TRS).flat_map(|t| (0..5).map(move |i| region(t, i))).collect();
    let a = |t: usize| (0.2 * t as f64).sin() + u[t][5];
    let b = |t: usize| 3.0 + 0.01 * t as f64 + u[t][6];
    let c = |t: usize| 40.0 * u[t][7];
    let cosine = |t: usize| 2.0 + 3.0 * (std::f64::consts::PI / 100.0 * (t as f64 + 0.5) * 2.0).cos();
    let confounds = vec![
        None,
        Some(columns(&[&a, &b, &c])),
        Some(columns(&[&a, &b, &|t| 2.0 * a(t), &|t| -b(t), &a])),
        Some(columns(&[&a, &b, &c, &|t| 1000.0 + 0.7 * a(t) - b(t), &|t| a(t) + 0.3 * b(t)])),
        Some(columns(&[&a, &|_| 7.3, &b])),
        Some(columns(&[&a, &cosine])),
    ];
    (Matrix::new(TRS, 5, signal).unwrap(), confounds)
}

#[test]
fn every_combination_of_settings_is_nilearns() {
    let (signal, confounds) = inputs();
    let golden = golden();
    let mut cases = golden["cases"].as_array().unwrap().iter().map(numbers);
    let filters = [
        (None, None, Filter::Butterworth),
        (Some(0.1), None, Filter::Butterworth),
        (None, Some(0.01), Filter::Butterworth),
        (Some(0.1), Some(0.01), Filter::Butterworth),
        (None, Some(0.01), Filter::Cosine),
    ];
    let masks: [&[usize]; 5] = [
        &[],
        &[10, 11, 12, 40, 60, 61],
        &[0, 1, 2, 50],
        &[30, 96, 97, 98, 99],
        &[0, 1, 2, 20, 21, 79, 97, 98, 99],
    ];
    let scales =
        [Standardization::None, Standardization::ZscoreSample, Standardization::Zscore, Standardization::Psc];
    let (mut worst, mut checked) = (0.0_f64, 0);
    for detrend in [true, false] {
        for (low_pass, high_pass, filter) in filters {
            for confounds in &confounds {
                for censored in masks {
                    let kept: Vec<bool> = (0..TRS).map(|t| !censored.contains(&t)).collect();
                    for standardize in scales {
                        for standardize_confounds in [true, false] {
                            if confounds.is_none() && !standardize_confounds {
                                continue;
                            }
                            let how = Cleaning {
                                detrend,
                                low_pass,
                                high_pass,
                                filter,
                                standardize,
                                standardize_confounds,
                            };
                            let ours = clean(&signal, confounds.as_ref(), Some(&kept), TR, &how).unwrap();
                            let theirs = cases.next().expect("as many cases as combinations");
                            let off = distance(&ours, &theirs);
                            assert!(off < 1e-6, "{how:?} without {censored:?}: off by {off}");
                            (worst, checked) = (worst.max(off), checked + 1);
                        }
                    }
                }
            }
        }
    }
    assert_eq!((checked, cases.next()), (2200, None));
    println!("worst of {checked}: {worst:e}");
}

/// Largest difference over five values and two sums, relative to the expected value if that is above 1.
fn distance(ours: &Matrix, theirs: &[f64]) -> f64 {
    let places = [(0, 0), (ours.rows / 2, 1), (ours.rows - 1, 2), (7, 3), (20, 4)];
    let values = places.iter().map(|&(t, region)| ours.at(t, region));
    let (sum, squares) = ours.values.iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
    let differences = values.chain([sum, squares]).zip(theirs);
    differences.map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs().max(1.0)).fold(0.0, f64::max)
}

#[test]
fn the_sections_are_scipys() {
    let golden = golden();
    let bands = golden["bands"].as_array().unwrap();
    for (band, theirs) in bands.iter().zip(golden["sections"].as_array().unwrap()) {
        let ours = PassBand::from_limits(band[0].as_f64(), band[1].as_f64()).unwrap();
        let ours = butterworth::design(ours, band[2].as_f64().unwrap());
        assert_eq!(ours.len(), theirs.as_array().unwrap().len());
        for (ours, theirs) in ours.iter().zip(theirs.as_array().unwrap()) {
            let (b, a) = (ours.b, ours.a);
            for (ours, theirs) in [b[0], b[1], b[2], 1.0, a[0], a[1]].into_iter().zip(numbers(theirs)) {
                assert!((ours - theirs).abs() < 1e-12, "{band}: {ours} is not {theirs}");
            }
        }
    }
}

#[test]
fn resampling_is_that_of_resample_poly_away_from_the_ends() {
    let (signal, _) = inputs();
    let region = Matrix { columns: 1, values: signal.column(0).collect(), ..signal };
    let golden = golden();
    for (name, tr, to) in [("0.8 to 2", 0.8, 2.0), ("3 to 2", 3.0, 2.0), ("0.75 to 1", 0.75, 1.0)] {
        let ours = resample(&region, tr, to).unwrap();
        let theirs = &golden["resampled"][name];
        let first = theirs["first"].as_u64().unwrap() as usize;
        for (t, theirs) in (first..).zip(numbers(&theirs["values"])) {
            // Its weights only nearly add up to 1.
            assert!((ours.at(t, 0) - theirs).abs() < 2e-3, "{name}: {} is not {theirs}", ours.at(t, 0));
        }
    }
}
