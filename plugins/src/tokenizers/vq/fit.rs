//! Stage 1: trains encoder, codebook and decoder under the weighted losses.

use std::collections::BTreeMap;

use boldface::{FitContext, Metric, Result, TextSpace, TrainScans, seed};
use boldface_engine::nn::{Noise, Pass};
use boldface_engine::{AdamW, Engine, Params, Schedule, Tensor, clear_tape, clip, no_grad};
use rand::RngExt;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::Vq;
use super::data::{Batches, Tokens};
use super::fitted::FittedVq;
use super::text::TextSide;
use crate::nets::autoencoder::{Autoencoder, Shape};
use crate::nets::quantizer::Codebook;
use crate::nets::{contrastive, domain};
use crate::tokenizers::usage::Usage;

/// Steps between two rows of the metric table.
const LOG_EVERY: u64 = 10;
/// The codebook starts from this many training tokens a code.
const START_TOKENS: usize = 32;
/// Tokens of each domain that the classifier sees a step.
const DOMAIN_TOKENS: usize = 256;

/// Trains a tokenizer.
///
/// # Errors
/// If a scan does not fit, if there are fewer training tokens than codes, or on an interrupt.
pub(super) fn fit(
    config: &Vq,
    train: &TrainScans<'_>,
    text: &TextSpace,
    cx: &mut FitContext<'_>,
) -> Result<FittedVq> {
    let engine = boldface_engine::open(&cx.runtime.engine, &cx.runtime.device)?;
    let tokens = Tokens::of(train, config.patch)?;
    let all = tokens.scans.len() * tokens.patches * tokens.rois;
    if all < config.codebook_size {
        let size = config.codebook_size;
        return Err(format!("{all} training tokens cannot fill `codebook-size` = {size}").into());
    }
    let text = TextSide::of(train, text)?;
    let weights = &config.losses;
    let learns = weights.reconstruction > 0.0
        || weights.commitment > 0.0
        || (weights.alignment > 0.0 && text.description_width().is_some())
        || (weights.domain > 0.0 && text.token_width().is_some());
    if !learns {
        return Err("`losses` asks for text alone, and no training scan has a description; add a corpus".into());
    }
    let described = text.descriptions.iter().flatten().count();
    cx.observer.record(0, Metric::neutral("alignment_descriptions", described as f64));
    cx.observer.record(0, Metric::neutral("domain_tokens", text.tokens.len() as f64));

    let mut trainer = Trainer::new(config, &engine, tokens, text, cx.seed);
    let mut window = Window::default();
    for step in 0..config.steps {
        cx.observer.progress(step, config.steps)?;
        trainer.step(step, &mut window);
        if (step + 1).is_multiple_of(LOG_EVERY) || step + 1 == config.steps {
            for metric in std::mem::take(&mut window).metrics(config.codebook_size) {
                cx.observer.record(step + 1, metric);
            }
        }
    }
    cx.observer.progress(config.steps, config.steps)?;
    Ok(FittedVq::new(trainer.model, &trainer.params, trainer.codebook.expect("the codebook starts before the last step").rows()))
}

impl Vq {
    /// The sizes of a tokenizer for scans of `patches` patches and `rois` regions.
    pub(super) fn shape(&self, patches: usize, rois: usize) -> Shape {
        Shape {
            patch: self.patch,
            patches,
            rois,
            width: self.width,
            layers: self.layers,
            heads: self.heads,
            codebook_size: self.codebook_size,
            code_dim: self.code_dim,
        }
    }
}

/// Everything that changes from step to step.
struct Trainer<'a> {
    config: &'a Vq,
    engine: &'a Engine,
    tokens: Tokens,
    text: TextSide,
    model: Autoencoder,
    params: Params,
    /// None while the decoder still reads the unit vectors themselves.
    codebook: Option<Codebook>,
    optimizer: AdamW,
    schedule: Schedule,
    batches: Batches<ChaCha8Rng>,
    draws: ChaCha8Rng,
    seed: u64,
}

