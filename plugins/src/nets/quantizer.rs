//! A codebook of unit vectors, each of which follows its nearest tokens.
//!
//! Shapes: `M` tokens, `K` codes, `C` numbers per code.

use boldface_engine::{Engine, Tensor};
use rand::Rng;
use rand::seq::index;
use serde::{Deserialize, Serialize};

/// Rounds of k-means for the initial codebook.
const ROUNDS: usize = 10;

/// Unit vectors, moved by an exponential moving average instead of a gradient.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Codebook {
    dim: usize,
    rows: Vec<f32>,
    /// For each code, the number of consecutive updates without a token.
    idle: Vec<u64>,
}

/// Tokens quantised to their nearest codes.
pub(crate) struct Quantized {
    /// The code of each token.
    pub(crate) codes: Vec<u32>,
    /// `(M, C)`: forward, the vectors of the codes; backward, the gradient of the tokens
    /// (straight-through).
    pub(crate) straight_mc: Tensor,
    /// Mean squared distance from each token to its code, without a gradient for the code; at most `4 /
    /// C`.
    pub(crate) commitment: Tensor,
}

impl Codebook {
    /// Runs cosine k-means over `tokens`, unit vectors of `dim` numbers: Lloyd's algorithm from `size`
    /// distinct tokens. There must be at least `size` tokens.
    pub(crate) fn start(
        engine: &Engine,
        tokens: &[f32],
        dim: usize,
        size: usize,
        rng: &mut impl Rng,
    ) -> Codebook {
        let picks = index::sample(rng, tokens.len() / dim, size);
        let rows = picks.iter().flat_map(|pick| &tokens[pick * dim..(pick + 1) * dim]).copied().collect();
        let mut codebook = Codebook { dim, rows, idle: vec![0; size] };
        let tokens_mc = engine.tensor(tokens.to_vec(), &[tokens.len() / dim, dim]);
        for _ in 0..ROUNDS {
            let codes = tokens_mc.nearest_rows(&codebook.tensor(engine));
            codebook.follow(tokens, &codes, 0.0);
        }
        codebook
    }

    /// Returns the vectors as a constant, `(K, C)`.
    pub(crate) fn tensor(&self, engine: &Engine) -> Tensor {
        engine.tensor(self.rows.clone(), &[self.idle.len(), self.dim])
    }

    /// Finds the code of each unit vector, with the tensors that train the encoder.
    pub(crate) fn quantize(&self, engine: &Engine, tokens_mc: &Tensor) -> Quantized {
        let codebook_kc = self.tensor(engine);
        let codes = tokens_mc.detach().nearest_rows(&codebook_kc);
        let nearest_mc = codebook_kc.rows(&codes);
        let step_mc = nearest_mc.sub(&tokens_mc.detach());
        let commitment = tokens_mc.sub(&nearest_mc).square().mean();
        Quantized { codes, straight_mc: tokens_mc.add(&step_mc), commitment }
    }

    /// Moves every code with tokens: `e <- unit(decay * e + (1 - decay) * unit(mean of its tokens))`.
    pub(crate) fn follow(&mut self, tokens: &[f32], codes: &[u32], decay: f64) {
        let mut sums = vec![0f64; self.rows.len()];
        let mut counts = vec![0u64; self.idle.len()];
        for (token, &code) in tokens.chunks_exact(self.dim).zip(codes) {
            let sum = &mut sums[code as usize * self.dim..][..self.dim];
            sum.iter_mut().zip(token).for_each(|(sum, &value)| *sum += f64::from(value));
            counts[code as usize] += 1;
        }
        for (code, sum) in sums.chunks_exact_mut(self.dim).enumerate() {
            self.idle[code] = if counts[code] > 0 { 0 } else { self.idle[code] + 1 };
            // Tokens in opposite directions have no mean direction, so the code stays.
            if counts[code] == 0 || !normalize(sum) {
                continue;
            }
            let row = &mut self.rows[code * self.dim..][..self.dim];
            let blend = |(&old, &new): (&f32, &f64)| decay * f64::from(old) + (1.0 - decay) * new;
            let mut moved: Vec<f64> = row.iter().zip(&*sum).map(blend).collect();
            if normalize(&mut moved) {
                row.iter_mut().zip(moved).for_each(|(row, value)| *row = value as f32);
            }
        }
    }

    /// Moves every code that was idle for `after` updates to a random one of `tokens`.
    pub(crate) fn revive(&mut self, tokens: &[f32], after: u64, rng: &mut impl Rng) {
        let count = tokens.len() / self.dim;
        let dead: Vec<usize> = (0..self.idle.len()).filter(|&code| self.idle[code] >= after).collect();
        let picks = index::sample(rng, count, dead.len().min(count));
        for (code, pick) in dead.into_iter().zip(picks) {
            let token = &tokens[pick * self.dim..][..self.dim];
            self.rows[code * self.dim..][..self.dim].copy_from_slice(token);
            self.idle[code] = 0;
        }
    }

