//! The tiny models of `tests/golden/lm`, which `tests/python/lm_golden.py` made, and transformers' numbers of them.

use std::fs;
use std::path::{Path, PathBuf};

use boldface_engine::{ENGINES, Engine, Params, Rope};
use boldface_lm::{Config, Family, Network};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// Every model; shapes and files are all different.
pub const MODELS: [&str; 9] = [
    "gpt2",
    "gpt2-f16",
    "small-llama",
    "llama-theta",
    "llama-linear",
    "llama3-bf16",
    "llama-yarn",
    "qwen3-tied",
    "qwen3-sharded",
];

/// A sequence and what transformers says of it.
pub struct Golden {
    pub tokens: Vec<u32>,
    /// (T, V)
    pub logits: Vec<f32>,
    /// The likeliest tokens after it.
    pub greedy: Vec<u32>,
}

pub fn folder(model: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/lm")).join(model)
}

/// All engines of this build, on the CPU.
pub fn engines() -> Vec<Engine> {
    ENGINES.iter().map(|engine| boldface_engine::open(engine, "cpu").unwrap()).collect()
}

pub fn golden(model: &str) -> Vec<Golden> {
    let bytes = fs::read(folder(model).join("golden.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let sequence = |index: usize| {
        let tokens = |name: &str| {
            let data = file.tensor(&format!("{name}.{index}")).unwrap().data().to_vec();
            data.chunks(8).map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()) as u32).collect()
        };
        let logits = numbers(&file, &format!("logits.{index}"));
        Golden { tokens: tokens("tokens"), logits, greedy: tokens("greedy") }
    };
    (0..3).map(sequence).collect()
}

pub fn network(model: &str, engine: &Engine) -> Network {
    let config = config(model);
    let mut params = Params::new(engine);
    let mut parts: Vec<PathBuf> =
        fs::read_dir(folder(model)).unwrap().map(|file| file.unwrap().path()).collect();
    parts.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("model")));
    parts.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
    for part in parts {
        let bytes = fs::read(part).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        for (name, dims) in config.parameters() {
            let Ok(view) = file.tensor(&name) else { continue };
            let mut values = numbers(&file, &name);
            if view.shape() != dims || name.contains(".c_") && dims.len() == 2 {
                let columns = view.shape()[1];
                values = (0..columns).flat_map(|c| values[c..].iter().step_by(columns)).copied().collect();
            }
            params.insert(&name, values, &dims);
        }
    }
    params.train_only(|_| false);
    Network { config, params }
}

fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let view = file.tensor(name).unwrap();
    let halves = || view.data().chunks(2).map(|bytes| [bytes[0], bytes[1]]);
    match view.dtype() {
        Dtype::F32 => view.data().chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
        Dtype::F16 => halves().map(|bytes| half::f16::from_le_bytes(bytes).to_f32()).collect(),
        Dtype::BF16 => halves().map(|bytes| half::bf16::from_le_bytes(bytes).to_f32()).collect(),
        other => panic!("{other:?}"),
    }
}

fn config(model: &str) -> Config {
    let json: Value =
        serde_json::from_str(&fs::read_to_string(folder(model).join("config.json")).unwrap()).unwrap();
    let bytes = fs::read(folder(model).join("golden.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let number = |name: &str| json[name].as_u64().map(|number| number as usize);
    let flag = |name: &str| json[name].as_bool().unwrap_or_default();
    if json["model_type"] == "gpt2" {
        let (width, heads) = (number("n_embd").unwrap(), number("n_head").unwrap());
        return Config {
            family: Family::Gpt2,
            layers: number("n_layer").unwrap(),
            width,
            heads,
            kv_heads: heads,
            head_width: width / heads,
            inner: number("n_inner").unwrap_or(4 * width),
            vocabulary: number("vocab_size").unwrap(),
            context: number("n_positions").unwrap(),
            eps: json["layer_norm_epsilon"].as_f64().unwrap() as f32,
            rope: None,
            tied: true,
            attention_bias: true,
            mlp_bias: true,
        };
    }
    Config {
        family: if json["model_type"] == "llama" { Family::Llama } else { Family::Qwen3 },
        layers: number("num_hidden_layers").unwrap(),
        width: number("hidden_size").unwrap(),
        heads: number("num_attention_heads").unwrap(),
        kv_heads: number("num_key_value_heads").unwrap(),
        head_width: number("head_dim").unwrap(),
        inner: number("intermediate_size").unwrap(),
        vocabulary: number("vocab_size").unwrap(),
        context: number("max_position_embeddings").unwrap(),
        eps: json["rms_norm_eps"].as_f64().unwrap() as f32,
        rope: Some(Rope {
            frequencies: numbers(&file, "rope.frequencies").into_iter().map(f64::from).collect(),
            scale: numbers(&file, "rope.scale")[0],
        }),
        tied: flag("tie_word_embeddings"),
        attention_bias: flag("attention_bias"),
        mlp_bias: flag("mlp_bias"),
    }
}
