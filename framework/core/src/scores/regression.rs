//! Regression scores.
//!
//! `actual` and `predicted` have one entry per answer, in the same order. Different lengths are a bug of
//! the caller and panic.

/// Mean of the values. `NaN` without values.
pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values {
        sum += value;
        n += 1.0;
    }
    sum / n
}

/// Mean squared error.
pub fn mse(actual: &[f64], predicted: &[f64]) -> f64 {
    sum(actual, predicted, |a, p| (a - p).powi(2)) / actual.len() as f64
}

/// Mean absolute error.
pub fn mae(actual: &[f64], predicted: &[f64]) -> f64 {
    sum(actual, predicted, |a, p| (a - p).abs()) / actual.len() as f64
}

/// Pearson's correlation. `NaN` if one side is constant.
pub fn pearson_r(actual: &[f64], predicted: &[f64]) -> f64 {
    let (Some((mean_a, norm_a)), Some((mean_p, norm_p))) = (spread(actual), spread(predicted)) else {
        return f64::NAN;
    };
    let together = sum(actual, predicted, |a, p| (a - mean_a) * (p - mean_p));
    // Rounding may give values beyond 1.
    (together / norm_a / norm_p).clamp(-1.0, 1.0)
}

/// Coefficient of determination: the share of the variance of `actual` that `predicted` explains. Below
/// 0 if the predictions are worse than the mean, `NaN` if `actual` is constant.
pub fn r2(actual: &[f64], predicted: &[f64]) -> f64 {
    let residual = sum(actual, predicted, |a, p| (a - p).powi(2));
    spread(actual).map_or(f64::NAN, |(_, norm)| 1.0 - residual / norm.powi(2))
}

/// Sums `term` over all pairs in eight running sums. The order is fixed and vectorises, as bootstrap
/// intervals compute these scores thousands of times.
fn sum(actual: &[f64], predicted: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    assert_eq!(actual.len(), predicted.len(), "one prediction for each number");
    let (actual, last_actual) = actual.as_chunks::<8>();
    let (predicted, last_predicted) = predicted.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (actual, predicted) in actual.iter().zip(predicted) {
        for lane in 0..8 {
            sums[lane] += term(actual[lane], predicted[lane]);
        }
    }
    let last: f64 = last_actual.iter().zip(last_predicted).map(|(a, p)| term(*a, *p)).sum();
    sums.iter().sum::<f64>() + last
}

/// Mean, and root of the summed squares around it. `None` for constant or empty values.
fn spread(values: &[f64]) -> Option<(f64, f64)> {
    values.first()?;
    let mean = sum(values, values, |value, _| value) / values.len() as f64;
    let norm = sum(values, values, |value, _| (value - mean).powi(2)).sqrt();
    // A smaller spread is rounding noise. scipy.stats.pearsonr warns at the same bound.
    let constant = norm <= 1e-13 * mean.abs();
    (!constant).then_some((mean, norm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_hand() {
        let (actual, predicted) = ([1.0, 2.0, 3.0], [2.0, 2.0, 5.0]);
        assert_eq!(mse(&actual, &predicted), 5.0 / 3.0); // (1 + 0 + 4) / 3
        assert_eq!(mae(&actual, &predicted), 1.0); // (1 + 0 + 2) / 3
        assert!((r2(&actual, &predicted) + 1.5).abs() < 1e-15); // 1 - 5 / 2
        // Around their means: (-1, 0, 1) and (-1, -1, 2); 3 / sqrt(2 * 6).
        assert!((pearson_r(&actual, &predicted) - 3.0 / 12f64.sqrt()).abs() < 1e-15);
        assert!((pearson_r(&actual, &[6.0, 4.0, 2.0]) + 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_undefined_is_nan() {
        // Ten times 0.1 does not sum to 1 in floating point, but must still count as constant.
        let (constant, line) = ([0.1; 10], std::array::from_fn::<f64, 10, _>(|i| i as f64));
        assert!(pearson_r(&constant, &line).is_nan());
        assert!(pearson_r(&line, &constant).is_nan());
        assert!(r2(&constant, &line).is_nan());
        assert!(!r2(&line, &constant).is_nan());
        for score in [mse, mae, pearson_r, r2] {
            assert!(score(&[], &[]).is_nan());
            assert!(score(&[1.0, f64::NAN], &[1.0, 2.0]).is_nan());
        }
    }
}
