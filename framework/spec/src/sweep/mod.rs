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

pub use expand::{ArmSpec, expand, single_settings};
pub use keys::{Setting, SweepBase};
pub use names::join;
