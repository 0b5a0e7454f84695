//! Choice of the next token: the likeliest, or one drawn from a named random stream.

use boldface::Result;
use boldface::seed::stream;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Settings for the choice of the next token.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Divisor of the logits before the softmax; 0 takes the likeliest token and draws nothing.
    pub temperature: f64,
    /// Draws among this many of the likeliest tokens; 0 means all.
    pub top_k: usize,
    /// Draws among the likeliest tokens that together reach this probability, after `top_k`; 1 means
    /// all.
    pub top_p: f64,
    /// Names the random stream: the same seed gives the same tokens.
    pub seed: u64,
}

impl Default for Sampling {
    /// Takes the likeliest token.
    fn default() -> Sampling {
        Sampling { temperature: 0.0, top_k: 0, top_p: 1.0, seed: 0 }
    }
}

impl Sampling {
    /// Checks that every number is in its range.
    ///
    /// # Errors
    ///
    /// If a number is not; the message names it.
    pub fn check(&self) -> Result<()> {
        let Sampling { temperature, top_p, .. } = self;
        if !(temperature.is_finite() && *temperature >= 0.0) {
            return Err(format!("a temperature of `{temperature}` is invalid; use 0 or more").into());
        }
        if !(*top_p > 0.0 && *top_p <= 1.0) {
            return Err(format!("`top-p` of `{top_p}` is invalid; use a number above 0 and at most 1").into());
        }
        Ok(())
    }
}

/// Chooses the tokens of one text.
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    rng: ChaCha8Rng,
}

impl Sampler {
    /// Makes the sampler of the `index`-th text that is continued with others.
    ///
    /// Each text has its own stream, so its draws do not depend on the others.
    pub fn new(sampling: &Sampling, index: usize) -> Sampler {
        let rng = stream(sampling.seed, &format!("lm.generate.{index}"));
        Sampler { sampling: sampling.clone(), rng }
    }

    /// Chooses the next token, given one logit per token; the first of equals.
    pub fn choose(&mut self, logits: &[f32]) -> u32 {
        let index = if self.sampling.temperature > 0.0 { self.draw(logits) } else { likeliest(logits) };
        u32::try_from(index).expect("a vocabulary has fewer than 2^32 tokens")
    }

    fn draw(&mut self, logits: &[f32]) -> usize {
        let chances = chances(logits, &self.sampling);
        let mut left = self.rng.random::<f64>() * chances.iter().map(|(_, chance)| chance).sum::<f64>();
        let found = chances.iter().find(|(_, chance)| {
            left -= chance;
            left < 0.0
        });
        // Rounding may leave a remainder; then the last token is taken.
        found.or(chances.last()).map_or(0, |(index, _)| *index)
    }
}

fn likeliest(logits: &[f32]) -> usize {
    let better = |best: usize, index: usize| if logits[index] > logits[best] { index } else { best };
    (0..logits.len()).fold(0, better)
}

/// Returns the tokens that may be drawn, likeliest first, with weights proportional to their
/// probabilities.
fn chances(logits: &[f32], sampling: &Sampling) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let falling = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    if sampling.top_k > 0 && sampling.top_k < order.len() {
        order.select_nth_unstable_by(sampling.top_k - 1, falling);
        order.truncate(sampling.top_k);
    }
    order.sort_unstable_by(falling);
    let top = order.first().map_or(0.0, |first| f64::from(logits[*first]));
    let weight = |index: usize| ((f64::from(logits[index]) - top) / sampling.temperature).exp();
    let mut chances: Vec<(usize, f64)> = order.into_iter().map(|index| (index, weight(index))).collect();
    let enough = sampling.top_p * chances.iter().map(|(_, chance)| chance).sum::<f64>();
    let mut before = 0.0;
    let reached = chances.iter().position(|(_, chance)| {
        before += chance;
        before >= enough
    });
    chances.truncate(reached.map_or(chances.len(), |last| last + 1));
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(temperature: f64, top_k: usize, top_p: f64) -> Sampling {
        Sampling { temperature, top_k, top_p, seed: 1 }
    }

    /// Returns indices and probabilities in percent.
    fn shares(logits: &[f32], sampling: &Sampling) -> Vec<(usize, f64)> {
        let chances = chances(logits, sampling);
        let sum: f64 = chances.iter().map(|(_, chance)| chance).sum();
        chances.into_iter().map(|(index, chance)| (index, (1000.0 * chance / sum).round() / 10.0)).collect()
    }

    /// ln 2, 0, ln 4 and ln 1 again: probabilities 2/8, 1/8, 4/8, 1/8.
    fn logits() -> [f32; 4] {
        [2f32.ln(), 0.0, 4f32.ln(), 0.0]
    }

    #[test]
    fn temperature_then_the_first_k_then_the_first_p() {
        let all = [(2, 50.0), (0, 25.0), (1, 12.5), (3, 12.5)];
        assert_eq!(shares(&logits(), &sampling(1.0, 0, 1.0)), all);
        assert_eq!(shares(&logits(), &sampling(1.0, 9, 1.0)), all);
        // Halving the temperature squares: 16, 4, 1, 1 of 22.
        assert_eq!(shares(&logits(), &sampling(0.5, 0, 1.0)), [(2, 72.7), (0, 18.2), (1, 4.5), (3, 4.5)]);
        // Of equals the first: 4, 2, 1 of 7.
        assert_eq!(shares(&logits(), &sampling(1.0, 3, 1.0)), [(2, 57.1), (0, 28.6), (1, 14.3)]);
        // Half is reached by the first alone; a little more needs the second.
        assert_eq!(shares(&logits(), &sampling(1.0, 0, 0.5)), [(2, 100.0)]);
        assert_eq!(shares(&logits(), &sampling(1.0, 0, 0.51)), [(2, 66.7), (0, 33.3)]);
        // With top-k 2, 4 of 6 are less than .7, and 6 of 6 are enough.
        assert_eq!(shares(&logits(), &sampling(1.0, 2, 0.7)), [(2, 66.7), (0, 33.3)]);
        assert_eq!(shares(&logits(), &sampling(1.0, 2, 0.6)), [(2, 100.0)]);
    }

    #[test]
    fn draws_are_as_frequent_as_probable() {
        let mut sampler = Sampler::new(&sampling(1.0, 0, 1.0), 0);
        let mut counts = [0; 4];
        for _ in 0..8000 {
            counts[sampler.choose(&logits()) as usize] += 1;
        }
        // 4000 of 8000 has a standard deviation of 45; the bound is five of them.
        for (count, expected) in counts.into_iter().zip([2000, 1000, 4000, 1000]) {
            assert!(i32::abs(count - expected) < 225, "{counts:?}");
        }
    }

    #[test]
    fn the_likeliest_is_the_first_of_equals() {
        assert_eq!(Sampler::new(&Sampling::default(), 0).choose(&[1.0, 3.0, 3.0, 2.0]), 1);
    }

    #[test]
    fn every_text_has_a_stream_and_it_never_changes() {
        let draws = |seed: u64, index: usize| {
            let mut sampler =
                Sampler::new(&Sampling { temperature: 1.0, seed, ..Sampling::default() }, index);
            (0..12).map(|_| sampler.choose(&logits()).to_string()).collect::<String>()
        };
        expect_test::expect!["202221002022"].assert_eq(&draws(0, 0));
        assert_ne!(draws(0, 0), draws(0, 1));
        assert_ne!(draws(0, 0), draws(1, 0));
    }
}
