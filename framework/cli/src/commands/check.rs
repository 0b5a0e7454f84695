//! `boldface check`: reports every problem at once and runs nothing.

use std::path::PathBuf;

use boldface_runner::plan::DataCache;
use boldface_runner::plan::sweep::{Resolved, Union, resolve_any};

use super::{BUILD, RuntimeArguments, read};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface check`.
#[derive(clap::Args)]
pub struct CheckArguments {
    /// Experiments and sweeps to check.
    #[arg(value_name = "FILE", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    place: RuntimeArguments,
    /// Print each spec with all its defaults; for a sweep, every arm.
    #[arg(long)]
    resolved: bool,
}

/// Checks every file, and fails once with the problems of all of them.
pub fn execute(arguments: &CheckArguments) -> Result<(), Failure> {
    let (mut wrong, data) = (Vec::new(), DataCache::telling(|line| say::aside(line)));
    for path in &arguments.paths {
        let resolved = match read(path, &arguments.place) {
            Ok(spec) => resolve_any(&spec, &BUILD, &data),
            Err(Failure::Spec(problems)) => Err(problems),
            Err(failure) => return Err(failure),
        };
        match resolved {
            Ok(Resolved::Experiment(plan)) if arguments.resolved => say::out(plan.to_toml()),
            Ok(Resolved::Experiment(plan)) => {
                say::out(format_args!("{}: no problem, {} stages\n", path.display(), plan.stages.len()));
            }
            Ok(Resolved::Sweep(sweep)) if arguments.resolved => {
                for arm in &sweep.arms {
                    say::out(format_args!("# arm {}\n\n{}\n", arm.name, arm.plan.to_toml()));
                }
            }
            Ok(Resolved::Sweep(sweep)) => {
                let (arms, distinct) = (sweep.arms.len(), Union::collect(&sweep).nodes.len());
                let path = path.display();
                say::out(format_args!("{path}: no problem, {arms} arms, {distinct} distinct stages\n"));
            }
            Err(problems) => wrong.extend(problems),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Spec(wrong)) }
}
