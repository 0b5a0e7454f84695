//! `boldface lm`: a published language model by itself, scored, continued or described.

mod generate;
mod info;
mod model;
mod score;

use crate::failure::Failure;

/// What to do with a model.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Prints how likely every token of a text is after those before it, one JSON object a line.
    Score(score::Arguments),
    /// Continues a prompt, or answers it, and prints the text as it comes.
    Generate(generate::Arguments),
    /// Says what a model is made of and what it takes in memory; reads headers only.
    Info(info::Arguments),
}

/// Does it.
pub fn execute(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Score(arguments) => score::execute(arguments),
        Verb::Generate(arguments) => generate::execute(arguments),
        Verb::Info(arguments) => info::execute(arguments),
    }
}
