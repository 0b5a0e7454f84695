//! How likely a text is: the log-likelihood of each of its tokens after those before it.

use std::ops::Range;

use boldface::Result;
use boldface_engine::nn::Pass;
use boldface_engine::{Tensor, no_grad};

use crate::network::Network;

/// Logits that are held at the same time: 64 MiB.
const LOGITS: usize = 1 << 24;

/// The log-likelihood in nats of every token of a text after those before it; the first has none.
///
/// A text longer than the context is read in windows of the context, each half a context after the one before. Every
/// token is scored once, in the first window that reaches it: after all tokens before it if the first window has it,
/// and after at least half a context otherwise. A model that wants texts to begin with a token of its own gets it as the
/// first of `tokens`.
///
/// # Errors
///
/// If a token is none of the model's.
pub fn score(network: &Network, pass: &Pass<'_>, tokens: &[u32]) -> Result<Vec<Option<f32>>> {
    network.check_tokens(tokens)?;
    let mut scores = vec![None; tokens.len().min(1)];
    no_grad(|| {
        for Window { read, scored } in windows(tokens.len(), network.config.context) {
            // A token is told by the hidden state of the place before it; nobody asks the last place.
            let x = &tokens[read.start..read.end - 1];
            let hidden = network.read_text(pass, x);
            let told = hidden.narrow(0, scored.start - 1 - read.start, scored.len());
            scores.extend(network.log_likelihoods(pass, &told, &tokens[scored]).into_iter().map(Some));
        }
    });
    Ok(scores)
}

/// A part of a text that is read, and the tokens of it that are scored.
#[derive(Debug, PartialEq, Eq)]
struct Window {
    read: Range<usize>,
    scored: Range<usize>,
}

fn windows(len: usize, context: usize) -> Vec<Window> {
    // The last token of a window is only scored, so one more than the context fits.
    let (size, step) = (context + 1, (context / 2).max(1));
    let mut all = Vec::new();
    let (mut start, mut scored) = (0, 1);
    while scored < len {
        let end = len.min(start + size);
        all.push(Window { read: start..end, scored: scored..end });
        (start, scored) = (start + step, end);
    }
    all
}

impl Network {
    /// Hidden states before the last norm, (T, D), of one text by itself: causal, from position 0.
    pub fn read_text(&self, pass: &Pass<'_>, tokens: &[u32]) -> Tensor {
        let (length, width) = (tokens.len(), self.config.width);
        let positions: Vec<u32> = (0..).take(length).collect();
        let visible: Vec<u32> = (1..).take(length).collect();
        let x_btd = self.embed(pass, tokens).reshape(&[1, length, width]);
        self.read(pass, &x_btd, &positions, &visible, None).reshape(&[length, width])
    }

    /// The log-likelihood in nats of one target for each hidden state (N, D) before the last norm. Logits are made a
    /// part at a time: a large vocabulary times a long text is never held.
    pub fn log_likelihoods(&self, pass: &Pass<'_>, hidden: &Tensor, targets: &[u32]) -> Vec<f32> {
        let size = self.config.vocabulary;
        let rows = (LOGITS / size).max(1);
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
