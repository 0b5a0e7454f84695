//! Which token comes next: the likeliest, or one drawn from a named random stream.

use boldface::Result;
use boldface::seed::stream;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// How the next token is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// What logits are divided by before the softmax; 0 takes the likeliest token and draws nothing.
    pub temperature: f64,
    /// Draws among so many of the likeliest tokens; 0 among all.
    pub top_k: usize,
    /// Draws among the likeliest tokens that together have this probability, after `top_k`; 1 among all.
    pub top_p: f64,
    /// Names the random stream: the same seed gives the same tokens.
    pub seed: u64,
}

impl Default for Sampling {
    /// The likeliest token.
    fn default() -> Sampling {
        Sampling { temperature: 0.0, top_k: 0, top_p: 1.0, seed: 0 }
    }
}

impl Sampling {
    /// # Errors
    ///
    /// If a number lies where it means nothing; the message names it.
    pub fn check(&self) -> Result<()> {
        let Sampling { temperature, top_p, .. } = self;
        if !(temperature.is_finite() && *temperature >= 0.0) {
            return Err(format!("a temperature of `{temperature}` means nothing; it is 0 or more").into());
        }
        if !(*top_p > 0.0 && *top_p <= 1.0) {
            return Err(format!("`top-p` of `{top_p}` means nothing; it is above 0 and at most 1").into());
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
    /// For the `index`-th of the texts that are continued together; each has a stream of its own, so that what is
    /// drawn for one does not depend on the others.
    pub fn new(sampling: &Sampling, index: usize) -> Sampler {
        let rng = stream(sampling.seed, &format!("lm.generate.{index}"));
        Sampler { sampling: sampling.clone(), rng }
    }

    /// The next token, given a logit for each; of equals the first.
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
        // Rounding may leave a little: then it is the last.
        found.or(chances.last()).map_or(0, |(index, _)| *index)
    }
}

fn likeliest(logits: &[f32]) -> usize {
    let better = |best: usize, index: usize| if logits[index] > logits[best] { index } else { best };
    (0..logits.len()).fold(0, better)
}

/// The tokens that may be drawn, likeliest first, with weights in proportion to their probabilities.
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
