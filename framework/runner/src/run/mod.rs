//! Runs a plan: skips stages that are in the store, runs the rest, keeps what is finished.

mod clean;
mod estimate;
mod folder;
mod journal;
mod leakage;
pub(crate) mod make;
mod memory;
pub(crate) mod predictions;
mod sweep;
mod tensorboard;
mod walk;

pub use clean::{CacheLimits, CachePlan, CacheRemoval};
pub use estimate::{Estimate, History};
pub use folder::RUNNING;
pub use journal::{FILE as PROGRESS, JournalEvent, JournalLine};
pub use leakage::Leaks;
pub use sweep::{Budget, FinishedSweep, SweepFailed, run_sweep};
pub use walk::{Failed, Finished, run};

pub use crate::stages::Events;
pub use crate::store::{
    ArmRecord, ArmStatus, Artefact, CARPETS, Carpet, Cost, DatasetDescription, DatasetSource, EXCLUSIONS,
    FileRecord, MOTION, Manifest, MotionFc, OutcomeLine, PREDICTIONS, PROOF, QUALITY, QUALITY_TABLE, RECORD,
    Reconstruction, Record, SWEEP, ScanQuality, StageRecord, Store, StoreEntry, StoreEntryKind, StoreError,
    SweepRecord, Unusable,
};
