//! Experiments and sweeps as their authors wrote them.

pub(crate) mod defaults;
mod document;
mod draft;
mod experiment;
mod forms;
mod grammar;
mod layer;
mod leakage;
mod origin;
mod paths;
mod plain;
mod settings;
mod split;
mod start;
mod sweep;
mod task;
mod training;
mod wording;

pub use experiment::{
    Alignment, Evaluation, Experiment, Instruction, MissingRegions, RuntimeTable, Signal, Standardize, Table,
    Text,
};
pub use forms::Forms;
pub use layer::Layered;
pub use leakage::Leakage;
pub use origin::{Located, Origin, SpecSource};
pub use split::{SplitTable, Unit};
pub use start::{StartTable, Taken};
pub use sweep::{Ablate, Design, Select, SweepTable, When};

pub(crate) use document::SpecDocument;
pub(crate) use draft::{ExperimentDraft, read as read_draft};
pub use grammar::{Grammar, Slots};
pub(crate) use plain::{plain, short, written};
pub(crate) use sweep::{ArmSpec, Setting, SweepBase, expand, join};
pub(crate) use task::TASK_KEYS;
pub use task::{Paradigm, Prior, TaskKeys};
pub use wording::suggest;
pub(crate) use wording::{closest, parse_all};
