//! `manifest.json` of an export: its settings and the hash of every file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use boldface::files::read_regular;
use boldface::{FmriShape, Precision, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::artefacts::cannot;
use super::canonical_json;
use super::manifest::{FileRecord, sync_folder};
use crate::spec::Table;

/// The key of the backbone's table that names files.
pub const WEIGHTS: &str = "weights";

/// Name of the file.
pub const FILE: &str = "manifest.json";

/// Folder of the corpus generators' learned parts.
pub const NORMS: &str = "norms";

/// File with the table of regions.
pub const REGIONS: &str = "regions.tsv";

/// Marks a `manifest.json` as an export's.
pub const KIND: &str = "boldface export";

/// Format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// Largest size in bytes of a manifest.
const LARGEST: u64 = 1 << 26;

/// The manifest of an export. Unknown fields are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// Marks it as an export: [`KIND`].
    pub kind: String,
    /// Format of the folder. It increases when older versions of boldface cannot read a new layout.
    pub format: u32,
    /// Version of boldface that made the export.
    pub boldface: String,
    /// Name of the experiment.
    pub name: String,
    /// The folder that paths in `spec.toml` are relative to, on the machine of the run.
    pub origin: PathBuf,
    /// The engine of the run.
    pub engine: String,
    /// Number format of its matrix multiplications.
    #[serde(default)]
    pub precision: Precision,
    /// The table of the tokenizer, with every default and without its seed.
    pub tokenizer: Table,
    /// The table of the backbone, with every default and without its seed.
    pub backbone: Table,
    /// The backbone's other content in keys, such as the hash of published weights.
    #[serde(default)]
    pub base: Value,
    /// The language model.
    pub model: SavedModel,
    /// The language model before instruction tuning, if a task uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aligned: Option<SavedModel>,
    /// Shape of the language model's fMRI input.
    pub shape: FmriShape,
    /// Repetition times of the scans in seconds, ascending.
    pub tr: Vec<f64>,
    /// Key of the stage that read the data.
    pub series: String,
    /// Hash of each dataset's files, which identifies the dataset.
    pub datasets: BTreeMap<String, String>,
    /// Patterns of features about which it learned no facts; `*` without a corpus. Empty if a version
    /// wrote it that did not know.
    #[serde(default)]
    pub held_out: Vec<String>,
    /// Hash of the library of each plugin that is not built in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub libraries: BTreeMap<String, String>,
    /// Every other file, by path relative to the folder.
    pub files: BTreeMap<String, FileRecord>,
}

/// A language model in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedModel {
    /// Its folder in the export.
    pub folder: String,
    /// The stage that made it.
    pub stage: String,
    /// Whether it has learned to read fMRI. Otherwise it is only the text side.
    pub reads_fmri: bool,
}

/// Reason why a folder cannot be used as an export.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The folder is missing or not an export.
    #[error("`{}` is not an export: {reason}", dir.display())]
    NoExport {
        /// The folder.
        dir: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A newer version of boldface made it, in a format that this version does not know.
    #[error(
        "`{}` was exported by boldface {boldface} in format {format}, and this version reads up to {FORMAT}; upgrade \
         boldface",
        dir.display()
    )]
    Newer {
        /// The folder.
        dir: PathBuf,
        /// Its format.
        format: u32,
        /// The version that made it.
        boldface: String,
    },
    /// Files have changed since the export.
    #[error("`{}` is damaged: {}; copy it again from where it came", dir.display(), files.join("; "))]
    Damaged {
        /// The folder.
        dir: PathBuf,
        /// The problem with each file.
        files: Vec<String>,
    },
}

/// The fields that every version writes.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    format: u32,
    #[serde(default)]
    boldface: String,
}

/// Returns the content of published weights from the config of the stage `text-space`, or null if there
/// are none.
pub fn base(text_space: &Value) -> Value {
    text_space["backbone"]["content"].clone()
}

