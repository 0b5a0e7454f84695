//! How well classes are told apart.
//!
//! Classes are indices. `correct[i]` and `predicted[i]` (or `probabilities[i]`) belong together;
//! lengths that differ are a bug of the caller and panic.

use std::collections::{BTreeMap, BTreeSet};

use super::mean;

/// The share of predictions that are right.
pub fn accuracy(correct: &[usize], predicted: &[usize]) -> f64 {
    assert_eq!(correct.len(), predicted.len(), "one prediction for each answer");
    mean(correct.iter().zip(predicted).map(|(c, p)| f64::from(u8::from(c == p))))
}

/// The mean recall over the classes that are present in `correct`.
pub fn balanced_accuracy(correct: &[usize], predicted: &[usize]) -> f64 {
    let counts = count(correct, predicted);
    let recalls = counts.values().filter(|class| class.present > 0.0);
    mean(recalls.map(|class| class.hits / class.present))
}

/// The mean F1 over the classes that are present or predicted, as scikit-learn has it.
pub fn macro_f1(correct: &[usize], predicted: &[usize]) -> f64 {
    let counts = count(correct, predicted);
    mean(counts.values().map(|class| 2.0 * class.hits / (class.present + class.predicted)))
}

/// The chance that a positive scores above a negative, ties counted half (area under the ROC curve).
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
    // Without one of the classes this is 0 / 0.
    wins / (positives * negatives)
}

/// The mean over the classes that are present of the [`auroc`] of that class against the rest.
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

/// The mean of `-ln p` over the probabilities of the right classes, in nats.
///
/// Probabilities below the smallest step of an `f64` count as that step, as scikit-learn has it:
/// one answer that was called impossible costs 36 nats, not infinity.
pub fn log_loss(correct: &[usize], probabilities: &[&[f64]]) -> f64 {
    assert_eq!(correct.len(), probabilities.len(), "probabilities for each answer");
    // `clamp` keeps a NaN, `max` would hide it.
    mean(correct.iter().zip(probabilities).map(|(&c, p)| -p[c].clamp(f64::EPSILON, 1.0).ln()))
}

/// The index of the largest probability; of equal ones the first.
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
