//! `boldface clean`: frees what the cache of stages holds and no run needs.

use std::path::PathBuf;
use std::time::Duration;

use boldface_runner::run::{CacheLimits, CachePlan};

use super::amounts::megabytes;
use crate::failure::{Failure, with_causes};
use crate::say;

/// Arguments of `boldface clean`.
#[derive(clap::Args)]
#[command(
    after_help = "Stages of every run folder that exists are kept: remove a run folder first to free its stages. \
Checkpoints of unfinished stages go only with `--older-than`.

Examples:
  boldface clean                        # show what would go
  boldface clean --yes                  # remove it
  boldface clean --older-than 30 --larger-than 100"
)]
pub struct CleanArguments {
    /// Folder of runs whose cache is cleaned.
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    /// Remove only what was made more than this many days ago.
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u64>,
    /// Remove only what takes more than this many megabytes.
    #[arg(long, value_name = "MB")]
    larger_than: Option<u64>,
    /// Remove it. Without this flag, nothing is removed.
    #[arg(long)]
    yes: bool,
}

/// Shows or removes what no run needs.
pub fn execute(arguments: &CleanArguments) -> Result<(), Failure> {
    let limits = CacheLimits {
        older_than: arguments.older_than.map(|days| Duration::from_secs(days.saturating_mul(86_400))),
        larger_than: arguments.larger_than.map(|size| size.saturating_mul(1_000_000)),
    };
    let plan = if arguments.yes {
        CachePlan::apply(&arguments.runs, &limits)
    } else {
        CachePlan::read(&arguments.runs, &limits)
    };
    let plan = plan.map_err(|error| Failure::Run(with_causes(&*error)))?;
    say::out(table(&plan));
    let (count, bytes) = (plan.remove.len(), plan.remove.iter().map(|removal| removal.entry.bytes).sum());
    let (verb, advice) = match (count, arguments.yes) {
        (0, _) => ("nothing to remove", ""),
        (_, true) => ("removed", ""),
        (_, false) => ("would remove", "; `--yes` removes it"),
    };
    say::out(match count {
        0 => format!("{verb}; {} entries ({}) are kept\n", plan.kept, megabytes(plan.kept_bytes)),
        _ => format!(
            "{verb} {count} entries ({}, {bytes} bytes) and {} {} ({}){advice}\n",
            megabytes(bytes),
            if arguments.yes { "kept" } else { "keep" },
            plan.kept,
            megabytes(plan.kept_bytes)
        ),
    });
    plan.notes.iter().for_each(|note| say::aside(format_args!("note: {note}")));
    Ok(())
}

/// Formats a line per entry to remove, the largest first.
fn table(plan: &CachePlan) -> String {
    let name = |name: &str| name.chars().count();
    let width = plan.remove.iter().map(|removal| name(&removal.entry.name)).max().unwrap_or(0);
    let line = |removal: &boldface_runner::run::CacheRemoval| {
        let entry = &removal.entry;
        let days = removal.age.as_secs() / 86_400;
        let age = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        format!("{:width$}  {:>9}  {age:>9}  {}\n", entry.name, megabytes(entry.bytes), removal.reason)
    };
    plan.remove.iter().map(line).collect()
}
