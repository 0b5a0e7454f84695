//! What can be wrong with a table: the file is always named.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A result whose error is [`TableError`].
pub type Result<T, E = TableError> = std::result::Result<T, E>;

/// A table that cannot be read or written.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file cannot be opened, written or renamed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not a whole Parquet file.
    #[error("`{}` is not a readable Parquet file: {reason}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The reader's reason.
        reason: String,
    },
    /// The table cannot be put into Parquet.
    #[error("cannot write `{}` as Parquet: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// The writer's reason.
        reason: String,
    },
    /// A column is not there.
    #[error("`{}` has no column `{column}`; it has {}", path.display(), quoted(columns))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// A column holds something else.
    #[error("column `{column}` of `{}` holds {found} where {wanted} is needed", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type, in polars' words.
        found: String,
        /// What is needed instead.
        wanted: &'static str,
    },
    /// A value is missing that may not be.
    #[error("row {row} of `{}` has no value in column `{column}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, counted from 1.
        row: usize,
    },
}

fn quoted(columns: &[String]) -> String {
    if columns.is_empty() {
        return "none".to_owned();
    }
    columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
}
