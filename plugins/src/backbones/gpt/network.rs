//! The weights and the forward pass: text and fMRI tokens in, hidden states and logits out.

use boldface::{FmriShape, Lora, Result, Sequence};
use boldface_engine::nn::{self, KvCache, Noise, Pass, Transformer};
use boldface_engine::{Engine, Params, Tensor};
use rand::Rng;

use super::bucket::Bucket;
use super::{Gpt, Input};

const STD: f32 = 0.02;

/// The mean pooled vector of the training descriptions: no layer, and never trained.
pub(super) const CENTER: &str = "center";

/// The transformer: embeddings, blocks, tied text head, and the fMRI parts once they are added.
pub(super) struct Network {
    pub config: Gpt,
    pub params: Params,
    /// What the fMRI parts read; none before they are added.
    pub shape: Option<FmriShape>,
    /// The adapters that are in `params`.
    pub lora: Option<Lora>,
}

impl Network {
    /// A text model with random weights.
    pub fn new(config: &Gpt, engine: &Engine, vocabulary: usize, rng: &mut impl Rng) -> Network {
        let mut params = Params::new(engine);
        params.normal("tokens", &[vocabulary, config.width], STD, rng);
        params.normal("positions", &[config.context, config.width], STD, rng);
        transformer(config).init(&mut params, rng);
        nn::init_layer_norm(&mut params, "norm", config.width);
        params.constant(CENTER, &[config.width], 0.0);
        Network { config: config.clone(), params, shape: None, lora: None }
    }

    /// Adds what reads and predicts fMRI tokens.
    pub fn add_fmri(&mut self, shape: FmriShape, rng: &mut impl Rng) {
        let width = self.config.width;
        match self.config.input {
            Input::Features => {
                nn::init_linear(&mut self.params, "fmri.input", shape.width, width, true, STD, rng)
            }
            Input::Codes => self.params.normal("fmri.codes", &[shape.codebook_size, width], STD, rng),
        }
        self.params.normal("fmri.regions", &[shape.rois, width], STD, rng);
        nn::init_linear(&mut self.params, "fmri.head", width, shape.codebook_size, false, STD, rng);
        self.shape = Some(shape);
    }

    /// Adds adapters that start as a no-op.
    pub fn add_lora(&mut self, lora: Lora, rng: &mut impl Rng) {
        transformer(&self.config).add_lora(&mut self.params, lora.rank, rng);
        self.lora = Some(lora);
    }

    /// Adds the adapters into the weights they stand beside, and removes them.
    pub fn fold_lora(&mut self) {
        let scale = self.lora_scale();
        if self.lora.take().is_none() {
            return;
        }
        let mut folded = Params::new(self.params.engine());
        for name in self.params.names().filter(|name| !is_adapter(name)) {
            let weight = self.params.get(name);
            let adapter = |part| {
                name.strip_suffix(".weight").and_then(|base| self.params.try_get(&format!("{base}.{part}")))
            };
            let values = match (adapter("lora_a"), adapter("lora_b")) {
                (Some(a), Some(b)) => {
                    weight.detach().add(&b.detach().matmul(&a.detach()).scale(scale)).to_vec()
                }
                _ => weight.to_vec(),
            };
            folded.insert(name, values, weight.dims());
        }
        self.params = folded;
    }

