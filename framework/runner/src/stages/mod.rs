//! The stages: inputs and config in, files and metric rows out.

pub(crate) mod alignment;
mod baseline;
pub(crate) mod baselines;
mod bins;
pub(crate) mod cases;
mod codes;
pub(crate) mod corpus;
pub(crate) mod evaluation;
mod forms;
pub(crate) mod groups;
pub(crate) mod harmonization;
mod instruction;
pub(crate) mod intervals;
pub(crate) mod lessons;
#[cfg(test)]
mod letters;
mod linear;
pub(crate) mod naming;
mod nearby;
mod open;
pub(crate) mod packing;
mod series;
mod shots;
pub(crate) mod split;
mod surrogate;
mod text_space;
mod tokenizer;
pub(crate) mod windows;

use std::path::{Path, PathBuf};

use boldface::{FitContext, Result, ScanId};
use serde::Serialize;

use crate::plan::{Plan, Stage, StageKind, leak};
use crate::run::inputs::Inputs;
use crate::run::recorder::Recorder;
use crate::run::store::cannot;

/// Everything that a stage has access to.
pub(crate) struct StageContext<'a> {
    /// The experiment.
    pub plan: &'a Plan,
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
        FitContext { runtime: &self.plan.runtime, seed: self.stage.seed, observer: &mut self.recorder }
    }

    /// Writes a JSON file into the artefact.
    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.dir.join(name);
        Ok(std::fs::write(&path, serde_json::to_vec(value)?).map_err(cannot("write", &path))?)
    }

    /// Records the scans that a plugin was fitted on. The leak checks compare them with the split.
    fn fitted_on<'s>(&self, scans: impl IntoIterator<Item = &'s ScanId>) -> Result<()> {
        self.write_json(leak::FITTED_ON, &scans.into_iter().collect::<Vec<_>>())
    }

    /// Makes a folder in the artefact.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        std::fs::create_dir_all(&path).map_err(cannot("make", &path))?;
        Ok(path)
    }
}
