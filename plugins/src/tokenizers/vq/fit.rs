//! Stage 1: trains encoder, codebook and decoder under the weighted losses.

use boldface::{FitContext, Metric, Result, TextSpace, TrainScans, seed};
use boldface_engine::nn::{self, Noise, Pass};
use boldface_engine::{AdamW, Engine, Params, Schedule, Tensor, clear_tape, clip, no_grad};
use boldface_features::Networks;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::data::{Batches, Rectangle, TokenBatch, Tokens};
use super::facts::{self, FactDeviations};
use super::fitted::FittedVq;
use super::losses::{self, WeightedLosses, joined, rows_of};
use super::nodes;
use super::norms::PatchNorms;
use super::text::TextVectors;
use super::window::MetricWindow;
use super::{Channel, Vq};
use crate::nets::autoencoder::{Autoencoder, AutoencoderShape, head, init_head};
use crate::nets::encoder::STD;
use crate::nets::quantizer::Codebook;
use crate::nets::{contrastive, domain};

/// Steps between two rows of the metric table.
const LOG_EVERY: u64 = 10;
/// The initial codebook uses at least this many training tokens per code, if there are as many.
const START_TOKENS: usize = 32;

/// Trains a tokenizer.
///
/// # Errors
/// If a scan does not fit, if there are fewer training tokens than codes, if no loss has a target, or
/// if the user interrupts.
pub(super) fn fit(
    config: &Vq,
    train: &TrainScans<'_>,
    text: &TextSpace,
    cx: &mut FitContext<'_>,
) -> Result<FittedVq> {
    let engine = boldface_engine::Engine::for_runtime(cx.runtime)?;
    let tokens = Tokens::cut(train, config.patch)?;
    let all: usize = (0..tokens.scans.len()).map(|scan| tokens.count(scan)).sum();
    if all < config.codebook_size {
        let size = config.codebook_size;
        return Err(format!("{all} training tokens cannot fill `codebook-size` = {size}").into());
    }
    let text = TextVectors::collect(train, text)?;
    let facts = FactDeviations::collect(train);
    let described = text.descriptions.iter().flatten().count();
    cx.observer.record(0, Metric::neutral("alignment_descriptions", described as f64));
    cx.observer.record(0, Metric::neutral("domain_tokens", text.tokens.len() as f64));

    let networks = networks(train, tokens.rois);
    let mut trainer = Trainer::new(config, &engine, (tokens, networks, text, facts), cx.seed)?;
    let mut window = MetricWindow::default();
    let first = cx.observer.resume(&mut |dir| trainer.restore(&mut window, dir));
    // Batches come in a fixed order, so a resumed training draws those of the finished steps again and
    // skips them.
    (0..first).for_each(|_| drop(trainer.batches.draw(config.batch_size)));
    cx.observer.progress(first, config.steps)?;
    for step in first..config.steps {
        trainer.step(step, &mut window);
        if (step + 1).is_multiple_of(LOG_EVERY) || step + 1 == config.steps {
            for metric in std::mem::take(&mut window).metrics(config.codebook_size) {
                cx.observer.record(step + 1, metric);
            }
        }
        cx.observer.checkpoint(step + 1, &mut |dir| trainer.keep(&window, dir));
        cx.observer.progress(step + 1, config.steps)?;
    }
    let codebook = trainer.codebook.ok_or("`warmup` must be less than `steps`")?;
    Ok(FittedVq::new(trainer.model, &trainer.params, codebook.rows(), trainer.norms))
}

/// Returns the network of each of `rois` regions, as an index; one network if regions have none.
fn networks(train: &TrainScans<'_>, rois: usize) -> Vec<usize> {
    let of_roi = train.iter().next().map(|scan| Networks::group(&scan.regions).of_roi).unwrap_or_default();
    if of_roi.len() == rois { of_roi } else { vec![0; rois] }
}

impl Vq {
    /// Returns the sizes of a tokenizer for scans of at most `patches` patches and of `rois` regions.
    pub(super) fn shape(&self, patches: usize, rois: usize) -> AutoencoderShape {
        AutoencoderShape {
            patch: self.patch,
            patches,
            rois,
            width: self.width,
            layers: self.layers,
            heads: self.heads,
            codebook_size: self.codebook_size,
            code_dim: self.code_dim,
            coupling: self.channels.contains(&Channel::Coupling),
            signal: self.channels.contains(&Channel::Signal),
            edges: self.channels.contains(&Channel::Edges),
            measures: if self.channels.contains(&Channel::Nodes) { nodes::MEASURES } else { 0 },
            networks: self.channels.contains(&Channel::Networks),
        }
    }
}

