//! Low-rank adapters beside the linear layers of a pretrained model, in PEFT's own format.
//!
//! The trained adapter of a layer `name` is `name.lora_a` (R, inputs) and `name.lora_b` (outputs, R),
//! scaled by [`lora_scale`] on use. All earlier ones are in `name.frozen_a` and `name.frozen_b`, scale
//! included (see [`linear`](boldface_engine::nn::linear)). So earlier adapters cost one more product per
//! layer, however many training stages there were, and all are saved as one PEFT adapter of the summed
//! rank.

mod load;
mod peft;
mod save;
mod stack;
mod targets;
#[cfg(test)]
mod tests;

use boldface::{Lora, Result};
use boldface_engine::Params;
use rand::{Rng, RngExt};

use crate::network::PublishedNetwork;

pub use load::load;
pub use save::save;
pub use stack::{freeze, merge};
pub use targets::check_targets;

/// Returns the factor on the product of the two matrices: alpha / rank.
pub fn lora_scale(lora: &Lora) -> f32 {
    (lora.alpha / lora.rank as f64) as f32
}

/// Adds a trained adapter beside the target layers, which starts as a no-op.
///
/// As in PEFT, `lora_a` is uniform within `1 / sqrt(inputs)` and `lora_b` is zero. Nothing else changes.
///
/// # Errors
///
/// If the rank is 0, a target names no layer, or the model already has a trained adapter.
pub fn add(network: &mut PublishedNetwork, lora: &Lora, rng: &mut impl Rng) -> Result<()> {
    if lora.rank == 0 {
        return Err("an adapter's `rank` is 0; use at least 1".into());
    }
    check_free(&network.params)?;
    if let Some(problem) = check_targets(&network.config, lora).into_iter().next() {
        return Err(problem.to_string().into());
    }
    for module in targets::targeted(&network.config, lora) {
        let bound = (module.inputs as f32).sqrt().recip();
        let a = (0..lora.rank * module.inputs).map(|_| rng.random_range(-bound..bound)).collect();
        network.params.insert(&format!("{}.lora_a", module.name), a, &[lora.rank, module.inputs]);
        let b = vec![0.0; module.outputs * lora.rank];
        network.params.insert(&format!("{}.lora_b", module.name), b, &[module.outputs, lora.rank]);
    }
    Ok(())
}

/// Checks that the model has no trained adapter, as only one is trained at a time.
fn check_free(params: &Params) -> Result<()> {
    match params.names().find(|name| name.ends_with(".lora_a")) {
        Some(name) => Err(format!(
            "the model already has a trained adapter (`{name}`); freeze or merge it before adding another"
        )
        .into()),
        None => Ok(()),
    }
}
