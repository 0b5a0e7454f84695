//! The stages: inputs and config in, files and metric rows out.

use boldface_spec as spec;
use boldface_store::{score, store, study};

mod alignment;
mod baseline;
mod baselines;
mod bins;
mod cases;
mod codes;
mod config;
mod corpus;
mod counted;
mod evaluation;
mod events;
mod forms;
mod groups;
mod harmonization;
mod inputs;
mod instruction;
mod lessons;
#[cfg(test)]
mod letters;
mod linear;
pub mod naming;
mod nearby;
mod packing;
mod progress;
mod recorder;
mod series;
mod shots;
pub mod split;
mod surrogate;
mod taught;
mod text_space;
mod tokenizer;
mod windows;

use std::path::{Path, PathBuf};

use boldface::{FitContext, Result, Runtime, ScanId};
use serde::Serialize;

use crate::store::{FITTED_ON, Stage, StageKind, TAUGHT, cannot};

pub use alignment::QUESTION;
pub use baselines::connectivity::MOST_ROIS;
pub use config::{Configs, GeneralText, WordedTask};
pub use corpus::advice;
pub use evaluation::OutsideScans;
pub use events::Events;
pub use harmonization::FILE as HARMONIZATION;
pub use inputs::{Inputs, ListedArtefacts, RunCache};
pub use packing::{extent, fits, options, prompt};
pub use progress::StageProgress;
pub use recorder::Recorder;
pub use series::{DatasetPreview, SeriesPreview};
pub use taught::Taught;
pub use windows::{ShownTokens, standardized};

/// Everything that a stage has access to. What its results depend on is in its key: `config` and `seed`
/// themselves, `inputs` by their keys.
pub(crate) struct StageContext<'a, C> {
    /// All that the stage reads of the experiment.
    pub config: &'a C,
    /// Its seed.
    pub seed: u64,
    /// The artefacts it may read.
    pub inputs: &'a Inputs<'a>,
    /// Folder of its artefact while it is written.
    pub dir: &'a Path,
    /// Where and how fast it computes. The engine and its precision are in the key of every stage that computes
    /// with tensors; the device and the threads are in none, because they change no result.
    pub runtime: &'a Runtime,
    /// Takes its metrics and its progress, which nothing reads back but a resumed training.
    pub recorder: Recorder<'a>,
}

/// What a stage has apart from its config.
pub struct StageTools<'a> {
    /// The artefacts that it may read.
    pub inputs: &'a Inputs<'a>,
    /// Folder of its artefact while it is written.
    pub dir: &'a Path,
    /// Where and how fast it computes.
    pub runtime: &'a Runtime,
    /// Takes its metrics and its progress.
    pub recorder: Recorder<'a>,
}

/// Runs `stage` with its config from `configs` and returns what it recorded.
///
/// # Errors
/// If the stage fails, or its config is not the one that its key hashed.
pub fn run<'a>(stage: &Stage, configs: &'a Configs<'a>, tools: StageTools<'a>) -> Result<Recorder<'a>> {
    let lacking = || format!("the experiment has no stage `{}`", stage.kind);
    if configs.hashed(&stage.kind)? != stage.config {
        return Err(format!("the experiment was changed after the key of `{}` was made", stage.kind).into());
    }
    let seed = stage.seed;
    match &stage.kind {
        StageKind::Series => tools.run(&configs.series, seed, series::run),
        StageKind::Split => tools.run(&configs.split, seed, split::run),
        StageKind::Corpus => tools.run(configs.corpus.as_ref().ok_or_else(lacking)?, seed, corpus::run),
        StageKind::TextSpace => tools.run(&configs.text_space, seed, text_space::run),
        StageKind::Tokenizer => tools.run(&configs.tokenizer, seed, tokenizer::run),
        StageKind::Codes => tools.run(&configs.codes, seed, codes::run),
        StageKind::Alignment => {
            tools.run(configs.alignment.as_ref().ok_or_else(lacking)?, seed, alignment::run)
        }
        StageKind::Instruction => {
            tools.run(configs.instruction.as_ref().ok_or_else(lacking)?, seed, instruction::run)
        }
        StageKind::Baseline(task) => {
            tools.run(configs.baselines.get(task.as_str()).ok_or_else(lacking)?, seed, baseline::run)
        }
        StageKind::Evaluation(task) => {
            tools.run(configs.evaluations.get(task.as_str()).ok_or_else(lacking)?, seed, evaluation::run)
        }
    }
}

impl<'a> StageTools<'a> {
    fn run<C>(
        self,
        config: &'a C,
        seed: u64,
        run: impl FnOnce(&mut StageContext<'a, C>) -> Result<()>,
    ) -> Result<Recorder<'a>> {
        let StageTools { inputs, dir, runtime, recorder } = self;
        let mut work = StageContext { config, seed, inputs, dir, runtime, recorder };
        run(&mut work)?;
        Ok(work.recorder)
    }
}

/// Returns the version of a stage, part of its key. Increase when the same config gives different
/// results.
pub fn version(kind: &StageKind) -> u32 {
    match kind {
        StageKind::Series => series::VERSION,
        StageKind::Split => split::VERSION,
        StageKind::Corpus => corpus::VERSION,
        StageKind::TextSpace => text_space::VERSION,
        StageKind::Tokenizer => tokenizer::VERSION,
        StageKind::Codes => codes::VERSION,
        StageKind::Alignment => alignment::VERSION,
        StageKind::Instruction => instruction::VERSION,
        StageKind::Baseline(_) => baseline::VERSION,
        StageKind::Evaluation(_) => evaluation::VERSION,
    }
}

impl<C> StageContext<'_, C> {
    /// Makes the context for a plugin's `fit`.
    fn fit(&mut self) -> FitContext<'_> {
        FitContext { runtime: self.runtime, seed: self.seed, observer: &mut self.recorder }
    }

    /// Writes a JSON file into the artefact.
    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.dir.join(name);
        Ok(std::fs::write(&path, serde_json::to_vec(value)?).map_err(cannot("write", &path))?)
    }

    /// Records the scans that a plugin was fitted on. The leak checks compare them with the split.
    fn fitted_on<'s>(&self, scans: impl IntoIterator<Item = &'s ScanId>) -> Result<()> {
        self.write_json(FITTED_ON, &scans.into_iter().collect::<Vec<_>>())
    }

    /// Writes down what the stage teaches, if facts are held out. The leak checks compare it with them.
    fn write_taught(&self, mut taught: Taught) -> Result<()> {
        if self.inputs.held_out().is_empty() {
            return Ok(());
        }
        taught.read_texts(&self.inputs.describers()?)?;
        self.write_json(TAUGHT, &taught)
    }

    /// Makes a folder in the artefact.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        std::fs::create_dir_all(&path).map_err(cannot("make", &path))?;
        Ok(path)
    }
}
