//! `boldface man`: writes a man page for each command.

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;

use crate::failure::Failure;
use crate::{Cli, say};

/// Arguments of `boldface man`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  boldface man ~/.local/share/man/man1    # then: man boldface-run
  boldface man pages && man -l pages/boldface-run.1")]
pub struct ManArguments {
    /// Folder to write `boldface.1`, `boldface-run.1` and so on into. Made if it does not exist.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Writes the pages.
pub fn execute(arguments: &ManArguments) -> Result<(), Failure> {
    let dir = &arguments.dir;
    fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .map_err(|error| Failure::Run(format!("cannot write man pages into `{}`: {error}", dir.display())))?;
    say::out(format_args!("man pages of all commands: {}\n", dir.display()));
    Ok(())
}
