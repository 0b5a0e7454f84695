//! `boldface run`: runs what the store lacks, writes the report and prints its table.

use boldface_runner::plan::sweep::Resolved;
use boldface_runner::run;

use super::sweep::{self, Options};
use super::{Place, Spec, planned};
use crate::failure::{Failure, with_causes};
use crate::interrupt;
use crate::progress::Screen;

/// What to run, and where.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    spec: Spec,
    #[command(flatten)]
    place: Place,
    /// Sweeps: let the stages that run at once take this many gigabytes together, as far as earlier runs
    /// told what a stage takes; left out, what is free.
    #[arg(long, value_name = "GB")]
    memory: Option<f64>,
    /// Sweeps: stop at the first failure, instead of leaving out only what depends on it.
    #[arg(long)]
    fail_fast: bool,
}

/// Bytes of a thread's stack, as much as a main thread has.
const STACK: usize = 8 << 20;

/// Runs an experiment or a sweep.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let mut plan = match planned(&arguments.spec.path, &arguments.place)?.1 {
        Resolved::Experiment(plan) => plan,
        Resolved::Sweep(sweep) => {
            let memory = arguments.memory.map(|gigabytes| (gigabytes.max(0.0) * 1e9) as u64);
            let cores = sweep.arms.first().map_or(1, |arm| arm.plan.runtime.workers);
            let workers = arguments.place.workers().unwrap_or(1);
            return sweep::run(&sweep, &Options { workers, cores, memory, fail_fast: arguments.fail_fast });
        }
    };
    if let Some(workers) = arguments.place.workers() {
        plan.runtime.workers = workers;
        plan.experiment.runtime.workers = workers;
    }
    // Numerical code takes its threads from the pool it is called in.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(plan.runtime.workers).stack_size(STACK).build();
    let threads = threads.map_err(|error| Failure::Run(format!("no threads to compute on: {error}")))?;
    interrupt::listen();
    let screen = Screen::new();
    let finished = threads.install(|| run::run(&plan, &screen)).map_err(|failed| match &failed {
        run::Failed::Interrupted { .. } => Failure::Interrupted(failed.to_string()),
        _ => {
            let help = failed.help().map(|help| format!("\n  help: {help}"));
            Failure::Run(with_causes(&failed) + &help.unwrap_or_default())
        }
    })?;
    super::report::show(&finished.dir)
}
