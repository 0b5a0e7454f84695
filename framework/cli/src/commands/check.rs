//! `boldface check`: every problem at once, nothing run.

use std::path::PathBuf;

use boldface_runner::plan::resolve;

use super::{BUILD, read};
use crate::failure::Failure;
use crate::say;

/// What to check.
#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments.
    #[arg(value_name = "FILE", required = true)]
    paths: Vec<PathBuf>,
    /// Print each spec with all its defaults.
    #[arg(long)]
    resolved: bool,
}

/// Checks every file, and fails once for all of them.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for path in &arguments.paths {
        let source = read(path)?;
        match resolve(path, &source, &BUILD) {
            Ok(plan) if arguments.resolved => say::out(plan.to_toml()),
            Ok(plan) => {
                say::out(format_args!("{}: no problem, {} stages\n", path.display(), plan.stages.len()));
            }
            Err(problems) => wrong.extend(problems),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Spec(wrong)) }
}
