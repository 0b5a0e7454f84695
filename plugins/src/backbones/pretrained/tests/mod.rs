//! Fixtures from tiny models, and groups of tests for published models.

mod asked;
mod asking;
mod checking;
mod files;
mod learning;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boldface::{
    Backbone, FitContext, FmriBlock, LanguageModel, Lora, Query, Sequence, TextSource, Training, Tuning, seed,
};
use boldface_engine::{Params, open};
use tempfile::TempDir;

use super::asked::AskedWords;
use super::base::BaseFiles;
use super::model::PretrainedModel;
use super::prompt::Prompts;
use super::{Chat, Pretrained};
use crate::backbones::causal::{self, Input, Trunk};
use crate::backbones::fixture::{
    Log, SHAPE, batch, block, lora, prompt, ranked_as_alone, runtime, sequence, train, training,
};

/// A template that marks turns with the tokenizer's own special tokens.
const TEMPLATE: &str = "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}\
                        {% if add_generation_prompt %}<s>assistant\n{% endif %}";

/// The tiny Llama that Python's transformers wrote (tests/python/lm_golden.py), in a folder of its own,
/// with the chat template if given.
fn llama(template: Option<&str>) -> TempDir {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/lm/small-llama");
    let dir = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::write(dir.path().join(file), fs::read(golden.join(file)).unwrap()).unwrap();
    }
    let told = serde_json::json!({ "eos_token": "</s>", "add_bos_token": false, "chat_template": template });
    fs::write(dir.path().join("tokenizer_config.json"), told.to_string()).unwrap();
    dir
}

/// A tiny GPT-2 with random weights and the Llama's tokenizer.
fn gpt2() -> TempDir {
    let dir = llama(None);
    let config = serde_json::json!({
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 128, "n_positions": 64, "n_embd": 12,
        "n_layer": 2, "n_head": 3, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "eos_token_id": 2,
    });
    fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let mut params = Params::new(&open("dfdx", "cpu").unwrap());
    let mut rng = seed::stream(4, "gpt2");
    params.normal("transformer.wte.weight", &[128, 12], 0.5, &mut rng);
    params.normal("transformer.wpe.weight", &[64, 12], 0.1, &mut rng);
    let norms = ["h.0.ln_1", "h.0.ln_2", "h.1.ln_1", "h.1.ln_2", "ln_f"];
    for norm in norms {
        params.constant(&format!("transformer.{norm}.weight"), &[12], 1.0);
        params.constant(&format!("transformer.{norm}.bias"), &[12], 0.0);
    }
    for layer in 0..2 {
        // GPT-2's files have the input dimension first.
        for (part, inputs, outputs) in
            [("attn.c_attn", 12, 36), ("attn.c_proj", 12, 12), ("mlp.c_fc", 12, 48), ("mlp.c_proj", 48, 12)]
        {
            let name = format!("transformer.h.{layer}.{part}");
            params.normal(&format!("{name}.weight"), &[inputs, outputs], 0.3, &mut rng);
            params.constant(&format!("{name}.bias"), &[outputs], 0.0);
        }
    }
    params.save(&dir.path().join("model.safetensors")).unwrap();
    dir
}

fn config(weights: &Path) -> Pretrained {
    let weights = weights.to_owned();
    Pretrained {
        weights,
        input: Input::Features,
        context: None,
        chat: Chat::Auto,
        checkpointing: false,
        asked: false,
    }
}

/// The published model with fMRI parts of [`SHAPE`], like at the start of the first stage.
fn model(config: &Pretrained) -> PretrainedModel {
    let base = BaseFiles::open(&config.weights).unwrap();
    let mut model = PretrainedModel::new(config, &base, &open("dfdx", "cpu").unwrap()).unwrap();
    if config.asked {
        let questions = ["is it?", "is the heart still?", "is the brain silent?"].map(str::to_owned);
        let words = AskedWords::count(&questions, model.prompts.vocabulary(), 7).unwrap();
        model.tell_words(words).unwrap();
    }
    model.network.add_fmri(SHAPE, &mut seed::stream(1, "test"));
    model
}

fn weights(model: &PretrainedModel) -> BTreeMap<String, Vec<u32>> {
    let params = model.network.params();
    let bits = |name: &str| params.get(name).to_vec().into_iter().map(f32::to_bits).collect();
    params.names().map(|name| (name.to_owned(), bits(name))).collect()
}

fn close(a: &[Vec<f64>], b: &[Vec<f64>]) -> bool {
    a.len() == b.len() && a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-4)
}

/// Maps every file below `dir` to its bytes.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            found.extend(contents(&path).into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}
