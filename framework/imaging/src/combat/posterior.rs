//! Estimates the shift and variance of a batch in each feature, shrunk towards those of its other
//! features.

use super::design::Moments;

/// Relative change at which the iteration ends, the same as in neuroCombat and sva.
const CONVERGED: f64 = 1e-4;

/// Limit on rounds, so that an oscillating iteration ends. Real data takes tens.
const MOST_ROUNDS: usize = 10_000;

/// Returns shift and variance of one batch in every feature (Johnson 2007, equations 3.1 and 3.2
/// iterated).
///
/// Iterates until no feature of the batch changes by more than [`CONVERGED`]. As in neuroCombat, the
/// change of a shift is divided by the signed shift.
pub(super) fn estimate(features: &[&Moments], batch: usize) -> Vec<(f64, f64)> {
    let own: Vec<_> = features.iter().map(|feature| feature.batches[batch]).collect();
    let shifts: Vec<f64> = own.iter().map(|own| own.mean).collect();
    // As in neuroCombat, a feature that is constant in the batch gets variance 1.
    let variance = |variance: f64| if variance == 0.0 { 1.0 } else { variance };
    let variances: Vec<f64> = own.iter().map(|own| variance(own.squares / (own.n - 1.0))).collect();
    let ((shift_mean, shift_variance), (mean, spread)) = (moments(&shifts), moments(&variances));
    // Parameters of the inverse gamma distribution with this mean and variance.
    let a = (2.0 * spread + mean * mean) / spread;
    let b = (mean * spread + mean.powi(3)) / spread;
    let mut now: Vec<(f64, f64)> = shifts.iter().copied().zip(variances.iter().copied()).collect();
    for _ in 0..MOST_ROUNDS {
        let mut change = f64::NEG_INFINITY;
        for (feature, (shift, variance)) in now.iter_mut().enumerate() {
            let own = &own[feature];
            let weight = shift_variance * own.n;
            let new_shift = (weight * shifts[feature] + *variance * shift_mean) / (weight + *variance);
            let squares = own.squares + own.n * (own.mean - new_shift).powi(2);
            // If all variances are equal, the prior has no spread, and nothing is shrunk.
            let new_variance =
                if spread > 0.0 { (0.5 * squares + b) / (own.n / 2.0 + a - 1.0) } else { *variance };
            change = change.max((new_shift - *shift).abs() / *shift);
            change = change.max((new_variance - *variance).abs() / *variance);
            (*shift, *variance) = (new_shift, new_variance);
        }
        if change <= CONVERGED {
            break;
        }
    }
    now
}

/// Mean and variance (ddof 1).
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
}
