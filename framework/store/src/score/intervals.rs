//! Scores with 95% bootstrap intervals by subject, and paired differences between models and baselines.
//!
//! Resamples are scored by [`Task::score`] again. That works for any task and keeps a subject's scans
//! together, at the cost of 1,000 scorings.
//!
//! With 20 subjects or more, an interval is the middle 95% of the resamples. With 10 to 19 that is too
//! narrow, so tails are cut at shares widened as for Student's t: the expanded percentile interval
//! (Hesterberg 2015, The American Statistician 69:371). With fewer there is no interval.
//!
//! The choice rests on simulated coverage, asserted in `coverage`. Plain percentiles and BCa cover .89
//! for the mean of 10 subjects, and a t-interval can leave the range of a score.

use std::collections::BTreeMap;

use boldface::{Metric, MetricRow, Outcome, Part, Result, Task, seed};
use rand::RngExt;
use rayon::prelude::*;

use super::open::OpenAnswerTask;

/// Fewest subjects for an interval, and therefore for a mark or a verdict.
pub const FEWEST: usize = 10;

/// The share cut off at either end with 10, 11 .. 19 subjects:
/// `norm.cdf(-sqrt(n / (n - 1)) * t.ppf(.975, n - 1))` (scipy.stats).
const EXPANDED: [f64; 10] =
    [0.008551, 0.009722, 0.010757, 0.011671, 0.012483, 0.013207, 0.013856, 0.014439, 0.014966, 0.015445];

/// Scores of one model or baseline on one part.
#[derive(Debug)]
pub struct Scores {
    /// Metrics on all outcomes.
    pub whole: Vec<Metric>,
    /// Every metric of `whole` on every resample. NaN if undefined.
    pub resampled: Vec<Vec<f64>>,
    n: usize,
    subjects: usize,
}

/// Draws the subjects of each resample with replacement. The draws depend only on the seed and the
/// part, so that everything is scored on the same resamples. Empty with fewer than [`FEWEST`] subjects.
pub fn resamples(subjects: usize, count: usize, seed: u64, part: Part) -> Vec<Vec<usize>> {
    let mut rng = seed::stream(seed, &format!("bootstrap.{}", part.name()));
    let count = if subjects < FEWEST { 0 } else { count };
    (0..count).map(|_| (0..subjects).map(|_| rng.random_range(0..subjects)).collect()).collect()
}

/// Returns the number of subjects in `outcomes`.
pub fn subjects(outcomes: &[&Outcome]) -> usize {
    by_subject(outcomes).len()
}

impl Scores {
    /// Scores `outcomes` as they are and on every resample of their subjects.
    pub fn compute(task: &dyn Task, outcomes: &[&Outcome], resamples: &[Vec<usize>]) -> Result<Scores> {
        let task = &OpenAnswerTask(task);
        let whole = task.score(outcomes)?;
        let subjects: Vec<Vec<&Outcome>> = by_subject(outcomes).into_values().collect();
        let one = |resample: &Vec<usize>| {
            let drawn: Vec<&Outcome> =
                resample.iter().flat_map(|&subject| &subjects[subject]).copied().collect();
            let metrics = task.score(&drawn)?;
            let value =
                |name: &str| metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
            Ok(whole.iter().map(|metric| value(&metric.name).unwrap_or(f64::NAN)).collect())
        };
        // Collected in order, so the number of threads does not affect the result.
        let resampled: Result<Vec<Vec<f64>>> = resamples.par_iter().map(one).collect();
        Ok(Scores { resampled: resampled?, n: outcomes.len(), subjects: subjects.len(), whole })
    }

