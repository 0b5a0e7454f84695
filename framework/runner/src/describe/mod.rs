//! Scans in words: those of a run, and those of people who were never in one.

mod corpus;
mod each;
mod find;
mod named;
mod saved;
mod signal;

pub use corpus::{Corpus, Known, Stranger};
pub(crate) use each::each;
use find::find;
pub use named::{NamedScan, named, shared};
pub use saved::{FILE, Generator, Saved};
