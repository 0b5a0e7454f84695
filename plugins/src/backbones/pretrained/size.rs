//! The number of weights of a model, and the memory that a training of it takes.

use boldface::{FmriShape, Lora, TrainingContext, Tuning};
use boldface_lm::ModelConfig;

use super::Pretrained;
use crate::backbones::causal;

/// Number of weights beside the published ones: fMRI parts and adapters.
pub(super) fn added(config: &Pretrained, model: &ModelConfig, shape: FmriShape, lora: Option<&Lora>) -> u64 {
    // Two marks and the scale of fMRI tokens.
    let width = model.width as u64;
    let asked = if config.asked { (width + 1) * width } else { 0 };
    causal::fmri_parameters(config.input, shape, model.width)
        + 3 * width
        + asked
        + lora.map_or(0, |lora| adapters(model, lora))
}

/// Number of weights of the adapters.
fn adapters(config: &ModelConfig, lora: &Lora) -> u64 {
    let ends = config.parameters().into_iter().filter_map(|(name, dims)| {
        let layer = name.strip_suffix(".weight")?;
        let is_linear = config.linears().contains(&layer.rsplit('.').next()?);
        (is_linear && lora.is_beside(layer)).then(|| dims.iter().sum::<usize>())
    });
    (lora.rank * ends.sum::<usize>()) as u64
}

/// Assumed number of text tokens beside a block; only the run knows the true one.
const TEXT: u64 = 128;

/// Bytes that a training needs at a time; `None` while the shape of its scans is unknown.
pub(super) fn memory(config: &Pretrained, model: &ModelConfig, cx: &TrainingContext<'_>) -> Option<u64> {
    let shape = cx.shape?;
    let trained = trained(config, model, shape, &cx.training.tuning);
    Some(training_memory(model, shape, trained, cx.sequences, config.checkpointing))
}

/// Number of trained weights.
pub(super) fn trained(config: &Pretrained, model: &ModelConfig, shape: FmriShape, tuning: &Tuning) -> u64 {
    match tuning {
        Tuning::Lora(lora) => added(config, model, shape, Some(lora)),
        Tuning::Full => added(config, model, shape, None) + model.count(),
    }
}

/// Bytes of weights, gradients, both moments, and the activations that a micro-batch of `sequences`
/// sequences stores for its gradient.
pub(super) fn training_memory(
    config: &ModelConfig,
    shape: FmriShape,
    trained: u64,
    sequences: usize,
    recomputes: bool,
) -> u64 {
    let sequences = sequences as u64;
    let tokens = (shape.rois * shape.patches) as u64 + TEXT;
    let (width, inner) = (config.width as u64, config.inner as u64);
    let heads = (config.heads * config.head_width + 2 * config.kv_heads * config.head_width) as u64;
    // Two norms, two sums and two branch outputs; queries, keys and values, before and after rotation;
    // gate, up and their product; two numbers per head for the softmax, whose weights are computed
    // again.
    let layer = 6 * width + 2 * heads + 3 * inner + 2 * config.heads as u64;
    let layers = config.layers as u64;
    let remembered = if recomputes { layers * width + layer } else { layers * layer };
    4 * (config.count() + 3 * trained + sequences * tokens * remembered)
}
