//! Scans in words: those of a run, and those of people who were never in one.

mod each;
mod saved;

pub(crate) use each::each;
pub use saved::{FILE, Generator, Saved};
