//! The published network with fMRI parts and adapters beside its weights.

use boldface::{FmriShape, Lora, Result, Tuning, seed};
use boldface_engine::nn::{self, KvCache, Noise, Pass};
use boldface_engine::{Params, Tensor};
use boldface_lm::{PublishedNetwork, adapter};
use rand::Rng;

use super::Pretrained;
use super::asked::QuestionVectors;
use crate::backbones::causal::{self, Bucket, Input, SequenceLimits, Trunk};

/// Two rows that extend the embedding: the marks that open and close the fMRI block.
const MARKS: &str = "fmri.marks";

/// Scale of fMRI tokens, one number per column.
const NORM: &str = "fmri.norm.weight";

/// The projection of the question's words, `(width, width)`.
const ASKED: &str = "fmri.asked";

/// Scale of the projected words, one number per column.
const ASKED_NORM: &str = "fmri.asked.norm.weight";

/// Number of embedding rows, evenly spaced, that their mean norm is measured on.
const MEASURED: usize = 4096;

/// Added to a mean square before its root is taken.
const EPS: f32 = 1e-6;

/// A published model with its learned additions. The published parameters keep their names, so adapters
/// and weights open in Python without a table of names.
pub(super) struct PretrainedNetwork {
    pub published: PublishedNetwork,
    pub input: Input,
    pub checkpointing: bool,
    /// Longest sequence in tokens.
    pub context: usize,
    /// Shape of the scans that the fMRI parts read; `None` before those parts are added.
    pub shape: Option<FmriShape>,
    /// The latest adapter beside the weights.
    pub lora: Option<Lora>,
    /// Whether the published weights themselves were trained.
    pub is_moved: bool,
    /// The words of questions that text after a scan is told; `None` if it is told none.
    pub asked: Option<QuestionVectors>,
}

impl PretrainedNetwork {
    /// Creates a network of the published model alone.
    pub fn new(config: &Pretrained, published: PublishedNetwork) -> PretrainedNetwork {
        let own = published.config.context;
        let mut network = PretrainedNetwork {
            published,
            input: config.input,
            checkpointing: config.checkpointing,
            context: config.longest(Some(own)).unwrap_or(own),
            shape: None,
            lora: None,
            is_moved: false,
            asked: None,
        };
        network.published.params.train_only(|_| false);
        network
    }

    /// Adds the weights that read and predict fMRI tokens, scaled to the mean norm of the embedding's
    /// rows.
    pub fn add_fmri(&mut self, shape: FmriShape, rng: &mut impl Rng) {
        let (width, size) = (self.published.config.width, self.row_norm());
        let params = &mut self.published.params;
        causal::add_fmri(params, self.input, shape, width, rng);
        let each = size / (width as f32).sqrt();
        params.normal(MARKS, &[2, width], each, rng);
        params.constant(NORM, &[width], each);
        if self.asked.is_some() {
            nn::init_linear(params, ASKED, width, width, false, 1.0 / (width as f32).sqrt(), rng);
            // Random vectors as large as the embedding's would break the published model: they grow
            // from nothing, and the norm bounds what one step can change.
            params.constant(ASKED_NORM, &[width], 0.0);
        }
        self.shape = Some(shape);
    }

    /// Mean norm of the embedding's rows.
    fn row_norm(&self) -> f32 {
        let rows = self.published.config.vocabulary;
        let step = rows.div_ceil(MEASURED).max(1);
        let picked: Vec<u32> =
            (0..rows).step_by(step).map(|row| u32::try_from(row).expect("fewer than 2^32 rows")).collect();
        let width = self.published.config.width;
        let values = self.published.embed(&self.published.inference(), &picked).to_vec();
        let norms = values.chunks(width).map(|row| row.iter().map(|x| x * x).sum::<f32>().sqrt());
        norms.sum::<f32>() / picked.len() as f32
    }

    /// Whether a weight belongs to the published model.
    pub fn is_base(name: &str) -> bool {
        !causal::is_fmri(name) && !is_adapter(name)
    }

    /// The words read after the block, projected: one row per cell. `None` if there are none.
    fn asked(&self, pass: &Pass<'_>, bucket: &Bucket) -> Option<Tensor> {
        let asked = self.asked.as_ref().filter(|_| bucket.has_block.contains(&true))?;
        let width = self.published.config.width;
        let mut rows = Vec::new();
        for (after, &has_block) in bucket.afters.iter().zip(&bucket.has_block) {
            match has_block {
                true => rows.extend(asked.rows(after, width)),
                false => rows.resize(rows.len() + after.len() * width, 0.0),
            }
        }
        let words = causal::running_sums(bucket, width, rows);
        let words = pass.params.engine().tensor(words, &[bucket.text_read.len(), width]);
        Some(nn::linear(pass, ASKED, &words).rms_norm(pass.params.get(ASKED_NORM), EPS))
    }

