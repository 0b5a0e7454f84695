//! The commands, one file each.

mod amounts;
mod ask;
mod check;
mod clean;
mod compare;
mod completions;
mod describe;
mod explain;
mod export;
mod features;
mod init;
mod libraries;
mod list;
mod lm;
mod man;
mod new;
mod parcellate;
mod place;
mod plan;
mod regions;
mod report;
mod run;
mod schema;
mod sweep;
mod threads;
mod verify;
mod watch;

use std::path::{Path, PathBuf};

use boldface::Precision;
use boldface::registry::{RegistryEntry, entries};
use boldface_runner::plan::sweep::{Resolved, resolve_any};
use boldface_runner::plan::{Build, DataCache, Offer};
use boldface_runner::spec::{Layered, read_text};
use clap::Subcommand;

use crate::failure::Failure;
use crate::say;

use place::RuntimeArguments;

/// Commands of the program.
#[derive(Subcommand)]
pub enum Command {
    /// Writes a first spec for a folder of data.
    Init(init::InitArguments),
    /// Finds every problem in specs, without running anything.
    Check(check::CheckArguments),
    /// Shows the stages of a spec, their keys, and which are cached.
    Plan(plan::PlanArguments),
    /// Runs the stages that are not cached, and writes the report.
    Run(run::RunArguments),
    /// Prints the table of a run and rewrites its report.
    Report(report::ReportArguments),
    /// Exports a finished run into a folder that works without the store: weights, norms, splits and a
    /// card.
    Export(export::ExportArguments),
    /// Checks the files of an export and recomputes one of its test scores.
    Verify(Box<verify::VerifyArguments>),
    /// Compares the settings and scores of runs, or ranks the arms of a sweep.
    Compare(compare::CompareArguments),
    /// Describes new scans in words, with the norms of a finished corpus.
    Describe(Box<describe::DescribeArguments>),
    /// Answers the tasks of a finished model about new scans, with probabilities.
    Predict(Box<ask::PredictArguments>),
    /// Asks a finished model a free question about new scans.
    Ask(Box<ask::AskArguments>),
    /// Writes pooled states of the tokenizer and of the language model, one row per new scan.
    Embed(Box<ask::EmbedArguments>),
    /// Measures scans without words, as a table of scan, family, feature and value.
    Features(Box<features::FeaturesArguments>),
    /// Follows a run in the terminal, even one started elsewhere.
    Watch(watch::WatchArguments),
    /// Extracts regional time series from scanner files, cleaned as nilearn does.
    Parcellate(Box<parcellate::ParcellateArguments>),
    /// Makes the region table of an atlas from its volume and its label file.
    Regions(regions::RegionsArguments),
    /// Scores a text, continues a prompt or describes a model, with a published language model.
    Lm(lm::LmArguments),
    /// Lists plugins.
    List(list::ListArguments),
    /// Prints the page of a plugin: purpose, keys and defaults.
    Explain(explain::ExplainArguments),
    /// Prints the JSON schema of specs, for editors.
    Schema(schema::SchemaArguments),
    /// Shows or removes what the cache holds and no run needs.
    Clean(clean::CleanArguments),
    /// Prints a script that completes commands and flags in a shell.
    Completions(completions::CompletionsArguments),
    /// Writes a man page for each command.
    Man(man::ManArguments),
    /// Writes a new plugin and its test, in this repository or as a separate crate.
    New(new::NewArguments),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// A [`Failure`], which has an exit code.
    pub fn execute(self) -> Result<(), Failure> {
        match self {
            Command::Init(arguments) => init::execute(&arguments),
            Command::Check(arguments) => check::execute(&arguments),
            Command::Plan(arguments) => plan::execute(&arguments),
            Command::Run(arguments) => run::execute(&arguments),
            Command::Report(arguments) => report::execute(&arguments),
            Command::Export(arguments) => export::execute(&arguments),
            Command::Verify(arguments) => verify::execute(&arguments),
            Command::Compare(arguments) => compare::execute(&arguments),
            Command::Describe(arguments) => describe::execute(&arguments),
            Command::Predict(arguments) => ask::predict(&arguments),
            Command::Ask(arguments) => ask::ask(&arguments),
            Command::Embed(arguments) => ask::embed(&arguments),
            Command::Features(arguments) => features::execute(&arguments),
            Command::Watch(arguments) => watch::execute(&arguments),
            Command::Parcellate(arguments) => parcellate::execute(&arguments),
            Command::Regions(arguments) => regions::execute(&arguments),
            Command::Lm(arguments) => lm::execute(&arguments),
            Command::List(arguments) => list::execute(&arguments),
            Command::Explain(arguments) => explain::execute(&arguments),
            Command::Schema(arguments) => schema::execute(&arguments),
            Command::Clean(arguments) => clean::execute(&arguments),
            Command::Completions(arguments) => {
                completions::execute(&arguments);
                Ok(())
            }
            Command::Man(arguments) => man::execute(&arguments),
            Command::New(arguments) => new::execute(&arguments),
        }
    }
}

/// Engines and plugin loader of this build, with advice for parts that are missing.
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

/// Reads an experiment or a sweep with its parents and the settings of the command line, and resolves
/// it.
fn planned(path: &Path, place: &RuntimeArguments) -> Result<(Layered, Resolved), Failure> {
    let spec = read(path, place)?;
    let resolved =
        resolve_any(&spec, &BUILD, &DataCache::telling(|line| say::aside(line))).map_err(Failure::Spec)?;
    Ok((spec, resolved))
}

/// Reads a spec with its parents and the settings of the command line.
fn read(path: &Path, place: &RuntimeArguments) -> Result<Layered, Failure> {
    let source = read_text(path)
        .map_err(|error| Failure::Usage(format!("cannot read `{}`: {error}", path.display())))?;
    let mut spec = Layered::read(path, &source).map_err(Failure::Spec)?;
    place.apply(&mut spec)?;
    Ok(spec)
}

/// Kinds of plugins, in pipeline order.
const KINDS: [&str; 5] = ["dataset", "corpus", "tokenizer", "backbone", "task"];

/// Returns all plugins, or those of one kind.
fn plugins(kind: Option<&str>) -> Vec<RegistryEntry> {
    entries().into_iter().filter(|entry| kind.is_none_or(|kind| kind == entry.kind)).collect()
}

/// Spec of a command.
#[derive(clap::Args)]
struct Spec {
    /// Experiment or sweep, such as `experiments/quickstart.toml`.
    #[arg(value_name = "FILE")]
    path: PathBuf,
}
