//! An experiment as its author wrote it.

mod document;
mod draft;
mod experiment;
mod grammar;
mod locate;
mod plain;
mod task;
mod training;
mod wording;

pub use experiment::{
    Alignment, Evaluation, Experiment, Instruction, RuntimeTable, Signal, SplitTable, Standardize, Table,
    Text,
};

pub(crate) use document::Document;
pub(crate) use draft::{Draft, read as read_draft};
pub use grammar::{Grammar, Slots};
pub(crate) use plain::{plain, short};
pub(crate) use task::TASK_KEYS;
pub use task::{Paradigm, TaskKeys};
pub use wording::suggest;
pub(crate) use wording::{closest, parse_all};
