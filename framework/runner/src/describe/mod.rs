//! Scans in words and numbers: those of a run, and those of people who were never in one.

mod corpus;
mod each;
mod families;
mod features;
mod find;
mod named;
mod saved;
mod signal;

pub use corpus::{Corpus, Known, Stranger};
pub(crate) use each::each;
pub use families::{Families, FamiliesError};
pub use features::{Row, Scans, sheet};
use find::find;
pub use named::{NamedScan, named, shared};
pub use saved::{FILE, Generator, Saved};
