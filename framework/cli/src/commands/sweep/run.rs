//! Runs a sweep and says what became of its arms.

use boldface_runner::plan::Stage;
use boldface_runner::plan::sweep::Sweep;
use boldface_runner::run::{ArmStatus, Budget, FinishedSweep, History, Store, SweepFailed, run_sweep};

use crate::failure::{Failure, with_causes};
use crate::interrupt;
use crate::progress::Screen;
use crate::say;

/// Where and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Stages at once.
    pub workers: usize,
    /// Threads of all of them together.
    pub cores: usize,
    /// Bytes that they may take together; what the machine has free if left out.
    pub memory: Option<u64>,
    /// Whether the first failure stops the sweep.
    pub fail_fast: bool,
}

/// Runs a sweep.
pub fn run(sweep: &Sweep, options: &Options) -> Result<(), Failure> {
    interrupt::listen();
    let history = History::of(&Store::open(sweep.runs()));
    let budget = Budget {
        workers: options.workers,
        cores: options.cores,
        memory: options.memory.or_else(free_memory).unwrap_or(u64::MAX),
        takes: &|stage: &Stage| history.estimate(stage)?.memory,
        fail_fast: options.fail_fast,
    };
    let finished = run_sweep(sweep, &budget, &Screen::new()).map_err(|failed| match &failed {
        SweepFailed::Interrupted { .. } => Failure::Interrupted(failed.to_string()),
        _ => Failure::Run(with_causes(&failed)),
    })?;
    for arm in finished.record.arms.iter().filter(|arm| arm.status != ArmStatus::Skipped) {
        let dir = finished.dir.join(&arm.run);
        if dir.join("plan.json").is_file() {
            boldface_runner::report::write(&dir).map_err(|error| {
                Failure::Run(format!("no report of `{}`: {}", dir.display(), with_causes(&*error)))
            })?;
        }
    }
    say::out(table(&finished));
    failures(&finished)
}

/// One line an arm.
fn table(finished: &FinishedSweep) -> String {
    let arms = &finished.record.arms;
    let width = arms.iter().map(|arm| arm.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for arm in arms {
        let state = match arm.status {
            ArmStatus::Finished => "finished",
            ArmStatus::Failed => "failed",
            ArmStatus::Skipped => "skipped",
        };
        text += format!("  {:<width$}  {state}", arm.name).trim_end();
        text.push('\n');
    }
    text + &format!("sweep: {}\n", finished.dir.display())
}

/// A failure if an arm failed: which, and why.
fn failures(finished: &FinishedSweep) -> Result<(), Failure> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for arm in finished.record.failed() {
        let error = arm.error.as_deref().unwrap_or_default();
        match reasons.iter_mut().find(|(reason, _)| *reason == error) {
            Some((_, arms)) => arms.push(&arm.name),
            None => reasons.push((error, vec![&arm.name])),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let (failed, all) = (finished.record.failed().count(), finished.record.arms.len());
    let mut message = format!("{failed} of {all} arms failed; the others are finished and kept");
    if finished.record.arms.iter().any(|arm| arm.status == ArmStatus::Skipped) {
        message = format!("{failed} of {all} arms failed, and `--fail-fast` stopped the sweep");
    }
    for (reason, arms) in reasons {
        message += &format!("\n  {reason}\n    in {}", arms.join(", "));
    }
    Err(Failure::Run(message))
}

/// Bytes of memory that are free, where the system says so.
fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
