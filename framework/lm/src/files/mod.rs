//! The files of a published model: a Hugging Face folder or a GGUF file.
//!
//! Opening reads headers only and finds everything that is wrong with names, shapes and number formats; the numbers
//! are read when a [`Network`] is made.

mod card;
mod folder;
mod json;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use boldface::Result;
use boldface_engine::Engine;

use crate::config::Config;
use crate::gguf::{Gguf, published};
use crate::network::Network;
use crate::vocabulary::Vocabulary;
use crate::weights::{Weights, check, parameters};
pub(crate) use folder::Folder;
pub(crate) use json::Json;

/// A published model whose headers were read; cheap to clone but for its names.
#[derive(Clone, Debug)]
pub struct Files {
    source: Source,
    config: Config,
    weights: Weights,
    /// Read once: a tokenizer takes a third of a second.
    vocabulary: Arc<OnceLock<Vocabulary>>,
}

#[derive(Clone, Debug)]
enum Source {
    Folder(Folder),
    Gguf(Box<Gguf>),
}

/// Opens a Hugging Face folder (`config.json`, `model.safetensors` or its shards, `tokenizer.json`) or a `.gguf` file.
///
/// # Errors
///
/// If there is no model, or it is of a family that is not computed here, or a tensor is missing, unknown, of another
/// shape or cut short. Every error names the file, and the key or tensor.
pub fn open(path: &Path) -> Result<Files> {
    if path.is_dir() {
        let folder = Folder::open(path)?;
        let config = Config::from_json(&folder.config)?;
        let weights = folder.weights(&config)?;
        check(&config, &weights, &folder.whole())?;
        return Ok(Files::new(Source::Folder(folder), config, weights));
    }
    let shown = path.display();
    if !path.exists() {
        let wanted = "give a Hugging Face folder (`config.json`, `model.safetensors`, `tokenizer.json`) or a `.gguf` file";
        return Err(format!("`{shown}` does not exist; {wanted}").into());
    }
    if path.extension().is_none_or(|extension| extension != "gguf") {
        return Err(
            format!("`{shown}` is neither a folder nor a `.gguf` file; name the folder it lies in").into()
        );
    }
    let gguf = Gguf::open(path)?;
    let config = Config::from_gguf(&gguf)?;
    let weights = published(&gguf, &config);
    check(&config, &weights, &shown.to_string())?;
    Ok(Files::new(Source::Gguf(Box::new(gguf)), config, weights))
}

impl Files {
    fn new(source: Source, config: Config, weights: Weights) -> Files {
        Files { source, config, weights, vocabulary: Arc::default() }
    }

    /// What the model is made of.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's tokens and its chat template.
    ///
    /// # Errors
    ///
    /// If there is no tokenizer, or one of a kind that is not read, or one with more entries than the embedding has
    /// rows.
    pub fn vocabulary(&self) -> Result<Vocabulary> {
        if let Some(vocabulary) = self.vocabulary.get() {
            return Ok(vocabulary.clone());
        }
        let (vocabulary, path) = match &self.source {
            Source::Folder(folder) => Vocabulary::of_folder(folder)?,
            Source::Gguf(gguf) => (Vocabulary::of_gguf(gguf)?, gguf.path().to_owned()),
        };
        vocabulary.fits(self.config.vocabulary, &path, &self.embedding())?;
        Ok(self.vocabulary.get_or_init(|| vocabulary).clone())
    }

    /// The model with all its parameters frozen. Floats of 32 bits stay in their mapped file where the engine can read
    /// them there; everything else is decoded once, on all threads.
    ///
    /// # Errors
    ///
    /// If a file says that head and embedding are one and holds two that differ.
    pub fn network(&self, engine: &Engine) -> Result<Network> {
        Ok(Network { config: self.config.clone(), params: parameters(&self.config, &self.weights, engine)? })
    }

    /// Every file that was or will be read, sorted.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths = match &self.source {
            Source::Folder(folder) => folder.paths(),
            Source::Gguf(gguf) => vec![gguf.path().to_owned()],
        };
        paths.extend(self.weights.values().map(|stored| stored.path().to_owned()));
        paths.sort();
        paths.dedup();
        paths
    }

    /// What the model is called: by its own header, or else by its folder or file.
    pub fn name(&self) -> String {
        let (named, path) = match &self.source {
            Source::Folder(folder) => (folder.name(), folder.path.as_path()),
            Source::Gguf(gguf) => (gguf.text("general.name").ok().flatten().map(str::to_owned), gguf.path()),
        };
        named.unwrap_or_else(|| {
            let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
            stem.map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
        })
    }

    /// The licence that the model's card or header names.
    pub fn licence(&self) -> Option<String> {
        match &self.source {
            Source::Folder(folder) => card::licence(&folder.path),
            Source::Gguf(gguf) => gguf.text("general.license").ok().flatten().map(str::to_owned),
        }
    }

    /// File and tensor of the embedding, for a message.
    fn embedding(&self) -> String {
        let stored = self.weights.get(self.config.embedding()).expect("`open` found every parameter");
        format!("`{}` of `{}`", stored.name, stored.path().display())
    }
}
