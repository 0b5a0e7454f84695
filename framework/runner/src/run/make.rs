//! Makes one stage of a plan: finds it in the store, waits for another run, or runs it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use boldface::{Interrupted, MetricRow, guard};

use super::Failed;
use super::leakage::Leaks;
use super::memory::Peak;
use crate::plan::Plan;
use crate::stages::{
    self, Configs, Events, Inputs, ListedArtefacts, Recorder, RunCache, StageProgress, StageTools,
};
use crate::store::{Artefact, Cost, METRICS, Stage, StageKind, StageLock, StageRecord, Store};

/// How often a waiting run looks again.
const PAUSE: Duration = Duration::from_millis(50);

/// Makes the stages of one plan in a store. Several plans may share a store, in one process or in many.
pub(crate) struct Maker<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The store of its artefacts.
    pub store: &'a Store,
    /// The watcher of the run.
    pub events: &'a dyn Events,
    /// Values that stages of this plan have read and need again.
    pub memory: RunCache,
}

/// A stage that is in the store.
pub(crate) struct FinishedStage {
    /// Its artefact.
    pub artefact: Artefact,
    /// Its rows of the metric table.
    pub rows: Vec<MetricRow>,
    /// Whether it came from the store: made earlier, or by another run meanwhile.
    pub cached: bool,
}

impl<'a> Maker<'a> {
    /// Creates a maker that has read nothing yet.
    pub fn new(plan: &'a Plan, store: &'a Store, events: &'a dyn Events) -> Maker<'a> {
        Maker { plan, store, events, memory: RunCache::default() }
    }

    /// Finds `stage` in the store or makes it. `done` has at least the stages it reads, by name.
    /// `place` is its number and the total, for display. If another run is making it, waits for that
    /// artefact.
    ///
    /// # Errors
    /// If the stage or the store fails. [`Interrupted`] if the user stops the run.
    pub fn make(
        &self,
        stage: &Stage,
        done: &BTreeMap<String, Artefact>,
        place: (usize, usize),
    ) -> boldface::Result<FinishedStage> {
        if self.events.interrupted() {
            return Err(Interrupted.into());
        }
        let (artefact, cached) = match self.store.find(stage)? {
            Some(artefact) => (artefact, true),
            None => {
                let _lock = self.lock(stage)?;
                // The previous holder of the lock may have made it.
                match self.store.whole(stage)? {
                    Some(artefact) => (artefact, true),
                    None => (self.fresh(stage, done, place)?, false),
                }
            }
        };
        let rows = boldface_tables::metrics::read(&artefact.dir().join(METRICS))?;
        self.events.measured(stage, &rows);
        self.events.finished(stage, artefact.manifest().seconds, cached);
        Ok(FinishedStage { artefact, rows, cached })
    }

    /// Describes how a run in the folder `dir` failed in `stage`.
    pub fn failed(
        &self,
        stage: &Stage,
        (index, total): (usize, usize),
        dir: &Path,
        source: boldface::Error,
    ) -> Failed {
        let (name, dir) = (stage.name(), dir.to_owned());
        if self.events.interrupted() || is_interrupted(&source) {
            let saved = StageProgress::newest(&self.store.progress(stage));
            return Failed::Interrupted { stage: name, saved, finished: index - 1, total, dir };
        }
        if source.is::<Leaks>() {
            return Failed::Leak { stage: name, dir, source };
        }
        Failed::Stage { stage: name, plugin: stage.plugin.clone(), dir, source }
    }

    /// Waits for the lock of a stage and takes it.
    fn lock(&self, stage: &Stage) -> boldface::Result<StageLock> {
        let mut has_said = false;
        loop {
            if let Some(lock) = self.store.try_lock(stage)? {
                return Ok(lock);
            }
            if self.events.interrupted() {
                return Err(Interrupted.into());
            }
            if !has_said {
                self.events.waiting(stage);
                has_said = true;
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn fresh(
        &self,
        stage: &Stage,
        done: &BTreeMap<String, Artefact>,
        (index, total): (usize, usize),
    ) -> boldface::Result<Artefact> {
        self.events.started(stage, index, total);
        let read = done.iter().filter(|(name, _)| stage.inputs.contains(name));
        let artefacts: BTreeMap<_, _> =
            read.map(|(name, artefact)| (name.clone(), artefact.clone())).collect();
        let keys = artefacts
            .iter()
            .map(|(name, artefact)| (name.clone(), artefact.manifest().key.clone()))
            .collect();
        let sees_held_out = matches!(stage.kind, StageKind::Baseline(_) | StageKind::Evaluation(_));
        let listed = ListedArtefacts { stage: stage.name(), sees_held_out, artefacts };
        let (configs, runtime) = (Configs::new(self.plan), &self.plan.runtime);
        let inputs = Inputs::new(&configs, runtime, listed, &self.memory);

        let draft = self.store.draft(stage)?;
        let memory = Peak::begin();
        let every = Duration::from_secs(self.plan.experiment.runtime.checkpoint_seconds);
        let progress = StageProgress::new(self.store.progress(stage), stage, every);
        let recorder = Recorder::new(stage, self.events, progress);
        let tools = StageTools { inputs: &inputs, dir: draft.dir(), runtime, recorder };
        let recorder = guard(|| stages::run(stage, &configs, tools))?;
        // What was read is what the key hashed, or nothing is kept under that key.
        self.plan.files.check_unchanged()?;
        let (rows, seconds, tokens) = (recorder.rows(), recorder.seconds(), recorder.tokens());
        let tokens = Some(tokens.get()).filter(|&tokens| tokens > 0);
        // Without the experiment's name: equal keys must give equal bytes, whoever makes them.
        boldface_tables::metrics::write(&draft.dir().join(METRICS), "", rows)?;
        Ok(draft.finish(stage, keys, Cost { seconds, peak_memory: memory.end(), tokens })?)
    }
}

impl FinishedStage {
    /// Returns its entry in `plan.json`.
    pub fn record(&self, stage: &Stage) -> StageRecord {
        let manifest = self.artefact.manifest();
        StageRecord {
            stage: stage.clone(),
            artefact: Store::relative(stage),
            seconds: manifest.seconds,
            tokens: manifest.tokens,
            peak_memory: manifest.peak_memory,
            cached: self.cached,
        }
    }
}

/// Whether the error comes from the user's interrupt. A plugin may have wrapped it.
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
