//! Runs a sweep and reports the outcome of its arms.

use std::path::{Path, PathBuf};

use boldface_runner::plan::Stage;
use boldface_runner::plan::sweep::Sweep;
use boldface_runner::run::{
    ArmStatus, Budget, History, RECORD, SWEEP, Store, SweepFailed, SweepRecord, run_sweep,
};

use super::super::{compare, report as pages};
use crate::failure::{Failure, with_causes};
use crate::interrupt;
use crate::progress::Screen;
use crate::say;

/// Limits of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Number of stages that run at once.
    pub workers: usize,
    /// Threads that all stages share.
    pub cores: usize,
    /// Bytes of memory that all stages share; by default, the free memory.
    pub memory: Option<u64>,
    /// Whether the first failure stops the sweep.
    pub fail_fast: bool,
}

/// Runs a sweep, writes every arm's report and compares the arms.
pub fn run(sweep: &Sweep, options: &Options) -> Result<(), Failure> {
    interrupt::listen();
    // The memory of a stage is known only if a stage like it has finished before.
    let history = History::read(&Store::open(sweep.runs()));
    let takes = |stage: &Stage| history.estimate(stage)?.memory;
    let budget = Budget {
        workers: options.workers,
        cores: options.cores,
        memory: options.memory.or_else(free_memory).unwrap_or(u64::MAX),
        takes: &takes,
        fail_fast: options.fail_fast,
    };
    let finished = run_sweep(sweep, &budget, &Screen::for_sweep(sweep)).map_err(|failed| match &failed {
        SweepFailed::Interrupted { .. } => Failure::Interrupted(failed.to_string()),
        _ => Failure::Run(with_causes(&failed)),
    })?;
    write_reports(&finished.dir, &finished.record)?;
    if finished.record.arms.iter().any(|arm| arm.status == ArmStatus::Finished) {
        compare::show_sweep(&finished.dir, sweep.runs())?;
    }
    say::out(format_args!("sweep: {}\n", finished.dir.display()));
    failures(&finished.record)
}

/// Reports a stored sweep.
pub fn report(dir: &Path) -> Result<(), Failure> {
    let path = dir.join(SWEEP);
    let damaged =
        |error: &dyn std::error::Error| Failure::Run(format!("cannot read `{}`: {error}", path.display()));
    let text = std::fs::read(&path).map_err(|error| damaged(&error))?;
    let record: SweepRecord = serde_json::from_slice(&text).map_err(|error| damaged(&error))?;
    runs(dir, &record).try_for_each(|run| pages::write_if_allowed(&run).map(drop))?;
    compare::show_sweep(dir, dir)
}

/// Writes the pages of every arm that has a plan.
fn write_reports(dir: &Path, record: &SweepRecord) -> Result<(), Failure> {
    runs(dir, record).try_for_each(|run| pages::write(&run).map(drop))
}

/// Returns the folders of the arms that have a plan.
fn runs(dir: &Path, record: &SweepRecord) -> impl Iterator<Item = PathBuf> {
    let runs = record.arms.iter().map(|arm| dir.join(&arm.run));
    runs.filter(|run| run.join(RECORD).is_file()).collect::<Vec<_>>().into_iter()
}

/// Returns a failure that lists the failed arms and their errors, if any.
fn failures(record: &SweepRecord) -> Result<(), Failure> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for arm in record.failed() {
        let error = arm.error.as_deref().unwrap_or_default();
        match reasons.iter_mut().find(|(reason, _)| *reason == error) {
            Some((_, arms)) => arms.push(&arm.name),
            None => reasons.push((error, vec![&arm.name])),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let (failed, all) = (record.failed().count(), record.included().count());
    let mut message = format!("{failed} of {all} arms failed; the others are finished and kept");
    if record.included().any(|arm| arm.status == ArmStatus::Skipped) {
        message = format!("{failed} of {all} arms failed, and `--fail-fast` stopped the sweep");
    }
    for (reason, arms) in reasons {
        message += &format!("\n  {reason}\n    in {}", arms.join(", "));
    }
    Err(Failure::Run(message))
}

/// Returns the free memory in bytes, on systems that report it.
fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
