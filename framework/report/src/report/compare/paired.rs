//! Intervals over subjects and repetitions, computed from scores resampled by subject.
//!
//! The bootstrap has two levels. Within a repetition (a seed, or a part of the split) subjects are
//! drawn with replacement, with the same draw for both sides of a difference. Then repetitions are
//! drawn with replacement, and their mean is one value of the distribution. With one repetition this is
//! the paired bootstrap by subject. With few repetitions, such as three seeds, the variance between
//! repetitions is underestimated, as in any bootstrap of three numbers.

use rand::RngExt;

use super::run::stream;
use crate::score::intervals::interval;

/// Returns the 95% interval of the mean over repetitions. Each repetition is a list of values, one per
/// resample of at least `subjects` subjects. `None` without resamples, with too few subjects, or if
/// most values are undefined.
pub fn over(repetitions: &[Vec<f64>], subjects: usize) -> Option<(f64, f64)> {
    let count = repetitions.iter().map(Vec::len).min().unwrap_or(0);
    if count == 0 {
        return None;
    }
    let mut rng = stream();
    let mut draw = |_| rng.random_range(0..repetitions.len());
    let value = |resample: usize| {
        // With one repetition there is nothing to draw.
        let drawn: Vec<usize> = match repetitions.len() {
            1 => vec![0],
            many => (0..many).map(&mut draw).collect(),
        };
        drawn.iter().map(|&place| repetitions[place][resample]).sum::<f64>() / drawn.len() as f64
    };
    interval((0..count).map(value).collect::<Vec<_>>().into_iter(), subjects)
}

/// Returns the 95% interval of the mean of `b` minus the mean of `a` for sides without common
/// repetitions. Subjects are drawn jointly, repetitions separately.
pub fn apart(a: &[Vec<f64>], b: &[Vec<f64>], subjects: usize) -> Option<(f64, f64)> {
    let mut rng = stream();
    let count = a.iter().chain(b).map(Vec::len).min().unwrap_or(0);
    let mut mean = |side: &[Vec<f64>], resample: usize| {
        let mut draw = |_| if side.len() == 1 { 0 } else { rng.random_range(0..side.len()) };
        (0..side.len()).map(|place| side[draw(place)][resample]).sum::<f64>() / side.len() as f64
    };
    let values: Vec<f64> = (0..count).map(|resample| mean(b, resample) - mean(a, resample)).collect();
    interval(values.into_iter(), subjects)
}

/// Returns `b - a`, resample by resample.
pub fn minus(b: &[f64], a: &[f64]) -> Vec<f64> {
    b.iter().zip(a).map(|(b, a)| b - a).collect()
}

/// Averages several series, resample by resample. For what is fixed rather than drawn, such as the
/// other axes of a sweep.
pub fn mean(series: &[Vec<f64>]) -> Vec<f64> {
    let count = series.iter().map(Vec::len).min().unwrap_or(0);
    (0..count).map(|place| series.iter().map(|one| one[place]).sum::<f64>() / series.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repetition_gives_the_middle_of_its_resamples() {
        // 0, 0.001 ... 1: the 2.5% and 97.5% points are 0.025 and 0.975.
        let values: Vec<f64> = (0..=1000).map(|i| f64::from(i) / 1000.0).collect();
        let (low, high) = over(&[values], 40).unwrap();
        assert!((low - 0.025).abs() < 1e-12 && (high - 0.975).abs() < 1e-12);
        assert_eq!(over(&[Vec::new()], 40), None);
        assert_eq!(over(&[], 40), None);
    }

    #[test]
    fn repetitions_widen_the_interval_by_their_own_spread() {
        // Each repetition has no spread over subjects. The mean of two draws from {0, 1} is 0, 1/2 or
        // 1 with shares 1/4, 1/2, 1/4: the middle 95% reaches from 0 to 1.
        let apart = [vec![0.0; 4000], vec![1.0; 4000]];
        assert_eq!(over(&apart, 40), Some((0.0, 1.0)));
        let alike = [vec![0.5; 4000], vec![0.5; 4000]];
        assert_eq!(over(&alike, 40), Some((0.5, 0.5)));
        assert_eq!(over(&alike, 9), None);
    }

    #[test]
    fn what_is_common_to_both_sides_falls_out_of_a_difference() {
        let a = [0.1, 0.9, 0.4];
        let b = [0.2, 1.0, 0.5];
        assert!(minus(&b, &a).iter().all(|difference| (difference - 0.1).abs() < 1e-12));
        assert_eq!(mean(&[vec![1.0, 2.0], vec![3.0, 6.0]]), [2.0, 4.0]);
    }
}
