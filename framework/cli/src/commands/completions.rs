//! `boldface completions`: prints a script that completes commands and flags in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Cli, say};

/// Arguments of `boldface completions`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  boldface completions bash > ~/.local/share/bash-completion/completions/boldface
  boldface completions zsh > ~/.zfunc/_boldface      # a folder of $fpath
  boldface completions fish > ~/.config/fish/completions/boldface.fish")]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script.
pub fn execute(arguments: &CompletionsArguments) {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "boldface", &mut script);
    say::out(String::from_utf8_lossy(&script));
}
