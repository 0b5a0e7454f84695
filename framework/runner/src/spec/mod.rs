//! An experiment as its author wrote it.

mod experiment;

pub use experiment::{
    Alignment, Evaluation, Experiment, Instruction, RuntimeTable, Signal, SplitTable, Standardize, Table,
    Text,
};
