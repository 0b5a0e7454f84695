//! The weights and the forward pass: text and fMRI tokens in, hidden states and logits out.

use boldface::{FmriShape, Lora, Problem, Result, Tuning, seed};
use boldface_engine::nn::{self, KvCache, Noise, Pass, Transformer};
use boldface_engine::{Engine, Params, Tensor, no_grad};
use rand::Rng;

use super::Gpt;
use crate::backbones::causal::{self, Bucket, SequenceLimits, Trunk};

/// Initial standard deviation of embeddings. Names of networks occur in the same sentences, so training
/// draws their embeddings together; the initial distance keeps them distinguishable. At GPT-2's width
/// of 768 this is its .02.
fn spread(width: usize) -> f32 {
    0.55 / (width as f32).sqrt()
}

/// Initial size of the question's vector, which is added to a token's own embedding.
const ASKED_SIZE: f32 = 0.3;

/// Random vectors that distinguish questions by their words; zeros for all other tokens. Never trained.
pub(super) const ASKED: &str = "asked";

/// The mean pooled vector of the training descriptions. It belongs to no layer and is never trained.
pub(super) const CENTER: &str = "center";

/// The transformer: embeddings, blocks, tied text head, and the fMRI parts once they are added.
pub(super) struct GptNetwork {
    pub config: Gpt,
    pub params: Params,
    /// Shape of the scans that the fMRI parts read; `None` before those parts are added.
    pub shape: Option<FmriShape>,
    /// The adapter whose weights are in `params`.
    pub lora: Option<Lora>,
}

impl GptNetwork {
    /// Creates a text model with random weights.
    pub fn new(config: &Gpt, engine: &Engine, vocabulary: usize, rng: &mut impl Rng) -> GptNetwork {
        let mut params = Params::new(engine);
        let std = spread(config.width);
        params.normal("tokens", &[vocabulary, config.width], std, rng);
        params.normal("positions", &[config.context, config.width], std / 2.0, rng);
        params.normal(
            "asked.weight",
            &[config.width, config.width],
            ASKED_SIZE / (config.width as f32).sqrt(),
            rng,
        );
        transformer(config).init(&mut params, rng);
        nn::init_layer_norm(&mut params, "norm", config.width);
        params.constant(CENTER, &[config.width], 0.0);
        params.constant(ASKED, &[vocabulary, config.width], 0.0);
        GptNetwork { config: config.clone(), params, shape: None, lora: None }
    }

    /// Adds the weights that read and predict fMRI tokens.
    pub fn add_fmri(&mut self, shape: FmriShape, rng: &mut impl Rng) {
        causal::add_fmri(&mut self.params, self.config.input, shape, self.config.width, rng);
        let (rois, width) = (shape.rois, self.config.width);
        self.params.normal("fmri.regions", &[rois, width], spread(width), rng);
        self.shape = Some(shape);
    }

    /// Adds adapters that start as a no-op.
    pub fn add_lora(&mut self, lora: Lora, rng: &mut impl Rng) {
        transformer(&self.config).add_lora(&mut self.params, &lora, rng);
        self.lora = Some(lora);
    }

    /// Merges the adapters into the weights they adapt, and removes them.
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

    /// Returns the vectors of the words read after the block, one row per cell. Cost: one table as large
    /// as the vocabulary.
    fn asked(&self, bucket: &Bucket) -> Tensor {
        let width = self.config.width;
        let tokens: Vec<u32> = bucket.afters.iter().flatten().copied().collect();
        let rows = match tokens.is_empty() {
            true => Vec::new(),
            false => no_grad(|| self.params.get(ASKED).rows(&tokens).to_vec()),
        };
        let asked = causal::running_sums(bucket, width, rows);
        self.params.engine().tensor(asked, &[bucket.text_read.len(), width])
    }

    fn lora_scale(&self) -> f32 {
        self.lora.as_ref().map_or(0.0, |lora| (lora.alpha / lora.rank as f64) as f32)
    }
}

impl Trunk for GptNetwork {
    const NAME: &'static str = "gpt";

