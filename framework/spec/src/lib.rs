//! Experiments and sweeps as their authors wrote them.

mod bounds;
mod columns;
mod crop;
mod defaults;
mod document;
mod draft;
mod experiment;
mod facts;
mod file;
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
mod units;
mod wording;

pub use columns::missing_column;
pub use crop::Crop;
pub use experiment::{
    Alignment, Evaluation, Experiment, Instruction, MissingRegions, QuestionTokens, RuntimeTable, Signal,
    Standardize, Table, Text,
};
pub use facts::FactRecipe;
pub use file::read_text;
pub use forms::Forms;
pub use layer::Layered;
pub use leakage::Leakage;
pub use origin::{Located, Origin, SpecSource};
pub use split::MOST_VARIANTS;
pub use split::{SplitTable, Unit};
pub use start::{StartTable, Taken};
pub use sweep::{Ablate, Design, Select, SweepTable, When};

pub use document::SpecDocument;
pub use draft::{ExperimentDraft, read as read_draft};
pub use grammar::{Grammar, Slots};
pub use origin::join as join_key;
pub use plain::{plain, short, written};
pub use sweep::{ArmSpec, Setting, SweepBase, expand, join, single_settings};
pub use task::TASK_KEYS;
pub use task::{BandFrequencies, Paradigm, Prior, TaskKeys};
pub use units::units;
pub use wording::suggest;
pub use wording::{closest, parse_all};
