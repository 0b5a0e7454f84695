//! Simulated coverage of 95% intervals: the one in use, and the alternatives.

use boldface::{Part, scores, seed};
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::{FEWEST, interval, quantile, resamples};

/// Samples per score and size. The standard error of a coverage of .95 is then .005.
const SAMPLES: usize = 2000;

/// Resamples per sample, as in a run.
const RESAMPLES: usize = 1000;

/// Questions per subject.
const QUESTIONS: usize = 3;

/// `t.ppf(.975, n - 1)` for 10, 12, 15 and 19 subjects (scipy.stats).
const T: [(usize, f64); 4] = [(10, 2.262157), (12, 2.200985), (15, 2.144787), (19, 2.100922)];

/// A simulated score, with its variation between subjects.
#[derive(Clone, Copy, Debug)]
enum Score {
    /// Share of questions answered correctly. Half of the subjects are harder (.55) than the others
    /// (.85).
    Share,
    /// Mean of normal numbers with true mean 0.
    Mean,
    /// Difference of two shares that are correct together more often than by chance.
    Difference,
    /// AUROC of normal numbers, with equally many subjects in both classes.
    Auroc,
}

impl Score {
    fn truth(self) -> f64 {
        match self {
            Score::Share | Score::Auroc => 0.7,
            Score::Mean => 0.0,
            Score::Difference => 0.15,
        }
    }

    /// Draws the mean over one subject's questions, or for an AUROC the score of the subject at
    /// `place`.
    fn subject(self, place: usize, rng: &mut impl Rng) -> f64 {
        let right = |drawn: f64, share: f64| f64::from(u8::from(drawn < share));
        let mean = |values: [f64; QUESTIONS]| values.iter().sum::<f64>() / QUESTIONS as f64;
        match self {
            Score::Share => {
                let share = if rng.random_bool(0.5) { 0.55 } else { 0.85 };
                mean([(); QUESTIONS].map(|()| right(rng.random(), share)))
            }
            Score::Mean => normal(rng),
            Score::Difference => mean([(); QUESTIONS].map(|()| {
                let ours: f64 = rng.random();
                let theirs = if rng.random_bool(0.4) { ours } else { rng.random() };
                right(ours, 0.75) - right(theirs, 0.6)
            })),
            // sqrt(2) norm.ppf(.7)
            Score::Auroc => normal(rng) + 0.741_614 * (place % 2) as f64,
        }
    }

    /// Returns the score of the subjects at `places`.
    fn compute(self, values: &[f64], places: impl Iterator<Item = usize>) -> f64 {
        match self {
            Score::Auroc => {
                let (positive, values): (Vec<bool>, Vec<f64>) =
                    places.map(|place| (place % 2 == 1, values[place])).unzip();
                scores::auroc(&positive, &values)
            }
            _ => scores::mean(places.map(|place| values[place])),
        }
    }
}

/// Draws a normal number by the Box-Muller method.
fn normal(rng: &mut impl Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// Whether each interval contains the truth: the one in use, plain percentiles, a t-interval with the
/// bootstrap's standard error, and BCa.
fn holds(score: Score, subjects: usize, draws: &[Vec<usize>], sample: usize) -> [bool; 4] {
    let mut rng = seed::stream(sample as u64, &format!("coverage.{score:?}.{subjects}"));
    let values: Vec<f64> = (0..subjects).map(|place| score.subject(place, &mut rng)).collect();
    let whole = score.compute(&values, 0..subjects);
    let drawn: Vec<f64> = draws.iter().map(|draw| score.compute(&values, draw.iter().copied())).collect();
    let mut sorted: Vec<f64> = drawn.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);

    let used = interval(drawn.into_iter(), subjects).unwrap();
    let plain = (quantile(&sorted, 0.025), quantile(&sorted, 0.975));
    let mean = scores::mean(sorted.iter().copied());
    let variance = sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (sorted.len() - 1) as f64;
    let t = T.iter().find(|(n, _)| *n == subjects).map_or(1.96, |(_, t)| *t);
    let reach = t * (variance * subjects as f64 / (subjects - 1) as f64).sqrt();
    let without = |left: usize| score.compute(&values, (0..subjects).filter(move |&place| place != left));
    let left_out: Vec<f64> = (0..subjects).map(without).collect();
    let bca = accelerated(&sorted, whole, &left_out);
    // Shares are sums of thirds, so the bounds allow for rounding.
    let (low, high) = (score.truth() + 1e-9, score.truth() - 1e-9);
    [used, plain, (whole - reach, whole + reach), bca].map(|(from, to)| from <= low && high <= to)
}

