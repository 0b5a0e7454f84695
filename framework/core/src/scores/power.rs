//! Statistical power: the smallest effect that a test at the two-sided 5% level finds with 80% power.
//!
//! Counts are of subjects, because scans of one subject are not independent.

/// Two-sided 5%: the upper 2.5% point of the standard normal.
const LEVEL: f64 = 1.959_963_984_540_054;
/// 80% power: the upper 20% point of the standard normal.
const POWER: f64 = 0.841_621_233_572_914;

/// Smallest accuracy that an exact binomial test on `n` subjects can distinguish from the chance level
/// `chance`. `None` if not even an accuracy of 1 suffices.
pub fn detectable_accuracy(n: usize, chance: f64) -> Option<f64> {
    // Fewest correct answers that chance reaches in at most 2.5% of all samples.
    let needed = (0..=n).find(|&hits| at_least(hits, n, chance) <= 0.025)?;
    let is_found = |accuracy: f64| at_least(needed, n, accuracy) >= 0.8;
    bisected(chance, 1.0, is_found)
}

/// Smallest area under the ROC curve that can be distinguished from 0.5, by the standard errors of
/// Hanley and McNeil (1982). `None` if not even an area of 1 suffices.
pub fn detectable_auroc(positives: usize, negatives: usize) -> Option<f64> {
    if positives == 0 || negatives == 0 {
        return None;
    }
    let error = |area: f64| auroc_error(area, positives, negatives);
    let is_found = |area: f64| area - 0.5 >= LEVEL * error(0.5) + POWER * error(area);
    bisected(0.5, 1.0, is_found)
}

/// Fewest subjects per class with which [`detectable_auroc`] distinguishes an area of `auroc` from 0.5.
/// `None` if a million subjects do not suffice, as for an area of 0.5.
pub fn subjects_for_auroc(auroc: f64) -> Option<usize> {
    let is_enough = |n: usize| detectable_auroc(n, n).is_some_and(|area| area <= auroc);
    let (mut low, mut high) = (0, 1_000_000);
    if !is_enough(high) {
        return None;
    }
    while high - low > 1 {
        let middle = (low + high) / 2;
        (low, high) = if is_enough(middle) { (low, middle) } else { (middle, high) };
    }
    Some(high)
}

/// Smallest correlation that can be distinguished from 0, by Fisher's z. `None` for fewer than four
/// subjects.
pub fn detectable_correlation(n: usize) -> Option<f64> {
    (n > 3).then(|| ((LEVEL + POWER) / ((n - 3) as f64).sqrt()).tanh())
}

/// Standard error of an area under the ROC curve (Hanley and McNeil 1982, equation 2).
fn auroc_error(area: f64, positives: usize, negatives: usize) -> f64 {
    let (positives, negatives) = (positives as f64, negatives as f64);
    let two_positives = area / (2.0 - area) - area.powi(2);
    let two_negatives = 2.0 * area.powi(2) / (1.0 + area) - area.powi(2);
    let variance =
        area * (1.0 - area) + (positives - 1.0) * two_positives + (negatives - 1.0) * two_negatives;
    // Rounding may give values below 0 at an area of 1.
    (variance.max(0.0) / (positives * negatives)).sqrt()
}

/// Probability of at least `hits` successes in `n` trials of probability `p`.
fn at_least(hits: usize, n: usize, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return f64::from(u8::from(hits == 0 || p >= 1.0));
    }
    // Terms are computed in logarithms, so that thousands of subjects do not underflow.
    let mut log_ways = 0.0;
    let mut sum = 0.0;
    for k in 0..=n {
        if k >= hits {
            sum += (log_ways + k as f64 * p.ln() + (n - k) as f64 * (1.0 - p).ln()).exp();
        }
        log_ways += ((n - k).max(1) as f64 / (k + 1) as f64).ln();
    }
    sum.min(1.0)
}

/// Finds the lowest value between `low` and `high` from which on `holds` is true. `None` if it is false
/// at `high`.
fn bisected(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    if !holds(high) {
        return None;
    }
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        (low, high) = if holds(middle) { (low, middle) } else { (middle, high) };
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(ours: Option<f64>, expected: f64, within: f64) {
        assert!(ours.is_some_and(|ours| (ours - expected).abs() < within), "{ours:?} is not {expected}");
    }

    #[test]
    fn accuracies_by_the_exact_test() {
        // Of 10 at chance .5, 9 or more occur with 11 / 1024 = .0107 (8 or more with .0547), so 9 are
        // needed. 9 or more occur with 80% if a^10 + 10 a^9 (1 - a) = .8, that is at a = .9166: .9166^9
        // = .4567, times (.9166 + 10 * .0834) = 1.7506 gives .7995.
        near(detectable_accuracy(10, 0.5), 0.916_740, 1e-6);
        // Even 5 of 5 occur by chance with 1 / 32 = .031.
        assert_eq!(detectable_accuracy(5, 0.5), None);
        // 6 of 6 occur by chance with 1 / 64; a^6 = .8 at a = .8^(1/6) = .9635.
        near(detectable_accuracy(6, 0.5), 0.8f64.powf(1.0 / 6.0), 1e-9);
        // Without subjects, or at a chance level of 1, nothing can be shown.
        assert_eq!(detectable_accuracy(0, 0.5), None);
        assert_eq!(detectable_accuracy(10, 1.0), None);
        // scipy.stats.binom: 1000 at .5 need 532; sf(531, 1000, a) = .8 at a = .54475.
        near(detectable_accuracy(1000, 0.5), 0.54475, 1e-5);
    }

    #[test]
    fn areas_by_hanley_and_mcneil() {
        // Their table II: an area of .893 with 51 and 58 has a standard error of .032. By hand: .893 *
        // .107 = .0955, .893 / 1.107 - .7974 = .0093, 2 * .7974 / 1.893 - .7974 = .0451; (.0955 + 50 *
        // .0093 + 57 * .0451) / 2958 = .00106, whose root is .0325.
        assert!((auroc_error(0.893, 51, 58) - 0.0325).abs() < 2e-4);
        // At .5 it is sqrt((n + m + 1) / (12 n m)), the error of a Mann-Whitney U.
        assert!((auroc_error(0.5, 7, 9) - (17.0f64 / (12.0 * 63.0)).sqrt()).abs() < 1e-12);
        // 15 and 15: .5 + 1.96 * .1073 + .8416 * SE = .7103 + .8416 * SE; at .7909 the SE is
        // sqrt((.1654 + 14 * (.0286 + .0730)) / 225) = .0840: .7810; down at .782 it is .0856: .7824.
        near(detectable_auroc(15, 15), 0.782, 1e-3);
        // For 2 and 2, .5 + 1.96 * sqrt(5 / 48) exceeds 1.
        assert_eq!(detectable_auroc(2, 2), None);
        assert_eq!(detectable_auroc(0, 9), None);
        let needed = subjects_for_auroc(0.7).unwrap();
        let found = |n| detectable_auroc(n, n).unwrap();
        assert!(found(needed) <= 0.7 && found(needed - 1) > 0.7, "{needed}");
        assert_eq!(subjects_for_auroc(0.5), None);
    }

    #[test]
    fn correlations_by_fishers_z() {
        // 2.8016 / sqrt(81) = .31129; its tanh is .3016: the well-known 84 subjects for r = .3.
        near(detectable_correlation(84), 0.3016, 1e-4);
        assert_eq!(detectable_correlation(3), None);
    }
}