    fn params(&self) -> &Params {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Params {
        &mut self.params
    }

    fn limits(&self) -> SequenceLimits {
        let Gpt { width, context, .. } = self.config;
        SequenceLimits { width, context, vocabulary: self.params.get("tokens").dims()[0], shape: self.shape }
    }

    fn pass(&self, noise: Option<Noise>) -> Pass<'_> {
        Pass { training: noise, ..Pass::inference(&self.params).lora_scale(self.lora_scale()) }
    }

    fn cache(&self) -> KvCache {
        KvCache::new(self.config.layers)
    }

    fn read(&self, pass: &Pass<'_>, bucket: &Bucket, cache: Option<&mut KvCache>) -> Tensor {
        let params = pass.params;
        let text = (!bucket.text.is_empty()).then(|| params.get("tokens").rows(&bucket.text));
        let cells = causal::cells(text, causal::fmri_tokens(pass, self.config.input, bucket), bucket);
        let cells = cells.add(&params.get("positions").rows(&bucket.positions));
        let cells = cells.add(&nn::linear(pass, "asked", &self.asked(bucket)));
        let width = self.config.width;
        let cells = cells.reshape(&[bucket.size, bucket.length, width]);
        let hidden = transformer(&self.config).forward(pass, &cells, &bucket.visible, cache);
        hidden.reshape(&[bucket.size * bucket.length, width])
    }

    fn norm(&self, pass: &Pass<'_>, hidden: &Tensor) -> Tensor {
        nn::layer_norm(pass, "norm", hidden)
    }

    /// Returns the embedding, which is also the head.
    fn head<'a>(&self, pass: &Pass<'a>) -> &'a Tensor {
        pass.params.get("tokens")
    }

    /// Sets the trainable weights. Adapters of an earlier stage are first merged into their weights.
    fn tune(&mut self, tuning: &Tuning, seed: u64) -> Result<()> {
        self.fold_lora();
        match tuning {
            Tuning::Full => self.params.train_only(|_| true),
            Tuning::Lora(lora) if lora.rank == 0 => {
                return Err("an adapter's `rank` is 0; use at least 1".into());
            }
            Tuning::Lora(lora) if !check_lora(&self.config, lora).is_empty() => {
                let problems = check_lora(&self.config, lora);
                return Err(format!("an adapter's {}", problems[0]).into());
            }
            Tuning::Lora(lora) => {
                self.add_lora(lora.clone(), &mut seed::stream(seed, "gpt.lora"));
                self.params.train_only(|name| is_adapter(name) || causal::is_fmri(name));
            }
        }
        Ok(())
    }

    fn is_kept(&self, _: &str) -> bool {
        true
    }
}

/// Whether a weight is part of a low-rank adapter.
pub(super) fn is_adapter(name: &str) -> bool {
    name.ends_with(".lora_a") || name.ends_with(".lora_b")
}

/// Lists problems with an adapter's targets.
pub(super) fn check_lora(config: &Gpt, lora: &Lora) -> Vec<Problem> {
    lora.check_targets(&transformer(config).linears(), &Transformer::LINEARS)
}

/// Upper bound on the number of weights of the text side; the trained vocabulary may be smaller.
pub(super) fn text_parameters(config: &Gpt) -> u64 {
    // Rows: tokens twice, positions, the question's projection, scale and shift of the last norm, and
    // the centre.
    let rows = (2 * config.vocabulary + config.context + config.width + 2 + 1) as u64;
    rows * config.width as u64 + transformer(config).parameters()
}

/// Number of weights of the fMRI parts and the adapters.
pub(super) fn fmri_parameters(config: &Gpt, shape: FmriShape, lora: Option<&Lora>) -> u64 {
    let adapters = lora.map_or(0, |lora| transformer(config).lora_parameters(lora));
    causal::fmri_parameters(config.input, shape, config.width) + adapters
}

fn transformer(config: &Gpt) -> Transformer {
    Transformer {
        prefix: "blocks".to_owned(),
        layers: config.layers,
        heads: config.heads,
        width: config.width,
        mlp_ratio: 4,
        gated: config.gated,
    }
}
