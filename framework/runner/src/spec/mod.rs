//! An experiment as its author wrote it.

mod document;
mod draft;
mod experiment;
mod layer;
mod origin;
mod paths;
mod plain;
mod training;
mod wording;

pub use experiment::{
    Alignment, Evaluation, Experiment, Instruction, RuntimeTable, Signal, SplitTable, Standardize, Table,
    Text,
};
pub use layer::Layered;
pub use origin::{Located, Origin, Source};

pub(crate) use draft::{Draft, read as read_draft};
pub(crate) use plain::{plain, short};
pub use wording::suggest;
pub(crate) use wording::{closest, parse_all};
