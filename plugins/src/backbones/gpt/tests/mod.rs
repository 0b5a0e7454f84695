//! Fixtures and groups of tests for the language model.

mod asking;
mod files;
mod learning;
mod resuming;
mod sizes;

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{
    Features, FitContext, FmriBlock, LanguageModel, Lora, Result, Sequence, TextSource, Training, Tuning,
    seed,
};
use boldface_engine::{no_grad, open};
use rand_distr::{Distribution, StandardNormal};

use super::model::GptModel;
use super::network::GptNetwork;
use super::vocabulary::GptVocabulary;
use super::{Gpt, Input};
use crate::backbones::causal::{self, Bucket, Trunk};
use crate::backbones::fixture::{
    self, Log, SHAPE, batch, block, lora, prompt, ranked_as_alone, runtime, sequence, train,
};

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

/// A short training of all weights, with dropout.
fn training(steps: u64) -> Training {
    Training { dropout: 0.1, ..fixture::training(steps, Tuning::Full) }
}

/// A model with random weights.
fn model(config: &Gpt) -> GptModel {
    let general = vec!["the brain is never silent and the heart is never still".to_owned()];
    let vocabulary =
        GptVocabulary::train(&TextSource { general, ..TextSource::default() }, config.vocabulary).unwrap();
    let engine = open("dfdx", "cpu").unwrap();
    let mut rng = seed::stream(1, "test");
    let mut network = GptNetwork::new(config, &engine, vocabulary.len(), &mut rng);
    network.add_fmri(SHAPE, &mut rng);
    // Larger weights than at a real start, so that no test passes only because all values are near
    // zero.
    let names: Vec<String> = network.params.names().map(str::to_owned).collect();
    for name in names {
        let values = network.params.get(&name).to_vec();
        let noise = StandardNormal.sample_iter(&mut rng).map(|value: f32| 0.2 * value);
        network
            .params
            .set(&name, values.into_iter().zip(noise).map(|(value, noise)| value + noise).collect());
    }
    GptModel { network, vocabulary }
}

/// Returns the hidden states of all places, one vector per place.
fn hidden(model: &GptModel, sequence: &Sequence) -> Vec<Vec<f32>> {
    let places = 0..sequence.layout().len();
    let values = no_grad(|| {
        model.network.read(&model.network.pass(None), &Bucket::new(&[(sequence, places)]), None).to_vec()
    });
    values.chunks(model.network.config.width).map(<[f32]>::to_vec).collect()
}

fn weights(model: &GptModel) -> BTreeMap<String, Vec<u32>> {
    let params = &model.network.params;
    let bits = |name: &str| params.get(name).to_vec().into_iter().map(f32::to_bits).collect();
    params.names().map(|name| (name.to_owned(), bits(name))).collect()
}

fn close(a: &[Vec<f64>], b: &[Vec<f64>]) -> bool {
    a.len() == b.len() && a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-5)
}
