//! Tables as Parquet files: metrics, descriptors, text. The only crate that names polars.
//!
//! No data frame leaves this crate: callers pass and get plain rows. Columns are found by name and
//! never by place, so a table may gain columns or change their order and still be read.

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

pub use error::{Result, TableError};
