//! Errors of tables. Each names its file.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A result whose error is [`TableError`].
pub type TableResult<T, E = TableError> = std::result::Result<T, E>;

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
    /// The table cannot be encoded as Parquet.
    #[error("cannot write `{}` as Parquet: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// The writer's reason.
        reason: String,
    },
    /// A column is missing.
    #[error("`{}` has no column `{column}`; it has {}", path.display(), quoted(columns))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The missing column.
        column: String,
        /// The existing columns.
        columns: Vec<String>,
    },
    /// A column has the wrong type.
    #[error("column `{column}` of `{}` has the type {found}; expected {wanted}", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The column's type as polars names it.
        found: String,
        /// The expected type.
        wanted: &'static str,
    },
    /// A value is not one of those that the column may have.
    #[error("row {row} of `{}` has `{found}` in column `{column}`; expected {wanted}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The row, counted from 1.
        row: usize,
        /// The value.
        found: String,
        /// The permitted values.
        wanted: &'static str,
    },
    /// A required value is missing.
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
