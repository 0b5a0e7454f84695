//! A finished run as a folder that others can use without our store: to verify scores or start from it.
//!
//! ```text
//! DIR/README.md          the model's card
//!     manifest.json      what it is, and the hash of every file
//!     tokenizer/ model/  what was fitted, as the plugins save it; `aligned/` where a task asked the model before stage 3
//!     norms/             what the corpus generators learned: statistics of groups
//!     normaliser.json regions.tsv splits.tsv learned.tsv prompts/
//!     spec.toml versions.json metrics.parquet metrics.md LICENCE.md
//! ```

mod card;
mod find;
mod licence;
mod private;
mod versions;
mod write;

pub use crate::store::export::{Export, Refused};
pub use find::find;
pub use write::{Exported, write};
