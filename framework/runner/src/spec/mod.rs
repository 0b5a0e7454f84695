//! An experiment as its author wrote it.

mod document;
mod draft;
mod experiment;
mod locate;
mod plain;
mod split;
mod sweep;
mod training;
mod wording;

pub use experiment::{
    Alignment, Evaluation, Experiment, Instruction, RuntimeTable, Signal, Standardize, Table, Text,
};
pub use split::SplitTable;

pub(crate) use document::Document;
pub(crate) use draft::{Draft, read as read_draft};
pub(crate) use plain::{plain, short};
pub use sweep::{Ablate, Design, Select, SweepTable, When};
pub(crate) use sweep::{Arm, Base, Expansion, Setting, Settings, expand};
pub use wording::suggest;
pub(crate) use wording::{closest, parse_all};
