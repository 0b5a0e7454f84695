//! `manifest.json` of an export: what it is, what it was made with, and the hash of every file in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use boldface::{FmriShape, Precision, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::run::FileRecord;
use crate::run::manifest::sync_folder;
use crate::run::store::cannot;
use crate::spec::Table;

/// Name of the file.
pub const FILE: &str = "manifest.json";

/// What says that a `manifest.json` is an export's.
pub(super) const KIND: &str = "boldface export";

/// The layout of exports that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// A manifest larger than this is not one of ours.
const LARGEST: u64 = 1 << 26;

/// What an export says of itself. A field that this version does not know is passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// That it is an export: [`KIND`].
    pub(super) kind: String,
    /// The layout of the folder: raised when an older boldface could not read it.
    pub(super) format: u32,
    /// Version of boldface that made it.
    pub boldface: String,
    /// Name of the experiment.
    pub name: String,
    /// The folder that paths of `spec.toml` are relative to, where the run was made.
    pub origin: PathBuf,
    /// The engine that it was computed on.
    pub engine: String,
    /// The numbers that matrices were multiplied in.
    #[serde(default)]
    pub precision: Precision,
    /// The table of the tokenizer, with every default and without its seed.
    pub tokenizer: Table,
    /// The table of the backbone, with every default and without its seed.
    pub backbone: Table,
    /// What the keys say of the backbone besides its table, such as the hash of published weights.
    #[serde(default)]
    pub base: Value,
    /// The language model.
    pub model: Saved,
    /// The language model before instruction tuning, where a task asked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aligned: Option<Saved>,
    /// What the language model reads of a scan.
    pub shape: FmriShape,
    /// Repetition times of the scans in seconds, ascending.
    pub tr: Vec<f64>,
    /// Key of the stage that read the data.
    pub series: String,
    /// What tells each dataset from others: a hash of its files.
    pub datasets: BTreeMap<String, String>,
    /// Every file, by path relative to the folder, but this one.
    pub files: BTreeMap<String, FileRecord>,
}

/// A language model in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The folder that holds it.
    pub folder: String,
    /// The stage that made it.
    pub stage: String,
    /// Whether it has learned to read fMRI; otherwise it is the text side alone.
    pub reads_fmri: bool,
}

/// Why a folder cannot be used as an export.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// There is nothing, or something else.
    #[error("`{}` is not an export: {reason}", dir.display())]
    NoExport {
        /// The folder.
        dir: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// A newer version made it, in a layout that this one does not know.
    #[error(
        "`{}` was exported by boldface {boldface} in format {format}, and this version reads up to {FORMAT}; upgrade \
         boldface",
        dir.display()
    )]
    Newer {
        /// The folder.
        dir: PathBuf,
        /// Its layout.
        format: u32,
        /// The version that made it.
        boldface: String,
    },
    /// Files are not as they were exported.
    #[error("`{}` is damaged: {}; copy it again from where it came", dir.display(), files.join("; "))]
    Damaged {
        /// The folder.
        dir: PathBuf,
        /// What is wrong with each file.
        files: Vec<String>,
    },
}

/// What every version writes.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    format: u32,
    #[serde(default)]
    boldface: String,
}

impl Export {
    /// Reads what the folder `dir` says of itself; no other file is looked at.
    ///
    /// # Errors
    /// Why it is no export that this version can read.
    pub fn read(dir: &Path) -> Result<Export, Refused> {
        let no_export = |reason: String| Refused::NoExport { dir: dir.to_owned(), reason };
        let path = dir.join(FILE);
        if !dir.is_dir() {
            return Err(no_export("there is no such folder".to_owned()));
        }
        let Ok(bytes) = fs::metadata(&path).map(|metadata| metadata.len()) else {
            return Err(no_export(format!(
                "it has no `{FILE}`; `boldface export RUN --to DIR` makes an export of a run"
            )));
        };
        let damaged = |what: String| Refused::Damaged { dir: dir.to_owned(), files: vec![what] };
        if bytes > LARGEST {
            return Err(damaged(format!("`{FILE}` has {bytes} bytes")));
        }
        let text = fs::read(&path).map_err(|error| damaged(format!("`{FILE}`: {error}")))?;
        let broken = |error: serde_json::Error| damaged(format!("`{FILE}`: {error}"));
        // A newer manifest may have other fields, so its format is looked at before them.
        let Version { kind, format, boldface } = serde_json::from_slice(&text).map_err(broken)?;
        if kind != KIND {
            return Err(no_export(format!("its `{FILE}` is of something else, such as a stage in a store")));
        }
        if format > FORMAT {
            return Err(Refused::Newer { dir: dir.to_owned(), format, boldface });
        }
        serde_json::from_slice(&text).map_err(broken)
    }

    /// Reads the folder `dir`, and compares every file with what was written.
    ///
    /// # Errors
    /// As [`Export::read`]; all files that differ, by name.
    pub fn open(dir: &Path) -> Result<Export, Refused> {
        let export = Export::read(dir)?;
        let differ = export.files.iter().filter_map(|(name, record)| record.verify(dir, name).err());
        let files: Vec<String> = differ.collect();
        if files.is_empty() { Ok(export) } else { Err(Refused::Damaged { dir: dir.to_owned(), files }) }
    }

    /// Hash of the names and the bytes of the files in `folder`.
    pub fn content(&self, folder: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, record) in self.inside(folder) {
            hasher.update(name.as_bytes()).update(&[0]).update(record.blake3.as_bytes());
        }
        hasher.finalize().to_hex().as_str().chars().take(32).collect()
    }

    /// Copies the files in `folder` of the export at `dir` to `to`, and compares what was copied.
    ///
    /// # Errors
    /// If the folder is not in the export, or a file is not as it was exported.
    pub fn copy(&self, dir: &Path, folder: &str, to: &Path) -> Result<()> {
        let mut count = 0;
        for (name, record) in self.inside(folder) {
            let (from, inside) = (dir.join(folder).join(name), to.join(name));
            if let Some(parent) = inside.parent() {
                fs::create_dir_all(parent).map_err(cannot("make", parent))?;
            }
            fs::copy(&from, &inside).map_err(cannot("copy", &from))?;
            record
                .verify(to, name)
                .map_err(|what| Refused::Damaged { dir: dir.join(folder), files: vec![what] })?;
            count += 1;
        }
        if count == 0 {
            return Err(format!("the export `{}` has no folder `{folder}`", dir.display()).into());
        }
        Ok(())
    }

    /// Files of a folder, by path relative to it.
    fn inside<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a FileRecord)> {
        let prefix = format!("{folder}/");
        self.files.iter().filter_map(move |(name, record)| Some((name.strip_prefix(&prefix)?, record)))
    }

    /// Writes the manifest into `dir`, which makes the export whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let put = || {
            let mut file = fs::File::create(&path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            sync_folder(dir)
        };
        Ok(put().map_err(cannot("write", &path))?)
    }
}
