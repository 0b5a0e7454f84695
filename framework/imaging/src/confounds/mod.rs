//! Confounds of a scan: tables of several programs, named strategies, motion, and the volumes to keep.

mod choose;
mod components;
mod displacement;
mod dummy;
mod headerless;
mod names;
mod scrub;
mod strategy;
mod table;

#[cfg(test)]
mod tests;

pub use choose::Confounds;
pub use displacement::framewise_displacement;
pub use dummy::DummyScans;
pub use scrub::{Scrub, clean_seconds, kept_volumes};
pub use strategy::{CompCorComponents, Motion, Strategy};
pub use table::ConfoundTable;
