//! Codes each patch by the nearest row of a learned codebook of unit vectors.

mod coupling;
mod data;
mod edges;
mod facts;
mod fit;
mod fitted;
mod keep;
mod losses;
mod nodes;
mod norms;
#[cfg(test)]
mod tests;
mod text;
mod window;

use std::path::Path;

use boldface::{
    CheckContext, FitContext, FittedTokenizer, FmriShape, Problem, Result, Runtime, Size, TextSpace,
    Tokenizer, TrainScans, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::fitted::FittedVq;
use super::patches::{check_patch, fmri_shape};
use crate::nets::autoencoder::Autoencoder;

/// Stage 1 of fMRI-LM: a transformer encoder and decoder around a codebook of unit vectors. It is
/// trained to reconstruct the signal and to align its features with text. Encoder and decoder are
/// causal in time, so the first patches of a scan have the same features and codes as in the whole
/// scan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Vq {
    /// Volumes per token of one region; must divide `signal.trs`.
    patch: usize,
    /// Number of codes.
    codebook_size: usize,
    /// Numbers per code.
    code_dim: usize,
    /// Width of the transformers. A feature vector has this width, as much again for each of the channels
    /// `coupling` and `edges`, and the five measures of the channel `nodes`; with the channel `networks` it
    /// has what these three add twice.
    width: usize,
    /// Blocks in the encoder, and as many in the decoder.
    layers: usize,
    /// Attention heads; must divide `width`.
    heads: usize,
    /// Width of the space in which scans and descriptions are compared.
    align_dim: usize,
    /// Optimiser steps.
    steps: u64,
    /// Scans per step; all of them if there are fewer.
    batch_size: usize,
    /// Peak learning rate, after the warm-up. It falls along a cosine to a tenth at the last step.
    peak_lr: f64,
    /// Steps of linear warm-up, fewer than `steps`. During it the decoder reads the unit vectors
    /// themselves. At its end the codebook starts from the encoder's vectors of training scans.
    warmup: u64,
    /// Decoupled weight decay, on matrices only.
    weight_decay: f64,
    /// Largest global gradient norm; 0 disables clipping.
    clip: f64,
    /// Dropout on the residual branches; at least 0 and below 1.
    dropout: f64,
    /// Stochastic depth: probability that a scan skips a residual branch; at least 0 and below 1.
    drop_path: f64,
    /// Share of a code's vector that is kept per step; the rest follows its tokens. At least 0 and
    /// below 1.
    ema_decay: f64,
    /// Steps after which an unused code moves to a random token.
    revive_after: u64,
    /// Inputs of a token.
    channels: Vec<Channel>,
    /// Weight of each loss; 0 leaves it out.
    losses: Losses,
}

/// An input of a token, which represents one region in one patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Channel {
    /// The region's signal in the patch.
    Signal,
    /// Correlation of the region's signal with that of every region, over all volumes up to the end of
    /// the patch. The signal of a single region does not contain it.
    Coupling,
    /// The region's row of the graph of the strongest couplings over the same volumes, on which the
    /// corpus `graph` measures. A few layers cannot find the strongest couplings of the whole scan
    /// themselves.
    Edges,
    /// Measures of the region as a node of that graph: strength, clustering, local efficiency,
    /// participation in the networks, and strength within its module. Each is a difference from the mean
    /// over training scans, in their SD. As centrality encodings of graph transformers (Ying et al. 2021,
    /// arXiv 2106.05234).
    Nodes,
    /// The means of the channels `coupling`, `edges` and `nodes`, as far as they are listed, over the regions
    /// of the region's network, so that the language model need not average over tokens. Without networks
    /// these are the means over the whole brain.
    Networks,
}

/// Weights of the losses of stage 1; the loss is their weighted sum.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Losses {
    /// Mean squared error of the reconstructed signal.
    signal: f64,
    /// Mean squared error of correlations that a linear head predicts from a token's feature.
    coupling: f64,
    /// Mean squared error of the amplitudes at each frequency of a patch, which a head predicts from a
    /// token's feature.
    spectrum: f64,
    /// Mean squared error of the facts' z, which a linear head predicts from the mean feature of each
    /// network in the last patch; skipped without a corpus.
    facts: f64,
    /// Mean squared distance from the unit vectors to their codes.
    commitment: f64,
    /// SigLIP between a scan's mean feature and its description; skipped with fewer than 2 descriptions.
    alignment: f64,
    /// Cross-entropy of a classifier between features and text embeddings, with reversed gradient;
    /// skipped without text.
    domain: f64,
}

impl Default for Vq {
    fn default() -> Vq {
        Vq {
            patch: 40,
            codebook_size: 128,
            code_dim: 16,
            width: 64,
            layers: 1,
            heads: 4,
            align_dim: 32,
            steps: 150,
            batch_size: 8,
            peak_lr: 2e-3,
            warmup: 20,
            weight_decay: 0.01,
            clip: 1.0,
            dropout: 0.0,
            drop_path: 0.0,
            ema_decay: 0.9,
            revive_after: 10,
            channels: vec![Channel::Signal, Channel::Coupling],
            losses: Losses::default(),
        }
    }
}

