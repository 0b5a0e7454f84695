//! What a run leaves on disk, and what keys and verifies it: one file per kind of artefact, each with its
//! type and its name. Nothing here knows how any of it is computed.

mod answers;
pub mod arrays;
mod artefacts;
mod canonical;
pub mod corpus;
mod entries;
pub mod excluded;
pub mod export;
mod files;
mod json;
pub mod manifest;
pub mod people;
mod proof;
mod record;
mod stage;
mod sweep_record;

pub use answers::{read_answers, write_answers};
pub use artefacts::{Artefact, StageLock, Store, StoreError, cannot};
pub use canonical::canonical_json;
pub use entries::{StoreEntry, StoreEntryKind};
pub use files::*;
pub use json::json;
pub use manifest::{Cost, FileRecord, Manifest, Unusable};
pub use proof::{CAUTION_ENDING, Check, CheckStatus, CheckTime, FIT_ENDING, Proof, UNIT_CHECK};
pub use record::{
    Carpet, DatasetDescription, DatasetSource, GeneratingProgram, MotionFc, OutcomeLine, Reconstruction,
    Record, ScanQuality, StageRecord,
};
pub use stage::{Key, Stage, StageKind};
pub use sweep_record::{ArmRecord, ArmStatus, SweepRecord};
