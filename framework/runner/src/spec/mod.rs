//! An experiment as its author wrote it.

mod document;
mod draft;
mod experiment;
mod locate;
mod wording;

pub use experiment::{
    Alignment, Evaluation, Experiment, Instruction, RuntimeTable, Signal, SplitTable, Standardize, Table,
    Text,
};

pub(crate) use document::Document;
pub(crate) use draft::{Draft, read as read_draft};
pub(crate) use wording::parse_all;
pub use wording::suggest;
