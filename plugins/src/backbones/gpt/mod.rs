//! A small causal transformer with its own byte-pair tokenizer, trained from scratch.

mod files;
mod model;
mod network;
#[cfg(test)]
mod tests;
mod text;
mod vocabulary;

use std::path::Path;

use boldface::{
    Backbone, CheckContext, FitContext, FmriShape, LanguageModel, Lora, Problem, Result, Runtime, Size,
    TextEncoder, TextSource, TrainingContext, Tuning, register, seed,
};
use boldface_engine::Engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::causal::Input;
use model::GptModel;
use network::GptNetwork;
use text::GptTextSide;
use vocabulary::GptVocabulary;

/// A causal transformer with learned positions and its own byte-pair vocabulary. It first learns
/// language from the text source, then learns to read scans as one token per region and time patch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Gpt {
    /// Number of transformer layers.
    layers: usize,
    /// Attention heads per layer; `width` must be a multiple of this.
    heads: usize,
    /// Width of the hidden states.
    width: usize,
    /// Whether each token multiplies what it attends to by numbers of its own. A question then selects
    /// which of the numbers that it reads from a region count; facts are learned in fewer steps.
    gated: bool,
    /// Maximum number of entries in the byte-pair vocabulary, including 256 bytes and 5 marks.
    vocabulary: usize,
    /// Longest sequence in tokens, including one per region and time patch.
    context: usize,
    /// Form in which the model reads a scan: the tokenizer's continuous features or its discrete codes.
    input: Input,
    /// Optimiser steps of the language training, which comes before any fMRI.
    text_steps: u64,
    /// Windows of text per step of the language training.
    text_batch_size: usize,
    /// Tokens per window of text.
    text_length: usize,
    /// Peak learning rate of the language training, after warm-up; it falls to a tenth.
    text_peak_lr: f64,
    /// Dropout on the residual branches during the language training.
    text_dropout: f64,
}

impl Default for Gpt {
    fn default() -> Gpt {
        Gpt {
            layers: 2,
            heads: 4,
            width: 64,
            gated: true,
            vocabulary: 1024,
            context: 1024,
            input: Input::Features,
            text_steps: 400,
            text_batch_size: 16,
            text_length: 128,
            text_peak_lr: 3e-3,
            text_dropout: 0.0,
        }
    }
}

register!(Backbone "gpt" => Gpt);

impl Backbone for Gpt {
    fn text_space(&self, text: &TextSource, cx: &mut FitContext<'_>) -> Result<Box<dyn TextEncoder>> {
        let vocabulary = GptVocabulary::train(text, self.vocabulary)?;
        let engine = Engine::for_runtime(cx.runtime)?;
        let mut rng = seed::stream(cx.seed, "gpt.text");
        let network = GptNetwork::new(self, &engine, vocabulary.len(), &mut rng);
        let mut side = GptTextSide { network, vocabulary };
        side.train(self, text, cx)?;
        Ok(Box::new(side))
    }

    fn init(
        &self,
        text_space: &Path,
        shape: FmriShape,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn LanguageModel>> {
        let GptTextSide { mut network, vocabulary } = GptTextSide::load(self, text_space, cx.runtime)?;
        network.add_fmri(shape, &mut seed::stream(cx.seed, "gpt.fmri"));
        Ok(Box::new(GptModel { network, vocabulary }))
    }

    fn load(&self, dir: &Path, runtime: &Runtime) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(GptModel::load(self, dir, runtime)?))
    }

    /// 2: sequences of a micro-batch about one scan read it once. 3: tokens see the mean of the text so
    /// far; wider initial weights. 4: whole words as units; tokens see the words of the question. 5: gates.
    fn version(&self) -> u32 {
        5
    }

    fn reads_means(&self) -> bool {
        self.input == Input::Features
    }

    fn context(&self) -> Option<usize> {
        Some(self.context)
    }

    fn text_size(&self) -> Size {
        let batch = (self.text_batch_size * self.text_length) as u64;
        Size::of_fit(network::text_parameters(self), self.text_steps, batch)
    }

    fn parameters(&self, shape: FmriShape, lora: Option<&Lora>) -> Option<u64> {
        Some(network::text_parameters(self) + network::fmri_parameters(self, shape, lora))
    }

    fn needs_text(&self) -> bool {
        true
    }

    fn check_training(&self, cx: &TrainingContext<'_>) -> Vec<Problem> {
        let Tuning::Lora(lora) = &cx.training.tuning else { return Vec::new() };
        network::check_lora(self, lora).into_iter().map(|problem| problem.below("lora")).collect()
    }

    fn check(&self, _: &CheckContext<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let sizes = [
            ("layers", self.layers),
            ("heads", self.heads),
            ("width", self.width),
            ("text-batch-size", self.text_batch_size),
        ];
        for (key, _) in sizes.into_iter().filter(|&(_, size)| size == 0) {
            problems.push(Problem::at(key, "must be at least 1"));
        }
        if self.heads > 0 && !self.width.is_multiple_of(self.heads) {
            let message = format!("{} does not divide into {} heads", self.width, self.heads);
            let help = format!("use a multiple of {}", self.heads);
            problems.push(Problem::at("width", message).help(help));
        }
        if self.vocabulary < GptVocabulary::LEAST {
            let message = format!("{} entries do not hold 256 bytes and the marks", self.vocabulary);
            problems
                .push(Problem::at("vocabulary", message).help("use at least 261; 1024 suits small texts"));
        }
        if self.text_length < 2 || self.text_length > self.context {
            let message = format!("a window of {} tokens is not between 2 and `context`", self.text_length);
            problems.push(Problem::at("text-length", message).help(format!("`context` is {}", self.context)));
        }
        if !(0.0..1.0).contains(&self.text_dropout) {
            problems.push(Problem::at("text-dropout", "must be at least 0 and below 1"));
        }
        if !(self.text_peak_lr > 0.0 && self.text_peak_lr.is_finite()) {
            problems.push(Problem::at("text-peak-lr", "must be above 0"));
        }
        problems
    }
}
