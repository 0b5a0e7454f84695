//! The stages: inputs and config in, files and metric rows out.

pub(crate) mod alignment;
mod baseline;
pub(crate) mod baselines;
mod bins;
pub(crate) mod cases;
mod codes;
pub(crate) mod corpus;
mod counted;
pub(crate) mod evaluation;
mod events;
mod forms;
pub(crate) mod groups;
pub(crate) mod harmonization;
mod inputs;
mod instruction;
pub(crate) mod lessons;
#[cfg(test)]
mod letters;
mod linear;
pub(crate) mod naming;
mod nearby;
pub(crate) mod packing;
mod progress;
mod recorder;
mod series;
mod shots;
pub(crate) mod split;
mod surrogate;
pub(crate) mod taught;
mod text_space;
mod tokenizer;
pub(crate) mod windows;

use std::path::{Path, PathBuf};

use boldface::{FitContext, Result, ScanId};
use serde::Serialize;

use crate::store::{FITTED_ON, Stage, StageKind, TAUGHT, cannot};
use crate::study::Study;
use taught::Taught;

pub use events::Events;
pub use inputs::{Inputs, ListedArtefacts, RunCache};
pub use progress::StageProgress;
pub use recorder::Recorder;

/// Everything that a stage has access to.
pub(crate) struct StageContext<'a> {
    /// The experiment.
    pub study: &'a Study,
    /// The stage to run.
    pub stage: &'a Stage,
    /// The artefacts it may read.
    pub inputs: &'a Inputs<'a>,
    /// Folder of its artefact while it is written.
    pub dir: &'a Path,
    /// Takes its metrics and its progress.
    pub recorder: Recorder<'a>,
}

/// Runs one stage.
pub(crate) fn run(work: &mut StageContext<'_>) -> Result<()> {
    match &work.stage.kind {
        StageKind::Series => series::run(work),
        StageKind::Split => split::run(work),
        StageKind::Corpus => corpus::run(work),
        StageKind::TextSpace => text_space::run(work),
        StageKind::Tokenizer => tokenizer::run(work),
        StageKind::Codes => codes::run(work),
        StageKind::Alignment => alignment::run(work),
        StageKind::Instruction => instruction::run(work),
        StageKind::Baseline(task) => baseline::run(work, task),
        StageKind::Evaluation(task) => evaluation::run(work, task),
    }
}

/// Returns the version of a stage, part of its key. Increase when the same config gives different
/// results.
pub(crate) fn version(kind: &StageKind) -> u32 {
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

impl StageContext<'_> {
    /// Makes the context for a plugin's `fit`.
    fn fit(&mut self) -> FitContext<'_> {
        FitContext { runtime: &self.study.runtime, seed: self.stage.seed, observer: &mut self.recorder }
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
        if self.study.experiment.facts.held_out.is_empty() {
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
