//! A sweep as its author wrote it, and the arms it stands for.

mod ablate;
mod axes;
mod expand;
mod keys;
mod names;
mod table;
#[cfg(test)]
mod tests;

pub use table::{Ablate, Design, Select, SweepTable, When};

pub(crate) use expand::{Arm, expand};
pub(crate) use keys::{Base, Setting};
pub(crate) use names::join;