impl<'a> Trainer<'a> {
    fn new(config: &'a Vq, engine: &'a Engine, tokens: Tokens, text: TextSide, seed: u64) -> Trainer<'a> {
        let mut rng = seed::stream(seed, "vq.weights");
        let model = Autoencoder::new(config.shape(tokens.patches, tokens.rois));
        let mut params = Params::new(engine);
        model.init(&mut params, &mut rng);
        let scans = config.batch_size.min(tokens.scans.len());
        if let Some(width) = text.description_width().filter(|_| config.losses.alignment > 0.0) {
            contrastive::init(&mut params, (config.width, width), config.align_dim, scans, &mut rng);
        }
        if let Some(width) = text.token_width().filter(|_| config.losses.domain > 0.0) {
            domain::init(&mut params, (config.width, width), &mut rng);
        }
        Trainer {
            config,
            engine,
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
            seed,
            tokens,
            text,
        }
    }

    /// One optimiser step; what it measured is added to `window`.
    fn step(&mut self, step: u64, window: &mut Window) {
        if step == self.config.codebook_after {
            self.codebook = Some(first_codebook(self.config, &self.model, &self.params, &self.tokens, &mut self.draws));
        }
        let batch = self.batches.draw(self.config.batch_size);
        let (losses, vectors, codes) = self.losses(&batch, step);
        for (name, _, loss) in &losses {
            window.add(name, f64::from(loss.item()));
        }
        let weighted = losses.into_iter().map(|(_, weight, loss)| loss.scale(weight as f32));
        // A batch with fewer than two descriptions has nothing to align, and that may be all there is.
        if let Some(total) = weighted.reduce(|sum, loss| sum.add(&loss)) {
            window.add("loss", f64::from(total.item()));
            let mut gradients = total.backward();
            window.add("gradient_norm", clip(&mut gradients, self.config.clip));
            self.optimizer.step(&mut self.params, &gradients, self.schedule.lr(step));
        } else {
            clear_tape();
        }
        if let Some(codebook) = &mut self.codebook {
            codebook.follow(&vectors, &codes, self.config.ema_decay);
            codebook.revive(&vectors, self.config.revive_after, &mut self.draws);
        }
        window.codes.extend(codes);
    }

    /// Every loss with its weight, the unit vectors of the batch and their codes.
    fn losses(&mut self, batch: &[usize], step: u64) -> (Vec<(&'static str, f64, Tensor)>, Vec<f32>, Vec<u32>) {
        let weights = &self.config.losses;
        let noise = Noise {
            dropout: self.config.dropout as f32,
            drop_path: self.config.drop_path as f32,
            ..Noise::new(seed::stream(self.seed, &format!("vq.noise.{step}")))
        };
        let pass = Pass::training(&self.params, noise);
        let x_bts = stack(self.engine, &self.tokens, batch, self.config.patch);
        let features_btd = self.model.features(&pass, &x_bts);
        let vectors = self.model.code_vectors(&pass, &features_btd);
        let quantized = self.codebook.as_ref().map(|codebook| codebook.quantize(self.engine, &vectors));
        let mut losses = Vec::new();
        if weights.reconstruction > 0.0 {
            let decoded_bts = self.model.patches(&pass, batch.len(), quantized.as_ref().map_or(&vectors, |q| &q.straight_mc));
            let mse = decoded_bts.sub(&x_bts).square().mean();
            losses.push(("reconstruction_mse", weights.reconstruction, mse));
        }
        if let Some(quantized) = quantized.as_ref().filter(|_| weights.commitment > 0.0) {
            losses.push(("commitment", weights.commitment, quantized.commitment.clone()));
        }

        let rows = batch.len() * self.tokens.patches * self.tokens.rois;
        let features_md = features_btd.reshape(&[rows, self.config.width]);
        let described: Vec<usize> =
            (0..batch.len()).filter(|&scan| self.text.descriptions[batch[scan]].is_some()).collect();
        if weights.alignment > 0.0 && self.text.description_width().is_some() && described.len() >= 2 {
            let places: Vec<u32> = described.iter().map(|&scan| scan as u32).collect();
            let pooled_sd = features_md.mean_rows(batch.len()).rows(&places);
            let text: Vec<&[f32]> =
                described.iter().filter_map(|&scan| self.text.descriptions[batch[scan]].as_deref()).collect();
            let text_sh = self.engine.tensor(text.concat(), &[text.len(), text[0].len()]);
            losses.push(("alignment", weights.alignment, contrastive::loss(&pass, &pooled_sd, &text_sh)));
        }
        if let Some(width) = self.text.token_width().filter(|_| weights.domain > 0.0) {
            let count = DOMAIN_TOKENS.min(rows);
            let picks: Vec<u32> = index::sample(&mut self.draws, rows, count).iter().map(|pick| pick as u32).collect();
            let text: Vec<&[f32]> = (0..count)
                .map(|_| self.text.tokens[self.draws.random_range(0..self.text.tokens.len())].as_slice())
                .collect();
            let text_mh = self.engine.tensor(text.concat(), &[count, width]);
            let reversal = domain::reversal(step as f64 / self.config.steps as f64);
            losses.push(("domain", weights.domain, domain::loss(&pass, &features_md.rows(&picks), &text_mh, reversal)));
        }
        (losses, vectors.to_vec(), quantized.map(|q| q.codes).unwrap_or_default())
    }
}

