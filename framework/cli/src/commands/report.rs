//! `boldface report`: prints the table and writes the pages of a stored run.

use std::path::{Path, PathBuf};

use boldface_runner::report::{self, ReportError};
use boldface_runner::run::{RECORD, SWEEP};

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
///
/// A run that somebody else keeps may be read-only. Its table is printed all the same.
pub fn execute(arguments: &ReportArguments) -> Result<(), Failure> {
    let run = &arguments.run;
    if run.join(SWEEP).is_file() {
        return sweep::report(run);
    }
    if !run.join(RECORD).is_file() {
        let message = format!("`{}` is not the folder of a run: it has no `plan.json`", run.display());
        return Err(Failure::Usage(message));
    }
    let paths = write_if_allowed(run)?;
    table(run)?;
    paths.iter().for_each(say_paths);
    Ok(())
}

/// Writes the pages of a run, and prints its table and their paths.
pub fn show(run: &Path) -> Result<(), Failure> {
    let paths = write(run)?;
    table(run)?;
    say_paths(&paths);
    Ok(())
}

/// Writes the pages of a run, unless its folder is read-only, which is said.
pub fn write_if_allowed(run: &Path) -> Result<Option<report::Paths>, Failure> {
    match report::write(run) {
        Err(error) if error.downcast_ref::<ReportError>().is_some_and(ReportError::is_read_only) => {
            say::aside(format_args!("the pages are not written: {}", with_causes(&*error)));
            Ok(None)
        }
        written => written.map(Some).map_err(|error| failed(run, &*error)),
    }
}

/// Prints the table of a run.
fn table(run: &Path) -> Result<(), Failure> {
    say::out(format_args!("{}\n", report::table(run).map_err(|error| failed(run, &*error))?));
    Ok(())
}

fn say_paths(paths: &report::Paths) {
    say::out(format_args!("report: {}\n        {}\n", paths.html.display(), paths.markdown.display()));
}

/// Writes the pages of a run.
pub fn write(run: &Path) -> Result<report::Paths, Failure> {
    report::write(run).map_err(|error| failed(run, &*error))
}

fn failed(run: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::Run(format!("cannot report `{}`: {}", run.display(), with_causes(error)))
}