    /// Embedding rows of text tokens, marks included.
    fn text(&self, pass: &Pass<'_>, tokens: &[u32]) -> Option<Tensor> {
        let first = u32::try_from(self.published.config.vocabulary).expect("fewer than 2^32 rows");
        let (mut own, mut marks, mut order) = (Vec::new(), Vec::new(), Vec::new());
        for &token in tokens {
            match token.checked_sub(first) {
                None => {
                    order.push((false, own.len()));
                    own.push(token);
                }
                Some(mark) => {
                    order.push((true, marks.len()));
                    marks.push(mark);
                }
            }
        }
        let rows = |own: &[u32]| self.published.embed(pass, own);
        if marks.is_empty() {
            return (!own.is_empty()).then(|| rows(&own));
        }
        let marked = pass.params.get(MARKS).rows(&marks);
        if own.is_empty() {
            return Some(marked);
        }
        let place = |&(is_mark, index): &(bool, usize)| {
            u32::try_from(if is_mark { own.len() + index } else { index }).expect("fewer than 2^32 tokens")
        };
        let order: Vec<u32> = order.iter().map(place).collect();
        Some(Tensor::concat(&[&rows(&own), &marked], 0).rows(&order))
    }
}

impl Trunk for PretrainedNetwork {
    const NAME: &'static str = "pretrained";

    fn params(&self) -> &Params {
        &self.published.params
    }

    fn params_mut(&mut self) -> &mut Params {
        &mut self.published.params
    }

    fn limits(&self) -> SequenceLimits {
        let config = &self.published.config;
        let marks = if self.shape.is_some() { 2 } else { 0 };
        SequenceLimits {
            width: config.width,
            context: self.context,
            vocabulary: config.vocabulary + marks,
            shape: self.shape,
        }
    }

    fn pass(&self, noise: Option<Noise>) -> Pass<'_> {
        let scale = self.lora.as_ref().map_or(0.0, adapter::lora_scale);
        let recompute = self.checkpointing && noise.is_some();
        let pass = Pass::inference(&self.published.params).lora_scale(scale).recompute(recompute);
        Pass { training: noise, ..pass }
    }

    fn cache(&self) -> KvCache {
        self.published.cache()
    }

    fn read(&self, pass: &Pass<'_>, bucket: &Bucket, cache: Option<&mut KvCache>) -> Tensor {
        let fmri = causal::fmri_tokens(pass, self.input, bucket);
        let fmri = fmri.map(|tokens| tokens.rms_norm(pass.params.get(NORM), EPS));
        let mut cells = causal::cells(self.text(pass, &bucket.text), fmri, bucket);
        if let Some(words) = self.asked(pass, bucket) {
            cells = cells.add(&words);
        }
        let width = self.published.config.width;
        let cells = cells.reshape(&[bucket.size, bucket.length, width]);
        let hidden = self.published.read(pass, &cells, &bucket.positions, &bucket.visible, cache);
        hidden.reshape(&[bucket.size * bucket.length, width])
    }

    fn norm(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor {
        self.published.norm(pass, hidden)
    }

    fn head<'a>(&self, pass: &Pass<'a>) -> &'a Tensor {
        self.published.head(pass)
    }

    /// Freezes the adapter of an earlier stage and adds a new one. If all weights are trained, the
    /// earlier adapter is merged into them first.
    fn tune(&mut self, tuning: &Tuning, seed: u64) -> Result<()> {
        match tuning {
            Tuning::Full => {
                if let Some(lora) = self.lora.take() {
                    adapter::merge(&mut self.published, &lora);
                }
                self.is_moved = true;
                self.published.params.train_only(|_| true);
            }
            Tuning::Lora(lora) => {
                if let Some(earlier) = self.lora.take() {
                    adapter::freeze(&mut self.published, &earlier);
                }
                adapter::add(&mut self.published, lora, &mut seed::stream(seed, "pretrained.lora"))?;
                self.lora = Some(lora.clone());
                self.published.params.train_only(|name| is_trained(name) || causal::is_fmri(name));
            }
        }
        Ok(())
    }

    /// Keeps the trained weights. The others are in the published files or were saved by an earlier
    /// stage.
    fn is_kept(&self, name: &str) -> bool {
        self.published.params.is_trainable(name)
    }
}

/// Whether a weight belongs to the adapter in training.
fn is_trained(name: &str) -> bool {
    name.ends_with(".lora_a") || name.ends_with(".lora_b")
}

fn is_adapter(name: &str) -> bool {
    is_trained(name) || name.ends_with(".frozen_a") || name.ends_with(".frozen_b")
}
