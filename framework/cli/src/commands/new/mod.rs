//! `boldface new`: a plugin to start from, with its test: a file of this repository, or a crate of its own.

mod form;
mod library;
mod name;
mod repository;

use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::say;

/// What to write.
#[derive(clap::Args)]
pub struct Arguments {
    /// The kind of plugin.
    #[arg(value_name = "KIND", value_parser = form::KINDS)]
    kind: String,
    /// Its name in specs, such as `handedness`.
    #[arg(value_name = "NAME")]
    name: String,
    /// Write a crate of its own, a library that `plugins = [...]` in a spec loads.
    #[arg(long)]
    dynamic: bool,
    /// Where: the folder to make the crate in, or the checkout of boldface for a built-in plugin.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    dir: PathBuf,
}

/// Files to write and what to do next.
struct Draft {
    /// Paths and contents; a file that is there already is only replaced if it is named in `changes`.
    files: Vec<(PathBuf, String)>,
    /// The one file of `files` that is there and gets a line more.
    changes: Option<PathBuf>,
    /// Commands, in order.
    next: Vec<String>,
}

/// Writes the plugin.
///
/// # Errors
/// If the name cannot be used, or a file is there already: nothing is written then.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { kind, name, dynamic, dir } = arguments;
    name::check(kind, name).map_err(Failure::Usage)?;
    let draft = if *dynamic { library::draft(kind, name, dir) } else { repository::draft(kind, name, dir) };
    let draft = draft.map_err(Failure::Usage)?;
    let is_taken = |path: &&PathBuf| path.exists() && draft.changes.as_ref() != Some(*path);
    if let Some(taken) = draft.files.iter().map(|(path, _)| path).find(is_taken) {
        let message = format!("`{}` is there already; nothing was written", taken.display());
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
