//! Describes scans in words and numbers, in a run and outside of one.

mod corpus;
mod families;
mod features;
mod find;
mod named;
pub mod signal;

pub use corpus::{Corpus, ScanDetails, Stranger};
pub use families::{Families, FamiliesError};
pub use features::{FeatureRow, Scans, sheet};
use find::find;
pub use named::{NamedScan, named, shared};

pub use crate::store::corpus::{FILE, Generator, SavedCorpus};