/// Patches of the scans of a batch, `(B, T, S)`.
fn stack(engine: &Engine, tokens: &Tokens, batch: &[usize], patch: usize) -> Tensor {
    let values = batch.iter().flat_map(|&scan| &tokens.scans[scan]).copied().collect();
    engine.tensor(values, &[batch.len(), tokens.patches * tokens.rois, patch])
}

/// K-means over what the untrained encoder makes of some training scans.
fn first_codebook(
    config: &Vq,
    model: &Autoencoder,
    params: &Params,
    tokens: &Tokens,
    rng: &mut ChaCha8Rng,
) -> Codebook {
    let wanted = (START_TOKENS * config.codebook_size).div_ceil(tokens.patches * tokens.rois);
    let scans = index::sample(rng, tokens.scans.len(), wanted.min(tokens.scans.len()));
    let pass = Pass::inference(params);
    let vectors: Vec<f32> = scans
        .iter()
        .flat_map(|scan| {
            no_grad(|| {
                let x_bts = stack(params.engine(), tokens, &[scan], config.patch);
                model.code_vectors(&pass, &model.features(&pass, &x_bts)).to_vec()
            })
        })
        .collect();
    Codebook::start(params.engine(), &vectors, config.code_dim, config.codebook_size, rng)
}

/// What was measured since the last row of the metric table.
#[derive(Default)]
struct Window {
    sums: BTreeMap<&'static str, (f64, u64)>,
    codes: Vec<u32>,
}

impl Window {
    fn add(&mut self, name: &'static str, value: f64) {
        let (sum, count) = self.sums.entry(name).or_default();
        *sum += value;
        *count += 1;
    }

    /// Means over the window, and how the codebook was used in it.
    fn metrics(self, codebook_size: usize) -> Vec<Metric> {
        let metric = |(name, (sum, count)): (&str, (f64, u64))| {
            let mean = sum / count as f64;
            // The encoder and the classifier pull the domain loss in opposite directions.
            let has_direction = !matches!(name, "domain" | "gradient_norm");
            if has_direction { Metric::lower_is_better(name, mean) } else { Metric::neutral(name, mean) }
        };
        let usage = Usage::of(self.codes, codebook_size).metrics();
        self.sums.into_iter().map(metric).chain(usage).collect()
    }
}
