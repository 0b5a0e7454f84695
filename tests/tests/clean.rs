//! Compares cleaning with nilearn itself, on newly drawn inputs, and with the shared parity numbers.

use boldface_imaging::clean::{Cleaning, Filter, Standardization, clean};
use boldface_imaging::{Matrix, resample};
use boldface_tests::{is_ci, python, repository};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn matrix(value: &Value) -> Matrix {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(numbers).collect();
    Matrix::new(rows.len(), rows[0].len(), rows.concat()).expect("rows of one length")
}

#[test]
fn cleaning_is_nilearns_on_inputs_drawn_anew() {
    let Some(mut python) = python() else { return };
    let output =
        python.arg(repository("tests/python/clean_golden.py")).arg("live").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let drawn: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (seed, cases) = (&drawn["seed"], drawn["cases"].as_array().expect("cases"));
    assert_eq!(cases.len(), 40);
    for (i, case) in cases.iter().enumerate() {
        let how = Cleaning {
            detrend: case["detrend"].as_bool().expect("a bool"),
            low_pass: case["low"].as_f64(),
            high_pass: case["high"].as_f64(),
            filter: serde_json::from_value::<Filter>(case["filter"].clone()).expect("a filter"),
            standardize: serde_json::from_value::<Standardization>(case["standardize"].clone())
                .expect("a scale"),
            standardize_confounds: case["standardize_confounds"].as_bool().expect("a bool"),
        };
        let kept: Vec<bool> =
            case["kept"].as_array().expect("a list").iter().map(|kept| kept == &Value::Bool(true)).collect();
        let confounds = (!case["confounds"].is_null()).then(|| matrix(&case["confounds"]));
        let tr = case["tr"].as_f64().expect("a TR");
        let ours = clean(&matrix(&case["signal"]), confounds.as_ref(), Some(&kept), tr, &how);
        let (ours, theirs) = (ours.expect("it can be cleaned"), matrix(&case["cleaned"]));
        assert_eq!((ours.rows, ours.columns), (theirs.rows, theirs.columns), "seed {seed}, case {i}");
        for (ours, theirs) in ours.values.iter().zip(&theirs.values) {
            let off = (ours - theirs).abs() / theirs.abs().max(1.0);
            assert!(off < 1e-6, "seed {seed}, case {i}, {how:?}: {ours} is not {theirs}");
        }
    }
}

/// The input from which `make_parity.py` computes its golden numbers.
fn parity_input() -> Matrix {
    let (rows, columns) = (120, 60);
    let mut state: u64 = 1_234_567;
    let mut values = Vec::with_capacity(rows * columns);
    for t in 0..rows {
        for i in 0..columns {
            state = (1_103_515_245 * state + 12345) % (1 << 31);
            let u = state as f64 / f64::from(1u32 << 31) - 0.5;
            let (t, seven, five) = (t as f64, (i % 7) as f64, (i % 5) as f64);
            let slow = (0.11 * (1.0 + seven) * t + 0.3 * seven).sin();
            values.push(slow + 0.6 * (0.05 * (1.0 + five) * t).cos() + 1.5 * u + 100.0);
        }
    }
    Matrix::new(rows, columns, values).expect("60 regions")
}

#[test]
fn cleaning_meets_the_shared_parity_numbers() {
    let path = repository("../shared/golden/parity.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(!is_ci(), "{} must be there", path.display());
        return println!("skipped: no {}", path.display());
    };
    let golden: Value = serde_json::from_str(&text).expect("JSON");
    let signal = parity_input();
    let plain = Cleaning { detrend: true, ..Cleaning::nothing() };
    let z = Cleaning { standardize: Standardization::ZscoreSample, ..plain.clone() };
    let band = Cleaning { low_pass: Some(0.1), high_pass: Some(0.01), ..plain.clone() };
    let values = (0..120).flat_map(|t| [(0.2 * f64::from(t)).sin(), f64::from(t) / 120.0]).collect();
    let confounds = Matrix::new(120, 2, values).expect("two confounds");
    let cases = [
        ("detrend_x[:3,0]", &plain, None),
        ("detrend_zscore_sample[:3,0]", &z, None),
        ("butter5_0.01_0.1_tr2_detrended[:5,0]", &band, None),
        ("confound_regressed_z[:5,0]", &z, Some(&confounds)),
    ];
    for (name, how, confounds) in cases {
        let ours = clean(&signal, confounds, None, 2.0, how).expect("it can be cleaned");
        for (ours, theirs) in ours.column(0).zip(numbers(&golden[name])) {
            assert!((ours - theirs).abs() < 1e-9, "{name}: {ours} is not {theirs}");
        }
    }
    // The reference stretches time to a TR of 1.98333 s. Ours has the requested TR.
    let reference = &golden["resample_linear_0.8_to_2"];
    let ours = resample(&signal, 0.8, 2.0).expect("it can be resampled");
    assert_eq!((ours.rows, reference["n_new"].as_u64()), (48, Some(49)));
}
