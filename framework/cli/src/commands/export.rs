//! `boldface export`: copies a finished run into a folder for others.

use std::path::PathBuf;

use boldface_runner::export::{find, write};

use super::amounts::megabytes;
use super::libraries::Libraries;
use crate::failure::{Failure, with_causes};
use crate::say;

/// Arguments of `boldface export`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface export latest --to exports/pain
  boldface export runs/pain-corpus/2026-11-23T03-12-45 --to pain-corpus
  boldface export pain-corpus --to shared/pain-corpus --without-subjects

An export has the tokenizer, the language model or its adapter, statistics of the corpora, the region table, the
subjects of each part, the spec with every default, versions, scores, known licences and a model card, but no scans.
Check it with `boldface verify DIR`. Continue from it with `[start] path = \"DIR\"` in a spec.")]
pub struct ExportArguments {
    /// Folder of a finished run, `latest`, or the name of an experiment (its latest run).
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder to write; it must not exist yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Write hashes instead of subject ids.
    #[arg(long)]
    without_subjects: bool,
    /// Folder of runs.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    #[command(flatten)]
    libraries: Libraries,
}

/// Exports a run.
pub fn execute(arguments: &ExportArguments) -> Result<(), Failure> {
    arguments.libraries.load()?;
    let run = find(&arguments.run, &arguments.runs).map_err(|error| Failure::Usage(error.to_string()))?;
    let exported = write(&run, &arguments.to, arguments.without_subjects)
        .map_err(|error| Failure::Run(with_causes(&*error)))?;
    let ((files, bytes), dir) = (exported.files, exported.dir.display());
    say::out(format_args!("exported {} to {dir}: {files} files, {}\n", run.display(), megabytes(bytes)));
    exported.notes.iter().for_each(|note| say::out(format_args!("note: {note}\n")));
    say::out(format_args!("card:   {}\n", exported.dir.join("README.md").display()));
    Ok(())
}
