//! What a run reports while it goes on.

use std::path::Path;

use boldface::{Metric, MetricRow};

use crate::store::Stage;

/// Watches a run: shows its progress and stops it when asked.
pub trait Events: Sync {
    /// The run's folder was created. Logs may go to `log.jsonl` in it.
    fn opened(&self, _dir: &Path) {}

    /// Another run is making this stage, and this one waits for it.
    fn waiting(&self, _stage: &Stage) {}

    /// A stage that is not cached starts. It is number `index` of `total`.
    fn started(&self, _stage: &Stage, _index: usize, _total: usize) {}

    /// A stage resumes after `step` steps.
    fn resumed(&self, _stage: &Stage, _step: u64) {}

    /// The running stage finished `done` of `total` steps.
    fn progress(&self, _stage: &Stage, _done: u64, _total: u64) {}

    /// A stage of a sweep failed with `error`. The sweep continues without the stages that depend on
    /// it.
    fn failed(&self, _stage: &Stage, _error: &str) {}

    /// The running stage recorded a metric during training.
    fn recorded(&self, _stage: &Stage, _step: u64, _metric: &Metric) {}

    /// All metrics of a stage that is about to finish.
    fn measured(&self, _stage: &Stage, _rows: &[MetricRow]) {}

    /// A stage is finished. `cached` if it came from the store.
    fn finished(&self, _stage: &Stage, _seconds: f64, _cached: bool) {}

    /// Whether the user wants to stop.
    fn interrupted(&self) -> bool {
        false
    }
}