impl Default for Losses {
    fn default() -> Losses {
        Losses {
            signal: 1.0,
            coupling: 1.0,
            spectrum: 0.1,
            facts: 0.1,
            commitment: 0.1,
            alignment: 0.1,
            domain: 0.1,
        }
    }
}

register!(Tokenizer "vq" => Vq);

impl Tokenizer for Vq {
    fn patch(&self) -> usize {
        self.patch
    }

    fn fit(
        &self,
        train: &TrainScans<'_>,
        text: &TextSpace,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn FittedTokenizer>> {
        Ok(Box::new(fit::fit(self, train, text, cx)?))
    }

    fn load(&self, dir: &Path, runtime: &Runtime) -> Result<Box<dyn FittedTokenizer>> {
        Ok(Box::new(FittedVq::load(self, dir, runtime)?))
    }

    fn version(&self) -> u32 {
        2
    }

    fn size(&self, cx: &CheckContext<'_>) -> Size {
        let Some(shape) = self.fmri_shape(cx) else { return Size::default() };
        let network = Autoencoder::new(self.shape(shape.patches, shape.rois)).parameters();
        let codebook = (self.codebook_size * self.code_dim) as u64;
        let scans = self.batch_size.min(cx.scans.len());
        Size::of_fit(network + codebook, self.steps, (scans * shape.patches * shape.rois) as u64)
    }

    fn fmri_shape(&self, cx: &CheckContext<'_>) -> Option<FmriShape> {
        fmri_shape(self.patch, self.shape(1, 1).features(), self.codebook_size, cx)
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let mut problems: Vec<Problem> = check_patch(self.patch, cx).into_iter().collect();
        let mut require = |holds: bool, key: &str, message: &str| {
            if !holds {
                problems.push(Problem::at(key, message));
            }
        };
        require(self.codebook_size >= 2, "codebook-size", "a codebook has at least 2 codes");
        require(self.code_dim >= 2, "code-dim", "must be at least 2");
        require(self.width >= 1, "width", "must be at least 1");
        require(self.layers >= 1, "layers", "must be at least 1");
        let divides = self.heads >= 1 && self.width.is_multiple_of(self.heads);
        let message = format!("`heads` ({}) must divide `width` ({})", self.heads, self.width);
        require(divides, "heads", &message);
        require(self.align_dim >= 1, "align-dim", "must be at least 1");
        let message = format!("`warmup` ({}) must be less than `steps` ({})", self.warmup, self.steps);
        require(self.warmup < self.steps, "warmup", &message);
        require(self.peak_lr > 0.0 && self.peak_lr.is_finite(), "peak-lr", "must be above 0");
        require(self.weight_decay >= 0.0, "weight-decay", "must not be negative");
        require(self.clip >= 0.0, "clip", "must not be negative");
        require(self.revive_after >= 1, "revive-after", "must be at least 1");
        let pairs = self.losses.alignment == 0.0 || self.batch_size >= 2;
        require(self.batch_size >= 1, "batch-size", "must be at least 1");
        require(pairs, "batch-size", "alignment compares scans of a batch, so it needs at least 2");
        let shares =
            [("dropout", self.dropout), ("drop-path", self.drop_path), ("ema-decay", self.ema_decay)];
        for (key, share) in shares {
            require((0.0..1.0).contains(&share), key, "must be from 0 to below 1");
        }
        for (key, weight) in self.losses.named() {
            require(weight >= 0.0 && weight.is_finite(), &format!("losses.{key}"), "must not be negative");
        }
        let distinct = self.channels.iter().enumerate();
        let distinct = distinct.filter(|(place, channel)| !self.channels[..*place].contains(channel)).count();
        require(
            distinct >= 1,
            "channels",
            "a token needs an input; list `signal`, `coupling`, `edges` or `nodes`",
        );
        require(distinct == self.channels.len(), "channels", "a channel is listed twice; remove one");
        let averages = !self.channels.contains(&Channel::Networks) || self.shape(1, 1).around() > 0;
        let message = "`networks` averages other channels; list `coupling`, `edges` or `nodes` beside it";
        require(averages, "channels", message);
        let learns = self.losses.named().iter().any(|(_, weight)| *weight > 0.0);
        require(learns, "losses", "all weights are 0: nothing is learned");
        problems
    }
}

impl Losses {
    fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("signal", self.signal),
            ("coupling", self.coupling),
            ("spectrum", self.spectrum),
            ("facts", self.facts),
            ("commitment", self.commitment),
            ("alignment", self.alignment),
            ("domain", self.domain),
        ]
    }
}
