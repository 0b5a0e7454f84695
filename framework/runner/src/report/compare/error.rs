//! Why runs cannot be compared.

use std::path::PathBuf;

use thiserror::Error;

use crate::report::stored::ReportError;

/// A comparison that cannot be made.
#[derive(Debug, Error)]
pub enum CompareError {
    /// A path leads to nothing that was run.
    #[error("`{}` is neither a run nor a sweep: {why}; runs are in `runs/EXPERIMENT/TIME`", path.display())]
    NoRun {
        /// What was asked for.
        path: PathBuf,
        /// What was looked for in it.
        why: String,
    },
    /// One run is not compared with itself.
    #[error("`{0}` is one run: name another one to compare it with, or the folder of a sweep")]
    One(String),
    /// The runs share no task.
    #[error("the runs have no task in common: {}", has.iter().map(|(run, tasks)| format!("`{run}` has {tasks}")).collect::<Vec<_>>().join(", "))]
    NoTask {
        /// Each run and what it has.
        has: Vec<(String, String)>,
    },
    /// No task has that metric.
    #[error("no task that was scored has the metric `{metric}`; there {known}")]
    NoMetric {
        /// What was asked for.
        metric: String,
        /// What there is, in words.
        known: String,
    },
    /// A sweep in which nothing finished.
    #[error("no arm of the sweep in `{}` is finished{}", dir.display(), failed.iter().map(|arm| format!("\n  {arm}")).collect::<String>())]
    NoArm {
        /// Its folder.
        dir: PathBuf,
        /// Every arm and how it ended.
        failed: Vec<String>,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] ReportError),
    /// A table cannot be read or written.
    #[error(transparent)]
    Table(#[from] boldface_tables::TableError),
}

/// A result whose error is [`CompareError`].
pub type Result<T, E = CompareError> = std::result::Result<T, E>;
