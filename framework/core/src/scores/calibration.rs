//! Calibration scores: how well probabilities match observed frequencies.
//!
//! Both inputs have one entry per answer, in the same order. Different lengths are a bug of the caller
//! and panic.

use super::{mean, most_likely};

/// Bins of equal width between 0 and 1.
const BINS: usize = 10;

/// Answers of similar confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Mean probability of the given answers.
    pub confidence: f64,
    /// Share of the answers that are correct.
    pub accuracy: f64,
    /// Number of answers.
    pub n: usize,
}

/// Groups answers by confidence into ten bins of equal width and leaves out empty bins. The given answer
/// is the most likely class. Equals `sklearn.calibration.calibration_curve(hit, confidence, n_bins=10)`.
///
/// A probability on an edge belongs to the lower bin. Empty if a probability is `NaN`.
pub fn reliability(correct: &[usize], probabilities: &[&[f64]]) -> Vec<ReliabilityBin> {
    assert_eq!(correct.len(), probabilities.len(), "probabilities for each answer");
    let mut sums = [(0.0, 0.0, 0); BINS];
    for (&class, of_class) in correct.iter().zip(probabilities) {
        let said = most_likely(of_class);
        let confidence = of_class[said];
        if of_class.iter().any(|p| p.is_nan()) {
            return Vec::new();
        }
        let (sum, hits, n) = &mut sums[(1..BINS).filter(|&edge| edge as f64 * 0.1 < confidence).count()];
        *sum += confidence;
        *hits += f64::from(u8::from(said == class));
        *n += 1;
    }
    let filled = sums.into_iter().filter(|(_, _, n)| *n > 0);
    filled
        .map(|(sum, hits, n)| ReliabilityBin { confidence: sum / n as f64, accuracy: hits / n as f64, n })
        .collect()
}

/// Expected calibration error (Guo et al. 2017): the mean distance between the confidence and accuracy
/// of an answer's [`reliability`] bin.
///
/// With few answers it exceeds 0 even for perfect probabilities: for 20 answers of confidence 0.5, it is
/// 0.09 on average. `NaN` without answers.
pub fn calibration_error(correct: &[usize], probabilities: &[&[f64]]) -> f64 {
    let bins = reliability(correct, probabilities);
    let total: usize = bins.iter().map(|bin| bin.n).sum();
    let distance = |bin: &ReliabilityBin| bin.n as f64 * (bin.confidence - bin.accuracy).abs();
    bins.iter().map(distance).sum::<f64>() / total as f64
}

/// Brier score: mean squared distance between the probabilities and the right answers. As in
/// scikit-learn, it is summed over classes, and halved for two classes to equal the score of one class.
pub fn brier(correct: &[usize], probabilities: &[&[f64]]) -> f64 {
    assert_eq!(correct.len(), probabilities.len(), "probabilities for each answer");
    mean(correct.iter().zip(probabilities).map(|(&class, of_class)| {
        let came_true = |place: usize| f64::from(u8::from(place == class));
        let squares = of_class.iter().enumerate().map(|(place, p)| (p - came_true(place)).powi(2));
        squares.sum::<f64>() / if of_class.len() == 2 { 2.0 } else { 1.0 }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [&[f64]; 5] = [&[0.9, 0.1], &[0.8, 0.2], &[0.15, 0.85], &[0.6, 0.4], &[0.45, 0.55]];
    const CORRECT: [usize; 5] = [0, 1, 1, 0, 0];

    #[test]
    fn bins_by_hand() {
        // Confidences .9 and .85 fall in (.8, .9], .8 falls in (.7, .8] (edges belong to the lower bin),
        // and .6 and .55 fall in (.5, .6]. The first, third and fourth answers are right.
        let bins = reliability(&CORRECT, &P);
        let told: Vec<(f64, f64, usize)> =
            bins.iter().map(|bin| (bin.confidence, bin.accuracy, bin.n)).collect();
        assert_eq!(told, [(0.575, 0.5, 2), (0.8, 0.0, 1), (0.875, 1.0, 2)]);
        // (2 * .075 + 1 * .8 + 2 * .125) / 5
        assert!((calibration_error(&CORRECT, &P) - 0.24).abs() < 1e-12);
    }

    #[test]
    fn brier_by_hand() {
        // For two classes, the squares are those of the second: .01, .64, .0225, .16 and .3025.
        assert!((brier(&CORRECT, &P) - 1.135 / 5.0).abs() < 1e-12);
        // For three classes, the squares are summed: .25 + .04 + .09.
        assert!((brier(&[0], &[&[0.5, 0.2, 0.3]]) - 0.38).abs() < 1e-12);
    }

    #[test]
    fn certain_answers_have_a_bin_and_nothing_has_none() {
        let bins = reliability(&[0, 1], &[&[1.0, 0.0], &[1.0, 0.0]]);
        assert_eq!(bins, [ReliabilityBin { confidence: 1.0, accuracy: 0.5, n: 2 }]);
        assert!(calibration_error(&[], &[]).is_nan() && brier(&[], &[]).is_nan());
        assert!(calibration_error(&[0], &[&[f64::NAN, 0.5]]).is_nan());
    }

    #[test]
    fn few_answers_look_miscalibrated() {
        // For 20 fair coins of confidence .5, the mean distance of their share from .5 is
        // sum over k of C(20, k) / 2^20 * |k / 20 - .5| = .0881.
        let (mut mean, mut ways) = (0.0, 1.0);
        for k in 0..=20_i32 {
            mean += ways / 1_048_576.0 * (f64::from(k) / 20.0 - 0.5).abs();
            ways *= f64::from(20 - k) / f64::from(k + 1);
        }
        assert!((mean - 0.0881).abs() < 1e-4, "{mean}");
    }
}