/// Returns a hash per dataset from the config of the stage `series`: of its files, or of its table if it
/// has none. It identifies a dataset under any name.
pub fn fingerprints(series: &Value) -> BTreeMap<String, String> {
    let short = |bytes: &[u8]| blake3::hash(bytes).to_hex().as_str()[..32].to_owned();
    let nothing = short(b"");
    let one = |(name, table): (&String, &Value)| {
        let content = table["content"].as_str().filter(|content| *content != nothing);
        (name.clone(), content.map_or_else(|| short(canonical_json(table).as_bytes()), str::to_owned))
    };
    series["datasets"].as_object().map(|tables| tables.iter().map(one).collect()).unwrap_or_default()
}

/// Returns the files below `dir` that `files` lacks, at most 20. Hidden files at the top are not the export's:
/// programs that copy and version folders make them.
fn unlisted(dir: &Path, files: &BTreeMap<String, FileRecord>) -> std::io::Result<Vec<String>> {
    let (mut found, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(dir.join(&folder))? {
            let (entry, is_top) = (entry?, folder.is_empty());
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_top && (name.starts_with('.') || name == FILE) {
                continue;
            }
            let relative = if is_top { name } else { format!("{folder}/{name}") };
            if entry.file_type()?.is_dir() {
                folders.push(relative);
            } else if !files.contains_key(&relative) {
                found.push(relative);
            }
        }
    }
    found.sort();
    found.truncate(20);
    Ok(found)
}

impl Export {
    /// Reads the manifest in the folder `dir`. Other files are not checked.
    ///
    /// # Errors
    /// Returns the reason why this version cannot read the export.
    pub fn read(dir: &Path) -> Result<Export, Refused> {
        let no_export = |reason: String| Refused::NoExport { dir: dir.to_owned(), reason };
        let path = dir.join(FILE);
        if !dir.is_dir() {
            return Err(no_export("there is no such folder".to_owned()));
        }
        if fs::metadata(&path).is_err() {
            return Err(no_export(format!(
                "it has no `{FILE}`; `boldface export RUN --to DIR` makes an export of a run"
            )));
        }
        let damaged = |what: String| Refused::Damaged { dir: dir.to_owned(), files: vec![what] };
        let text = read_regular(&path, LARGEST).map_err(|error| damaged(format!("`{FILE}`: {error}")))?;
        let broken = |error: serde_json::Error| damaged(format!("`{FILE}`: {error}"));
        // A newer manifest may have other fields, so check its format first.
        let Version { kind, format, boldface } = serde_json::from_slice(&text).map_err(broken)?;
        if kind != KIND {
            return Err(no_export(format!("its `{FILE}` is of something else, such as a stage in a store")));
        }
        if format > FORMAT {
            return Err(Refused::Newer { dir: dir.to_owned(), format, boldface });
        }
        serde_json::from_slice(&text).map_err(broken)
    }

    /// Reads the folder `dir` and verifies the hash of every file.
    ///
    /// # Errors
    /// Fails like [`Export::read`], or returns all files that differ, by name.
    pub fn open(dir: &Path) -> Result<Export, Refused> {
        let export = Export::read(dir)?;
        let differ = export.files.iter().filter_map(|(name, record)| record.verify(dir, name).err());
        let mut files: Vec<String> = differ.collect();
        match unlisted(dir, &export.files) {
            Ok(unlisted) => {
                files.extend(unlisted.iter().map(|name| format!("`{name}` is not of the export")))
            }
            Err(error) => files.push(format!("it cannot be listed: {error}")),
        }
        if files.is_empty() { Ok(export) } else { Err(Refused::Damaged { dir: dir.to_owned(), files }) }
    }

    /// Returns a hash over the names and bytes of the files in `folder`.
    pub fn content(&self, folder: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, record) in self.inside(folder) {
            hasher.update(name.as_bytes()).update(&[0]).update(record.blake3.as_bytes());
        }
        hasher.finalize().to_hex().as_str().chars().take(32).collect()
    }

    /// Copies the files in `folder` of the export at `dir` to `to` and verifies the copies.
    ///
    /// # Errors
    /// Fails if the folder is not in the export, or a file has changed since the export.
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

    /// Returns the files of a folder, by path relative to it.
    fn inside<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a FileRecord)> {
        let prefix = format!("{folder}/");
        self.files.iter().filter_map(move |(name, record)| Some((name.strip_prefix(&prefix)?, record)))
    }

    /// Writes the manifest into `dir`, which completes the export.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub fn write(&self, dir: &Path) -> Result<()> {
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
