//! Reads adapters that boldface or Python's PEFT wrote.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Error, Lora, Result};
use boldface_engine::{Mapped, Params};
use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::check_free;
use super::peft::{CONFIG, PeftConfig, WEIGHTS};
use super::targets::{Module, modules, shortest};
use crate::config::ModelConfig;
use crate::network::PublishedNetwork;

/// Numbers and dims of one matrix.
type Matrix = (Vec<f32>, [usize; 2]);

/// Adds the adapter of a PEFT folder as the trained one; returns its rank, scale, dropout and layers.
///
/// The scale is returned as `alpha / rank`. If layers differ in their scale, `lora_b` absorbs the
/// difference.
///
/// # Errors
///
/// If a file is missing or damaged, the adapter is more than low-rank matrices beside linear layers
/// (DoRA, biases, whole modules, a trained embedding or head), it is for another model, a number is not
/// finite, or the model already has a trained adapter. Nothing changes then.
pub fn load(network: &mut PublishedNetwork, dir: &Path) -> Result<Lora> {
    check_free(&network.params)?;
    let peft = PeftConfig::read(&dir.join(CONFIG))?;
    let path = dir.join(WEIGHTS);
    if !path.exists() && dir.join("adapter_model.bin").exists() {
        return Err(format!(
            "`{}` is missing, and `adapter_model.bin` beside it is a pickle, which can run anything; save the \
             adapter again with PEFT 0.8 or later",
            path.display()
        )
        .into());
    }
    let file = Mapped::open(&path).map_err(|e| format!("{e}: {}", source(&e)))?;
    let tensors = SafeTensors::deserialize(file.bytes())
        .map_err(|e| format!("`{}` is damaged or not a safetensors file: {e}", path.display()))?;
    let reader = Reader {
        path: path.display().to_string(),
        peft: &peft,
        config: &network.config,
        params: &network.params,
    };
    let pairs = reader.pairs(&tensors)?;

    let names = pairs.keys().map(String::as_str).collect();
    let targets = shortest(&network.config, &names);
    let lora =
        Lora { rank: peft.rank, alpha: peft.scale() * peft.rank as f64, dropout: peft.dropout, targets };
    for (name, [(a, a_dims), (b, b_dims)]) in pairs {
        network.params.insert(&format!("{name}.lora_a"), a, &a_dims);
        network.params.insert(&format!("{name}.lora_b"), b, &b_dims);
    }
    Ok(lora)
}

struct Reader<'a> {
    path: String,
    peft: &'a PeftConfig,
    config: &'a ModelConfig,
    params: &'a Params,
}

