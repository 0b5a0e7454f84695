//! Numbers are taught with noise, so that bins near the true one are less wrong than those far away.

use boldface::{Answer, Example};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Replaces the number that an example asks for by one drawn around it, if the task has `answer-sd`. The bin of the
/// drawn number is the answer to learn, so a bin is learned as often as a normal distribution around the true number
/// has mass in it. What lies beyond the edges counts for the nearest bin.
///
/// On average this is the cross-entropy with soft labels, and no backbone has to know about it.
pub(super) fn with_drawn_answer(answer_sd: Option<f64>, example: &Example, rng: &mut ChaCha8Rng) -> Example {
    let mut drawn = example.clone();
    if let (Some(sd), Answer::Value { value, .. }) = (answer_sd, &mut drawn.answer) {
        let noise: f64 = StandardNormal.sample(rng);
        *value += sd * noise;
    }
    drawn
}

#[cfg(test)]
mod tests {
    use boldface::{Window, seed};

    use super::super::baselines::majority::frequencies;
    use super::super::packing::options;
    use super::*;

    const EDGES: [f64; 4] = [20.0, 30.0, 40.0, 60.0];

    fn example(value: f64) -> Example {
        let answer = Answer::Value { value, unit: "years".into(), edges: EDGES.to_vec() };
        Example { window: Window::first(20), question: "Age?".into(), answer }
    }

    /// How often each bin is the answer to learn, over many draws.
    fn shares(value: f64, sd: f64) -> Vec<f64> {
        let mut rng = seed::stream(0, "test");
        let mut bins = Vec::new();
        for _ in 0..100_000 {
            let drawn = with_drawn_answer(Some(sd), &example(value), &mut rng);
            bins.push(options(&drawn.answer).unwrap().1);
        }
        frequencies(&bins, 3)
    }

    #[test]
    fn bins_are_learned_as_often_as_a_normal_distribution_has_mass_in_them() {
        // P(30 + 5 N < 30) = 0.5 and P(30 + 5 N > 40) = P(N > 2) = 0.02275.
        // P(32 + 10 N < 30) = P(N < -0.2) = 0.42074 and P(32 + 10 N > 40) = P(N > 0.8) = 0.21186.
        let by_hand = [((30.0, 5.0), [0.5, 0.47725, 0.02275]), ((32.0, 10.0), [0.42074, 0.36740, 0.21186])];
        for ((value, sd), expected) in by_hand {
            for (found, expected) in shares(value, sd).into_iter().zip(expected) {
                // Four standard errors of a share over 100 000 draws are at most 0.0063.
                assert!((found - expected).abs() < 0.0063, "{value} {sd}: {found} and not {expected}");
            }
        }
    }

    #[test]
    fn a_narrow_distribution_always_names_the_true_bin() {
        assert_eq!(shares(30.1, 1e-6), [0.0, 1.0, 0.0]);
        assert_eq!(shares(20.1, 1e-6), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn only_numbers_of_tasks_that_say_so_are_drawn() {
        let mut rng = seed::stream(0, "test");
        assert_eq!(with_drawn_answer(None, &example(25.0), &mut rng), example(25.0));
        let answer = Answer::Choice { options: vec!["no".into(), "yes".into()], correct: 1 };
        let choice = Example { answer, ..example(0.0) };
        assert_eq!(with_drawn_answer(Some(5.0), &choice, &mut rng), choice);
    }
}