    /// Returns the number of codes and the numbers per code; `(0, 0)` if a codebook from a file is
    /// inconsistent.
    pub(crate) fn dims(&self) -> (usize, usize) {
        let is_whole = self.rows.len() == self.idle.len() * self.dim;
        if is_whole { (self.idle.len(), self.dim) } else { (0, 0) }
    }

    /// Returns the vectors, one code after another.
    pub(crate) fn rows(&self) -> &[f32] {
        &self.rows
    }
}

/// Scales to length 1. Returns false, and changes nothing, if the vector has no direction.
fn normalize(vector: &mut [f64]) -> bool {
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    let has_direction = length > 1e-12;
    if has_direction {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    has_direction
}

#[cfg(test)]
mod tests {
    use boldface::seed::stream;
    use boldface_engine::Params;
    use rand::RngExt;

    use super::*;

    fn engine() -> Engine {
        boldface_engine::open("dfdx", "cpu").unwrap()
    }

    fn codebook(rows: &[f32], dim: usize) -> Codebook {
        Codebook { dim, rows: rows.to_vec(), idle: vec![0; rows.len() / dim] }
    }

    #[test]
    fn k_means_finds_planted_directions() {
        let mut rng = stream(0, "tokens");
        let tokens: Vec<f32> = (0..300)
            .flat_map(|i| {
                let mut token = [0.0, 0.0, 0.0].map(|_: f64| rng.random_range(-0.1..0.1));
                token[i % 3] += 1.0;
                normalize(&mut token);
                token.map(|value| value as f32)
            })
            .collect();
        let codebook = Codebook::start(&engine(), &tokens, 3, 3, &mut stream(1, "start"));
        let again = Codebook::start(&engine(), &tokens, 3, 3, &mut stream(1, "start"));
        assert_eq!(codebook.rows(), again.rows());
        for axis in 0..3 {
            let nearest = codebook.rows().chunks(3).map(|row| row[axis]).fold(0.0, f32::max);
            assert!(nearest > 0.99, "axis {axis}: {nearest}");
        }
    }

    #[test]
    fn a_code_is_coded_as_itself() {
        let book = codebook(&[1.0, 0.0, 0.0, 1.0, -1.0, 0.0], 2);
        let quantized = book.quantize(&engine(), &book.tensor(&engine()));
        assert_eq!(quantized.codes, [0, 1, 2]);
        assert_eq!(quantized.straight_mc.to_vec(), book.rows());
        assert_eq!(quantized.commitment.item(), 0.0);
    }

    #[test]
    fn gradients_go_straight_through_and_commitment_pulls_to_the_code() {
        let (engine, book) = (engine(), codebook(&[1.0, 0.0, 0.0, 1.0], 2));
        let mut params = Params::new(&engine);
        params.insert("z", vec![0.6, 0.8], &[1, 2]);
        let quantized = book.quantize(&engine, params.get("z"));
        assert_eq!(quantized.codes, [1]);
        let weights = engine.tensor(vec![3.0, 5.0], &[1, 2]);
        let through = quantized.straight_mc.mul(&weights).sum().backward();
        assert_eq!(through.values(&params, "z"), Some(vec![3.0, 5.0]));

        let commitment = book.quantize(&engine, params.get("z")).commitment;
        // z - e = (0.6, -0.2): mean square (0.36 + 0.04) / 2 = 0.2, gradient 2 (z - e) / 2 = z - e.
        assert!((commitment.item() - 0.2).abs() < 1e-6);
        let gradient = commitment.backward().values(&params, "z").unwrap();
        assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] + 0.2).abs() < 1e-6, "{gradient:?}");
    }

    #[test]
    fn a_code_follows_its_tokens_and_an_idle_one_stays() {
        let mut book = codebook(&[1.0, 0.0, -1.0, 0.0], 2);
        book.follow(&[0.0, 1.0, 0.0, 1.0], &[0, 0], 0.5);
        // unit(0.5 (1, 0) + 0.5 (0, 1)) = (1, 1) / sqrt 2.
        let half = 0.5f32.sqrt();
        let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
        assert!(near(book.rows()[0], half) && near(book.rows()[1], half), "{:?}", book.rows());
        assert_eq!(book.rows()[2..], [-1.0, 0.0]);
        // Tokens without a mean direction leave the code where it is.
        let before = book.rows().to_vec();
        book.follow(&[0.0, 1.0, 0.0, -1.0], &[0, 0], 0.5);
        assert_eq!(book.rows(), before);
    }

    #[test]
    fn a_code_that_is_idle_for_long_moves_onto_a_token() {
        let mut book = codebook(&[1.0, 0.0, -1.0, 0.0], 2);
        let tokens = [0.8, 0.6];
        for _ in 0..2 {
            book.follow(&tokens, &[0], 1.0);
            book.revive(&tokens, 3, &mut stream(0, "revive"));
            assert_eq!(book.rows()[2..], [-1.0, 0.0]);
        }
        book.follow(&tokens, &[0], 1.0);
        book.revive(&tokens, 3, &mut stream(0, "revive"));
        assert_eq!(book.rows()[2..], tokens);
        assert_eq!(book.idle, [0, 0]);
    }
}
