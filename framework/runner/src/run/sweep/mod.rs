//! Runs a sweep: every distinct stage once, several at a time, and one folder per arm.

mod folder;
mod queue;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use self::folder::SweepFolder;
use self::queue::{StageQueue, StageState};
use super::Failed;
use super::folder::ended;
use super::journal::Journal;
use super::make::Maker;
use crate::plan::sweep::{Sweep, Union};
use crate::stages::Events;
use crate::store::{Artefact, Stage, StageRecord, Store, SweepRecord};

/// Resources for a sweep. They do not affect results.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Number of stages to run at once, at least one.
    pub workers: usize,
    /// Number of threads for all stages together.
    pub cores: usize,
    /// Bytes of memory for all stages together, as far as their needs are known.
    pub memory: u64,
    /// Bytes of memory that a stage needed in an earlier run, if known.
    pub takes: &'a (dyn Fn(&Stage) -> Option<u64> + Sync),
    /// Whether the first failure stops everything, instead of only the stages that depend on it.
    pub fail_fast: bool,
}

/// A sweep whose run ended. Some arms may have failed.
#[derive(Debug)]
pub struct FinishedSweep {
    /// Its folder.
    pub dir: PathBuf,
    /// The record with the status of every arm.
    pub record: SweepRecord,
}

/// A sweep whose run was interrupted or broke off.
#[derive(Debug, Error)]
pub enum SweepFailed {
    /// The user stopped it.
    #[error(
        "interrupted: {finished} of {total} distinct stages are finished and kept; the same command goes on \
         from there"
    )]
    Interrupted {
        /// Number of finished stages.
        finished: usize,
        /// Number of all stages.
        total: usize,
        /// The sweep's folder.
        dir: PathBuf,
    },
    /// The system provides no threads, or one of them panicked.
    #[error("the sweep's threads failed")]
    Threads {
        /// What went wrong.
        source: boldface::Error,
    },
    /// Its folder cannot be made or written.
    #[error(transparent)]
    Run(#[from] Failed),
}

/// Runs every distinct stage of `sweep` that the store lacks. A stage that fails affects only the arms
/// that need it.
///
/// # Errors
/// [`SweepFailed`] if the user stops the run or a file cannot be written. Failed arms are not an error;
/// they are in the record.
pub fn run_sweep(
    sweep: &Sweep,
    budget: &Budget<'_>,
    events: &dyn Events,
) -> Result<FinishedSweep, SweepFailed> {
    let store = Store::open(sweep.runs());
    let _in_use = store.enter().map_err(Failed::from)?;
    let folder = SweepFolder::create(sweep)?;
    events.opened(folder.dir());

    let union = Union::collect(sweep);
    let stages: Vec<&Stage> = (0..union.nodes.len()).map(|node| union.stage(sweep, node)).collect();
    let wants_board = sweep.arms.iter().any(|arm| arm.plan.experiment.runtime.tensorboard);
    let journal = Journal::open(folder.dir(), &stages, wants_board, events);
    let dir = folder.dir().to_owned();
    let finished = run_union(sweep, &union, &store, folder, budget, &journal);
    journal.ended(finished.as_ref().err().map(ToString::to_string));
    ended(sweep.runs(), &dir, finished.is_ok(), sweep.is_limited());
    finished
}

fn run_union(
    sweep: &Sweep,
    union: &Union,
    store: &Store,
    folder: SweepFolder,
    budget: &Budget<'_>,
    events: &dyn Events,
) -> Result<FinishedSweep, SweepFailed> {
    let takes = (0..union.nodes.len()).map(|node| (budget.takes)(union.stage(sweep, node)).unwrap_or(0));
    let board = Board {
        queue: StageQueue::new(union, takes.collect(), budget.memory),
        done: BTreeMap::new(),
        errors: BTreeMap::new(),
        folder,
        broken: None,
    };
    let crew = Crew { sweep, union, store, events, fail_fast: budget.fail_fast };
    let (board, changed) = (Mutex::new(board), Condvar::new());
    let workers = budget.workers.clamp(1, union.nodes.len().max(1));
    // Each worker has a thread pool of its own. A tape belongs to a thread, and with a shared pool a
    // thread could run one stage's task while waiting in another's.
    let threads = (budget.cores / workers).max(1);
    let crew_member = || -> boldface::Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build()?;
        pool.install(|| crew.work(&board, &changed));
        Ok(())
    };
    let outcomes: Vec<boldface::Result<()>> = std::thread::scope(|scope| {
        let members: Vec<_> = (0..workers).map(|_| scope.spawn(crew_member)).collect();
        members.into_iter().map(|member| member.join().unwrap_or_else(|_| Err(PANICKED.into()))).collect()
    });
    let mut board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    board.settle(&crew);
    if let Some(failed) = board.broken.take() {
        return Err(failed.into());
    }
    let dir = board.folder.dir().to_owned();
    if let Some(source) = outcomes.into_iter().find_map(Result::err) {
        return Err(SweepFailed::Threads { source });
    }
    if events.interrupted() {
        let (finished, total) = (board.done.len(), union.nodes.len());
        return Err(SweepFailed::Interrupted { finished, total, dir });
    }
    Ok(FinishedSweep { dir, record: board.folder.into_record() })
}

