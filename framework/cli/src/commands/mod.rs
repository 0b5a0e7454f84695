//! The commands, one file each.

mod check;
mod compare;
mod explain;
mod list;
mod plan;
mod report;
mod run;
mod schema;
mod sweep;

use std::path::{Path, PathBuf};

use boldface::registry::{Entry, entries};
use boldface_runner::plan::sweep::{Resolved, Sweep, resolve_any};
use boldface_runner::plan::{Build, Plan, no_libraries};
use clap::Subcommand;

use crate::failure::Failure;

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Finds every problem of specs; runs nothing.
    Check(check::Arguments),
    /// Shows the stages of a spec, their keys, and which are cached.
    Plan(plan::Arguments),
    /// Runs what is not cached, and reports.
    Run(run::Arguments),
    /// Prints the table of a run and writes its report anew.
    Report(report::Arguments),
    /// Compares runs key by key and score by score, or ranks the arms of a sweep.
    Compare(compare::Arguments),
    /// Lists plugins.
    List(list::Arguments),
    /// Prints a plugin's page: what it does, its keys and their defaults.
    Explain(explain::Arguments),
    /// Prints the JSON schema of specs, for editors.
    Schema,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Whatever went wrong, with its exit code.
    pub fn execute(self) -> Result<(), Failure> {
        match self {
            Command::Check(arguments) => check::execute(&arguments),
            Command::Plan(arguments) => plan::execute(&arguments),
            Command::Run(arguments) => run::execute(&arguments),
            Command::Report(arguments) => report::execute(&arguments),
            Command::Compare(arguments) => compare::execute(&arguments),
            Command::List(arguments) => list::execute(&arguments),
            Command::Explain(arguments) => explain::execute(&arguments),
            Command::Schema => schema::execute(),
        }
    }
}

/// Where and how fast to run; what is run is the spec's alone.
#[derive(clap::Args)]
struct Place {
    /// Compute here instead of on the spec's device.
    #[arg(long)]
    device: Option<String>,
    /// One experiment: use this many threads. A sweep: run this many stages at once, which share the
    /// spec's threads. 0 takes every core.
    #[arg(long)]
    workers: Option<usize>,
    /// Keep runs and cached stages in this folder instead of the spec's.
    #[arg(long)]
    runs: Option<PathBuf>,
}

impl Place {
    fn apply(&self, plan: &mut Plan) -> Result<(), Failure> {
        if let Some(workers) = self.workers {
            plan.runtime.workers = if workers == 0 { cores() } else { workers };
            plan.experiment.runtime.workers = workers;
        }
        self.apply_where(plan)
    }

    /// As [`Place::apply`] for every arm; how many stages run at once.
    fn apply_to_sweep(&self, sweep: &mut Sweep) -> Result<usize, Failure> {
        sweep.arms.iter_mut().try_for_each(|arm| self.apply_where(&mut arm.plan))?;
        Ok(match self.workers {
            None => 1,
            Some(0) => cores(),
            Some(workers) => workers,
        })
    }

    fn apply_where(&self, plan: &mut Plan) -> Result<(), Failure> {
        if let Some(device) = &self.device {
            if !BUILD.devices.contains(&device.as_str()) {
                let known = BUILD.devices.join("`, `");
                let message = format!("this build cannot compute on `{device}`; it can on `{known}`");
                return Err(Failure::Usage(message));
            }
            plan.runtime.device.clone_from(device);
            plan.experiment.runtime.device.clone_from(device);
        }
        if let Some(runs) = &self.runs {
            plan.experiment.runtime.runs.clone_from(runs);
        }
        Ok(())
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What this binary was built with.
const BUILD: Build<'static> =
    Build { engines: boldface_engine::ENGINES, devices: &["cpu"], load: &no_libraries };

/// Reads and resolves an experiment or a sweep.
fn planned(path: &Path) -> Result<Resolved, Failure> {
    let source = read(path)?;
    resolve_any(path, &source, &BUILD).map_err(Failure::Spec)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read `{}`: {error}", path.display())))
}

/// Every kind of plugin, in pipeline order.
const KINDS: [&str; 5] = ["dataset", "corpus", "tokenizer", "backbone", "task"];

/// All plugins, or those of one kind.
fn plugins(kind: Option<&str>) -> Vec<Entry> {
    entries().into_iter().filter(|entry| kind.is_none_or(|kind| kind == entry.kind)).collect()
}

/// The spec of a command.
#[derive(clap::Args)]
struct Spec {
    /// The experiment or the sweep, such as `experiments/quickstart.toml`.
    #[arg(value_name = "FILE")]
    path: PathBuf,
}
