//! Sweeps and their expansion into arms.

mod ablate;
mod axes;
mod expand;
mod keys;
mod names;
mod table;
#[cfg(test)]
mod tests;

pub use table::{Ablate, Design, Select, SweepTable, When};

pub(crate) use expand::{ArmSpec, expand};
pub(crate) use keys::{Setting, SweepBase};
pub(crate) use names::join;