/// Stack size of a thread in bytes, as large as a main thread's.
const STACK: usize = 8 << 20;

const PANICKED: &str = "a thread of the sweep panicked";

/// State shared by all workers.
struct Crew<'a> {
    sweep: &'a Sweep,
    union: &'a Union,
    store: &'a Store,
    events: &'a dyn Events,
    fail_fast: bool,
}

/// Finished and remaining work.
struct Board {
    queue: StageQueue,
    done: BTreeMap<usize, (Artefact, StageRecord)>,
    errors: BTreeMap<usize, String>,
    folder: SweepFolder,
    /// An error that ends the whole run.
    broken: Option<Failed>,
}

impl Crew<'_> {
    /// Runs stages until none is left.
    fn work(&self, board: &Mutex<Board>, changed: &Condvar) {
        let mut held = lock(board);
        loop {
            if self.events.interrupted() || held.broken.is_some() {
                held.queue.stop();
            }
            let Some(node) = held.queue.take() else {
                if held.queue.is_over() {
                    changed.notify_all();
                    return;
                }
                held = changed.wait(held).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (plan, stage) =
                (&self.sweep.arms[self.union.nodes[node].arm].plan, self.union.stage(self.sweep, node));
            let inputs = self.union.nodes[node].inputs.iter();
            let inputs: BTreeMap<String, Artefact> = inputs
                .filter_map(|input| {
                    held.done.get(input).map(|(artefact, record)| (record.stage.name(), artefact.clone()))
                })
                .collect();
            let place = (held.queue.begun(), self.union.nodes.len());
            drop(held);
            let made = Maker::new(plan, self.store, self.events).make(stage, &inputs, place);
            held = lock(board);
            match made {
                Ok(made) => {
                    let record = made.record(stage);
                    held.done.insert(node, (made.artefact, record));
                    held.queue.finish(node, StageState::Done);
                }
                Err(_) if self.events.interrupted() => held.queue.finish(node, StageState::Waiting),
                Err(error) => {
                    let by = if stage.plugin.is_empty() {
                        String::new()
                    } else {
                        format!(" in plugin `{}`", stage.plugin)
                    };
                    let error = format!(
                        "stage `{}` failed{by}: {}",
                        stage.name(),
                        boldface::messages(&*error).join(": ")
                    );
                    self.events.failed(stage, &error);
                    held.errors.insert(node, error);
                    held.queue.finish(node, StageState::Failed);
                    if self.fail_fast {
                        held.queue.stop();
                    }
                }
            }
            held.settle(self);
            changed.notify_all();
        }
    }
}

impl Board {
    /// Writes the folders of arms that are finished or cannot continue.
    fn settle(&mut self, crew: &Crew<'_>) {
        for arm in 0..crew.union.arms.len() {
            let nodes = &crew.union.arms[arm];
            if self.folder.is_settled(arm) || !nodes.iter().all(|&node| self.queue.is_settled(node)) {
                continue;
            }
            let stages = nodes.iter().filter_map(|node| {
                let (artefact, record) = self.done.get(node)?;
                // A stage that another arm ran counts as cached.
                let cached = record.cached || crew.union.nodes[*node].arm != arm;
                Some((artefact.clone(), StageRecord { cached, ..record.clone() }))
            });
            let error = nodes.iter().find_map(|node| self.errors.get(node).cloned());
            let is_whole = nodes.iter().all(|node| self.done.contains_key(node));
            let written =
                self.folder.settle(arm, &crew.sweep.arms[arm].plan, stages.collect(), is_whole, error);
            if let Err(failed) = written {
                self.broken.get_or_insert(failed);
                return;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
