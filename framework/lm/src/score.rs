//! Log-likelihood of a text: that of each token, given the tokens before it.

use std::ops::Range;

use boldface::Result;
use boldface_engine::nn::Pass;
use boldface_engine::{Tensor, no_grad};

use crate::network::PublishedNetwork;

/// Logits held at the same time: 64 MiB.
const LOGITS: usize = 1 << 24;

/// Returns the log-likelihood in nats of each token of a text given those before it; the first has none.
///
/// A text longer than `window` tokens (at most the model's context) is read in windows that overlap by
/// half. Every token is scored once, in the first window that reaches it. Tokens of the first window see
/// all tokens before them, later ones at least half a window, so a text's mean does not depend on where
/// it was cut. If a model expects texts to begin with a special token, put it first in `tokens`.
///
/// # Errors
///
/// If a token is not in the model's vocabulary, or the window is 0.
pub fn score(
    network: &PublishedNetwork,
    pass: &Pass<'_>,
    tokens: &[u32],
    window: usize,
) -> Result<Vec<Option<f32>>> {
    network.check_tokens(tokens)?;
    if window == 0 {
        return Err("a window of 0 tokens is too short; use at least 1".into());
    }
    let mut scores = vec![None; tokens.len().min(1)];
    no_grad(|| {
        for Window { read, scored } in windows(tokens.len(), window.min(network.config.context)) {
            // A place's hidden state predicts the token after it, so the last token is not read.
            let x = &tokens[read.start..read.end - 1];
            let hidden = network.read_text(pass, x);
            let told = hidden.narrow(0, scored.start - 1 - read.start, scored.len());
            scores.extend(network.log_likelihoods(pass, &told, &tokens[scored]).into_iter().map(Some));
        }
    });
    Ok(scores)
}

/// A part of a text that is read, and the tokens in it that are scored.
#[derive(Debug, PartialEq, Eq)]
struct Window {
    read: Range<usize>,
    scored: Range<usize>,
}

fn windows(len: usize, window: usize) -> Vec<Window> {
    // The last token of a window is scored but not read, so there is room for one more.
    let (size, step) = (window + 1, (window / 2).max(1));
    let mut all = Vec::new();
    let (mut start, mut scored) = (0, 1);
    while scored < len {
        let end = len.min(start + size);
        all.push(Window { read: start..end, scored: scored..end });
        (start, scored) = (start + step, end);
    }
    all
}

impl PublishedNetwork {
    /// Returns the hidden states before the last norm, (T, D), of one text, read causally from position
    /// 0.
    pub fn read_text(&self, pass: &Pass<'_>, tokens: &[u32]) -> Tensor {
        let (length, width) = (tokens.len(), self.config.width);
        let positions: Vec<u32> = (0..).take(length).collect();
        let visible: Vec<u32> = (1..).take(length).collect();
        let x_btd = self.embed(pass, tokens).reshape(&[1, length, width]);
        self.read(pass, &x_btd, &positions, &visible, None).reshape(&[length, width])
    }

    /// Returns the log-likelihood in nats of one target per hidden state (N, D) before the last norm.
    ///
    /// Logits are computed for some rows at a time, so that those of a long text are never held at once.
    pub fn log_likelihoods(&self, pass: &Pass<'_>, hidden: &Tensor, targets: &[u32]) -> Vec<f32> {
        self.log_likelihoods_by(pass, hidden, targets, (LOGITS / self.config.vocabulary).max(1))
    }

    /// Like [`PublishedNetwork::log_likelihoods`], with the logits of `rows` rows at a time.
    fn log_likelihoods_by(&self, pass: &Pass<'_>, hidden: &Tensor, targets: &[u32], rows: usize) -> Vec<f32> {
        let size = self.config.vocabulary;
        let normed = self.norm(pass, hidden);
        let mut all = Vec::with_capacity(targets.len());
        for (part, targets) in targets.chunks(rows).enumerate() {
            let x = normed.narrow(0, part * rows, targets.len());
            let logs = self.logits(pass, &x).log_softmax().reshape(&[targets.len() * size, 1]);
            let cells = targets.iter().enumerate().map(|(row, target)| row * size + *target as usize);
            let cells = cells.map(|cell| u32::try_from(cell).expect("a part is far smaller than 2^32"));
            all.extend(logs.rows(&cells.collect::<Vec<_>>()).to_vec());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use boldface_engine::{ENGINES, Params};
    use proptest::prelude::*;

    use super::*;
    use crate::config::{ModelConfig, ModelFamily};

    proptest! {
        #[test]
        fn every_token_but_the_first_is_scored_once_after_half_a_window(len in 0usize..300, size in 1usize..70) {
            let all = windows(len, size);
            let mut next = 1;
            for Window { read, scored } in all {
                prop_assert_eq!(scored.start, next);
                prop_assert!(scored.end > scored.start && scored.end == read.end);
                // All tokens of a window but the last are read.
                prop_assert!(read.len() - 1 <= size);
                let before = scored.start - read.start;
                prop_assert!(read.start == 0 || before >= size.div_ceil(2), "{} before {}", before, scored.start);
                next = scored.end;
            }
            prop_assert_eq!(next, len.max(1));
        }
    }

    #[test]
    fn parts_of_the_logits_are_the_whole() {
        for engine in ENGINES {
            let engine = boldface_engine::open(engine, "cpu").unwrap();
            let config = ModelConfig {
                family: ModelFamily::Llama,
                layers: 0,
                width: 6,
                heads: 1,
                kv_heads: 1,
                head_width: 6,
                inner: 6,
                vocabulary: 11,
                context: 9,
                eps: 1e-5,
                rope: None,
                tied: true,
                attention_bias: false,
                mlp_bias: false,
            };
            let mut params = Params::new(&engine);
            let mut rng = boldface::seed::stream(0, "test");
            for (name, dims) in config.parameters() {
                params.normal(&name, &dims, 1.0, &mut rng);
            }
            let network = PublishedNetwork { config, params };
            let pass = network.inference();
            let hidden = network.embed(&pass, &[1, 2, 3, 4, 5, 6, 7]);
            let targets = [10, 0, 3, 3, 9, 1, 5];
            let whole = network.log_likelihoods(&pass, &hidden, &targets);
            assert_eq!(whole.len(), 7);
            for rows in [1, 3, 7, 8] {
                let parts = network.log_likelihoods_by(&pass, &hidden, &targets, rows);
                let close = parts.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-5);
                assert!(parts.len() == 7 && close, "{parts:?} and {whole:?}");
            }
        }
    }
}
