//! `boldface schema`: the JSON schema of specs.

use boldface_runner::schema;

use super::libraries::Libraries;
use crate::failure::Failure;
use crate::say;

/// What to print.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    libraries: Libraries,
}

/// Prints the schema.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    arguments.libraries.load()?;
    say::out(schema::text(&schema::experiment()));
    Ok(())
}
