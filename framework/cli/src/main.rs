//! The command `boldface`: parses arguments, starts logs, runs a command and exits with its code.

mod commands;
mod failure;
mod interrupt;
mod logs;
mod progress;
mod render;
mod say;

use std::process::ExitCode;

// A crate that is never named is not linked, and its plugins would be missing.
use boldface_plugins as _;
use clap::Parser;

use commands::Command;

/// Turns BOLD signals into words: runs experiments described by TOML specs.
#[derive(Parser)]
#[command(name = "boldface", version)]
struct Cli {
    /// Log more on stderr; twice for debug messages. BOLDFACE_LOG=debug or =boldface_runner=trace also
    /// works.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help_or_error) => {
            say::check_written(help_or_error.print());
            return ExitCode::from(u8::try_from(help_or_error.exit_code()).unwrap_or(2));
        }
    };
    logs::start(cli.verbose);
    let code = match cli.command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::aside(&failure);
            failure.exit_code()
        }
    };
    boldface_loader::expect_end();
    code
}
