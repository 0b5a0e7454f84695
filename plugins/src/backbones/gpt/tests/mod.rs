//! What a language model must keep, whatever it learns: fixtures and three groups of tests.

mod asking;
mod files;
mod learning;
mod resuming;
mod sizes;

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{
    Codes, Features, FitContext, FmriBlock, FmriShape, LanguageModel, Lora, Metric, Objective, Observer,
    Result, Runtime, Sequence, TextSource, Training, Tuning, seed,
};
use boldface_engine::{no_grad, open};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::model::Model;
use super::network::Network;
use super::vocabulary::Vocabulary;
use super::{Gpt, Input};
use crate::backbones::causal::{self, Bucket, Trunk};

const SHAPE: FmriShape = FmriShape { rois: 3, patches: 3, width: 4, codebook_size: 5 };

fn config() -> Gpt {
    Gpt {
        heads: 2,
        width: 16,
        vocabulary: 300,
        context: 64,
        text_steps: 30,
        text_batch_size: 4,
        text_length: 16,
        text_peak_lr: 1e-2,
        ..Gpt::default()
    }
}

fn runtime() -> Runtime {
    Runtime { engine: "dfdx".into(), precision: boldface::Precision::F32, device: "cpu".into(), workers: 1 }
}

fn training(steps: u64) -> Training {
    Training {
        steps,
        accumulate: 1,
        peak_lr: 1e-2,
        final_lr: 1e-3,
        warmup: 2,
        weight_decay: 0.01,
        clip: 1.0,
        dropout: 0.1,
        tuning: Tuning::Full,
    }
}

fn lora(rank: usize) -> Tuning {
    Tuning::Lora(Lora { rank, alpha: 8.0, dropout: 0.1, targets: Vec::new() })
}

/// Keeps every number by name.
#[derive(Debug, Default)]
struct Log(BTreeMap<String, Vec<f64>>);

impl Observer for Log {
    fn record(&mut self, _: u64, metric: Metric) {
        self.0.entry(metric.name).or_default().push(metric.value);
    }
    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}

/// A model with random weights.
fn model(config: &Gpt) -> Model {
    let general = vec!["the brain is never silent and the heart is never still".to_owned()];
    let vocabulary =
        Vocabulary::train(&TextSource { general, ..TextSource::default() }, config.vocabulary).unwrap();
    let engine = open("dfdx", "cpu").unwrap();
    let mut rng = seed::stream(1, "test");
    let mut network = Network::new(config, &engine, vocabulary.len(), &mut rng);
    network.add_fmri(SHAPE, &mut rng);
    // Larger weights than at a real start: nothing may hold only because everything is near zero.
    let names: Vec<String> = network.params.names().map(str::to_owned).collect();
    for name in names {
        let values = network.params.get(&name).to_vec();
        let noise = StandardNormal.sample_iter(&mut rng).map(|value: f32| 0.2 * value);
        network
            .params
            .set(&name, values.into_iter().zip(noise).map(|(value, noise)| value + noise).collect());
    }
    Model { network, vocabulary }
}

fn block(seed: u64, patches: usize) -> FmriBlock {
    let mut rng = seed::stream(seed, "block");
    let n = patches * SHAPE.rois;
    let features = StandardNormal.sample_iter(&mut rng).take(n * SHAPE.width).collect();
    let codes = (0..n).map(|_| rng.random_range(0..5)).collect();
    let features = Arc::new(Features::new(SHAPE.width, features).unwrap());
    FmriBlock { features, codes: Arc::new(Codes { patches, rois: SHAPE.rois, codes }), patches }
}

fn sequence(model: &Model, fmri: Option<FmriBlock>, question: &str, answer: &str) -> Sequence {
    let (before, mut after) = model.prompt_tokens(question, fmri.is_some()).unwrap();
    let start = after.len();
    after.extend(model.answer_tokens(answer).unwrap());
    let forecast = if fmri.is_some() { 1..3 } else { 0..0 };
    let supervised = start..after.len();
    let prompt = Sequence::prompt(before, fmri, after);
    Sequence { supervised, forecast, text_weight: 1.0, code_weight: 0.5, ..prompt }
}

/// One sequence of each objective, of different lengths.
fn batch(model: &Model) -> Vec<Sequence> {
    let described = sequence(model, Some(block(1, 3)), "describe", "the heart is still");
    let asked = sequence(model, Some(block(2, 3)), "is the brain silent?", "never");
    let text = model.text_tokens("the brain is never still").unwrap();
    let supervised = 1..text.len();
    let text = Sequence { supervised, text_weight: 0.5, ..Sequence::prompt(Vec::new(), None, text) };
    vec![
        Sequence { objective: Objective::FmriToText, ..described },
        Sequence { objective: Objective::TextToText, ..text },
        asked,
    ]
}

fn train(model: &mut Model, training: &Training, batch: Vec<Sequence>) -> Result<Log> {
    let (mut log, runtime) = (Log::default(), runtime());
    let mut cx = FitContext { runtime: &runtime, seed: 3, observer: &mut log };
    model.train(training, &mut std::iter::repeat_with(|| Ok(batch.clone())), &mut cx)?;
    Ok(log)
}

/// Hidden states of every place, one vector a place.
fn hidden(model: &Model, sequence: &Sequence) -> Vec<Vec<f32>> {
    let places = 0..sequence.layout().len();
    let values = no_grad(|| {
        model.network.read(&model.network.pass(None), &Bucket::new(&[(sequence, places)]), None).to_vec()
    });
    values.chunks(model.network.config.width).map(<[f32]>::to_vec).collect()
}

fn prompt(sequence: &Sequence) -> Sequence {
    let after = sequence.after[..sequence.supervised.start].to_vec();
    Sequence::prompt(sequence.before.clone(), sequence.fmri.clone(), after)
}

fn weights(model: &Model) -> BTreeMap<String, Vec<u32>> {
    let params = &model.network.params;
    let bits = |name: &str| params.get(name).to_vec().into_iter().map(f32::to_bits).collect();
    params.names().map(|name| (name.to_owned(), bits(name))).collect()
}

fn close(a: &[Vec<f64>], b: &[Vec<f64>]) -> bool {
    a.len() == b.len() && a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-5)
}
