//! The command boldface: parse, trace, dispatch, exit.

mod commands;
mod failure;
mod interrupt;
mod logs;
mod progress;
mod render;
mod say;

use std::process::ExitCode;

// A crate nobody names is not linked, and its plugins would be unknown.
use boldface_plugins as _;
use clap::Parser;

use commands::Command;

/// BOLD signals put into words: runs the experiments that specs in TOML describe.
#[derive(Parser)]
#[command(name = "boldface", version)]
struct Cli {
    /// Say more on stderr; twice for everything. BOLDFACE_LOG=debug or =boldface_runner=trace also works.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    logs::start(cli.verbose);
    match cli.command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::aside(&failure);
            failure.exit_code()
        }
    }
}
