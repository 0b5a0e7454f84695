//! `boldface schema`: prints the JSON schema of specs.

use boldface_runner::schema;
use clap::ValueEnum;

use super::libraries::Libraries;
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface schema`.
#[derive(clap::Args)]
pub struct SchemaArguments {
    /// Kind of spec.
    #[arg(value_enum, default_value_t = File::Experiment)]
    file: File,
    #[command(flatten)]
    libraries: Libraries,
}

/// A kind of spec.
#[derive(Clone, Copy, ValueEnum)]
enum File {
    /// One experiment.
    Experiment,
    /// A sweep over an experiment.
    Sweep,
}

/// Prints the schema.
pub fn execute(arguments: &SchemaArguments) -> Result<(), Failure> {
    arguments.libraries.load()?;
    say::out(schema::text(&match arguments.file {
        File::Experiment => schema::experiment(),
        File::Sweep => schema::sweep(),
    }));
    Ok(())
}
