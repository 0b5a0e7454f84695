//! The manifest of a finished artefact: `manifest.json`, written last.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use boldface::Size;
use boldface::files::{open_regular, read_regular};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::stage::Stage;

/// Name of the manifest in its artefact.
pub const FILE: &str = "manifest.json";

/// Largest manifest that is read. A larger one is not ours.
const LARGEST: u64 = 1 << 26;

/// Format of artefacts that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The manifest of a finished artefact. A folder without one is not finished.
///
/// Unknown fields are ignored: a later version may add fields without raising the format, and its
/// artefacts must not count as damaged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Format of the artefact. Raised when an older boldface could not read it.
    #[serde(default = "first_format")]
    pub format: u32,
    /// The stage that made it, such as `evaluation.condition`.
    pub stage: String,
    /// The stage's full content key, 32 hexadecimal digits.
    pub key: String,
    /// The plugin that ran. Empty for the framework's own stages.
    pub plugin: String,
    /// Version of boldface that made it.
    pub boldface: String,
    /// Seconds it took.
    pub seconds: f64,
    /// Size of its work.
    #[serde(default)]
    pub size: Size,
    /// Peak memory of the process in bytes while it was made. Missing if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Tokens that its language model read while it learned. Missing if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Content key of each stage that it read, by name.
    pub inputs: BTreeMap<String, String>,
    /// Every other file of the artefact, by relative path.
    pub files: BTreeMap<String, FileRecord>,
}

/// Time and memory that an artefact took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Seconds.
    pub seconds: f64,
    /// As in [`Manifest`].
    pub peak_memory: Option<u64>,
    /// As in [`Manifest`].
    pub tokens: Option<u64>,
}

/// Reasons why an artefact cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// It differs from what was written; the message says how.
    #[error("{0}")]
    Damaged(String),
    /// A newer version made it, in an unknown format.
    #[error(
        "it was made by boldface {boldface} in store format {format}, and this version reads up to {FORMAT}"
    )]
    Newer {
        /// Its format.
        format: u32,
        /// The version that made it.
        boldface: String,
    },
}

/// The fields that manifests of all formats have.
#[derive(Deserialize)]
struct Version {
    #[serde(default = "first_format")]
    format: u32,
    #[serde(default)]
    boldface: String,
}

fn first_format() -> u32 {
    1
}

/// Size and hash of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// BLAKE3, 64 hexadecimal digits.
    pub blake3: String,
    /// Size in bytes.
    pub bytes: u64,
}

impl Manifest {
    /// Makes the manifest of `dir`: hashes every file in it and flushes it to disk.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn create(
        dir: &Path,
        stage: &Stage,
        inputs: BTreeMap<String, String>,
        cost: Cost,
    ) -> io::Result<Manifest> {
        let mut files = BTreeMap::new();
        collect(dir, "", &mut files)?;
        Ok(Manifest {
            format: FORMAT,
            stage: stage.name(),
            key: stage.key.0.clone(),
            plugin: stage.plugin.clone(),
            boldface: env!("CARGO_PKG_VERSION").to_owned(),
            seconds: cost.seconds,
            size: stage.size,
            peak_memory: cost.peak_memory,
            tokens: cost.tokens,
            inputs,
            files,
        })
    }

    /// Writes the manifest into `dir`, which makes the artefact complete.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let mut file = File::create(dir.join(FILE))?;
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_all()?;
        sync_folder(dir)
    }

    /// Reads the manifest of `dir` and checks every file against it.
    ///
    /// # Errors
    /// The reason why the artefact cannot be used.
    pub fn verify(dir: &Path, stage: &Stage) -> Result<Manifest, Unusable> {
        let manifest = Manifest::read(dir)?;
        if manifest.key != stage.key.0 || manifest.stage != stage.name() {
            return Err(format!("it is of {} {}", manifest.stage, manifest.key).into());
        }
        manifest.files.iter().try_for_each(|(name, record)| record.verify(dir, name))?;
        Ok(manifest)
    }

    /// Works like [`Manifest::verify`], for an artefact of any stage.
    ///
    /// # Errors
    /// The reason why the artefact cannot be used.
    pub fn whole(dir: &Path) -> Result<Manifest, Unusable> {
        let manifest = Manifest::read(dir)?;
        manifest.files.iter().try_for_each(|(name, record)| record.verify(dir, name))?;
        Ok(manifest)
    }

    fn read(dir: &Path) -> Result<Manifest, Unusable> {
        let path = dir.join(FILE);
        let text = read_regular(&path, LARGEST).map_err(|error| format!("`{FILE}`: {error}"))?;
        let broken = |error: serde_json::Error| format!("`{FILE}`: {error}");
        // A newer manifest may have other fields, so its format is checked first.
        let Version { format, boldface } = serde_json::from_slice(&text).map_err(broken)?;
        if format > FORMAT {
            return Err(Unusable::Newer { format, boldface });
        }
        Ok(serde_json::from_slice(&text).map_err(broken)?)
    }
}

impl From<String> for Unusable {
    fn from(damage: String) -> Unusable {
        Unusable::Damaged(damage)
    }
}

impl FileRecord {
    /// Returns size and hash of a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> io::Result<FileRecord> {
        FileRecord::hashed(open_regular(path)?)
    }

    fn flush_and_read(path: &Path) -> io::Result<FileRecord> {
        let file = open_regular(path)?;
        file.sync_all()?;
        FileRecord::hashed(file)
    }

    fn hashed(file: File) -> io::Result<FileRecord> {
        let mut hasher = blake3::Hasher::new();
        let bytes = io::copy(&mut io::BufReader::with_capacity(1 << 17, file), &mut hasher)?;
        Ok(FileRecord { blake3: hasher.finalize().to_hex().to_string(), bytes })
    }

    /// Checks the file `name` in the folder `dir` against this record.
    ///
    /// # Errors
    /// A message that says how it differs, or why it cannot be read.
    pub fn verify(&self, dir: &Path, name: &str) -> Result<(), String> {
        let relative = PathBuf::from(name);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(format!("`{FILE}` names `{name}`, which is outside of it"));
        }
        let path = dir.join(relative);
        let bytes = fs::metadata(&path).map_err(|error| format!("`{name}`: {error}"))?.len();
        if bytes != self.bytes {
            return Err(format!("`{name}` has {bytes} bytes instead of {}", self.bytes));
        }
        let found = FileRecord::flush_and_read(&path).map_err(|error| format!("`{name}`: {error}"))?;
        if found == *self { Ok(()) } else { Err(format!("`{name}` has changed since it was written")) }
    }
}

/// Flushes the names in a folder to disk.
///
/// # Errors
/// If the system refuses.
pub fn sync_folder(dir: &Path) -> io::Result<()> {
    // Windows cannot open a folder as a file and needs no such call.
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

/// Hashes every file below `dir` and flushes it to disk. `prefix` is put before every name.
///
/// # Errors
/// If a file cannot be read, or a name is not UTF-8.
pub fn collect(dir: &Path, prefix: &str, files: &mut BTreeMap<String, FileRecord>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|name| io::Error::other(format!("{} is not UTF-8", name.display())))?;
        let relative = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &relative, files)?;
            sync_folder(&entry.path())?;
        } else {
            files.insert(relative, FileRecord::flush_and_read(&entry.path())?);
        }
    }
    Ok(())
}
