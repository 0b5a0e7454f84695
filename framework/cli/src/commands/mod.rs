//! The commands, one file each.

mod amounts;
mod check;
mod compare;
mod describe;
mod explain;
mod export;
mod features;
mod libraries;
mod list;
mod lm;
mod new;
mod parcellate;
mod place;
mod plan;
mod regions;
mod report;
mod run;
mod schema;
mod sweep;
mod verify;
mod watch;

use std::path::{Path, PathBuf};

use boldface::Precision;
use boldface::registry::{Entry, entries};
use boldface_runner::plan::sweep::{Resolved, resolve_any};
use boldface_runner::plan::{Build, DataCache, Offer};
use boldface_runner::spec::Layered;
use clap::Subcommand;

use crate::failure::Failure;
use crate::say;

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
    /// Makes a folder of a finished run that others can use without its store: weights, norms, splits, a card.
    Export(export::Arguments),
    /// Checks an export file by file, and computes one of its test scores again.
    Verify(Box<verify::Arguments>),
    /// Compares runs key by key and score by score, or ranks the arms of a sweep.
    Compare(compare::Arguments),
    /// Says of a new scan what a finished corpus says of its own: numbers against norms, in words.
    Describe(Box<describe::Arguments>),
    /// Measures scans without words: a long table of scan, family, feature, value.
    Features(Box<features::Arguments>),
    /// Follows a run in the terminal, whoever started it.
    Watch(watch::Arguments),
    /// Makes regional series of scanner files, cleaned as nilearn does it.
    Parcellate(Box<parcellate::Arguments>),
    /// Makes the region table of an atlas from its volume and its label file.
    Regions(regions::Arguments),
    /// A published language model by itself: scores a text, continues a prompt, says what it is made of.
    Lm(lm::Arguments),
    /// Lists plugins.
    List(list::Arguments),
    /// Prints a plugin's page: what it does, its keys and their defaults.
    Explain(explain::Arguments),
    /// Prints the JSON schema of specs, for editors.
    Schema(schema::Arguments),
    /// Writes a plugin with its test: a file of this repository, or a crate of its own.
    New(new::Arguments),
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
            Command::Export(arguments) => export::execute(&arguments),
            Command::Verify(arguments) => verify::execute(&arguments),
            Command::Compare(arguments) => compare::execute(&arguments),
            Command::Describe(arguments) => describe::execute(&arguments),
            Command::Features(arguments) => features::execute(&arguments),
            Command::Watch(arguments) => watch::execute(&arguments),
            Command::Parcellate(arguments) => parcellate::execute(&arguments),
            Command::Regions(arguments) => regions::execute(&arguments),
            Command::Lm(arguments) => lm::execute(&arguments),
            Command::List(arguments) => list::execute(&arguments),
            Command::Explain(arguments) => explain::execute(&arguments),
            Command::Schema(arguments) => schema::execute(&arguments),
            Command::New(arguments) => new::execute(&arguments),
        }
    }
}

/// What this binary was built with, and how to get what it lacks.
const BUILD: Build<'static> = Build { engines: &[DFDX, TCH], load: &boldface_loader::load };

const DFDX: Offer<'static> = Offer {
    advice: |device| {
        device.starts_with("cuda").then(|| "`engine = \"tch\"` computes on graphics cards".to_owned())
    },
    ..Offer::plain("dfdx")
};

const TCH: Offer<'static> = Offer {
    name: "tch",
    missing: if cfg!(feature = "tch") {
        None
    } else {
        Some(
            "in the repository, run `framework/engine/install-libtorch` once (`--cuda` for graphics cards) and \
             `cargo build --release --features tch`",
        )
    },
    devices: || boldface_engine::devices("tch"),
    advice: |device| device.starts_with("cuda").then(boldface_engine::why_no_cuda).flatten(),
    precisions: &[Precision::F32, Precision::Tf32, Precision::Bf16],
};

/// Reads an experiment or a sweep with what it extends and what the command line says over it, and
/// resolves it.
fn planned(path: &Path, place: &Place) -> Result<(Layered, Resolved), Failure> {
    let spec = read(path, place)?;
    let resolved =
        resolve_any(&spec, &BUILD, &DataCache::telling(|line| say::aside(line))).map_err(Failure::Spec)?;
    Ok((spec, resolved))
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
    /// The experiment or the sweep, such as `experiments/quickstart.toml`.
    #[arg(value_name = "FILE")]
    path: PathBuf,
}
