//! Multinomial logistic regression with an L2 penalty.
//!
//! Written by hand, because it is small, pure and deterministic; crates would bring an optimiser
//! framework.

use super::lbfgs::{dot, minimize};

/// A fitted model with one weight vector and one constant per class.
#[derive(Clone, Debug)]
pub struct Logistic {
    classes: usize,
    width: usize,
    /// For each of `classes` classes, `width` weights and one constant.
    weights: Vec<f64>,
}

impl Logistic {
    /// Minimises `strength * sum of cross-entropies + |W|^2 / 2`. Constants are not penalised.
    /// `strength` is scikit-learn's `C`.
    pub fn fit(points: &[Vec<f64>], answers: &[usize], classes: usize, strength: f64) -> Logistic {
        let width = points.first().map_or(0, Vec::len);
        let start = vec![0.0; classes * (width + 1)];
        let loss = Loss { points, answers, classes, width, strength };
        // Weights are scaled so that the loss is about equally curved along each. The minimum is the
        // same, in a fraction of the steps.
        let scales = loss.scales();
        let mut weights = start.clone();
        let scaled = |at: &[f64], weights: &mut Vec<f64>| {
            weights
                .iter_mut()
                .zip(at)
                .zip(scales.iter().cycle())
                .for_each(|((weight, at), scale)| *weight = at * scale);
        };
        // In these units, such a step moves no logit by more than about 1e-6.
        let tolerance = 1e-7 * (1.0 + strength).sqrt();
        let minimum = minimize(start, tolerance, |at, gradient| {
            scaled(at, &mut weights);
            let value = loss.at(&weights, gradient);
            gradient.iter_mut().zip(scales.iter().cycle()).for_each(|(slope, scale)| *slope *= scale);
            value
        });
        let mut weights = vec![0.0; minimum.len()];
        scaled(&minimum, &mut weights);
        Logistic { classes, width, weights }
    }

    /// Returns the probability of every class.
    pub fn probabilities(&self, point: &[f64]) -> Vec<f64> {
        softmax(&logits(&self.weights, self.classes, self.width, point)).0
    }
}

struct Loss<'a> {
    points: &'a [Vec<f64>],
    answers: &'a [usize],
    classes: usize,
    width: usize,
    strength: f64,
}

impl Loss<'_> {
    /// Returns the inverse square root of the curvature along each feature's weight and along the
    /// constant, when all classes are equally likely.
    fn scales(&self) -> Vec<f64> {
        let share = 1.0 / self.classes.max(1) as f64;
        let mut powers = vec![0.0; self.width];
        for point in self.points {
            powers.iter_mut().zip(point).for_each(|(power, x)| *power += x * x);
        }
        powers.push(self.points.len() as f64);
        let curvature = |power: f64| 1.0 + self.strength * power * share * (1.0 - share);
        powers.into_iter().map(|power| curvature(power).sqrt().recip()).collect()
    }

    fn at(&self, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let stride = self.width + 1;
        let mut value = 0.0;
        for (i, (slope, weight)) in gradient.iter_mut().zip(weights).enumerate() {
            let is_constant = i % stride == self.width;
            *slope = if is_constant { 0.0 } else { *weight };
            value += if is_constant { 0.0 } else { weight * weight / 2.0 };
        }
        for (point, &answer) in self.points.iter().zip(self.answers) {
            let logits = logits(weights, self.classes, self.width, point);
            let (shares, log_total) = softmax(&logits);
            value -= self.strength * (logits[answer] - log_total);
            for (class, share) in shares.into_iter().enumerate() {
                let error = self.strength * (share - f64::from(u8::from(class == answer)));
                let row = &mut gradient[class * stride..(class + 1) * stride];
                row.iter_mut().zip(point).for_each(|(slope, x)| *slope += error * x);
                row[self.width] += error;
            }
        }
        value
    }
}

fn logits(weights: &[f64], classes: usize, width: usize, point: &[f64]) -> Vec<f64> {
    let row = |class: usize| &weights[class * (width + 1)..(class + 1) * (width + 1)];
    let logit = |class| dot(&row(class)[..width], point) + row(class)[width];
    (0..classes).map(logit).collect()
}

/// Returns shares that sum to 1, and the logarithm of the normaliser.
pub fn softmax(logits: &[f64]) -> (Vec<f64>, f64) {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    (powers.iter().map(|power| power / total).collect(), largest + total.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve points of two features in three classes.
    fn points() -> (Vec<Vec<f64>>, Vec<usize>) {
        let point = |i: usize| {
            let (class, t) = (i % 3, i as f64);
            vec![(1.7 * t).sin() + class as f64, (0.9 * t).cos() - 0.5 * (class as f64 - 1.0).powi(2)]
        };
        ((0..12).map(point).collect(), (0..12).map(|i| i % 3).collect())
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let (points, answers) = points();
        let loss = Loss { points: &points, answers: &answers, classes: 3, width: 2, strength: 0.7 };
        let at: Vec<f64> = (0..9).map(|i| 0.3 * f64::from(i) - 1.0).collect();
        let mut gradient = vec![0.0; 9];
        loss.at(&at, &mut gradient);
        for i in 0..9 {
            let beside = |step: f64| {
                let mut at = at.clone();
                at[i] += step;
                loss.at(&at, &mut [0.0; 9])
            };
            let slope = (beside(1e-5) - beside(-1e-5)) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-7, "{i}: {slope} and {}", gradient[i]);
        }
    }

    #[test]
    fn probabilities_are_scikit_learns() {
        // scikit-learn 1.x: LogisticRegression(C=C, tol=1e-12).fit(points, answers).predict_proba([[0.3, -0.2]])
        let expected = [
            (0.7, [0.474_590_008_2, 0.414_735_440_7, 0.110_674_551_0]),
            (20.0, [0.474_483_593_1, 0.524_905_244_9, 0.000_611_162_0]),
        ];
        let (points, answers) = points();
        for (strength, expected) in expected {
            let model = Logistic::fit(&points, &answers, 3, strength);
            for (ours, theirs) in model.probabilities(&[0.3, -0.2]).into_iter().zip(expected) {
                assert!((ours - theirs).abs() < 1e-5, "C = {strength}: {ours} and {theirs}");
            }
        }
    }

    #[test]
    fn a_class_that_was_never_seen_gets_almost_nothing() {
        let model = Logistic::fit(&[vec![0.0], vec![1.0]], &[0, 0], 2, 1.0);
        let probabilities = model.probabilities(&[0.5]);
        assert!(probabilities[1] < 1e-3, "{probabilities:?}");
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_softmax_does_not_overflow() {
        let (shares, log_total) = softmax(&[1000.0, 1000.0]);
        assert_eq!(shares, [0.5, 0.5]);
        assert!((log_total - 1000.0 - 2f64.ln()).abs() < 1e-12);
    }
}
