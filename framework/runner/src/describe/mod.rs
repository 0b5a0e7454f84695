//! Describes scans in words and numbers, in a run and outside of one.

mod corpus;
mod each;
mod families;
mod features;
mod find;
mod named;
mod saved;
mod signal;

pub use corpus::{Corpus, ScanDetails, Stranger};
pub(crate) use each::each;
pub use families::{Families, FamiliesError};
pub use features::{FeatureRow, Scans, sheet};
use find::find;
pub use named::{NamedScan, named, shared};
pub use saved::{FILE, Generator, SavedCorpus};
