//! Tables as Parquet files: metrics, descriptors, text. Only this crate uses polars.
//!
//! Callers pass and receive plain rows, never data frames. Columns are found by name, not by position,
//! so tables stay readable when columns are added or reordered.
//!
//! The tables are small. Polars is therefore built without `lazy`, which would double the longest
//! compile, and at opt-level 1; `polars-io` reads and writes the files.

pub mod checksum;
pub mod descriptors;
mod error;
pub mod export;
mod frame;
pub mod leaderboard;
pub mod metrics;
pub mod predictions;
pub mod quality;
pub mod series;
pub mod summary;
pub mod text;

pub use error::{TableError, TableResult};
