//! `boldface lm score`: prints the log-likelihood of every token of a text.

use std::path::{Path, PathBuf};

use boldface::serde::Serialize;
use boldface_lm::{Vocabulary, score};

use super::model::{EngineArguments, ModelArguments, failed};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface lm score`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface lm score --weights SmolLM2-135M-Instruct.Q4_1.gguf --text english.txt
  boldface lm score --weights Qwen3-0.6B --text english.txt --engine tch --device cuda:0 --precision bf16 | tail -1

Each line is one token: {\"id\":504,\"text\":\"The\",\"log_likelihood\":-3.2}, in nats. The first token has null, unless
the model expects a start token, which is then read first and not shown. The last line has the mean of the
log-likelihoods, the perplexity (e to the power of minus the mean), and the counts of all and of scored tokens.

A text longer than the model's context (or --window) is read in windows that overlap by half. Each token is scored once,
in the first window that contains it: after at least half a window, except at the start of the text.")]
pub struct ScoreArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Text file, in UTF-8.
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// Read at most this many tokens at a time. Default: the model's whole context.
    #[arg(long, value_name = "N")]
    window: Option<usize>,
    #[command(flatten)]
    place: EngineArguments,
}

/// A line of the output.
#[derive(Serialize)]
#[serde(crate = "boldface::serde")]
struct Line {
    id: u32,
    text: String,
    log_likelihood: Option<f32>,
}

/// The last line of the output.
#[derive(Serialize)]
#[serde(crate = "boldface::serde")]
struct Total {
    mean: f64,
    perplexity: f64,
    tokens: usize,
    scored: usize,
}

/// Scores the text.
pub fn execute(arguments: &ScoreArguments) -> Result<(), Failure> {
    if arguments.window == Some(0) {
        return Err(Failure::Usage("--window must be at least 1".to_owned()));
    }
    let text = read(&arguments.text)?;
    let engine = arguments.place.engine()?;
    let files = arguments.model.weights.open()?;
    let lines: Vec<Line> = arguments.place.run(|| {
        let vocabulary = files.vocabulary().map_err(|error| failed(&error))?;
        let mut tokens: Vec<u32> = vocabulary.start().into_iter().collect();
        tokens.extend(vocabulary.tokens(&text).map_err(|error| failed(&error))?);
        if tokens.len() < 2 {
            let shown = arguments.text.display();
            let message = format!("--text `{shown}` has only one token; scoring needs at least two");
            return Err(Failure::Usage(message));
        }
        let network = arguments.model.network(&files, &engine)?;
        let window = arguments.window.unwrap_or(usize::MAX);
        let scores =
            score(&network, &network.inference(), &tokens, window).map_err(|error| failed(&error))?;
        let hidden = usize::from(vocabulary.start().is_some());
        let scored = tokens.iter().zip(scores).enumerate().skip(hidden);
        let before = |at: usize| (at > hidden).then(|| tokens[at - 1]);
        scored.map(|(at, (&id, score))| line(&vocabulary, before(at), id, score)).collect()
    })?;
    let scores: Vec<f64> = lines.iter().filter_map(|line| line.log_likelihood).map(f64::from).collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    for line in &lines {
        say::out(json(line));
    }
    say::out(json(&Total { mean, perplexity: (-mean).exp(), tokens: lines.len(), scored: scores.len() }));
    Ok(())
}

fn line(
    vocabulary: &Vocabulary,
    before: Option<u32>,
    id: u32,
    log_likelihood: Option<f32>,
) -> Result<Line, Failure> {
    let text = vocabulary.piece_after(before, id).map_err(|error| failed(&error))?;
    Ok(Line { id, text, log_likelihood })
}

fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("a line is made of strings and numbers") + "\n"
}

/// Reads the text, with an error for each way in which it can be unusable.
fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let fail = |why: String| Failure::Usage(format!("--text `{shown}` {why}"));
    let bytes = std::fs::read(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
        fail(format!("is not UTF-8: line {line} has an invalid byte; save it as UTF-8"))
    })?;
    if text.is_empty() { Err(fail("is empty".to_owned())) } else { Ok(text) }
}
