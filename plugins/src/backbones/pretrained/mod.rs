//! A published language model with its own weights, tokenizer and chat template, extended to read fMRI
//! tokens.

mod asked;
mod base;
mod check;
mod files;
mod model;
mod network;
mod prompt;
mod size;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};

use boldface::{
    Backbone, Card, CheckContext, FitContext, FmriShape, LanguageModel, Lora, Problem, Result, Runtime, Size,
    TextEncoder, TextSource, TrainingContext, register, seed,
};
use boldface_engine::Engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::base::BaseFiles;
use self::model::PretrainedModel;
use self::prompt::Prompts;
use self::text::PretrainedTextSide;
use super::causal::Input;

/// A published language model of the GPT-2, Llama (SmolLM2) or Qwen3 family, as downloaded. A run never
/// changes the published files: it saves what it learned separately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pretrained {
    /// A folder with `config.json`, `tokenizer.json` and `model.safetensors` (or its shards), or a
    /// `.gguf` file. The path is relative to the spec.
    weights: PathBuf,
    /// Form in which the model reads a scan: the tokenizer's continuous features or its discrete codes.
    #[serde(default = "features")]
    input: Input,
    /// Longest sequence in tokens, including one per region and time patch. Defaults to the model's own
    /// limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<usize>,
    /// Format of questions.
    #[serde(default)]
    chat: Chat,
    /// Whether to recompute layers for the gradient instead of storing their activations: less memory,
    /// a third more time.
    #[serde(default)]
    checkpointing: bool,
    /// Whether text after a scan is told the words of its question: a learned projection of fixed
    /// random vectors, rarer words longer, is added to every such token. `gpt` always has it and learns
    /// faster with it; in 60 steps of SmolLM2-135M it made no difference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asked: bool,
}

/// Format of questions to a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chat {
    /// The model's own chat template; the format of `none` if the model has no template.
    #[default]
    Auto,
    /// Plain text: `Question: ...`, a line break, `Answer:`.
    None,
}

fn features() -> Input {
    Input::Features
}

register!(Backbone "pretrained" => Pretrained);

impl Backbone for Pretrained {
    /// Trains nothing: the published model reads the descriptions as it is.
    fn text_space(&self, text: &TextSource, cx: &mut FitContext<'_>) -> Result<Box<dyn TextEncoder>> {
        let base = BaseFiles::open(&self.weights)?;
        let mut side = PretrainedTextSide::new(self, &base, &Engine::for_runtime(cx.runtime)?)?;
        side.center(&text.descriptions, cx.observer)?;
        if self.asked {
            side.count_words(&text.questions, cx.seed)?;
        }
        Ok(Box::new(side))
    }

    fn init(
        &self,
        text_space: &Path,
        shape: FmriShape,
        cx: &mut FitContext<'_>,
    ) -> Result<Box<dyn LanguageModel>> {
        let base = BaseFiles::open(&self.weights)?;
        files::check_base(text_space, &base)?;
        let mut model = PretrainedModel::new(self, &base, &Engine::for_runtime(cx.runtime)?)?;
        if self.asked {
            model.tell_words(files::words(text_space)?)?;
        }
        model.network.add_fmri(shape, &mut seed::stream(cx.seed, "pretrained.fmri"));
        Ok(Box::new(model))
    }

    fn load(&self, dir: &Path, runtime: &Runtime) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(files::load(self, dir, runtime)?))
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(boldface_lm::open(&self.weights)?.paths())
    }

    fn card(&self) -> Result<Card> {
        let files = boldface_lm::open(&self.weights)?;
        Ok(Card { base_model: Some(files.name()), licence: files.licence(), notes: Vec::new() })
    }

    fn reads_means(&self) -> bool {
        self.input == Input::Features
    }

    fn context(&self) -> Option<usize> {
        let files = boldface_lm::open(&self.weights).ok();
        self.longest(files.map(|files| files.config().context))
    }

    fn prompt_lengths(&self, prompts: &[(String, String)]) -> Option<Vec<usize>> {
        let files = boldface_lm::open(&self.weights).ok()?;
        let vocabulary = files.vocabulary().ok()?;
        let known = Prompts::new(vocabulary, self.chat, files.config().vocabulary).ok()?;
        let length = |(question, answer): &(String, String)| {
            let (before, after) = known.prompt(question, true).ok()?;
            let answer = if answer.is_empty() { 0 } else { known.answer(question, true, answer).ok()?.len() };
            Some(before.len() + after.len() + answer)
        };
        prompts.iter().map(length).collect()
    }

    fn text_size(&self) -> Size {
        let files = boldface_lm::open(&self.weights).ok();
        Size { parameters: files.map(|files| files.config().count()), ..Size::default() }
    }

    fn parameters(&self, shape: FmriShape, lora: Option<&Lora>) -> Option<u64> {
        let files = boldface_lm::open(&self.weights).ok()?;
        Some(files.config().count() + size::added(self, files.config(), shape, lora))
    }

    fn training_memory(&self, cx: &TrainingContext<'_>) -> Option<u64> {
        let files = boldface_lm::open(&self.weights).ok()?;
        size::memory(self, files.config(), cx)
    }

    fn check(&self, _: &CheckContext<'_>) -> Vec<Problem> {
        check::check(self)
    }

    fn check_training(&self, cx: &TrainingContext<'_>) -> Vec<Problem> {
        match boldface_lm::open(&self.weights) {
            Ok(files) => check::check_training(self, files.config(), cx),
            // `check` reports this error.
            Err(_) => Vec::new(),
        }
    }

    /// 2: prompt and answer are tokenised as one text.
    fn version(&self) -> u32 {
        2
    }
}

impl Pretrained {
    /// Longest sequence for a model that can read `own` tokens.
    fn longest(&self, own: Option<usize>) -> Option<usize> {
        self.context.into_iter().chain(own).min()
    }
}