/// The state of a training.
pub(super) struct Trainer<'a> {
    pub(super) config: &'a Vq,
    tokens: Tokens,
    text: TextVectors,
    facts: FactDeviations,
    norms: PatchNorms,
    model: Autoencoder,
    pub(super) params: Params,
    /// `None` during the warm-up.
    pub(super) codebook: Option<Codebook>,
    pub(super) optimizer: AdamW,
    schedule: Schedule,
    batches: Batches<ChaCha8Rng>,
    pub(super) draws: ChaCha8Rng,
    seed: u64,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(
        config: &'a Vq,
        engine: &Engine,
        (tokens, networks, text, facts): (Tokens, Vec<usize>, TextVectors, FactDeviations),
        seed: u64,
    ) -> Result<Trainer<'a>> {
        let mut rng = seed::stream(seed, "vq.weights");
        let model = Autoencoder::new(config.shape(tokens.patches, tokens.rois));
        let norms = PatchNorms::fit(&tokens, &model.shape, networks);
        let mut params = Params::new(engine);
        model.init(&mut params, &mut rng);
        let features = model.shape.features();
        let (weights, scans) = (&config.losses, config.batch_size.min(tokens.scans.len()));
        let described = text.description_width().filter(|_| weights.alignment > 0.0);
        if let Some(width) = described {
            contrastive::init(&mut params, (features, width), config.align_dim, scans, &mut rng);
        }
        let embedded = text.token_width().filter(|_| weights.domain > 0.0);
        if let Some(width) = embedded {
            domain::init(&mut params, (features, width), &mut rng);
        }
        if weights.coupling > 0.0 {
            nn::init_linear(&mut params, "rows", features, tokens.rois, true, STD, &mut rng);
        }
        if weights.spectrum > 0.0 {
            init_head(&mut params, "spectrum", features, model.shape.frequencies(), &mut rng);
        }
        if weights.facts > 0.0 {
            facts.init(&mut params, features, &mut rng);
        }
        let own = [weights.signal, weights.commitment, weights.coupling, weights.spectrum];
        let from_signal = own.iter().any(|weight| *weight > 0.0);
        if !from_signal && described.is_none() && embedded.is_none() {
            return Err("`losses` need text, but there is none; add a corpus".into());
        }
        Ok(Trainer {
            model,
            params,
            codebook: None,
            optimizer: AdamW::new(config.weight_decay as f32),
            schedule: Schedule {
                steps: config.steps,
                warmup: config.warmup,
                peak_lr: config.peak_lr,
                final_lr: config.peak_lr / 10.0,
            },
            batches: Batches::new(tokens.scans.len(), seed::stream(seed, "vq.batches")),
            draws: seed::stream(seed, "vq.draws"),
            config,
            tokens,
            text,
            facts,
            norms,
            seed,
        })
    }

    /// Performs one optimiser step and adds its measurements to `window`.
    pub(super) fn step(&mut self, step: u64, window: &mut MetricWindow) {
        if step == self.config.warmup {
            self.codebook = Some(self.first_codebook());
        }
        let batch = self.batches.draw(self.config.batch_size);
        let (losses, vectors_mc, codes) = self.forward(&batch, step);
        losses.values().for_each(|(name, value)| window.add(name, value));
        if let Some(total) = losses.total() {
            window.add("loss", f64::from(total.item()));
            let mut gradients = total.backward();
            window.add("gradient_norm", clip(&mut gradients, self.config.clip));
            self.optimizer.step(&mut self.params, &gradients, self.schedule.lr(step));
        } else {
            // Possible with alignment as the only loss, and a batch with fewer than two descriptions.
            clear_tape();
        }
        if let Some(codebook) = &mut self.codebook {
            let vectors = vectors_mc.to_vec();
            codebook.follow(&vectors, &codes, self.config.ema_decay);
            codebook.revive(&vectors, self.config.revive_after, &mut self.draws);
        }
        window.codes.extend(codes);
    }

    /// Returns the losses of a batch, its unit vectors and their codes (empty before there is a
    /// codebook).
    fn forward(&mut self, batch: &[usize], step: u64) -> (WeightedLosses, Tensor, Vec<u32>) {
        let weights = &self.config.losses;
        let noise = Noise {
            dropout: self.config.dropout as f32,
            drop_path: self.config.drop_path as f32,
            ..Noise::new(seed::stream(self.seed, &format!("vq.noise.{step}")))
        };
        let pass = Pass::training(&self.params, noise);
        let (engine, shape) = (self.params.engine(), &self.model.shape);
        let rectangles = self.tokens.rectangles(batch);
        let shown: Vec<TokenBatch> =
            rectangles.iter().map(|of| self.tokens.shown(&of.scans, shape, &self.norms, engine)).collect();
        let features: Vec<Tensor> =
            shown.iter().map(|shown| self.model.features(&pass, &shown.inputs)).collect();
        let vectors_mc =
            joined(features.iter().map(|features| self.model.code_vectors(&pass, features)).collect());
        let quantized = self.codebook.as_ref().map(|codebook| codebook.quantize(engine, &vectors_mc));
        let code_mc = quantized.as_ref().map_or(&vectors_mc, |quantized| &quantized.straight_mc);
        let as_rows =
            |(of, values): (&Rectangle, &Tensor)| values.reshape(&[of.rows.len(), values.dims()[2]]);
        let features_md = joined(rectangles.iter().zip(&features).map(as_rows).collect());
        let scans: Vec<usize> = rectangles.iter().flat_map(|of| &of.scans).copied().collect();
        let progress = step as f64 / self.config.steps as f64;

        let mut losses = WeightedLosses::new();
        losses.add("reconstruction_mse", weights.signal, || {
            let error = |(of, shown): (&Rectangle, &TokenBatch)| {
                let code_mc = rows_of(code_mc, of, &rectangles);
                let decoded_bts = self.model.patches(&pass, of.scans.len(), &code_mc);
                as_rows((of, &decoded_bts.sub(&shown.signal)))
            };
            Some(joined(rectangles.iter().zip(&shown).map(error).collect()).square().mean())
        });
        losses.add("coupling_mse", weights.coupling, || {
            let told = nn::linear(&pass, "rows", &features_md);
            let rows = |(of, shown): (&Rectangle, &TokenBatch)| {
                let rows_btn = self.model.coupling(&shown.inputs);
                rows_btn.map(|rows_btn| as_rows((of, &rows_btn)))
            };
            let truth = match rectangles.iter().zip(&shown).map(rows).collect() {
                Some(rows) => joined(rows),
                None => self.tokens.coupling(&scans, shape, engine),
            };
            Some(told.sub(&truth).square().mean())
        });
        losses.add("spectrum_mse", weights.spectrum, || {
            let told = head(&pass, "spectrum", &features_md);
            let truth = self.tokens.spectrum(&scans, shape, engine);
            Some(told.sub(&truth).square().mean())
        });
        losses.add("facts_mse", weights.facts, || {
            facts::loss(&pass, &features_md, (&rectangles, self.tokens.rois), &self.facts)
        });
        losses.add("commitment", weights.commitment, || quantized.as_ref().map(|q| q.commitment.clone()));
        if self.text.description_width().is_some() {
            losses.add("alignment", weights.alignment, || {
                losses::alignment(&pass, &features_md, &rectangles, &self.text)
            });
        }
        losses.add("domain", weights.domain, || {
            losses::domain(&pass, &features_md, &self.text, progress, &mut self.draws)
        });
        (losses, vectors_mc, quantized.map(|quantized| quantized.codes).unwrap_or_default())
    }

    /// Runs k-means over the encoder's vectors of some training scans.
    fn first_codebook(&mut self) -> Codebook {
        let Vq { codebook_size, code_dim, .. } = *self.config;
        let count = self.tokens.scans.len();
        // Any scans drawn have enough tokens if the shortest do.
        let fewest = (0..count).map(|scan| self.tokens.count(scan)).min().unwrap_or(1);
        let wanted = (START_TOKENS * codebook_size).div_ceil(fewest);
        let scans = index::sample(&mut self.draws, count, wanted.min(count));
        let pass = Pass::inference(&self.params);
        let vectors = |scan| {
            no_grad(|| {
                let shown = self.tokens.shown(&[scan], &self.model.shape, &self.norms, self.params.engine());
                let features_btd = self.model.features(&pass, &shown.inputs);
                self.model.code_vectors(&pass, &features_btd).to_vec()
            })
        };
        let vectors: Vec<f32> = scans.iter().flat_map(vectors).collect();
        Codebook::start(self.params.engine(), &vectors, code_dim, codebook_size, &mut self.draws)
    }
}