    /// Subtracts the scores of another model or baseline on the same outcomes, resample by resample.
    pub fn minus(&self, other: &Scores) -> Scores {
        let place = |metric: &Metric| other.whole.iter().position(|theirs| theirs.name == metric.name);
        let pairs: Vec<(usize, usize)> =
            self.whole.iter().enumerate().filter_map(|(ours, metric)| Some((ours, place(metric)?))).collect();
        let whole = pairs.iter().map(|&(ours, theirs)| {
            let value = self.whole[ours].value - other.whole[theirs].value;
            Metric { value, chance: None, ..self.whole[ours].clone() }
        });
        let resampled = self.resampled.iter().zip(&other.resampled);
        let minus = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            pairs.iter().map(|&(ours, theirs)| a[ours] - b[theirs]).collect()
        };
        Scores {
            whole: whole.collect(),
            resampled: resampled.map(minus).collect(),
            n: self.n,
            subjects: self.subjects,
        }
    }

    /// Makes one row per metric. `make_row` gives a row of the stage, without part and interval.
    pub fn rows(
        &self,
        make_row: impl Fn(Metric) -> MetricRow,
        part: Part,
        plugin: &str,
        against: Option<&str>,
    ) -> Vec<MetricRow> {
        let row = |(place, metric): (usize, &Metric)| {
            let interval = interval(self.resampled.iter().map(|resample| resample[place]), self.subjects);
            MetricRow {
                plugin: plugin.to_owned(),
                split: part.name().to_owned(),
                n: Some(self.n as u64),
                low: interval.map(|(low, _)| low),
                high: interval.map(|(_, high)| high),
                against: against.map(str::to_owned),
                ..make_row(metric.clone())
            }
        };
        self.whole.iter().enumerate().map(row).collect()
    }
}

/// Groups outcomes by person.
pub fn by_subject<'a>(outcomes: &[&'a Outcome]) -> BTreeMap<String, Vec<&'a Outcome>> {
    let mut subjects: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        subjects.entry(outcome.scan.person()).or_default().push(outcome);
    }
    subjects
}

/// Returns the 95% interval from a metric's values on resamples of `subjects` subjects, without
/// undefined ones. `None` if more than half are undefined, or with fewer than [`FEWEST`] subjects.
pub fn interval(values: impl Iterator<Item = f64>, subjects: usize) -> Option<(f64, f64)> {
    let tail = EXPANDED.get(subjects.checked_sub(FEWEST)?).copied().unwrap_or(0.025);
    let (mut defined, mut total) = (Vec::new(), 0);
    for value in values {
        total += 1;
        defined.extend((!value.is_nan()).then_some(value));
    }
    if defined.is_empty() || defined.len() * 2 < total {
        return None;
    }
    defined.sort_unstable_by(f64::total_cmp);
    Some((quantile(&defined, tail), quantile(&defined, 1.0 - tail)))
}

/// Interpolates linearly between neighbours, like numpy's default.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod coverage;

#[cfg(test)]
mod tests {
    use boldface::{Answer, Example, Prediction, Scan, ScanId, Window};

    use super::*;

    /// Scores the share of correct answers, and a metric that is undefined with few subjects.
    #[derive(Debug, serde::Serialize)]
    struct Share;

    impl Task for Share {
        fn examples(&self, _: &Scan) -> Result<Vec<Example>> {
            Ok(Vec::new())
        }

        fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
            let right = outcomes.iter().filter(|outcome| {
                matches!(&outcome.prediction, Prediction::Choice { probabilities } if probabilities[0] > 0.5)
            });
            let share = right.count() as f64 / outcomes.len() as f64;
            let rare = if share > 0.9 { 1.0 } else { f64::NAN };
            Ok(vec![Metric::higher_is_better("share", share), Metric::higher_is_better("rare", rare)])
        }
    }

    /// Outcomes of subjects with two scans each, correct if `right[subject]`.
    fn outcomes(right: &[bool]) -> Vec<Outcome> {
        let outcome = |(subject, &right): (usize, &bool)| {
            let one = move |run: u8| Outcome {
                scan: ScanId {
                    dataset: "d".into(),
                    subject: format!("{subject:02}"),
                    session: None,
                    task: None,
                    run: Some(run.to_string()),
                    others: None,
                    by_run: false,
                },
                example: Example {
                    window: Window::first(1),
                    question: String::new(),
                    answer: Answer::Choice { options: vec!["a".into(), "b".into()], correct: 0 },
                },
                prediction: Prediction::Choice {
                    probabilities: if right { vec![1.0, 0.0] } else { vec![0.0, 1.0] },
                },
            };
            [one(1), one(2)]
        };
        right.iter().enumerate().flat_map(outcome).collect()
    }

    fn scores(right: &[bool]) -> Scores {
        let outcomes = outcomes(right);
        let outcomes: Vec<&Outcome> = outcomes.iter().collect();
        let subjects = subjects(&outcomes);
        Scores::compute(&Share, &outcomes, &resamples(subjects, 2000, 7, Part::Test)).unwrap()
    }

    #[test]
    fn the_interval_is_that_of_a_share_of_subjects() {
        // 10 of 20 subjects are correct. A resample's share is binomial(20, 0.5) / 20, whose 2.5% and
        // 97.5% points are 6 / 20 and 14 / 20 (scipy.stats.binom.ppf). If the 40 scans were
        // independent, they would be 14 / 40 and 26 / 40.
        let right: Vec<bool> = (0..20).map(|subject| subject % 2 == 0).collect();
        let scores = scores(&right);
        let (low, high) = interval(scores.resampled.iter().map(|resample| resample[0]), 20).unwrap();
        assert_eq!((low, high), (0.3, 0.7));
        assert_eq!((scores.whole[0].value, scores.n), (0.5, 40));
        // `rare` is undefined in nearly all resamples.
        assert_eq!(interval(scores.resampled.iter().map(|resample| resample[1]), 20), None);
    }

    #[test]
    fn differences_are_paired() {
        // The second is correct wherever the first is, and on six more subjects: 0.3 of 20.
        let few: Vec<bool> = (0..20).map(|subject| subject < 10).collect();
        let more: Vec<bool> = (0..20).map(|subject| subject < 16).collect();
        let difference = scores(&more).minus(&scores(&few));
        assert_eq!(difference.whole[0].value, 0.8 - 0.5);
        // Paired, the difference is binomial(20, 0.3) / 20: from 2 / 20 to 10 / 20 (scipy.stats.binom.ppf).
        let (low, high) = interval(difference.resampled.iter().map(|resample| resample[0]), 20).unwrap();
        assert!((low - 0.1).abs() < 1e-9 && (high - 0.5).abs() < 1e-9, "{low} {high}");
    }

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([1, 2, 4, 8], [0.025, 0.5, 0.975]) = 1.075, 3, 7.7
        let values = [1.0, 2.0, 4.0, 8.0];
        let close = |q, expected: f64| assert!((quantile(&values, q) - expected).abs() < 1e-12);
        close(0.025, 1.075);
        close(0.5, 3.0);
        close(0.975, 7.7);
    }

    #[test]
    fn fewer_than_ten_subjects_have_no_interval() {
        assert_eq!(resamples(9, 100, 0, Part::Test).len(), 0);
        assert_eq!(resamples(10, 100, 0, Part::Test).len(), 100);
        let values = || (0..=1000).map(|i| f64::from(i) / 1000.0);
        assert_eq!(interval(values(), 9), None);
        assert_eq!(interval(std::iter::empty(), 10), None);
        let scores = scores(&[true, false, true, false, true, false, true, false, true]);
        assert_eq!((scores.whole[0].value, scores.resampled.len()), (5.0 / 9.0, 0));
    }

    #[test]
    fn few_subjects_cut_less_off_the_tails() {
        // 0, 0.001 .. 1: tails are cut at their own share.
        let close = |subjects, tail: f64| {
            let values = (0..=1000).map(|i| f64::from(i) / 1000.0);
            let (low, high) = interval(values, subjects).unwrap();
            assert!(
                (low - tail).abs() < 1e-9 && (high + tail - 1.0).abs() < 1e-9,
                "{subjects}: {low} {high}"
            );
        };
        close(10, 0.008551);
        close(19, 0.015445);
        close(20, 0.025);
        close(500, 0.025);
    }
}
