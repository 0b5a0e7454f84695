//! A Hugging Face folder: which files it has, and the tensors of its safetensors files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use boldface::Result;

use super::json::Json;
use crate::config::{Config, Family};
use crate::weights::{Order, Shard, Stored, Weights, some};

/// The index of shards.
const INDEX: &str = "model.safetensors.index.json";
/// All weights in one file.
const SINGLE: &str = "model.safetensors";

/// Files beside the weights that say how text is read, in the order in which they are asked.
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
pub(crate) struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// Its `config.json`.
    pub config: Json,
}

impl Folder {
    /// Reads `config.json`.
    pub fn open(path: &Path) -> Result<Folder> {
        let config = path.join("config.json");
        if !config.exists() {
            let here = path.display();
            let gguf = std::fs::read_dir(path)?.filter_map(|entry| Some(entry.ok()?.path()));
            let mut gguf: Vec<PathBuf> =
                gguf.filter(|path| path.extension().is_some_and(|extension| extension == "gguf")).collect();
            gguf.sort();
            return Err(match gguf.first() {
                Some(gguf) => format!("`{here}` has no `config.json`; did you mean `{}`?", gguf.display()),
                None => format!("`{here}` has no `config.json`; it is no Hugging Face model folder"),
            }
            .into());
        }
        Ok(Folder { path: path.to_owned(), config: Json::read(&config)? })
    }

    /// A file of this folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Files that say how text is read, those that are there; and the configuration.
    pub fn paths(&self) -> Vec<PathBuf> {
        let texts = TEXT_FILES.iter().map(|name| self.file(name)).filter(|path| path.exists());
        let index = Some(self.file(INDEX)).filter(|path| path.exists());
        texts.chain(index).chain([self.config.file().to_owned()]).collect()
    }

    /// What the model is called in its own configuration.
    pub fn name(&self) -> Option<String> {
        let name = self.config.text("_name_or_path").ok().flatten()?;
        // A path on somebody else's disk is no name.
        let is_name = !name.is_empty() && !name.starts_with(['/', '.', '~']) && !name.contains('\\');
        is_name.then(|| name.to_owned())
    }

    /// Where tensors are looked for, for a message.
    pub fn whole(&self) -> String {
        let name = if self.file(SINGLE).exists() { SINGLE } else { INDEX };
        self.file(name).display().to_string()
    }

    /// All tensors under their published names. Buffers that are no weights are left out.
    pub fn weights(&self, config: &Config) -> Result<Weights> {
        let single = self.file(SINGLE);
        let found = if single.exists() { Shard::open(&single)?.tensors } else { self.shards()? };
        let (mut weights, mut wrong) = (Weights::new(), Vec::new());
        for (name, stored) in found {
            if is_buffer(&name) {
                continue;
            }
            let published = published_name(config.family, &name);
            match stored {
                Err(error) => wrong.push(error.to_string()),
                Ok(stored) => {
                    let stored = Stored { order: order(config.family, &published), ..stored };
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

    /// The tensors of all shards that the index names, each from the shard it says.
    fn shards(&self) -> Result<Vec<(String, Result<Stored>)>> {
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
            // A shard lies in the folder itself: a path out of it would read somebody else's files.
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
                "`{}`: tensor `{name}` is missing, though `{INDEX}` puts it there",
                self.file(shard).display()
            )
        });
        some(lost.collect())?;
        Ok(found)
    }
}

/// Tensors that old files hold and that are no weights: the causal mask of GPT-2, rotary frequencies of Llama.
fn is_buffer(name: &str) -> bool {
    [".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"].iter().any(|end| name.ends_with(end))
}

/// With the prefix of the model's body, which files of the body alone do not have.
fn published_name(family: Family, name: &str) -> String {
    let prefix = match family {
        Family::Gpt2 => "transformer.",
        Family::Llama | Family::Qwen3 => "model.",
    };
    if name.starts_with(prefix) || name.starts_with("lm_head.") {
        name.to_owned()
    } else {
        format!("{prefix}{name}")
    }
}

/// GPT-2's linear layers are written (inputs, outputs).
fn order(family: Family, published: &str) -> Order {
    let linears = ["attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight"];
    if family == Family::Gpt2 && linears.iter().any(|end| published.ends_with(end)) {
        Order::Transposed
    } else {
        Order::Ours
    }
}
