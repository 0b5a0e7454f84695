//! The tiny models of `tests/golden/lm`, made by `tests/python/lm_golden.py`, and transformers' results.

use std::fs;
use std::path::{Path, PathBuf};

use boldface_engine::{ENGINES, Engine};
use boldface_lm::{PublishedNetwork, open};
use safetensors::{Dtype, SafeTensors};

/// All models; their shapes and files all differ.
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

/// A sequence and transformers' results for it.
pub struct Golden {
    pub tokens: Vec<u32>,
    /// Logits, (T, V).
    pub logits: Vec<f32>,
    /// The likeliest tokens after it.
    pub greedy: Vec<u32>,
}

pub fn folder(model: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/lm")).join(model)
}

/// Opens all engines of this build on the CPU.
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

pub fn network(model: &str, engine: &Engine) -> PublishedNetwork {
    open(&folder(model)).unwrap().network(engine).unwrap()
}

/// Returns frequencies and scale of the rotary positions, if a model has them.
pub fn rope(model: &str) -> Option<(Vec<f32>, f32)> {
    let bytes = fs::read(folder(model).join("golden.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let scale = file.tensor("rope.scale").is_ok().then(|| numbers(&file, "rope.scale")[0])?;
    Some((numbers(&file, "rope.frequencies"), scale))
}

fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let view = file.tensor(name).unwrap();
    assert_eq!(view.dtype(), Dtype::F32);
    view.data().chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}
