//! `boldface explain`: prints what a section, a key or a plugin means.

use boldface_runner::schema::{explain, look_up, sections};
use boldface_runner::spec::suggest;

use super::libraries::Libraries;
use super::{KINDS, plugins};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface explain`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  boldface explain                      # the sections of a spec
  boldface explain alignment            # every key of a section
  boldface explain signal.trs           # one key
  boldface explain tokenizer.patch      # what a key means to each plugin that has it
  boldface explain task classification  # every key of a plugin")]
pub struct ExplainArguments {
    /// Section, key, plugin, or kind of plugin. Without it, lists the sections of a spec.
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    /// Name of a plugin, after its kind.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    libraries: Libraries,
}

/// Prints the page.
pub fn execute(arguments: &ExplainArguments) -> Result<(), Failure> {
    let ExplainArguments { what, name, libraries } = arguments;
    libraries.load()?;
    let page = match (what, name) {
        (None, _) => sections(),
        (Some(what), None) => look_up(what).map_err(Failure::Usage)?,
        (Some(kind), Some(name)) => plugin(kind, name)?,
    };
    say::out(page);
    Ok(())
}

fn plugin(kind: &str, name: &str) -> Result<String, Failure> {
    if !KINDS.contains(&kind) {
        let help = suggest(kind, KINDS);
        return Err(Failure::Usage(format!("no kind of plugin is named `{kind}`; {help}")));
    }
    let plugins = plugins(Some(kind));
    if let Some(entry) = plugins.iter().find(|entry| entry.name == name) {
        return Ok(explain(entry));
    }
    let help = suggest(name, plugins.iter().map(|entry| entry.name));
    Err(Failure::Usage(format!("no {kind} is named `{name}`; {help}")))
}
