//! `boldface explain`: prints the page of one plugin.

use boldface_runner::schema::explain;
use boldface_runner::spec::suggest;

use super::libraries::Libraries;
use super::{KINDS, plugins};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface explain`.
#[derive(clap::Args)]
pub struct ExplainArguments {
    /// Kind of plugin.
    #[arg(value_name = "KIND", value_parser = KINDS)]
    kind: String,
    /// Name of the plugin, as `boldface list` prints it.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    libraries: Libraries,
}

/// Prints the page.
pub fn execute(arguments: &ExplainArguments) -> Result<(), Failure> {
    let ExplainArguments { kind, name, libraries } = arguments;
    libraries.load()?;
    let plugins = plugins(Some(kind));
    if let Some(entry) = plugins.iter().find(|entry| entry.name == name) {
        say::out(explain(entry));
        return Ok(());
    }
    let help = suggest(name, plugins.iter().map(|entry| entry.name));
    Err(Failure::Usage(format!("no {kind} is named `{name}`; {help}")))
}
