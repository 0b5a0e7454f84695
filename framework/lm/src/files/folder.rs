//! A Hugging Face folder: its files, and the tensors of its safetensors files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use boldface::Result;

use super::json::Json;
use crate::config::{ModelConfig, ModelFamily};
use crate::weights::{Shard, StoredTensor, StoredTensors, TensorOrder, some};

/// File name of the index of shards.
const INDEX: &str = "model.safetensors.index.json";
/// File name of weights that are all in one file.
const SINGLE: &str = "model.safetensors";

/// Files beside the weights that define how text is read.
const TEXT_FILES: &[&str] = &[
    "chat_template.jinja",
    "encoder.json",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.bpe",
    "vocab.json",
    "README.md",
];

/// A folder with a `config.json`.
#[derive(Clone, Debug)]
pub(crate) struct ModelFolder {
    /// The path of the folder.
    pub path: PathBuf,
    /// Its `config.json`.
    pub config: Json,
}

impl ModelFolder {
    /// Opens a folder and reads its `config.json`.
    pub fn open(path: &Path) -> Result<ModelFolder> {
        let config = path.join("config.json");
        if !config.exists() {
            let here = path.display();
            let gguf = std::fs::read_dir(path)?.filter_map(|entry| Some(entry.ok()?.path()));
            let mut gguf: Vec<PathBuf> =
                gguf.filter(|path| path.extension().is_some_and(|extension| extension == "gguf")).collect();
            gguf.sort();
            return Err(match gguf.first() {
                Some(gguf) => format!("`{here}` has no `config.json`; did you mean `{}`?", gguf.display()),
                None => format!("`{here}` has no `config.json`; it is not a Hugging Face model folder"),
            }
            .into());
        }
        Ok(ModelFolder { path: path.to_owned(), config: Json::read(&config)? })
    }

    /// Returns the path of a file in this folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the existing files that define how text is read, the index of shards and the
    /// configuration.
    pub fn paths(&self) -> Vec<PathBuf> {
        let texts = TEXT_FILES.iter().map(|name| self.file(name)).filter(|path| path.exists());
        let index = Some(self.file(INDEX)).filter(|path| path.exists());
        texts.chain(index).chain([self.config.file().to_owned()]).collect()
    }

    /// Returns the model's name in its own configuration.
    pub fn name(&self) -> Option<String> {
        let name = self.config.text("_name_or_path").ok().flatten()?;
        // A path on another computer is not a name.
        let is_name = !name.is_empty() && !name.starts_with(['/', '.', '~']) && !name.contains('\\');
        is_name.then(|| name.to_owned())
    }

    /// Returns the file that should have all tensors, for error messages.
    pub fn whole(&self) -> String {
        let name = if self.file(SINGLE).exists() { SINGLE } else { INDEX };
        self.file(name).display().to_string()
    }

    /// Reads all tensors under their published names, without buffers, which are not weights.
    pub fn weights(&self, config: &ModelConfig) -> Result<StoredTensors> {
        let single = self.file(SINGLE);
        let found = if single.exists() { Shard::open(&single)?.tensors } else { self.shards()? };
        let (mut weights, mut wrong) = (StoredTensors::new(), Vec::new());
        for (name, stored) in found {
            if is_buffer(&name) {
                continue;
            }
            let published = published_name(config.family, &name);
            match stored {
                Err(error) => wrong.push(error.to_string()),
                Ok(stored) => {
                    let stored = StoredTensor { order: order(config.family, &published), ..stored };
                    let file = stored.path().display().to_string();
                    if let Some(other) = weights.insert(published, stored) {
                        wrong.push(format!(
                            "`{file}`: tensors `{name}` and `{}` are the same parameter",
                            other.name
                        ));
                    }
                }
            }
        }
        some(wrong)?;
        Ok(weights)
    }

    /// Reads the tensors that the index names, each from its shard.
    fn shards(&self) -> Result<Vec<(String, Result<StoredTensor>)>> {
        let index = self.file(INDEX);
        if !index.exists() {
            let here = self.path.display();
            let packed =
                ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"];
            let other = packed.iter().find(|name| self.file(name).exists());
            let hint = other.map(|name| {
                format!("; it has `{name}`: save it again with `save_pretrained` (safe_serialization=True) in Python")
            });
            let hint = hint.unwrap_or_default();
            return Err(format!("`{here}` has neither `{SINGLE}` nor `{INDEX}`{hint}").into());
        }
        let index = Json::read(&index)?;
        let map = index.needed("weight_map", index.object("weight_map"))?;
        let mut of_tensor: BTreeMap<String, String> = BTreeMap::new();
        for (tensor, _) in map.keys() {
            let shard = map.needed(tensor, map.text(tensor).map(|text| text.map(str::to_owned)))?;
            // A shard must be in the folder itself, as a path out of it could read any file.
            if Path::new(&shard).file_name().is_none_or(|name| name != shard.as_str()) {
                return Err(map.wrong(tensor, "which is not the name of a file in this folder"));
            }
            of_tensor.insert(tensor.to_owned(), shard);
        }
        let shards: BTreeSet<&String> = of_tensor.values().collect();
        let missing: Vec<String> = shards
            .iter()
            .filter(|shard| !self.file(shard).exists())
            .map(|shard| {
                format!("`{}` is missing; `{}` names it", self.file(shard).display(), index.file().display())
            })
            .collect();
        some(missing)?;
        let mut found = Vec::new();
        for shard in shards {
            let tensors = Shard::open(&self.file(shard))?.tensors;
            found.extend(tensors.into_iter().filter(|(name, _)| of_tensor.get(name) == Some(shard)));
        }
        let names: BTreeSet<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let lost = of_tensor.iter().filter(|(name, _)| !names.contains(name.as_str()) && !is_buffer(name));
        let lost = lost.map(|(name, shard)| {
            format!(
                "`{}`: tensor `{name}` is missing, although `{INDEX}` lists it there",
                self.file(shard).display()
            )
        });
        some(lost.collect())?;
        Ok(found)
    }
}

/// Returns whether a tensor of an old file is a buffer: GPT-2's causal mask or Llama's rotary
/// frequencies.
fn is_buffer(name: &str) -> bool {
    [".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"].iter().any(|end| name.ends_with(end))
}

/// Adds the prefix of the model's body, which is missing in files of the body alone.
fn published_name(family: ModelFamily, name: &str) -> String {
    let prefix = match family {
        ModelFamily::Gpt2 => "transformer.",
        ModelFamily::Llama | ModelFamily::Qwen3 => "model.",
    };
    if name.starts_with(prefix) || name.starts_with("lm_head.") {
        name.to_owned()
    } else {
        format!("{prefix}{name}")
    }
}

/// Returns the order of a tensor; files store GPT-2's linear layers as (inputs, outputs).
fn order(family: ModelFamily, published: &str) -> TensorOrder {
    let linears = ["attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight"];
    if family == ModelFamily::Gpt2 && linears.iter().any(|end| published.ends_with(end)) {
        TensorOrder::Transposed
    } else {
        TensorOrder::Ours
    }
}
