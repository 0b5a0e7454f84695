//! One run from its first stage to its last: what is finished is kept, whatever happens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use boldface::{Interrupted, MetricRow, guard};
use thiserror::Error;

use super::Events;
use super::folder::Folder;
use super::inputs::{Inputs, Listed, Memory};
use super::journal::Journal;
use super::record::{Record, StageRecord};
use super::recorder::Recorder;
use super::store::{Artefact, Store, StoreError};
use crate::plan::{Key, Plan, Stage};
use crate::stages::{self, Work};

/// A run that reached its last stage.
#[derive(Debug)]
pub struct Finished {
    /// Its folder.
    pub dir: PathBuf,
    /// Its stages, in order.
    pub stages: Vec<StageRecord>,
}

/// A run that did not.
#[derive(Debug, Error)]
pub enum Failed {
    /// A stage returned an error or panicked.
    #[error("stage `{stage}` failed{}", if plugin.is_empty() { String::new() } else { format!(" in plugin `{plugin}`") })]
    Stage {
        /// The stage.
        stage: String,
        /// The plugin it ran; empty for the framework's own stages.
        plugin: String,
        /// The run's folder, with what was finished before.
        dir: PathBuf,
        /// What went wrong.
        source: boldface::Error,
    },
    /// The user stopped it.
    #[error(
        "interrupted in stage `{stage}`: {finished} of {total} stages are finished and kept; the same command goes on from there"
    )]
    Interrupted {
        /// The stage that was running or about to run.
        stage: String,
        /// How many stages are finished.
        finished: usize,
        /// Of how many.
        total: usize,
        /// The run's folder.
        dir: PathBuf,
    },
    /// The experiment's name is taken.
    #[error(
        "a spec cannot be called `{name}.toml`, because `{name}` has a meaning in the folder of runs; rename it"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The store or the run's folder cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table of metrics cannot be read or written.
    #[error(transparent)]
    Table(#[from] boldface_tables::TableError),
}

/// Runs every stage of `plan` that the store lacks, in order.
///
/// # Errors
/// [`Failed`] at the first stage that fails or when the user stops the run. What was finished before
/// is kept in the store and listed in the run's folder.
pub fn run(plan: &Plan, events: &dyn Events) -> Result<Finished, Failed> {
    let runs = &plan.experiment.runtime.runs;
    let store = Store::open(runs);
    let _in_use = store.enter()?;
    let folder = Folder::create(runs, plan)?;
    events.opened(folder.dir());
    let journal = Journal::open(folder.dir(), plan, events);
    let finished = walk(plan, &store, &folder, &journal);
    journal.ended(finished.as_ref().err());
    finished
}

fn walk(plan: &Plan, store: &Store, folder: &Folder, events: &dyn Events) -> Result<Finished, Failed> {
    let mut walk = Walk { plan, events, store, memory: Memory::default(), done: Vec::new() };
    let mut rows = Vec::new();
    let mut record = Record {
        name: plan.name.clone(),
        spec: plan.path.clone(),
        versions: BTreeMap::from([("boldface".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        experiment: plan.experiment.clone(),
        stages: Vec::new(),
    };
    for stage in &plan.stages {
        match walk.stage(stage) {
            Ok((done, of_stage)) => {
                record.stages.push(done);
                rows.extend(of_stage);
            }
            Err(error) => {
                // What comes after the first error is not worth reporting instead of it.
                let _ = folder.record(&record).and_then(|()| folder.metrics(&plan.name, &rows));
                return Err(walk.failed(stage, folder, error));
            }
        }
    }
    folder.record(&record)?;
    folder.metrics(&plan.name, &rows)?;
    Ok(Finished { dir: folder.dir().to_owned(), stages: record.stages })
}

struct Walk<'a> {
    plan: &'a Plan,
    events: &'a dyn Events,
    store: &'a Store,
    memory: Memory,
    done: Vec<(String, Key, Artefact)>,
}

impl Walk<'_> {
    /// Looks a stage up or runs it; its record and its rows.
    fn stage(&mut self, stage: &Stage) -> boldface::Result<(StageRecord, Vec<MetricRow>)> {
        if self.events.interrupted() {
            return Err(Interrupted.into());
        }
        let found = self.store.whole(stage)?;
        let cached = found.is_some();
        let artefact = match found {
            Some(artefact) => artefact,
            None => self.fresh(stage)?,
        };
        let rows = boldface_tables::metrics::read(&artefact.dir().join("metrics.parquet"))?;
        let seconds = artefact.manifest().seconds;
        self.done.push((stage.name(), stage.key.clone(), artefact));
        self.events.measured(stage, &rows);
        self.events.finished(stage, seconds, cached);
        Ok((StageRecord { stage: stage.clone(), artefact: Store::relative(stage), seconds, cached }, rows))
    }

    fn fresh(&self, stage: &Stage) -> boldface::Result<Artefact> {
        self.events.started(stage, self.done.len() + 1, self.plan.stages.len());
        let listed = |(name, _, _): &&(String, Key, Artefact)| stage.inputs.contains(name);
        let inputs: Vec<_> = self.done.iter().filter(listed).collect();
        let keys = inputs.iter().map(|(name, key, _)| (name.clone(), key.clone())).collect();
        let artefacts = inputs.iter().map(|(name, _, artefact)| (name.clone(), artefact.clone())).collect();
        let inputs = Inputs::new(self.plan, Listed { stage: stage.name(), artefacts }, &self.memory);

        let begun = Instant::now();
        let draft = self.store.draft(stage)?;
        let recorder = Recorder::new(stage, self.events);
        let mut work = Work { plan: self.plan, stage, inputs: &inputs, dir: draft.dir(), recorder };
        guard(|| stages::run(&mut work))?;
        let rows = work.recorder.into_rows();
        boldface_tables::metrics::write(&draft.dir().join("metrics.parquet"), &self.plan.name, &rows)?;
        Ok(draft.finish(stage, &keys, begun.elapsed().as_secs_f64())?)
    }

    fn failed(&self, stage: &Stage, folder: &Folder, source: boldface::Error) -> Failed {
        let (name, dir) = (stage.name(), folder.dir().to_owned());
        // A plugin may have wrapped the interruption into words of its own.
        if self.events.interrupted() || is_interrupted(&source) {
            let (finished, total) = (self.done.len(), self.plan.stages.len());
            return Failed::Interrupted { stage: name, finished, total, dir };
        }
        Failed::Stage { stage: name, plugin: stage.plugin.clone(), dir, source }
    }
}

fn is_interrupted(error: &boldface::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&**error);
    while let Some(error) = cause {
        if error.is::<Interrupted>() {
            return true;
        }
        cause = error.source();
    }
    false
}
