//! Shared code of the conformance tests: all engines, finite differences, fixed numbers.

use boldface_engine::{ENGINES, Engine, Params, Tensor, no_grad, open};

/// Runs a test on every engine of this build.
pub fn on_every_engine(test: impl Fn(&Engine)) {
    for name in ENGINES {
        test(&open(name, "cpu").expect("every engine runs on the CPU"));
    }
}

/// Returns numbers in -1..1 that look random and are the same everywhere.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Asserts that two lists of numbers agree to `tolerance`, relative for numbers beyond 1.
#[track_caller]
pub fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{found:?}\n{expected:?}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        let close = (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(close, "number {i}: {a} instead of {b}\n{found:?}\n{expected:?}");
    }
}

/// Checks the gradient of `f` for every number of every input against central differences.
///
/// Inputs are trainable parameters with these dims and fixed numbers in -1..1. The output is reduced
/// with fixed random weights, so that no errors cancel.
#[track_caller]
pub fn gradients(engine: &Engine, dims: &[&[usize]], f: impl Fn(&[Tensor]) -> Tensor) {
    let values = dims.iter().zip(1..).map(|(dims, seed)| numbers(dims.iter().product(), seed)).collect();
    gradients_at(engine, dims, values, f);
}

/// Like [`gradients`], at the given numbers.
#[track_caller]
pub fn gradients_at(
    engine: &Engine,
    dims: &[&[usize]],
    mut values: Vec<Vec<f32>>,
    f: impl Fn(&[Tensor]) -> Tensor,
) {
    let names: Vec<String> = (0..dims.len()).map(|i| format!("input{i}")).collect();
    let mut params = Params::new(engine);
    for ((name, values), dims) in names.iter().zip(&values).zip(dims) {
        params.insert(name, values.clone(), dims);
    }
    let inputs: Vec<Tensor> = names.iter().map(|name| params.get(name).clone()).collect();
    let out = f(&inputs);
    let weights = numbers(out.dims().iter().product(), 99);
    let found = out.mul(&engine.tensor(weights.clone(), out.dims())).sum().backward();

    let loss = |values: &[Vec<f32>]| -> f64 {
        let tensor = |(values, dims): (&Vec<f32>, &&[usize])| engine.tensor(values.clone(), dims);
        let inputs: Vec<Tensor> = values.iter().zip(dims).map(tensor).collect();
        let out = no_grad(|| f(&inputs)).to_vec();
        out.iter().zip(&weights).map(|(x, weight)| f64::from(*x) * f64::from(*weight)).sum()
    };
    const STEP: f32 = 1e-2;
    for input in 0..values.len() {
        let found =
            found.values(&params, &names[input]).unwrap_or_else(|| panic!("input {input} has no gradient"));
        let mut expected = Vec::new();
        for i in 0..values[input].len() {
            let at = values[input][i];
            values[input][i] = at + STEP;
            let above = loss(&values);
            values[input][i] = at - STEP;
            let below = loss(&values);
            values[input][i] = at;
            let width = f64::from(at + STEP) - f64::from(at - STEP);
            expected.push(((above - below) / width) as f32);
        }
        assert_close(&found, &expected, 2e-3);
    }
}
