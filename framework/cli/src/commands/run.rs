//! `boldface run`: runs what the store lacks, writes the report and prints its table.

use boldface_runner::run;

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
}

/// Bytes of a thread's stack, as much as a main thread has.
const STACK: usize = 8 << 20;

/// Runs an experiment.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let mut plan = planned(&arguments.spec.path)?;
    arguments.place.apply(&mut plan)?;
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
