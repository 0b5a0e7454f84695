//! Stacks adapters, and merges them into the weights.

use std::collections::BTreeSet;

use boldface::Lora;
use boldface_engine::{Params, Tensor, no_grad};

use super::lora_scale;
use crate::network::PublishedNetwork;

/// Joins the trained adapter with the frozen one, scale included, so that another can be added. Without
/// a trained adapter nothing happens.
pub fn freeze(network: &mut PublishedNetwork, lora: &Lora) {
    let params = &mut network.params;
    for name in with(params, "lora_a") {
        let [a, b] = joined(params, &name, lora).expect("the layer has an adapter");
        for (part, tensor) in [("frozen_a", a), ("frozen_b", b)] {
            params.insert_frozen(&format!("{name}.{part}"), &tensor);
        }
        for part in ["lora_a", "lora_b"] {
            params.remove(&format!("{name}.{part}"));
        }
    }
}

/// Adds all adapters to the weights of their layers and removes them. Logits change only by rounding.
pub fn merge(network: &mut PublishedNetwork, lora: &Lora) {
    let params = &mut network.params;
    for name in with(params, "lora_a").union(&with(params, "frozen_a")) {
        let [a, b] = joined(params, name, lora).expect("the layer has an adapter");
        let weight = format!("{name}.weight");
        let merged = no_grad(|| params.get(&weight).add(&b.matmul(&a)));
        params.set(&weight, merged.to_vec());
        for part in ["lora_a", "lora_b", "frozen_a", "frozen_b"] {
            params.remove(&format!("{name}.{part}"));
        }
    }
}

/// Returns the frozen and trained adapter of a layer as one of scale 1, (R, inputs) and (outputs, R),
/// ranks concatenated. None if the layer has no adapter.
pub(super) fn joined(params: &Params, name: &str, lora: &Lora) -> Option<[Tensor; 2]> {
    let pair = |a: &str, b: &str| {
        let [a, b] = [a, b].map(|part| params.try_get(&format!("{name}.{part}")));
        Some((a?.detach(), b?.detach()))
    };
    let trained = pair("lora_a", "lora_b").map(|(a, b)| (a, b.scale(lora_scale(lora))));
    let branches: Vec<_> = pair("frozen_a", "frozen_b").into_iter().chain(trained).collect();
    if branches.is_empty() {
        return None;
    }
    let (a, b): (Vec<&Tensor>, Vec<&Tensor>) = branches.iter().map(|(a, b)| (a, b)).unzip();
    Some([Tensor::concat(&a, 0), Tensor::concat(&b, 1)])
}

/// Returns the layers that have this part of an adapter.
pub(super) fn with(params: &Params, part: &str) -> BTreeSet<String> {
    let layer = |name: &str| name.strip_suffix(part)?.strip_suffix('.').map(str::to_owned);
    params.names().filter_map(layer).collect()
}
