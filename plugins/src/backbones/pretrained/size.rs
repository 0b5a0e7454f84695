//! How many numbers a model has, and how much memory a training of it takes.

use boldface::{FmriShape, Lora};
use boldface_lm::Config;

use crate::backbones::causal::{self, Input};

/// Numbers beside the published weights: fMRI parts, and adapters.
pub(super) fn added(input: Input, config: &Config, shape: FmriShape, lora: Option<&Lora>) -> u64 {
    // Two marks and the scale of fMRI tokens.
    let marks = 3 * config.width as u64;
    causal::fmri_parameters(input, shape, config.width)
        + marks
        + lora.map_or(0, |lora| adapters(config, lora))
}

/// Numbers of the adapters.
fn adapters(config: &Config, lora: &Lora) -> u64 {
    let is_target = |layer: &str, target: &String| {
        layer.strip_suffix(target.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let ends = config.parameters().into_iter().filter_map(|(name, dims)| {
        let layer = name.strip_suffix(".weight")?;
        let is_linear = config.linears().contains(&layer.rsplit('.').next()?);
        let is_target = lora.targets.is_empty() || lora.targets.iter().any(|target| is_target(layer, target));
        (is_linear && is_target).then(|| dims.iter().sum::<usize>())
    });
    (lora.rank * ends.sum::<usize>()) as u64
}

/// Text tokens beside a block, where only the run knows how many there are.
const TEXT: u64 = 128;

/// Bytes that a training holds at once: weights, gradients, both moments, and what a micro-batch of `sequences`
/// sequences remembers for its gradient.
pub(super) fn training_memory(
    config: &Config,
    shape: FmriShape,
    trained: u64,
    sequences: u64,
    recomputes: bool,
) -> u64 {
    let tokens = (shape.rois * shape.patches) as u64 + TEXT;
    let (width, inner) = (config.width as u64, config.inner as u64);
    let heads = (config.heads * config.head_width + 2 * config.kv_heads * config.head_width) as u64;
    // Two norms, two sums and two ends of branches; queries, keys and values, before and after their rotation; gate,
    // up and their product; one number a token and head for the softmax.
    let layer = 6 * width + 2 * heads + 3 * inner + config.heads as u64 * tokens;
    let layers = config.layers as u64;
    let remembered = if recomputes { layers * width + layer } else { layers * layer };
    4 * (config.count() + 3 * trained + sequences * tokens * remembered)
}
