//! Ridge regression: the standard model for a number, with any number of features.

use boldface::Result;
use rayon::prelude::*;

use super::fc_logistic::{FitProgress, folds};
use super::lbfgs::dot;
use super::span::TrainingSpan;

/// Penalties to try, strongest first. 1 is the mean squared length of a standardised point.
const PENALTIES: [f64; 7] = [1e3, 1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3];

/// One training scan.
#[derive(Clone, Debug)]
pub struct RegressionExample {
    /// Its features. NaN counts as the mean.
    pub features: Vec<f32>,
    /// Its target.
    pub value: f64,
    /// The person scanned.
    pub person: String,
}

/// Predicts the target of new points. The penalty has the lowest squared error on held-out folds of the
/// training subjects, the strongest of equals. Only `known` is used for fitting.
///
/// Returns NaN without training scans.
pub fn predict(
    known: &[RegressionExample],
    points: &[Vec<f32>],
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<Vec<f64>> {
    let penalty = choose(known, seed, progress)?;
    let predicted = of_penalties(known, points, &[penalty]).remove(0);
    progress()?;
    Ok(predicted)
}

fn choose(known: &[RegressionExample], seed: u64, progress: FitProgress<'_>) -> Result<f64> {
    let folds = folds(known.iter().map(|scan| &scan.person), seed);
    let mut errors = [0.0; PENALTIES.len()];
    for fold in 0..folds.values().max().map_or(0, |last| last + 1) {
        let is_out = |scan: &&RegressionExample| folds[&scan.person] == fold;
        let (out, rest): (Vec<&RegressionExample>, Vec<&RegressionExample>) = known.iter().partition(is_out);
        let rest: Vec<RegressionExample> = rest.into_iter().cloned().collect();
        let points: Vec<Vec<f32>> = out.iter().map(|scan| scan.features.clone()).collect();
        for (error, predicted) in errors.iter_mut().zip(of_penalties(&rest, &points, &PENALTIES)) {
            let of_fold = out.iter().zip(predicted).map(|(scan, value)| (scan.value - value).powi(2));
            *error += of_fold.sum::<f64>();
        }
        progress()?;
    }
    let best = (0..PENALTIES.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b]));
    Ok(PENALTIES[best.unwrap_or(0)])
}

/// Fits a model per penalty and returns its predictions.
fn of_penalties(known: &[RegressionExample], points: &[Vec<f32>], penalties: &[f64]) -> Vec<Vec<f64>> {
    let features: Vec<Vec<f32>> = known.iter().map(|scan| scan.features.clone()).collect();
    let mean = known.iter().map(|scan| scan.value).sum::<f64>() / known.len() as f64;
    let around: Vec<f64> = known.iter().map(|scan| scan.value - mean).collect();
    let span = TrainingSpan::compute(&features);
    let (train, points) = (span.train(), span.coordinates(points));
    let of_one = |&penalty: &f64| {
        let weights = weights(train, &around, penalty);
        points.iter().map(|point| mean + dot(&weights, point)).collect()
    };
    penalties.par_iter().map(of_one).collect()
}

/// Minimises `sum of (value - w x)^2 + penalty |w|^2` along axes that are orthogonal over the points.
/// Standardised points and centred values need no constant.
fn weights(points: &[Vec<f64>], values: &[f64], penalty: f64) -> Vec<f64> {
    let width = points.first().map_or(0, Vec::len);
    let (mut powers, mut products) = (vec![0.0; width], vec![0.0; width]);
    for (point, value) in points.iter().zip(values) {
        for (x, (power, product)) in point.iter().zip(powers.iter_mut().zip(&mut products)) {
            *power += x * x;
            *product += x * value;
        }
    }
    products.into_iter().zip(powers).map(|(product, power)| product / (power + penalty)).collect()
}

#[cfg(test)]
mod tests {
    use boldface::{scores, seed};
    use rand::RngExt;
    use rand::seq::SliceRandom;

    use super::*;

    #[test]
    fn weights_by_hand() {
        // One feature, points -1, 0, 1 with values -2, 1, 1: x'y = 3, x'x = 2; 3 / (2 + 1) and 3 / (2 + 4).
        let points = [vec![-1.0], vec![0.0], vec![1.0]];
        assert!((weights(&points, &[-2.0, 1.0, 1.0], 1.0)[0] - 1.0).abs() < 1e-12);
        assert!((weights(&points, &[-2.0, 1.0, 1.0], 4.0)[0] - 0.5).abs() < 1e-12);
    }

    /// Scans, two per person, whose first five of 60 features follow the target.
    fn scans(persons: usize, seed: u64) -> Vec<RegressionExample> {
        let mut rng = seed::stream(seed, "test");
        let mut scan = |i: usize| {
            let value = rng.random::<f64>();
            let mut features: Vec<f32> = (0..60).map(|_| rng.random::<f32>() - 0.5).collect();
            features[..5].iter_mut().for_each(|feature| *feature += 0.8 * value as f32);
            RegressionExample { features, value: 20.0 + 60.0 * value, person: format!("sub-{:02}", i / 2) }
        };
        (0..persons * 2).map(&mut scan).collect()
    }

    fn r2(train: &[RegressionExample], test: &[RegressionExample]) -> f64 {
        let points: Vec<Vec<f32>> = test.iter().map(|scan| scan.features.clone()).collect();
        let actual: Vec<f64> = test.iter().map(|scan| scan.value).collect();
        scores::r2(&actual, &predict(train, &points, 0, &mut || Ok(())).unwrap())
    }

    #[test]
    fn a_planted_effect_is_found_and_shuffled_numbers_predict_nothing() {
        let mut scans = scans(100, 1);
        let found = r2(&scans[..160], &scans[160..]);
        assert!(found > 0.3, "{found}");
        let mut values: Vec<f64> = scans.iter().map(|scan| scan.value).collect();
        values.shuffle(&mut seed::stream(1, "shuffled"));
        scans.iter_mut().zip(values).for_each(|(scan, value)| scan.value = value);
        let found = r2(&scans[..160], &scans[160..]);
        assert!(found < 0.1, "{found}");
    }

    #[test]
    fn predictions_are_scikit_learns() {
        // Eight points with three features, in Python:
        // x[i] = [sin(1.7 i), cos(0.9 i), i % 3], y[i] = i + x[i][0],
        // make_pipeline(StandardScaler(), Ridge(alpha=3 * 0.1)).fit(x, y).predict([[0.3, -0.2, 1]]).
        // Here features are divided by the root of their number, so the same penalty is three times as
        // strong.
        let row = |i: f64| vec![(1.7 * i).sin() as f32, (0.9 * i).cos() as f32, (i % 3.0) as f32];
        let known: Vec<RegressionExample> = (0..8)
            .map(f64::from)
            .map(|i| RegressionExample {
                features: row(i),
                value: i + (1.7 * i).sin(),
                person: i.to_string(),
            })
            .collect();
        let predicted = of_penalties(&known, &[vec![0.3, -0.2, 1.0]], &[0.1]);
        assert!((predicted[0][0] - 3.305_841_73).abs() < 1e-5, "{predicted:?}");
    }

    #[test]
    fn without_an_answer_there_is_no_number() {
        assert!(predict(&[], &[vec![0.5]], 0, &mut || Ok(())).unwrap()[0].is_nan());
        let one = RegressionExample { features: vec![1.0, 2.0], value: 7.0, person: "a".into() };
        assert_eq!(predict(&[one], &[vec![0.5, 9.0]], 0, &mut || Ok(())).unwrap(), [7.0]);
    }
}
