//! `boldface compare`: compares stored runs, or ranks the arms of a sweep.

use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
use std::path::{Path, PathBuf};

use boldface::{Part, files};
use boldface_runner::report::compare::{self, CompareError, Comparison, ComparisonRequest};
use clap::ValueEnum;

use super::libraries::Libraries;
use crate::failure::{Failure, with_causes};
use crate::say;

/// Arguments of `boldface compare`.
#[derive(clap::Args)]
pub struct CompareArguments {
    /// Folders of runs, names of experiments (their latest run), or the folder of one sweep. The others
    /// are compared with the first run.
    #[arg(value_name = "RUN", required = true)]
    paths: Vec<PathBuf>,
    /// Show only this metric, such as `condition.auroc` or `auroc`.
    #[arg(long)]
    metric: Option<String>,
    /// Part to compare. Arms of a sweep are always ranked by validation.
    #[arg(long, value_enum, default_value_t = Shown::Test)]
    part: Shown,
    /// Write this format instead of a table for the terminal.
    #[arg(long, value_enum)]
    to: Option<Format>,
    /// Write to this new file instead of standard output.
    #[arg(long, value_name = "FILE", requires = "to")]
    out: Option<PathBuf>,
    /// Folder of runs in which names are looked up.
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    #[command(flatten)]
    libraries: Libraries,
}

/// A part of the subjects that is reported.
#[derive(Clone, Copy, ValueEnum)]
enum Shown {
    /// Subjects that models and settings are chosen by.
    Validation,
    /// Subjects that nothing was fitted on or chosen by.
    Test,
}

/// A format for other programs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One row per arm, task, part, metric and model, baseline or control, with all digits. Rows whose
    /// `row` is `mean` average the arms that differ only in seeds and folds.
    Csv,
    /// The same table with typed columns, for polars and pandas; needs `--out`.
    Parquet,
    /// Tables for a paper, with `booktabs`.
    Latex,
    /// All tables as Markdown text.
    Markdown,
    /// One page with sortable tables and plots; needs no network.
    Html,
}

/// Compares runs and prints or writes the result.
pub fn execute(arguments: &CompareArguments) -> Result<(), Failure> {
    let part = match arguments.part {
        Shown::Validation => Part::Validation,
        Shown::Test => Part::Test,
    };
    // Before anything is computed.
    arguments.out.iter().try_for_each(|out| check_new(out))?;
    arguments.libraries.load()?;
    let CompareArguments { paths, runs, metric, .. } = arguments;
    let with_sheet = matches!(arguments.to, Some(Format::Csv | Format::Parquet));
    let asked = ComparisonRequest { paths, runs, metric: metric.as_deref(), part, with_sheet };
    let comparison = compare::compare(&asked);
    let comparison = comparison.map_err(failure)?;
    match (arguments.to, &arguments.out) {
        (None, _) => show(&comparison),
        (Some(Format::Parquet), None) => Err(Failure::Usage(
            "Parquet cannot be printed on a terminal; give a file with `--out FILE`".to_owned(),
        )),
        (Some(Format::Parquet), Some(out)) => {
            check_new(out)?;
            comparison.parquet(out).map_err(failure)
        }
        (Some(format), out) => {
            let text = match format {
                Format::Csv | Format::Parquet => comparison.csv(),
                Format::Latex => comparison.latex(),
                Format::Markdown => comparison.markdown(),
                Format::Html => comparison.html(),
            };
            match out {
                Some(out) => write(out, &text),
                None => {
                    say::out(text);
                    Ok(())
                }
            }
        }
    }
}

/// Compares the arms of a sweep that has just run.
pub fn show_sweep(dir: &Path, runs: &Path) -> Result<(), Failure> {
    let asked = ComparisonRequest {
        paths: &[dir.to_owned()],
        runs,
        metric: None,
        part: Part::Test,
        with_sheet: false,
    };
    show(&compare::compare(&asked).map_err(failure)?)
}

/// Prints the tables and, for a sweep, writes the page beside it.
fn show(comparison: &Comparison) -> Result<(), Failure> {
    say::out(comparison.terminal());
    let Some(folder) = &comparison.folder else { return Ok(()) };
    let text = comparison.html();
    let page = free_page(folder, text.as_bytes());
    let written = if page.is_file() { Ok(()) } else { files::replace(&page, text.as_bytes()) };
    match written {
        Ok(()) => say::out(format_args!("\npage: {}\n", page.display())),
        // The folder of somebody else's sweep may be read-only.
        Err(error) if [PermissionDenied, ReadOnlyFilesystem].contains(&error.kind()) => {
            say::aside(format_args!("the page is not written: `{}`: {error}", page.display()));
        }
        Err(error) => return Err(Failure::Run(format!("cannot write `{}`: {error}", page.display()))),
    }
    Ok(())
}

/// Returns `compare.html`, or the first of `compare-2.html`, `compare-3.html` ... that does not exist or
/// already holds this page.
fn free_page(folder: &Path, page: &[u8]) -> PathBuf {
    let names = std::iter::once("compare.html".to_owned()).chain((2..).map(|n| format!("compare-{n}.html")));
    let is_free = |path: &PathBuf| match std::fs::read(path) {
        Ok(there) => there == page,
        Err(_) => path.symlink_metadata().is_err(),
    };
    let mut free = names.map(|name| folder.join(name)).filter(is_free);
    free.next().unwrap_or_else(|| folder.join("compare.html"))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    check_new(path)?;
    files::replace(path, text.as_bytes())
        .map_err(|error| Failure::Run(format!("cannot write `{}`: {error}", path.display())))
}

/// Checks that nothing is at `path`, so that no result is overwritten.
fn check_new(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::Usage(format!(
            "`{}` exists already, and a comparison overwrites nothing; name another file with `--out`, or \
             remove this one",
            path.display()
        ))),
    }
}

fn failure(error: CompareError) -> Failure {
    match error {
        CompareError::File(_) | CompareError::Table(_) => Failure::Run(with_causes(&error)),
        _ => Failure::Usage(error.to_string()),
    }
}