    /// What differs between training (with noise) and inference.
    pub fn pass(&self, noise: Option<Noise>) -> Pass<'_> {
        Pass { training: noise, ..Pass::inference(&self.params).lora_scale(self.lora_scale()) }
    }

    fn lora_scale(&self) -> f32 {
        self.lora.as_ref().map_or(0.0, |lora| (lora.alpha / lora.rank as f64) as f32)
    }

    /// An empty cache of keys and values.
    pub fn cache(&self) -> KvCache {
        KvCache::new(self.config.layers)
    }

    /// Last hidden states of every cell, `(size * length, width)`, before the final norm.
    pub fn read(&self, pass: &Pass<'_>, bucket: &Bucket, cache: Option<&mut KvCache>) -> Tensor {
        let params = pass.params;
        let mut parts = Vec::new();
        if !bucket.text.is_empty() {
            parts.push(params.get("tokens").rows(&bucket.text));
        }
        if !bucket.regions.is_empty() {
            let tokens = match self.config.input {
                Input::Features => {
                    let n = bucket.regions.len();
                    let features =
                        params.engine().tensor(bucket.features.clone(), &[n, bucket.features.len() / n]);
                    nn::linear(pass, "fmri.input", &features).gelu()
                }
                Input::Codes => params.get("fmri.codes").rows(&bucket.codes),
            };
            parts.push(tokens.add(&params.get("fmri.regions").rows(&bucket.regions)));
        }
        let parts: Vec<&Tensor> = parts.iter().collect();
        let cells = Tensor::concat(&parts, 0).rows(&bucket.rows);
        let cells = cells.add(&params.get("positions").rows(&bucket.positions));
        let width = self.config.width;
        let cells = cells.reshape(&[bucket.size, bucket.length, width]);
        let hidden = transformer(&self.config).forward(pass, &cells, &bucket.visible, cache);
        hidden.reshape(&[bucket.size * bucket.length, width])
    }

    /// The final norm, `(n, width)`.
    pub fn norm(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor {
        nn::layer_norm(pass, "norm", hidden)
    }

    /// Logits over the vocabulary, `(n, vocabulary)`; the head is the embedding itself.
    pub fn words(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor {
        self.norm(pass, hidden).linear(pass.params.get("tokens"), None)
    }

    /// Logits over the codebook, `(n, codebook_size)`.
    pub fn codes(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor {
        nn::linear(pass, "fmri.head", &self.norm(pass, hidden))
    }

    /// Whether this network can read `sequence` and find its targets.
    pub fn check(&self, sequence: &Sequence) -> Result<()> {
        let (layout, context) = (sequence.layout(), self.config.context);
        if layout.len() > context {
            let (block, text) = (layout.block(), layout.before + layout.after);
            return Err(format!(
                "a sequence of {} tokens ({block} of fMRI, {text} of text) is longer than the backbone's `context` of \
                 {context}; raise `context`, or show fewer volumes or less text",
                layout.len()
            )
            .into());
        }
        let vocabulary = self.params.get("tokens").dims()[0];
        let mut tokens = sequence.before.iter().chain(&sequence.after);
        if let Some(token) = tokens.find(|&&token| token as usize >= vocabulary) {
            return Err(format!("token {token} is outside the vocabulary of {vocabulary}").into());
        }
        if sequence.supervised.end > layout.after {
            return Err(format!(
                "{:?} of {} text tokens are to be learned",
                sequence.supervised, layout.after
            )
            .into());
        }
        self.check_block(sequence)
    }

    fn check_block(&self, sequence: &Sequence) -> Result<()> {
        let Some(block) = &sequence.fmri else { return Ok(()) };
        let shape = self.shape.ok_or("a text model cannot read fMRI")?;
        let (features, codes) = (&block.features, &block.codes);
        if (codes.rois, features.width) != (shape.rois, shape.width) {
            return Err(format!(
                "a block of {} regions and features of width {} does not fit a backbone for {} regions and width {}",
                codes.rois, features.width, shape.rois, shape.width
            )
            .into());
        }
        let tokens = block.patches * codes.rois;
        if features.rows < tokens || codes.codes.len() < tokens || sequence.forecast.end > block.patches {
            return Err(format!(
                "a block of {} patches has {} features and {} codes, and patches {:?} are to be learned",
                block.patches,
                features.rows,
                codes.codes.len(),
                sequence.forecast
            )
            .into());
        }
        match codes.codes.iter().find(|&&code| code as usize >= shape.codebook_size) {
            Some(code) => {
                Err(format!("code {code} is outside the codebook of {}", shape.codebook_size).into())
            }
            None => Ok(()),
        }
    }
}

/// Whether a weight is part of a low-rank adapter.
pub(super) fn is_adapter(name: &str) -> bool {
    name.ends_with(".lora_a") || name.ends_with(".lora_b")
}

/// Whether a weight belongs to the fMRI parts.
pub(super) fn is_fmri(name: &str) -> bool {
    name.starts_with("fmri.")
}

/// Most numbers of the text side: its vocabulary may stay smaller.
pub(super) fn text_parameters(config: &Gpt) -> u64 {
    // Tokens, positions, the scale and shift of the last norm, and the centre.
    let rows = (config.vocabulary + config.context + 2 + 1) as u64;
    rows * config.width as u64 + transformer(config).parameters()
}

/// Numbers of the fMRI parts and of the adapters.
pub(super) fn fmri_parameters(config: &Gpt, shape: FmriShape, lora: Option<&Lora>) -> u64 {
    let input = match config.input {
        Input::Features => shape.width + 1,
        Input::Codes => shape.codebook_size,
    };
    let rows = (input + shape.rois + shape.codebook_size) as u64;
    let adapters = lora.map_or(0, |lora| transformer(config).lora_parameters(lora.rank));
    rows * config.width as u64 + adapters
}

fn transformer(config: &Gpt) -> Transformer {
    Transformer {
        prefix: "blocks".to_owned(),
        layers: config.layers,
        heads: config.heads,
        width: config.width,
        mlp_ratio: 4,
    }
}
