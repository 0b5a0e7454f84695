//! `boldface list`: which plugins there are.

use boldface_runner::schema::summary;

use super::{KINDS, plugins};
use crate::failure::Failure;
use crate::say;

/// What to list.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only plugins of this kind.
    #[arg(value_name = "KIND", value_parser = KINDS)]
    kind: Option<String>,
}

/// Prints a line for each plugin.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let plugins = plugins(arguments.kind.as_deref());
    let width = plugins.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    for entry in plugins {
        say::out(format_args!("{:<10} {:<width$}  {}\n", entry.kind, entry.name, summary(&entry)));
    }
    Ok(())
}
