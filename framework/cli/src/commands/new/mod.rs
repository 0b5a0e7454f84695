//! `boldface new`: writes a plugin and its test, in this repository or as a separate crate.

mod form;
mod library;
mod name;
mod repository;

use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface new`.
#[derive(clap::Args)]
pub struct NewArguments {
    /// Kind of plugin.
    #[arg(value_name = "KIND", value_parser = form::KINDS)]
    kind: String,
    /// Name of the plugin in specs, such as `handedness`.
    #[arg(value_name = "NAME")]
    name: String,
    /// Write a separate crate: a library that a spec loads with `plugins = [...]`.
    #[arg(long)]
    dynamic: bool,
    /// Folder to make the crate in or, for a built-in plugin, the checkout of boldface.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    dir: PathBuf,
}

/// Files to write, and the next commands.
struct Draft {
    /// Paths and contents; an existing file is replaced only if `changes` names it.
    files: Vec<(PathBuf, String)>,
    /// The one existing file of `files`, which gets one more line.
    changes: Option<PathBuf>,
    /// Commands to run next, in order.
    next: Vec<String>,
}

/// Writes the plugin.
///
/// # Errors
/// If the name cannot be used or a file exists already. Nothing is written then.
pub fn execute(arguments: &NewArguments) -> Result<(), Failure> {
    let NewArguments { kind, name, dynamic, dir } = arguments;
    name::check(kind, name).map_err(Failure::Usage)?;
    let draft = if *dynamic { library::draft(kind, name, dir) } else { repository::draft(kind, name, dir) };
    let draft = draft.map_err(Failure::Usage)?;
    let is_taken = |path: &&PathBuf| path.exists() && draft.changes.as_ref() != Some(*path);
    if let Some(taken) = draft.files.iter().map(|(path, _)| path).find(is_taken) {
        let message = format!("`{}` already exists; nothing was written", taken.display());
        return Err(Failure::Usage(message));
    }
    for (path, text) in &draft.files {
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        folder
            .and_then(|()| fs::write(path, text))
            .map_err(|error| Failure::Run(format!("cannot write `{}`: {error}", path.display())))?;
        let verb = if draft.changes.as_ref() == Some(path) { "changed" } else { "wrote" };
        say::out(format_args!("{verb} {}\n", path.display()));
    }
    say::out(format_args!("next:\n  {}\n", draft.next.join("\n  ")));
    Ok(())
}
