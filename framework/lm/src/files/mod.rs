//! The files of a published model: a Hugging Face folder or a GGUF file.
//!
//! Opening reads only headers, and reports every error in names, shapes and number formats. The numbers
//! are read when a [`PublishedNetwork`] is made.

mod card;
mod folder;
mod json;

use std::fs::metadata;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use boldface::Result;
use boldface_engine::Engine;

use crate::config::ModelConfig;
use crate::gguf::{Gguf, published};
use crate::network::PublishedNetwork;
use crate::vocabulary::Vocabulary;
use crate::weights::{StoredTensors, check, parameters};
pub(crate) use folder::ModelFolder;
pub(crate) use json::Json;

/// A published model whose headers were read; cheap to clone except for its names.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    source: Source,
    config: ModelConfig,
    weights: StoredTensors,
    /// Read once, because a tokenizer takes a third of a second.
    vocabulary: Arc<OnceLock<Vocabulary>>,
}

#[derive(Clone, Debug)]
enum Source {
    Folder(ModelFolder),
    Gguf(Box<Gguf>),
}

/// Opens a Hugging Face folder or a `.gguf` file.
///
/// A folder has `config.json`, `model.safetensors` or its shards, and `tokenizer.json`.
///
/// # Errors
///
/// If there is no model, its family is unsupported, or a tensor is missing, unknown, of another shape or
/// cut short. Every error names the file, and the key or tensor.
pub fn open(path: &Path) -> Result<ModelFiles> {
    if path.is_dir() {
        let folder = ModelFolder::open(path)?;
        let config = ModelConfig::from_json(&folder.config)?;
        let weights = folder.weights(&config)?;
        check(&config, &weights, &folder.whole())?;
        return Ok(ModelFiles::new(Source::Folder(folder), config, weights));
    }
    let shown = path.display();
    if !path.exists() {
        let wanted = "give a Hugging Face folder (`config.json`, `model.safetensors`, `tokenizer.json`) or a `.gguf` file";
        return Err(format!("`{shown}` does not exist; {wanted}").into());
    }
    if path.extension().is_none_or(|extension| extension != "gguf") {
        return Err(format!(
            "`{shown}` is neither a folder nor a `.gguf` file; give the folder that contains it"
        )
        .into());
    }
    let gguf = Gguf::open(path)?;
    let config = ModelConfig::from_gguf(&gguf)?;
    let weights = published(&gguf, &config);
    check(&config, &weights, &shown.to_string())?;
    Ok(ModelFiles::new(Source::Gguf(Box::new(gguf)), config, weights))
}

impl ModelFiles {
    fn new(source: Source, config: ModelConfig, weights: StoredTensors) -> ModelFiles {
        ModelFiles { source, config, weights, vocabulary: Arc::default() }
    }

    /// Returns the shape of the model.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Returns the model's tokens and its chat template.
    ///
    /// # Errors
    ///
    /// If the tokenizer is missing, of an unsupported kind, or has more entries than the embedding has
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

    /// Makes the model with all its parameters frozen.
    ///
    /// f32 numbers stay in their mapped file if the engine can read them there; all others are decoded
    /// once, on all threads. So 135 M parameters load in well under a second.
    ///
    /// # Errors
    ///
    /// If the files tie head and embedding, but hold two that differ.
    pub fn network(&self, engine: &Engine) -> Result<PublishedNetwork> {
        Ok(PublishedNetwork {
            config: self.config.clone(),
            params: parameters(&self.config, &self.weights, engine)?,
        })
    }

    /// Returns every file that was or will be read, sorted.
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

    /// Returns the model's name in its own header, or else the name of its folder or file.
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

    /// Returns the licence in the model's card or header.
    pub fn licence(&self) -> Option<String> {
        match &self.source {
            Source::Folder(folder) => card::licence(&folder.path),
            Source::Gguf(gguf) => gguf.text("general.license").ok().flatten().map(str::to_owned),
        }
    }

    /// Returns file and tensor of the embedding, for error messages.
    fn embedding(&self) -> String {
        let stored = self.weights.get(self.config.embedding()).expect("`open` found every parameter");
        format!("`{}` of `{}`", stored.name, stored.path().display())
    }
}

/// The most bytes of a file of text: no vocabulary has more.
const MOST_TEXT: u64 = 1 << 30;

/// Reads a small file of a model as a whole. A device or a pipe, which may never end, is refused.
pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    if !metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    boldface::files::open_regular(path)?.take(MOST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_TEXT {
        return Err(io::Error::other(format!("it has more than {} MiB", MOST_TEXT >> 20)));
    }
    Ok(bytes)
}

/// Reads a small file of text as [`read_bytes`].
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_bytes(path)?).map_err(|_| io::Error::other("it is not UTF-8"))
}
