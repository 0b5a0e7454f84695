//! `boldface lm`: scores, continues or describes with a published language model.

mod generate;
mod info;
mod model;
mod score;

use crate::failure::Failure;

/// Arguments of `boldface lm`.
#[derive(clap::Args)]
pub struct LmArguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Prints the log-likelihood of every token of a text, one JSON object per line.
    Score(score::ScoreArguments),
    /// Continues or answers a prompt, and prints the text as it comes.
    Generate(generate::GenerateArguments),
    /// Prints the architecture and memory needs of a model; reads headers only.
    Info(info::InfoArguments),
}

/// Runs the subcommand.
pub fn execute(arguments: &LmArguments) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Score(arguments) => score::execute(arguments),
        Verb::Generate(arguments) => generate::execute(arguments),
        Verb::Info(arguments) => info::execute(arguments),
    }
}
