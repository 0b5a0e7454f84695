//! `boldface list`: lists the available plugins.

use boldface_runner::schema::summary;

use super::libraries::Libraries;
use super::{KINDS, plugins};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface list`.
#[derive(clap::Args)]
pub struct ListArguments {
    /// List only plugins of this kind.
    #[arg(value_name = "KIND", value_parser = KINDS)]
    kind: Option<String>,
    #[command(flatten)]
    libraries: Libraries,
}

/// Prints one line per plugin.
pub fn execute(arguments: &ListArguments) -> Result<(), Failure> {
    arguments.libraries.load()?;
    let plugins = plugins(arguments.kind.as_deref());
    let width = plugins.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    for entry in plugins {
        let file = entry.content.map(|_| format!("  (from {})", entry.source)).unwrap_or_default();
        say::out(format_args!("{:<10} {:<width$}  {}{file}\n", entry.kind, entry.name, summary(&entry)));
    }
    Ok(())
}
