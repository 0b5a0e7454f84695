//! Errors of comparisons.

use std::path::PathBuf;

use thiserror::Error;

use crate::report::stored::ReportError;

/// An error that prevents a comparison.
#[derive(Debug, Error)]
pub enum CompareError {
    /// A path that is neither a run nor a sweep.
    #[error("`{}` is neither a run nor a sweep: {why}; runs are in `runs/EXPERIMENT/TIME`", path.display())]
    NoRun {
        /// The path as the user gave it.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// A single run, which has nothing to be compared with.
    #[error("`{0}` is one run: name another one to compare it with, or the folder of a sweep")]
    One(String),
    /// The runs share no task.
    #[error("the runs have no task in common: {}", has.iter().map(|(run, tasks)| format!("`{run}` has {tasks}")).collect::<Vec<_>>().join(", "))]
    NoTask {
        /// Each run and its tasks.
        has: Vec<(String, String)>,
    },
    /// No task has that metric.
    #[error("no scored task has the metric `{metric}`; there {known}")]
    NoMetric {
        /// The metric as the user gave it.
        metric: String,
        /// The metrics that exist, in words.
        known: String,
    },
    /// A sweep without a finished arm.
    #[error("no arm of the sweep in `{}` is finished{}", dir.display(), failed.iter().map(|arm| format!("\n  {arm}")).collect::<String>())]
    NoArm {
        /// The sweep's folder.
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
pub type CompareResult<T, E = CompareError> = std::result::Result<T, E>;
