//! `boldface list`: which plugins there are.

use boldface_runner::schema::summary;

use super::libraries::Libraries;
use super::{KINDS, plugins};
use crate::failure::Failure;
use crate::say;

/// What to list.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only plugins of this kind.
    #[arg(value_name = "KIND", value_parser = KINDS)]
    kind: Option<String>,
    #[command(flatten)]
    libraries: Libraries,
}

/// Prints a line for each plugin.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    arguments.libraries.load()?;
    let plugins = plugins(arguments.kind.as_deref());
    let width = plugins.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    for entry in plugins {
        let file = entry.content.map(|_| format!("  (from {})", entry.source)).unwrap_or_default();
        say::out(format_args!("{:<10} {:<width$}  {}{file}\n", entry.kind, entry.name, summary(&entry)));
    }
    Ok(())
}
