//! `boldface report`: prints the table and writes the pages of a stored run.

use std::path::{Path, PathBuf};

use boldface_runner::report;

use super::sweep;
use crate::failure::{Failure, with_causes};
use crate::say;

/// Arguments of `boldface report`.
#[derive(clap::Args)]
pub struct ReportArguments {
    /// Folder of a run or of a sweep.
    #[arg(value_name = "RUN", default_value = "runs/latest")]
    run: PathBuf,
}

/// Reports a stored run or sweep.
pub fn execute(arguments: &ReportArguments) -> Result<(), Failure> {
    let run = &arguments.run;
    if run.join("sweep.json").is_file() {
        return sweep::report(run);
    }
    if !run.join("plan.json").is_file() {
        let message = format!("`{}` is not the folder of a run: it has no `plan.json`", run.display());
        return Err(Failure::Usage(message));
    }
    show(run)
}

/// Writes the pages of a run, and prints its table and their paths.
pub fn show(run: &Path) -> Result<(), Failure> {
    let paths = write(run)?;
    say::out(format_args!("{}\n", report::table(run).map_err(|error| failed(run, &*error))?));
    say::out(format_args!("report: {}\n        {}\n", paths.html.display(), paths.markdown.display()));
    Ok(())
}

/// Writes the pages of a run.
pub fn write(run: &Path) -> Result<report::Paths, Failure> {
    report::write(run).map_err(|error| failed(run, &*error))
}

fn failed(run: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::Run(format!("cannot report `{}`: {}", run.display(), with_causes(error)))
}
