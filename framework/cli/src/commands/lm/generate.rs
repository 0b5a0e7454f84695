//! `boldface lm generate`: continues a prompt.

use std::time::Instant;

use boldface_lm::{ChatMessage, Continuation, ModelFiles, Sampling, Spoken, Vocabulary, generate};

use super::model::{EngineArguments, ModelArguments, failed};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface lm generate`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface lm generate --weights SmolLM2-135M-Instruct.Q4_1.gguf --prompt \"The capital of France is\" --max-tokens 20
  boldface lm generate --weights Qwen3-0.6B --chat --prompt \"What is a BOLD signal?\" --temperature 0.7 --top-p 0.8

Without --temperature, every token is the likeliest one. With it, tokens are drawn at random, and the same seed gives
the same text. -v logs the speed on stderr.")]
pub struct GenerateArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Text to continue or, with --chat, to answer.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// Put the prompt into the model's chat template, as instruct models expect.
    #[arg(long)]
    chat: bool,
    /// Stop after this many tokens if the text has not ended before.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: usize,
    /// Draw tokens at this temperature; 0 takes the likeliest.
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temperature: f64,
    /// Draw among this many of the likeliest tokens; 0 for all.
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Draw among the likeliest tokens that together have this probability; 1 for all.
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    top_p: f64,
    /// Seed of the random draws.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    place: EngineArguments,
}

/// Continues the prompt and prints tokens as they come.
pub fn execute(arguments: &GenerateArguments) -> Result<(), Failure> {
    let GenerateArguments { temperature, top_k, top_p, seed, .. } = *arguments;
    let sampling = Sampling { temperature, top_k, top_p, seed };
    sampling.check().map_err(|error| Failure::Usage(error.to_string()))?;
    let engine = arguments.place.engine()?;
    let files = arguments.model.weights.open()?;
    arguments.place.run(|| {
        let vocabulary = files.vocabulary().map_err(|error| failed(&error))?;
        let prompt = prompt(arguments, &files, &vocabulary)?;
        let start = Instant::now();
        let network = arguments.model.network(&files, &engine)?;
        tracing::info!("The weights were read in {:.2} s.", start.elapsed().as_secs_f64());
        let how = Continuation {
            limit: arguments.max_tokens,
            ends: vocabulary.ends().to_vec(),
            among: vocabulary.len(),
            sampling,
        };
        let mut spoken = Spoken::after(&vocabulary, &prompt);
        let (start, mut first) = (Instant::now(), None);
        let texts = generate(&network, &network.inference(), &[prompt], &how, &mut |_, token| {
            first.get_or_insert_with(|| start.elapsed());
            say::out(spoken.push(token)?);
            Ok(())
        });
        let texts = texts.map_err(|error| failed(&error))?;
        say::out(spoken.rest().map_err(|error| failed(&error))? + "\n");
        let (count, first) = (texts[0].len(), first.unwrap_or_default());
        let rest = (start.elapsed() - first).as_secs_f64();
        let speed = count.saturating_sub(1) as f64 / rest.max(1e-9);
        tracing::info!(
            "{count} tokens, the first after {:.2} s, then {speed:.1} per second.",
            first.as_secs_f64()
        );
        Ok(())
    })
}

/// Returns the tokens of the prompt; they leave room in the context for at least one more.
fn prompt(
    arguments: &GenerateArguments,
    files: &ModelFiles,
    vocabulary: &Vocabulary,
) -> Result<Vec<u32>, Failure> {
    let usage = |message: String| Failure::Usage(message);
    let tokens = if arguments.chat {
        if !vocabulary.has_chat() {
            return Err(usage(format!("--chat: `{}` has no chat template; leave --chat out", files.name())));
        }
        let said = [ChatMessage::new("user", &arguments.prompt)];
        let text = vocabulary.chat(&said, true).map_err(|error| usage(format!("--chat: {error}")))?;
        vocabulary.marked_tokens(&text).map_err(|error| failed(&error))?
    } else {
        let mut tokens: Vec<u32> = vocabulary.start().into_iter().collect();
        tokens.extend(vocabulary.tokens(&arguments.prompt).map_err(|error| failed(&error))?);
        tokens
    };
    let context = files.config().context;
    if tokens.is_empty() {
        return Err(usage("--prompt is empty, and this model has no start token; give some text".to_owned()));
    }
    if tokens.len() >= context {
        let len = tokens.len();
        return Err(usage(format!(
            "--prompt is {len} tokens long, and the model's context is {context}; shorten it"
        )));
    }
    Ok(tokens)
}
