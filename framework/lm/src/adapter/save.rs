//! Writes adapters that open in Python: `PeftModel.from_pretrained(base, dir)`.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Lora, Result};
use boldface_engine::Tensor;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Map, Value, json};

use super::peft::{CONFIG, WEIGHTS};
use super::stack::{joined, with};
use super::targets::shortest;
use crate::config::ModelFamily;
use crate::network::PublishedNetwork;

/// Writes `adapter_config.json` and `adapter_model.safetensors` (f32) into `dir`, which is made if
/// missing.
///
/// `base` is the name of the model that the adapter was trained on. A trained adapter alone is written
/// as it is. With a frozen one it becomes one adapter: ranks are concatenated, the scale is in the
/// second matrices, and `lora_alpha` makes PEFT's own scale 1.
///
/// # Errors
///
/// If there is no adapter, it holds a number that is not finite, or a file cannot be written.
pub fn save(network: &PublishedNetwork, lora: &Lora, base: &str, dir: &Path) -> Result<()> {
    let params = &network.params;
    let stacked = !with(params, "frozen_a").is_empty();
    let names = &with(params, "lora_a") | &with(params, "frozen_a");
    let mut tensors = BTreeMap::new();
    let mut ranks = BTreeMap::new();
    for name in &names {
        let pair = if stacked {
            joined(params, name, lora).expect("the layer has an adapter")
        } else {
            ["lora_a", "lora_b"].map(|part| params.get(&format!("{name}.{part}")).clone())
        };
        ranks.insert(name.as_str(), pair[0].dims()[0]);
        for (which, tensor) in ["A", "B"].into_iter().zip(pair) {
            let name = format!("base_model.model.{name}.lora_{which}.weight");
            let bytes = bytes(&name, &tensor)?;
            tensors.insert(name, (tensor.dims().to_vec(), bytes));
        }
    }
    let Some(rank) = commonest(&ranks) else { return Err("the model has no adapter to save".into()) };
    // PEFT multiplies by each layer's own alpha / rank.
    let alpha = |rank: usize| match stacked {
        true => whole(rank as f64),
        false if rank == lora.rank => whole(lora.alpha),
        false => whole(lora.alpha * rank as f64 / lora.rank as f64),
    };
    let others = || ranks.iter().filter(|(_, other)| **other != rank);
    let pattern = |value: &dyn Fn(usize) -> Value| -> Map<String, Value> {
        others().map(|(name, rank)| ((*name).to_owned(), value(*rank))).collect()
    };
    let config = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "inference_mode": true,
        "r": rank,
        "lora_alpha": alpha(rank),
        "lora_dropout": lora.dropout,
        "target_modules": shortest(&network.config, &ranks.keys().copied().collect()),
        "rank_pattern": pattern(&|rank| rank.into()),
        "alpha_pattern": pattern(&alpha),
        "fan_in_fan_out": network.config.family == ModelFamily::Gpt2,
        "bias": "none",
        "init_lora_weights": true,
        "use_rslora": false,
        "use_dora": false,
        "modules_to_save": null,
    });
    let write = || -> Result<()> {
        std::fs::create_dir_all(dir)?;
        let views = tensors.iter().map(|(name, (dims, bytes))| {
            TensorView::new(Dtype::F32, dims.clone(), bytes).map(|view| (name.as_str(), view))
        });
        let views: Vec<_> = views.collect::<Result<_, _>>()?;
        // This key tells transformers that the tensors are PyTorch's.
        let metadata = [("format".to_owned(), "pt".to_owned())].into_iter().collect();
        safetensors::serialize_to_file(views, Some(metadata), &dir.join(WEIGHTS))?;
        Ok(std::fs::write(dir.join(CONFIG), format!("{config:#}\n"))?)
    };
    write().map_err(|e| format!("the adapter cannot be written into `{}`: {e}", dir.display()).into())
}

fn bytes(name: &str, tensor: &Tensor) -> Result<Vec<u8>> {
    let values = tensor.to_vec();
    match values.iter().find(|x| !x.is_finite()) {
        Some(x) => Err(format!("the adapter is not saved: `{name}` holds {x}").into()),
        None => Ok(values.into_iter().flat_map(f32::to_le_bytes).collect()),
    }
}

/// Returns the rank that most layers have; the smallest of equals.
fn commonest(ranks: &BTreeMap<&str, usize>) -> Option<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    ranks.values().for_each(|rank| *counts.entry(*rank).or_default() += 1);
    counts.into_iter().max_by_key(|(rank, count)| (*count, std::cmp::Reverse(*rank))).map(|(rank, _)| rank)
}

/// Writes a whole number without `.0`, because PEFT declares alpha as an integer.
fn whole(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() < 1e15 { json!(x as i64) } else { json!(x) }
}