/// Returns Efron's bias-corrected and accelerated (BCa) interval. Plain percentiles if it is undefined.
fn accelerated(sorted: &[f64], whole: f64, left_out: &[f64]) -> (f64, f64) {
    let mean = scores::mean(left_out.iter().copied());
    let power = |n: i32| left_out.iter().map(|value| (mean - value).powi(n)).sum::<f64>();
    let acceleration = if power(2) > 0.0 { power(3) / (6.0 * power(2).powf(1.5)) } else { 0.0 };
    // Of the resamples that equal the score, half count as below it.
    let below = sorted
        .iter()
        .map(|&value| if value < whole { 1.0 } else { f64::from(u8::from(value <= whole)) / 2.0 });
    let below = scores::mean(below);
    if below <= 0.0 || below >= 1.0 {
        return (quantile(sorted, 0.025), quantile(sorted, 0.975));
    }
    let bias = point(below);
    let end = |z: f64| quantile(sorted, share(bias + (bias + z) / (1.0 - acceleration * (bias + z))));
    (end(-1.959_964), end(1.959_964))
}

/// Returns the share of a standard normal below `z`, by Simpson's rule.
fn share(z: f64) -> f64 {
    const STEPS: usize = 60;
    let step = z.clamp(-8.0, 8.0) / STEPS as f64;
    let weight = |i: usize| if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
    let sum: f64 = (0..=STEPS).map(|i| weight(i) * (-(i as f64 * step).powi(2) / 2.0).exp()).sum();
    (0.5 + sum * step / 3.0 / std::f64::consts::TAU.sqrt()).clamp(0.0, 1.0)
}

/// Returns the quantile of a standard normal: the point below which the share is `wanted`.
fn point(wanted: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        (low, high) = if share(middle) < wanted { (middle, high) } else { (low, middle) };
    }
    low
}

/// Returns the share of samples for which each interval contains the truth.
fn coverage(score: Score, subjects: usize) -> [f64; 4] {
    let draws = resamples(subjects, RESAMPLES, 7, Part::Test);
    let one = |sample| holds(score, subjects, &draws, sample).map(usize::from);
    let add = |a: [usize; 4], b: [usize; 4]| [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
    let covered = (0..SAMPLES).into_par_iter().map(one).reduce(|| [0; 4], add);
    covered.map(|covered| covered as f64 / SAMPLES as f64)
}

#[test]
fn intervals_cover_what_they_say() {
    for score in [Score::Share, Score::Mean, Score::Difference, Score::Auroc] {
        for subjects in [10, 12, 15, 19, 20, 40] {
            let found = coverage(score, subjects);
            eprintln!("{score:?} {subjects}: {found:.3?}");
            let [used, plain, _, bca] = found;
            // The middle 95% of 20 subjects is slightly too narrow.
            let least = if subjects < 20 { 0.92 } else { 0.9 };
            assert!((least..=0.98).contains(&used), "{score:?} {subjects}: {used}");
            if matches!(score, Score::Mean | Score::Difference) && subjects == FEWEST {
                assert!(plain < 0.92 && bca < 0.92, "{score:?}: {plain} {bca}");
            }
        }
    }
}
