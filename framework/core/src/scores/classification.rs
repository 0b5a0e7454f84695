//! Classification scores.
//!
//! Classes are indices. `correct` and `predicted` (or `probabilities`) have one entry per answer, in the
//! same order. Different lengths are a bug of the caller and panic.

use std::collections::{BTreeMap, BTreeSet};

use super::mean;

/// Share of correct predictions.
pub fn accuracy(correct: &[usize], predicted: &[usize]) -> f64 {
    assert_eq!(correct.len(), predicted.len(), "one prediction for each answer");
    mean(correct.iter().zip(predicted).map(|(c, p)| f64::from(u8::from(c == p))))
}

/// Mean recall over the classes in `correct`.
pub fn balanced_accuracy(correct: &[usize], predicted: &[usize]) -> f64 {
    let counts = count(correct, predicted);
    let recalls = counts.values().filter(|class| class.present > 0.0);
    mean(recalls.map(|class| class.hits / class.present))
}

/// Mean F1 over the classes that are present or predicted, as in scikit-learn.
pub fn macro_f1(correct: &[usize], predicted: &[usize]) -> f64 {
    let counts = count(correct, predicted);
    mean(counts.values().map(|class| 2.0 * class.hits / (class.present + class.predicted)))
}

/// Area under the ROC curve: probability that a positive scores above a negative, with ties counted
/// half.
///
/// `NaN` without a positive, without a negative, or if a score is `NaN`.
pub fn auroc(positive: &[bool], scores: &[f64]) -> f64 {
    assert_eq!(positive.len(), scores.len(), "one score for each answer");
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    if order.iter().any(|(score, _)| score.is_nan()) {
        return f64::NAN;
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut negatives, mut positives, mut wins) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let hits = tied.iter().filter(|(_, positive)| *positive).count() as f64;
        let misses = tied.len() as f64 - hits;
        wins += hits * (negatives + 0.5 * misses);
        positives += hits;
        negatives += misses;
    }
    // Without one of the classes, this is 0 / 0.
    wins / (positives * negatives)
}

/// Mean one-vs-rest [`auroc`] over the classes that are present.
///
/// `NaN` if only one class is present.
pub fn auroc_one_vs_rest(correct: &[usize], probabilities: &[&[f64]]) -> f64 {
    assert_eq!(correct.len(), probabilities.len(), "probabilities for each answer");
    let present: BTreeSet<usize> = correct.iter().copied().collect();
    mean(present.into_iter().map(|class| {
        let positive: Vec<bool> = correct.iter().map(|&c| c == class).collect();
        let scores: Vec<f64> = probabilities.iter().map(|p| p[class]).collect();
        auroc(&positive, &scores)
    }))
}

/// Mean of `-ln p` over the probabilities of the correct classes, in nats.
///
/// As in scikit-learn, probabilities below `f64::EPSILON` count as that: an answer with probability 0
/// costs 36 nats, not infinity.
pub fn log_loss(correct: &[usize], probabilities: &[&[f64]]) -> f64 {
    assert_eq!(correct.len(), probabilities.len(), "probabilities for each answer");
    // `clamp` keeps NaN, while `max` would hide it.
    mean(correct.iter().zip(probabilities).map(|(&c, p)| -p[c].clamp(f64::EPSILON, 1.0).ln()))
}

/// Returns the index of the largest probability. Ties go to the first.
pub fn most_likely(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (index, p) in probabilities.iter().enumerate() {
        if *p > probabilities[best] {
            best = index;
        }
    }
    best
}

#[derive(Default)]
struct Count {
    present: f64,
    predicted: f64,
    hits: f64,
}

