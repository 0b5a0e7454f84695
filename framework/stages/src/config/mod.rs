//! The typed config of every stage. All of it is hashed: a stage's key is the hash of this config, its version,
//! its seed, the engine and its inputs' keys.
//!
//! A stage reads its own config and, through [`Inputs`](super::Inputs), the configs of the stages that its
//! key covers. It never sees the experiment.

mod named;
mod plugin;
mod taken;
mod task;
mod text;

use std::collections::BTreeMap;

use boldface::Result;
use serde::Serialize;
use serde_json::Value;

use super::{
    alignment, baseline, codes, corpus, evaluation, instruction, series, split, text_space, tokenizer,
};
use crate::spec::plain;
use crate::store::StageKind;
use crate::study::Study;

pub use named::{ByName, Named};
pub use plugin::HashedPlugin;
pub use taken::ExportedPart;
pub use task::{ExampleSource, TaughtTask, WordedTask};
pub use text::GeneralText;

/// The configs of all stages of one experiment.
#[derive(Debug)]
pub struct Configs<'a> {
    pub(crate) series: series::SeriesConfig<'a>,
    pub(crate) split: split::SplitConfig,
    pub(crate) corpus: Option<corpus::CorpusConfig<'a>>,
    /// Its stage reads more if it trains.
    pub text_space: text_space::TextSpaceConfig<'a>,
    pub(crate) tokenizer: tokenizer::TokenizerConfig<'a>,
    pub(crate) codes: codes::CodesConfig,
    pub(crate) alignment: Option<alignment::AlignmentConfig<'a>>,
    /// `None` without a task to learn.
    pub instruction: Option<instruction::InstructionConfig<'a>>,
    /// By task.
    pub(crate) baselines: BTreeMap<&'a str, baseline::BaselineConfig<'a>>,
    /// By task.
    pub(crate) evaluations: BTreeMap<&'a str, evaluation::EvaluationConfig<'a>>,
}

impl<'a> Configs<'a> {
    /// Takes from a study what each stage reads. This is the only way from an experiment to a stage.
    pub fn new(study: &'a Study) -> Configs<'a> {
        let tasks = || study.tasks.iter();
        Configs {
            series: series::SeriesConfig::new(study),
            split: split::SplitConfig::new(study),
            corpus: corpus::CorpusConfig::new(study),
            text_space: text_space::TextSpaceConfig::new(study),
            tokenizer: tokenizer::TokenizerConfig::new(study),
            codes: codes::CodesConfig {},
            alignment: alignment::AlignmentConfig::new(study),
            instruction: instruction::InstructionConfig::new(study),
            baselines: tasks()
                .map(|task| (task.name.as_str(), baseline::BaselineConfig::new(study, task)))
                .collect(),
            evaluations: tasks()
                .map(|task| (task.name.as_str(), evaluation::EvaluationConfig::new(study, task)))
                .collect(),
        }
    }

    /// Returns the config of a stage as its key hashes it.
    ///
    /// # Errors
    /// If the experiment has no such stage.
    pub fn hashed(&self, kind: &StageKind) -> Result<Value> {
        let lacking = || format!("the experiment has no stage `{kind}`");
        match kind {
            StageKind::Series => json(&self.series),
            StageKind::Split => json(&self.split),
            StageKind::Corpus => json(self.corpus.as_ref().ok_or_else(lacking)?),
            StageKind::TextSpace => json(&self.text_space),
            StageKind::Tokenizer => json(&self.tokenizer),
            StageKind::Codes => json(&self.codes),
            StageKind::Alignment => json(self.alignment.as_ref().ok_or_else(lacking)?),
            StageKind::Instruction => json(self.instruction.as_ref().ok_or_else(lacking)?),
            StageKind::Baseline(task) => json(self.baselines.get(task.as_str()).ok_or_else(lacking)?),
            StageKind::Evaluation(task) => json(self.evaluations.get(task.as_str()).ok_or_else(lacking)?),
        }
    }
}

fn json(config: &impl Serialize) -> Result<Value> {
    Ok(plain(serde_json::to_value(config)?))
}
