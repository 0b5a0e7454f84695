//! The files of a saved model: learned weights, and the fingerprint of the published files.

use std::fs;
use std::path::Path;

use boldface::{FmriShape, Result, Runtime, seed};
use boldface_engine::Engine;
use boldface_lm::adapter;
use serde::{Deserialize, Serialize};

use super::Pretrained;
use super::asked::{AskedWords, QuestionVectors};
use super::base::{BaseFiles, Fingerprint};
use super::model::PretrainedModel;
use super::network::PretrainedNetwork;
use crate::backbones::causal::{self, Trunk};

const MODEL: &str = "model.json";
const FMRI: &str = "fmri.safetensors";
const ADAPTER: &str = "adapter";
const WEIGHTS: &str = "weights.safetensors";

/// Metadata that the tensors alone do not contain.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    /// The published files that the model was trained with.
    base: Fingerprint,
    /// Shape of the scans that the fMRI parts read; `None` for a text side.
    shape: Option<FmriShape>,
    /// Whether the folder `adapter` has an adapter in PEFT's format.
    adapter: bool,
    /// Whether `weights.safetensors` replaces the published weights.
    weights: bool,
    /// The words of questions that text after a scan is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<AskedWords>,
}

/// Writes `model.json` and `fmri.safetensors`; also `adapter/` in PEFT's format if there is an adapter,
/// and all weights if they were trained.
pub(super) fn save(model: &PretrainedModel, dir: &Path) -> Result<()> {
    let PretrainedModel { network, base, .. } = model;
    let params = network.params();
    params.save_some(&dir.join(FMRI), causal::is_fmri)?;
    if let Some(lora) = &network.lora {
        adapter::save(&network.published, lora, base.name(), &dir.join(ADAPTER))?;
    }
    if network.is_moved {
        params.save_some(&dir.join(WEIGHTS), PretrainedNetwork::is_base)?;
    }
    let (adapter, weights) = (network.lora.is_some(), network.is_moved);
    let asked = network.asked.as_ref().map(QuestionVectors::words).cloned();
    write(&Saved { base: base.clone(), shape: network.shape, adapter, weights, asked }, dir)
}

/// Writes the fingerprint of the text side's base, and the words of questions if the model is told them.
pub(super) fn save_text(base: &Fingerprint, asked: Option<&AskedWords>, dir: &Path) -> Result<()> {
    let (base, asked) = (base.clone(), asked.cloned());
    write(&Saved { base, shape: None, adapter: false, weights: false, asked }, dir)
}

/// Reads the words of questions that [`save_text`] and [`save`] write.
///
/// # Errors
/// If the files were made without them.
pub(super) fn words(dir: &Path) -> Result<AskedWords> {
    let saved = read(dir)?.asked;
    Ok(saved.ok_or_else(|| {
        format!(
            "`{}` was made without `asked` of `[backbone]`; remove that key, or start anew",
            dir.display()
        )
    })?)
}

/// Checks that the files in `dir` were made with the files of `base`.
///
/// # Errors
/// If they were not; the message names the file that differs.
pub(super) fn check_base(dir: &Path, base: &BaseFiles) -> Result<()> {
    let saved = read(dir)?;
    match saved.base.difference(&base.fingerprint) {
        None => Ok(()),
        Some(difference) => Err(format!(
            "`{}` was made with other weights of `{}` than `weights` has now: {difference}",
            dir.display(),
            saved.base.name()
        )
        .into()),
    }
}

/// Reads the files written by [`save`], together with the published files used in training.
pub(super) fn load(config: &Pretrained, dir: &Path, runtime: &Runtime) -> Result<PretrainedModel> {
    let base = BaseFiles::open(&config.weights)?;
    check_base(dir, &base)?;
    let Saved { shape, adapter, weights, .. } = read(dir)?;
    let shape = shape.ok_or_else(|| format!("`{}` holds a text side without fMRI parts", dir.display()))?;
    let mut model = PretrainedModel::new(config, &base, &Engine::for_runtime(runtime)?)?;
    if config.asked {
        model.tell_words(words(dir)?)?;
    }
    let network = &mut model.network;
    // Random fMRI parts provide the names and shapes of the expected parameters.
    network.add_fmri(shape, &mut seed::stream(0, "pretrained.expected"));
    network.params_mut().restore_some(&dir.join(FMRI), causal::is_fmri)?;
    if weights {
        network.params_mut().restore_some(&dir.join(WEIGHTS), PretrainedNetwork::is_base)?;
        network.is_moved = true;
    }
    if adapter {
        network.lora = Some(adapter::load(&mut network.published, &dir.join(ADAPTER))?);
    }
    Ok(model)
}

fn write(saved: &Saved, dir: &Path) -> Result<()> {
    let path = dir.join(MODEL);
    fs::write(&path, serde_json::to_vec(saved)?)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(())
}

fn read(dir: &Path) -> Result<Saved> {
    let path = dir.join(MODEL);
    let bytes = fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| format!("`{}` is damaged: {error}", path.display()))?)
}
