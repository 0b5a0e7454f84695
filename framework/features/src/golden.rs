//! Input and numbers of `../shared/golden/parity.json`, for tests.

use boldface::TimeSeries;
use boldface::serde_json::{self, Value};

/// Number of regions of the golden input; region `i` belongs to network `i % 7`.
pub(crate) const ROIS: usize = 60;

/// Number of volumes of the golden input.
pub(crate) const TRS: usize = 120;

/// Returns the golden input, region after region, and the sum of all its numbers (719989.2303660469).
pub(crate) fn signals() -> (Vec<Vec<f64>>, f64) {
    let mut state: u64 = 1_234_567;
    let mut signals = vec![Vec::new(); ROIS];
    let mut sum = 0.0;
    for t in 0..TRS {
        for (i, signal) in signals.iter_mut().enumerate() {
            state = (1_103_515_245 * state + 12_345) % (1 << 31);
            let u = state as f64 / (1u64 << 31) as f64 - 0.5;
            let (t, a, b) = (t as f64, (i % 7) as f64, (i % 5) as f64);
            let x =
                (0.11 * (1.0 + a) * t + 0.3 * a).sin() + 0.6 * (0.05 * (1.0 + b) * t).cos() + 1.5 * u + 100.0;
            signal.push(x);
            sum += x;
        }
    }
    (signals, sum)
}

/// Returns the golden input as a scan with a TR of 2 s. Storage in 32 bits moves numbers by some 1e-7.
pub(crate) fn series() -> TimeSeries {
    let (signals, _) = signals();
    let values = (0..TRS).flat_map(|t| signals.iter().map(move |signal| signal[t] as f32)).collect();
    TimeSeries::new(TRS, ROIS, 2.0, values).unwrap()
}

/// Reads the golden numbers. Without the shared folder, prints a note and returns none, except on CI,
/// where it fails.
pub(crate) fn file() -> Option<Value> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden/parity.json");
    let Ok(text) = std::fs::read_to_string(file) else {
        assert!(std::env::var("CI").is_err(), "CI needs ../shared, but there is no {file}");
        eprintln!("skipped: no {file}");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}
