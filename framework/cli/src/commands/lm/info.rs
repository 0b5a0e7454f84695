//! `boldface lm info`: prints the architecture and size of a model.

use boldface::Precision;
use boldface_lm::{ModelConfig, ModelFamily};

use super::model::{EngineArguments, WeightsArguments, failed};
use crate::commands::amounts::{grouped, megabytes};
use crate::failure::Failure;
use crate::say;

/// Arguments of `boldface lm info`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  boldface lm info --weights SmolLM2-135M-Instruct.Q4_1.gguf")]
pub struct InfoArguments {
    #[command(flatten)]
    weights: WeightsArguments,
    #[command(flatten)]
    place: EngineArguments,
}

/// Prints a table of the model's properties.
pub fn execute(arguments: &InfoArguments) -> Result<(), Failure> {
    let engine = arguments.place.engine()?;
    let files = arguments.weights.open()?;
    let vocabulary = files.vocabulary().map_err(|error| failed(&error))?;
    let config = files.config();
    let (bytes, numbers) = match engine.precision() {
        Precision::F32 | Precision::Tf32 => (4, "f32"),
        Precision::Bf16 => (2, "bf16"),
    };
    let rows = [
        ("name", files.name()),
        ("family", family(config.family).to_owned()),
        ("licence", files.licence().unwrap_or_else(|| "unknown".to_owned())),
        ("parameters", grouped(config.count())),
        ("layers", format!("{} of width {}, {}", config.layers, config.width, heads(config))),
        ("context", format!("{} tokens", grouped(config.context as u64))),
        ("vocabulary", format!("{} tokens", grouped(vocabulary.len() as u64))),
        ("chat template", if vocabulary.has_chat() { "yes" } else { "no" }.to_owned()),
        ("weights", format!("{} in {numbers}", megabytes(bytes * config.count()))),
        ("a full context", format!("{} of keys and values", megabytes(bytes * cached(config)))),
    ];
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    say::out(rows.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect::<String>());
    Ok(())
}

fn family(family: ModelFamily) -> &'static str {
    match family {
        ModelFamily::Gpt2 => "GPT-2",
        ModelFamily::Llama => "Llama",
        ModelFamily::Qwen3 => "Qwen3",
    }
}

fn heads(config: &ModelConfig) -> String {
    let ModelConfig { heads, kv_heads, .. } = config;
    if heads == kv_heads {
        format!("{heads} heads")
    } else {
        format!("{heads} heads on {kv_heads} key-value heads")
    }
}

/// Count of numbers in the keys and values of a full context.
fn cached(config: &ModelConfig) -> u64 {
    (2 * config.layers * config.kv_heads * config.head_width * config.context) as u64
}
