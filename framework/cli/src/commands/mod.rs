//! The commands, one file each.

mod amounts;
mod check;
mod explain;
mod list;
mod place;
mod plan;
mod report;
mod run;
mod schema;

use std::path::{Path, PathBuf};

use boldface::registry::{Entry, entries};
use boldface_runner::plan::{Build, DataCache, Plan, no_libraries, resolve_layered};
use boldface_runner::spec::Layered;
use clap::Subcommand;

use crate::failure::Failure;

use place::Place;

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
            Command::List(arguments) => list::execute(&arguments),
            Command::Explain(arguments) => explain::execute(&arguments),
            Command::Schema => schema::execute(),
        }
    }
}

/// What this binary was built with.
const BUILD: Build<'static> =
    Build { engines: boldface_engine::ENGINES, devices: &["cpu"], load: &no_libraries };

/// Reads a spec with what it extends and what the command line says over it, and resolves it.
fn planned(path: &Path, place: &Place) -> Result<(Layered, Plan), Failure> {
    let spec = read(path, place)?;
    let plan = resolve_layered(&spec, &BUILD, &DataCache::default()).map_err(Failure::Spec)?;
    Ok((spec, plan))
}

/// Reads a spec with what it extends and what the command line says over it.
fn read(path: &Path, place: &Place) -> Result<Layered, Failure> {
    let source = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read `{}`: {error}", path.display())))?;
    let mut spec = Layered::read(path, &source).map_err(Failure::Spec)?;
    place.apply(&mut spec)?;
    Ok(spec)
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
    /// The experiment, such as `experiments/quickstart.toml`.
    #[arg(value_name = "FILE")]
    path: PathBuf,
}
