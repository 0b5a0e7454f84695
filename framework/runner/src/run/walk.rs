//! Runs one plan from its first stage to its last. Finished stages are kept, whatever happens.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::folder::{RunFolder, begin, ended};
use super::journal::Journal;
use super::leakage::Watch;
use super::make::Maker;
use super::predictions;
use crate::plan::Plan;
use crate::stages::Events;
use crate::store::{Stage, StageKind, StageRecord, Store, StoreError};

/// A run that reached its last stage.
#[derive(Debug)]
pub struct Finished {
    /// Its folder.
    pub dir: PathBuf,
    /// Its stages, in order.
    pub stages: Vec<StageRecord>,
}

/// A run that failed or was interrupted.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// A stage returned an error or panicked.
    #[error("stage `{stage}` failed{}", if plugin.is_empty() { String::new() } else { format!(" in plugin `{plugin}`") })]
    Stage {
        /// The stage.
        stage: String,
        /// The plugin that ran. Empty for the framework's own stages.
        plugin: String,
        /// The run's folder, with the stages finished before.
        dir: PathBuf,
        /// What went wrong.
        source: boldface::Error,
    },
    /// A stage's artefact shows a leak.
    #[error("stage `{stage}` shows a leak; nothing after it was run")]
    Leak {
        /// The stage.
        stage: String,
        /// The run's folder, with the stages finished before and the proof.
        dir: PathBuf,
        /// The leaks.
        source: boldface::Error,
    },
    /// The user stopped it.
    #[error(
        "interrupted in stage `{stage}`{}: {finished} of {total} stages are finished and kept; the same command goes on from there",
        saved.map(|step| format!(", saved at step {step}")).unwrap_or_default()
    )]
    Interrupted {
        /// The stage that was running or about to run.
        stage: String,
        /// The step of its last checkpoint, if it has one.
        saved: Option<u64>,
        /// Number of finished stages.
        finished: usize,
        /// Number of all stages.
        total: usize,
        /// The run's folder.
        dir: PathBuf,
    },
    /// The experiment's name is reserved.
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

impl Failed {
    /// Says what the user can do about it, if the error itself does not say.
    pub fn help(&self) -> Option<&'static str> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(self);
        while let Some(error) = cause {
            match error.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
                    return Some(
                        "make room, or give another folder of runs with `--runs`; what is finished is kept, and the same command goes on from there",
                    );
                }
                Some(_) if matches!(self, Failed::Store(_)) => {
                    return Some(
                        "a run must be able to write there; give another folder of runs with `--runs`",
                    );
                }
                _ => cause = error.source(),
            }
        }
        None
    }
}

/// Runs every stage of `plan` that the store lacks, in order.
///
/// # Errors
/// [`Failed`] at the first stage that fails, or if the user stops the run. Stages finished before are
/// kept in the store and listed in the run's folder.
pub fn run(plan: &Plan, events: &dyn Events) -> Result<Finished, Failed> {
    let runs = &plan.experiment.runtime.runs;
    let store = Store::open(runs);
    let _in_use = store.enter()?;
    let folder = RunFolder::create(runs, plan)?;
    events.opened(folder.dir());
    let stages: Vec<&Stage> = plan.stages.iter().collect();
    let journal = Journal::open(folder.dir(), &stages, plan.experiment.runtime.tensorboard, events);
    let finished = walk(plan, &store, &folder, &journal);
    journal.ended(finished.as_ref().err().map(ToString::to_string));
    ended(runs, folder.dir(), finished.is_ok(), plan.is_limited());
    finished
}

fn walk(plan: &Plan, store: &Store, folder: &RunFolder, events: &dyn Events) -> Result<Finished, Failed> {
    let maker = Maker::new(plan, store, events);
    let mut done = BTreeMap::new();
    let (mut rows, mut answers) = (Vec::new(), Vec::new());
    let mut record = begin(plan);
    let mut watch = Watch::new(plan);
    folder.leakage(watch.proof())?;
    for stage in &plan.stages {
        let place = (done.len() + 1, plan.stages.len());
        let made = maker.make(stage, &done, place).and_then(|made| {
            record.stages.push(made.record(stage));
            rows.extend(made.rows);
            answers.extend(predictions::of_stage(&stage.kind, made.artefact.dir(), plan.backbone.plugin)?);
            if stage.kind == StageKind::Series {
                folder.quality(made.artefact.dir())?;
            }
            done.insert(stage.name(), made.artefact);
            watch.after(stage, &done, &maker.memory).map(|()| made.cached)
        });
        // Written after every new stage in case the run is killed. Errors are reported by the final
        // write.
        if !made.as_ref().is_ok_and(|cached| *cached) {
            let _ = folder.keep(&record, &rows, &answers);
            let _ = folder.leakage(watch.proof());
        }
        if let Err(error) = made {
            return Err(maker.failed(stage, place, folder.dir(), error));
        }
    }
    folder.leakage(watch.proof())?;
    folder.keep(&record, &rows, &answers)?;
    Ok(Finished { dir: folder.dir().to_owned(), stages: record.stages })
}
