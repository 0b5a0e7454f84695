//! Training and decoding that causal language models share, whatever their layers.

mod asked;
mod bucket;
mod check;
mod decode;
mod fmri;
mod learn;
mod loss;
mod pool;
mod rank;
mod share;

use boldface::{FmriShape, Result, Tuning};
use boldface_engine::nn::{KvCache, Noise, Pass};
use boldface_engine::{Params, Tensor};

pub(super) use asked::{QuestionWords, running_sums};
pub(super) use bucket::{Bucket, SequenceSpan};
pub(super) use check::check;
pub(super) use decode::{Ends, generate, next_codes};
pub(super) use fmri::Input;
pub(super) use fmri::{
    add as add_fmri, cells, is_fmri, name_regions, parameters as fmri_parameters, tokens as fmri_tokens,
};
pub(super) use learn::{fit, train};
#[cfg(test)]
pub(super) use learn::{gradients, restore};
pub(super) use pool::pool;
pub(super) use rank::rank;
#[cfg(test)]
pub(super) use share::assert_sharing_changes_nothing;

/// The layers of a causal language model that reads text and fMRI tokens.
pub(super) trait Trunk {
    /// Prefix of the names of its random training streams.
    const NAME: &'static str;

    /// All weights.
    fn params(&self) -> &Params;

    /// All weights, mutable.
    fn params_mut(&mut self) -> &mut Params;

    /// Sizes of the sequences that it can read.
    fn limits(&self) -> SequenceLimits;

    /// Settings that differ between training (with noise) and inference.
    fn pass(&self, noise: Option<Noise>) -> Pass<'_>;

    /// An empty cache of keys and values.
    fn cache(&self) -> KvCache;

    /// Last hidden states of every cell, `(size * length, width)`, before the final norm.
    fn read(&self, pass: &Pass<'_>, bucket: &Bucket, cache: Option<&mut KvCache>) -> Tensor;

    /// The final norm, `(n, width)`.
    fn norm(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor;

    /// The matrix that turns normed states into logits, `(vocabulary, width)`.
    fn head<'a>(&self, pass: &Pass<'a>) -> &'a Tensor;

    /// Decides which of these weights a training changes.
    ///
    /// # Errors
    /// If an adapter does not fit.
    fn tune(&mut self, tuning: &Tuning, seed: u64) -> Result<()>;

    /// Whether a training checkpoint must contain this weight; true at least for every weight that is
    /// trained.
    fn is_kept(&self, name: &str) -> bool;

    /// Logits over the vocabulary, `(n, vocabulary)`.
    fn words(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor {
        self.norm(pass, hidden).linear(self.head(pass), None)
    }

    /// Logits over the codebook, `(n, codebook_size)`.
    fn codes(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor {
        fmri::codes(pass, &self.norm(pass, hidden))
    }
}

/// Sizes of the sequences that a model can read.
#[derive(Clone, Copy, Debug)]
pub(super) struct SequenceLimits {
    /// Width of the hidden states.
    pub width: usize,
    /// Longest sequence in tokens.
    pub context: usize,
    /// Text tokens are below this number, marks around the fMRI block included.
    pub vocabulary: usize,
    /// Shape of the scans that the fMRI parts read; `None` before those parts are added.
    pub shape: Option<FmriShape>,
}
