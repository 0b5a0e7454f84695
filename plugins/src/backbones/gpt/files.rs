//! The files of a saved model: weights, vocabulary and metadata.

use std::fs;
use std::path::Path;

use boldface::{FmriShape, Lora, Result, Runtime, seed};
use boldface_engine::{Engine, Params};
use serde::{Deserialize, Serialize};

use super::Gpt;
use super::network::GptNetwork;
use super::vocabulary::GptVocabulary;

const WEIGHTS: &str = "weights.safetensors";
const MODEL: &str = "model.json";

/// Metadata that the weights alone do not contain.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    shape: Option<FmriShape>,
    lora: Option<Lora>,
}

/// Writes `weights.safetensors`, `tokenizer.json` and `model.json` into `dir`.
pub(super) fn save(network: &GptNetwork, vocabulary: &GptVocabulary, dir: &Path) -> Result<()> {
    network.params.save(&dir.join(WEIGHTS))?;
    vocabulary.save(dir)?;
    let saved = Saved { shape: network.shape, lora: network.lora.clone() };
    let path = dir.join(MODEL);
    fs::write(&path, serde_json::to_vec(&saved)?)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(())
}

/// Reads the files written by [`save`]. The weights must be exactly those that `config` requires.
pub(super) fn load(config: &Gpt, dir: &Path, runtime: &Runtime) -> Result<(GptNetwork, GptVocabulary)> {
    let vocabulary = GptVocabulary::load(dir)?;
    let path = dir.join(MODEL);
    let bytes = fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let saved: Saved = serde_json::from_slice(&bytes)
        .map_err(|error| format!("`{}` is damaged: {error}", path.display()))?;
    let engine = Engine::for_runtime(runtime)?;
    // A network with random weights provides the names and shapes of the expected parameters.
    let mut rng = seed::stream(0, "gpt.expected");
    let mut network = GptNetwork::new(config, &engine, vocabulary.len(), &mut rng);
    if let Some(shape) = saved.shape {
        network.add_fmri(shape, &mut rng);
    }
    if let Some(lora) = saved.lora {
        network.add_lora(lora, &mut rng);
    }
    let path = dir.join(WEIGHTS);
    let params = Params::load(&engine, &path)?;
    let differ = |what: String| format!("`{}` {what}; it was saved by another configuration", path.display());
    for name in network.params.names() {
        let wanted = network.params.get(name).dims();
        match params.try_get(name).map(|tensor| tensor.dims()) {
            None => return Err(differ(format!("lacks the parameter `{name}`")).into()),
            Some(found) if found != wanted => {
                return Err(differ(format!("has `{name}` of shape {found:?}, not {wanted:?}")).into());
            }
            Some(_) => {}
        }
    }
    if let Some(name) = params.names().find(|name| network.params.try_get(name).is_none()) {
        return Err(differ(format!("has an unknown parameter `{name}`")).into());
    }
    network.params = params;
    Ok((network, vocabulary))
}
