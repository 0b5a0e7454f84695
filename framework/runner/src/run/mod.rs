//! Runs a plan: skips stages that are in the store, runs the rest, keeps what is finished.

pub(crate) mod arrays;
mod estimate;
mod folder;
pub(crate) mod inputs;
mod journal;
mod leakage;
pub(crate) mod make;
pub(crate) mod manifest;
mod memory;
mod predictions;
mod progress;
mod record;
pub(crate) mod recorder;
pub(crate) mod store;
mod sweep;
mod tensorboard;
mod walk;

use std::path::Path;

use boldface::{Metric, MetricRow};

use crate::plan::Stage;

pub use estimate::{Estimate, History};
pub use folder::{EXCLUSIONS, PROOF};
pub use journal::{FILE as PROGRESS, JournalEvent, JournalLine};
pub use leakage::Leaks;
pub use manifest::{Cost, FileRecord, Manifest, Unusable};
pub use predictions::PREDICTIONS;
pub use record::{
    CARPETS, Carpet, MOTION, MotionFc, OutcomeLine, QUALITY, QUALITY_TABLE, Reconstruction, Record,
    ScanQuality, StageRecord,
};
pub use store::{Artefact, Store, StoreError};
pub use sweep::{ArmRecord, ArmStatus, Budget, FinishedSweep, SweepFailed, SweepRecord, run_sweep};
pub use walk::{Failed, Finished, run};

/// Watches a run: shows its progress and stops it when asked.
pub trait Events: Sync {
    /// The run's folder was created. Logs may go to `log.jsonl` in it.
    fn opened(&self, _dir: &Path) {}

    /// Another run is making this stage, and this one waits for it.
    fn waiting(&self, _stage: &Stage) {}

    /// A stage that is not cached starts. It is number `index` of `total`.
    fn started(&self, _stage: &Stage, _index: usize, _total: usize) {}

    /// A stage resumes after `step` steps.
    fn resumed(&self, _stage: &Stage, _step: u64) {}

    /// The running stage finished `done` of `total` steps.
    fn progress(&self, _stage: &Stage, _done: u64, _total: u64) {}

    /// A stage of a sweep failed with `error`. The sweep continues without the stages that depend on
    /// it.
    fn failed(&self, _stage: &Stage, _error: &str) {}

    /// The running stage recorded a metric during training.
    fn recorded(&self, _stage: &Stage, _step: u64, _metric: &Metric) {}

    /// All metrics of a stage that is about to finish.
    fn measured(&self, _stage: &Stage, _rows: &[MetricRow]) {}

    /// A stage is finished. `cached` if it came from the store.
    fn finished(&self, _stage: &Stage, _seconds: f64, _cached: bool) {}

    /// Whether the user wants to stop.
    fn interrupted(&self) -> bool {
        false
    }
}