impl Reader<'_> {
    /// Returns both matrices of every layer that has an adapter.
    fn pairs(&self, tensors: &SafeTensors<'_>) -> Result<BTreeMap<String, [Matrix; 2]>> {
        let modules: BTreeMap<String, Module> =
            modules(self.config).into_iter().map(|module| (module.name.clone(), module)).collect();
        let mut names = tensors.names();
        names.sort_unstable();
        for name in names {
            if !self.is_of_the_model(name, &tensors.tensor(name).map_err(|e| self.fail(&e.to_string()))?)? {
                self.check_name(name, &modules)?;
            }
        }
        let mut pairs = BTreeMap::new();
        for (name, module) in &modules {
            let [a, b] = ["A", "B"].map(|which| {
                let full = format!("base_model.model.{name}.lora_{which}.weight");
                tensors.tensor(&full).map_err(|_| full)
            });
            match (a, b) {
                (Ok(a), Ok(b)) => {
                    if self.peft.targets(module)? == Some(false) {
                        return Err(self.fail(&format!(
                            "has an adapter of `{name}`, but `{CONFIG}` does not target it"
                        )));
                    }
                    pairs.insert(name.clone(), self.pair(module, &a, &b)?);
                }
                (Err(_), Err(full)) => {
                    if self.peft.targets(module)? == Some(true) {
                        return Err(self
                            .other_base(&format!("`{CONFIG}` targets `{name}`, but there is no `{full}`")));
                    }
                }
                (Err(full), Ok(_)) | (Ok(_), Err(full)) => return Err(self.fail(&format!("lacks `{full}`"))),
            }
        }
        if pairs.is_empty() {
            return Err(self.fail("holds no adapter"));
        }
        Ok(pairs)
    }

    /// Returns whether a tensor is the embedding or the head, saved along by PEFT, and refuses one that was
    /// trained.
    fn is_of_the_model(&self, name: &str, view: &TensorView<'_>) -> Result<bool> {
        // `base_layer` is the table itself when PEFT has put a matrix of its own beside it.
        let inner = name.strip_prefix("base_model.model.").map(|inner| inner.replace(".base_layer.", "."));
        let published = match inner.as_deref() {
            Some("lm_head.weight") => self.config.head(),
            Some(inner) if inner == self.config.embedding() => self.config.embedding(),
            _ => return Ok(false),
        };
        let own = self.params.get(published);
        let [rows, width] = [self.config.vocabulary, self.config.width];
        let [found, wide] = *view.shape() else { return Ok(false) };
        if wide != width {
            return Err(self.other_base(&format!("`{name}` has rows of {wide} numbers, not {width}")));
        }
        if found > rows {
            return Err(self.fail(&format!(
                "has `{name}` with {found} rows, and the model's tokens have {rows}: embeddings of new tokens \
                 (`embed_tokens`) are not read"
            )));
        }
        let (saved, _) = self.matrix(name, view, [found, wide])?;
        let as_saved = |x: f32| match view.dtype() {
            Dtype::BF16 => bf16::from_f32(x).to_f32(),
            Dtype::F16 => f16::from_f32(x).to_f32(),
            _ => x,
        };
        match saved.iter().zip(own.to_vec()).position(|(saved, own)| *saved != as_saved(own)) {
            None => Ok(true),
            Some(at) => Err(self.fail(&format!(
                "has `{name}`, whose row {} differs from the model's: trained embeddings (`embed_tokens`, \
                 `lm_head`) are not read",
                at / width
            ))),
        }
    }

    /// Checks that a tensor is a matrix beside a linear layer of this model.
    fn check_name(&self, name: &str, modules: &BTreeMap<String, Module>) -> Result<()> {
        let inner = name.strip_prefix("base_model.model.");
        let layer = inner.and_then(|name| {
            name.strip_suffix(".lora_A.weight").or_else(|| name.strip_suffix(".lora_B.weight"))
        });
        match layer {
            Some(layer) if modules.contains_key(layer) => Ok(()),
            Some("lm_head") => Err(self.fail(&format!("has `{name}`: adapters of the head are not supported"))),
            Some(layer) => Err(self.other_base(&format!("it has no linear layer `{layer}` for `{name}`"))),
            None if name.contains(".lora_embedding_") => {
                Err(self.fail(&format!("has `{name}`: adapters of the embedding are not supported")))
            }
            None => Err(self.fail(&format!(
                "has `{name}`, which is no `base_model.model.*.lora_A.weight` or `lora_B.weight`: only low-rank \
                 matrices beside linear layers are read"
            ))),
        }
    }

    fn pair(&self, module: &Module, a: &TensorView<'_>, b: &TensorView<'_>) -> Result<[Matrix; 2]> {
        let rank = self.peft.rank_of(module)?;
        let name = |which: &str| format!("base_model.model.{}.lora_{which}.weight", module.name);
        if a.shape().first().is_none_or(|found| *found as f64 != rank) {
            return Err(self.fail(&format!(
                "has `{}` of shape {:?}, but `{CONFIG}` gives this layer the rank {rank}",
                name("A"),
                a.shape()
            )));
        }
        let rank = rank as usize;
        let a = self.matrix(&name("A"), a, [rank, module.inputs])?;
        let (mut b, dims) = self.matrix(&name("B"), b, [module.outputs, rank])?;
        let (own, all) = (self.peft.scale_of(module)?, self.peft.scale());
        if own != all {
            b.iter_mut().for_each(|x| *x = (f64::from(*x) * (own / all)) as f32);
        }
        Ok([a, (b, dims)])
    }

    fn matrix(&self, name: &str, view: &TensorView<'_>, dims: [usize; 2]) -> Result<Matrix> {
        if view.shape() != dims {
            return Err(self.other_base(&format!(
                "`{name}` has shape {:?}, but this model needs {dims:?}",
                view.shape()
            )));
        }
        let bytes = view.data();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect(),
            Dtype::BF16 => bytes.as_chunks().0.iter().map(|x| bf16::from_le_bytes(*x).to_f32()).collect(),
            Dtype::F16 => bytes.as_chunks().0.iter().map(|x| f16::from_le_bytes(*x).to_f32()).collect(),
            other => {
                return Err(
                    self.fail(&format!("has `{name}` in {other:?}; only F32, BF16 and F16 are supported"))
                );
            }
        };
        match values.iter().position(|x| !x.is_finite()) {
            Some(at) => Err(self.fail(&format!("has {} at place {at} of `{name}`", values[at]))),
            None => Ok((values, dims)),
        }
    }

    fn fail(&self, what: &str) -> Error {
        format!("`{}` {what}", self.path).into()
    }

    fn other_base(&self, what: &str) -> Error {
        let ModelConfig { family, layers, width, .. } = self.config;
        format!(
            "`{}` is an adapter for `{}`, which is not this model ({family:?}, {layers} layers of width {width}): {what}",
            self.path, self.peft.base
        )
        .into()
    }
}

/// Returns why an engine could not read a file.
fn source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(String::new, ToString::to_string)
}