fn count(correct: &[usize], predicted: &[usize]) -> BTreeMap<usize, Count> {
    assert_eq!(correct.len(), predicted.len(), "one prediction for each answer");
    let mut counts: BTreeMap<usize, Count> = BTreeMap::new();
    for (&c, &p) in correct.iter().zip(predicted) {
        counts.entry(c).or_default().present += 1.0;
        counts.entry(p).or_default().predicted += 1.0;
        if c == p {
            counts.entry(c).or_default().hits += 1.0;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    // y = [0, 2, 2, 0, 2, 0], P below; scikit-learn 1.9.1 with h = P.argmax(1) = [0, 1, 2, 1, 0, 0].
    const CORRECT: [usize; 6] = [0, 2, 2, 0, 2, 0];
    const PREDICTED: [usize; 6] = [0, 1, 2, 1, 0, 0];
    const P: [&[f64]; 6] = [
        &[0.5, 0.3, 0.2],
        &[0.2, 0.5, 0.3],
        &[0.1, 0.2, 0.7],
        &[0.3, 0.4, 0.3],
        &[0.4, 0.2, 0.4],
        &[0.6, 0.1, 0.3],
    ];

    #[track_caller]
    fn near(ours: f64, theirs: f64) {
        assert!((ours - theirs).abs() < 1e-12, "{ours} is not {theirs}");
    }

    #[test]
    fn equal_probabilities_go_to_the_first_class() {
        assert_eq!(P.map(most_likely), PREDICTED);
        assert_eq!(most_likely(&[0.5, 0.5]), 0);
    }

    #[test]
    fn a_class_that_is_predicted_but_absent_counts_in_f1_only() {
        near(accuracy(&CORRECT, &PREDICTED), 0.5); // metrics.accuracy_score(y, h)
        // Recalls: 2 of 3 for class 0 and 1 of 3 for class 2. Class 1 is absent.
        near(balanced_accuracy(&CORRECT, &PREDICTED), 0.5); // metrics.balanced_accuracy_score(y, h)
        // metrics.f1_score(y, h, average="macro"): F1 is 2 * 2 / (3 + 3), 0 and 2 * 1 / (3 + 1), hence 7/18.
        near(macro_f1(&CORRECT, &PREDICTED), 0.388_888_888_888_888_84);
        near(log_loss(&CORRECT, &P), 0.814_147_348_131_782_6); // metrics.log_loss(y, P, labels=[0, 1, 2])
        // Mean of metrics.roc_auc_score(y == 0, P[:, 0]) and (y == 2, P[:, 2]), both 8/9: each loses one
        // of its 9 pairs (.3 below .4; .3 tied with .3 twice).
        near(auroc_one_vs_rest(&CORRECT, &P), 8.0 / 9.0);
    }

    #[test]
    fn ties_count_half() {
        let positive = [false, false, false, true, true, true, true, false];
        // Of 16 pairs, the .8 wins 3; the .9 wins 3 and ties 1; each .4 wins 1 and ties 2: 3 + 3.5 + 2 +
        // 2 = 10.5; 10.5 / 16 = .65625 = metrics.roc_auc_score.
        near(auroc(&positive, &[0.1, 0.4, 0.4, 0.4, 0.8, 0.4, 0.9, 0.9]), 0.656_25);
        near(auroc(&positive, &[0.3; 8]), 0.5);
    }

    #[test]
    fn the_undefined_is_nan() {
        assert!(auroc(&[true, true], &[0.1, 0.9]).is_nan());
        assert!(auroc(&[true, false], &[f64::NAN, 0.9]).is_nan());
        assert!(auroc(&[], &[]).is_nan());
        assert!(auroc_one_vs_rest(&[1, 1], &[&[0.1, 0.9], &[0.3, 0.7]]).is_nan());
        assert!(accuracy(&[], &[]).is_nan());
        assert!(balanced_accuracy(&[], &[]).is_nan());
        assert!(macro_f1(&[], &[]).is_nan());
        assert!(log_loss(&[], &[]).is_nan());
        assert!(log_loss(&[0], &[&[f64::NAN, 0.5]]).is_nan());
    }

    #[test]
    fn one_impossible_answer_does_not_make_the_loss_infinite() {
        // metrics.log_loss([0, 1], [[1, 0], [1, 0]], labels=[0, 1]) = 18.0218: half of 36.0437.
        near(log_loss(&[0, 1], &[&[1.0, 0.0], &[1.0, 0.0]]), 18.021_826_694_558_577);
    }
}
