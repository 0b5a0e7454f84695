//! `boldface run`: runs the stages missing from the store, writes the report and prints its table.

use boldface_runner::plan::sweep::Resolved;
use boldface_runner::run;

use super::sweep::{self, Options};
use super::{RuntimeArguments, Spec, planned, threads};
use crate::failure::{Failure, with_causes};
use crate::interrupt;
use crate::progress::Screen;
use crate::say;

/// Arguments of `boldface run`.
#[derive(clap::Args)]
pub struct RunArguments {
    #[command(flatten)]
    spec: Spec,
    #[command(flatten)]
    place: RuntimeArguments,
    /// Sweeps: limit the memory of all stages that run at once, in gigabytes. Only stages like one that
    /// ran before count. Default: the free memory.
    #[arg(long, value_name = "GB")]
    memory: Option<f64>,
    /// Sweeps: stop at the first failure. By default, only stages that depend on it are skipped.
    #[arg(long)]
    fail_fast: bool,
    /// Sweeps: run only this arm, named as `boldface plan` shows it, such as `fold=1`. A later run of the
    /// whole sweep finds its stages in the store.
    #[arg(long, value_name = "ARM")]
    only: Option<String>,
    /// Dry try on at most N scans: people of every split, spread over the labels of the tasks, in
    /// stages and a folder of their own. It shows that a spec runs; its numbers are no result.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Runs an experiment or a sweep.
pub fn execute(arguments: &RunArguments) -> Result<(), Failure> {
    let mut plan = match planned(&arguments.spec.path, &arguments.place)?.1 {
        Resolved::Experiment(_) if arguments.only.is_some() => {
            let path = arguments.spec.path.display();
            return Err(Failure::Usage(format!(
                "`{path}` is one experiment without arms; leave out `--only`"
            )));
        }
        Resolved::Experiment(mut plan) => {
            limited(arguments.limit, |most| plan.limit(most))?;
            plan
        }
        Resolved::Sweep(mut sweep) => {
            if let Some(name) = &arguments.only {
                sweep.keep_only(name).map_err(Failure::Usage)?;
            }
            limited(arguments.limit, |most| sweep.limit(most))?;
            let memory = arguments.memory.map(|gigabytes| (gigabytes.max(0.0) * 1e9) as u64);
            let cores = sweep.arms.first().map_or(1, |arm| arm.plan.runtime.workers);
            let workers = arguments.place.workers().unwrap_or(1);
            let options = Options { workers, cores, memory, fail_fast: arguments.fail_fast };
            let run = sweep::run(&sweep, &options);
            warn_of_limit(arguments.limit);
            return run;
        }
    };
    if let Some(workers) = arguments.place.workers() {
        plan.study.runtime.workers = workers;
        plan.study.experiment.runtime.workers = workers;
    }
    plan.leakage.told().for_each(|told| say::aside(format_args!("note: {told}")));
    // Numerical code uses the threads of the pool it is called in.
    let pool = threads::start(plan.runtime.workers)?;
    interrupt::listen();
    let screen = Screen::new();
    let finished = pool.install(|| run::run(&plan, &screen)).map_err(|failed| match &failed {
        run::Failed::Interrupted { .. } => Failure::Interrupted(failed.to_string()),
        _ => {
            let help = failed.help().map(|help| format!("\n  help: {help}"));
            Failure::Run(with_causes(&failed) + &help.unwrap_or_default())
        }
    })?;
    super::report::show(&finished.dir)?;
    warn_of_limit(arguments.limit);
    Ok(())
}

fn limited(limit: Option<usize>, apply: impl FnOnce(usize) -> Result<(), String>) -> Result<(), Failure> {
    limit.map_or(Ok(()), apply).map_err(Failure::Usage)
}

/// Repeats the warning below the last table, where the numbers are read.
fn warn_of_limit(limit: Option<usize>) {
    if let Some(most) = limit {
        say::out(format_args!("limited to {most} scans: no result\n"));
    }
}
