//! Lists and removes what is in a store. Nothing here follows a link or leaves the store.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::artefacts::{DRAFT, PROGRESS, Store, StoreError, cannot};

/// What the folder of a store's entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreEntryKind {
    /// A finished stage.
    Artefact,
    /// Checkpoints of a stage that is not finished.
    Checkpoints,
    /// An artefact that was found damaged and moved away.
    Damaged,
}

/// One folder of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreEntry {
    /// The folder's name.
    pub name: String,
    /// What it holds.
    pub kind: StoreEntryKind,
    /// Bytes of its files.
    pub bytes: u64,
    /// When a file in it was last written.
    pub modified: SystemTime,
}

impl Store {
    /// Lists the entries of the store by name. Links, files and folders of other names are no entries.
    ///
    /// # Errors
    /// If the store is behind a link, or cannot be read.
    pub fn entries(&self) -> Result<Vec<StoreEntry>, StoreError> {
        let root = self.root();
        if root.is_symlink() {
            let reason =
                io::Error::other("it is a link, and cleaning follows none; name the folder it leads to");
            return Err(cannot("clean", root)(reason));
        }
        let mut entries = Vec::new();
        let listed = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(entries),
            listed => listed.map_err(cannot("read", root))?,
        };
        for entry in listed {
            let entry = entry.map_err(cannot("read", root))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // The type of the entry itself: a link is not a folder.
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let Some(kind) = kind(&name).filter(|_| is_dir) else { continue };
            let measured = measure(&entry.path()).map_err(cannot("read", &entry.path()))?;
            entries.push(StoreEntry { name, kind, bytes: measured.0, modified: measured.1 });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Removes an entry. It is renamed first, so that a removal that is cut short leaves no half artefact.
    ///
    /// # Errors
    /// If it is no folder of the store, or cannot be removed.
    pub fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        let path = self.root().join(&entry.name);
        let is_own = kind(&entry.name).is_some() && !self.root().is_symlink();
        let is_dir = fs::symlink_metadata(&path).map_err(cannot("remove", &path))?.is_dir();
        if !is_own || !is_dir {
            return Err(cannot("remove", &path)(io::Error::other("it is not a folder of the store")));
        }
        let aside = self.root().join(format!("{DRAFT}removed-{}", entry.name));
        fs::rename(&path, &aside).map_err(cannot("remove", &path))?;
        // Links inside are removed, not followed.
        fs::remove_dir_all(&aside).map_err(cannot("remove", &aside))
    }
}

/// Returns what a folder of this name holds. `None` for a name that the store does not give.
fn kind(name: &str) -> Option<StoreEntryKind> {
    if name.contains(['/', '\\']) {
        return None;
    }
    let (kind, stage) = match (name.strip_prefix(PROGRESS), name.strip_prefix(".damaged-")) {
        (Some(stage), _) => (StoreEntryKind::Checkpoints, stage),
        (_, Some(stage)) => return Some(StoreEntryKind::Damaged).filter(|_| stage.contains('-')),
        _ => (StoreEntryKind::Artefact, name),
    };
    let (_, key) = stage.rsplit_once('-')?;
    let is_key = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_key && !stage.starts_with('.')).then_some(kind)
}

/// Returns the bytes below a folder and the time of the last change.
fn measure(dir: &Path) -> io::Result<(u64, SystemTime)> {
    let mut sum = (0, fs::symlink_metadata(dir)?.modified()?);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // Metadata of the entry itself, also of a link.
        let metadata = entry.metadata()?;
        let (bytes, modified) = match metadata.is_dir() {
            true => measure(&entry.path())?,
            false => (metadata.len(), metadata.modified()?),
        };
        sum = (sum.0 + bytes, sum.1.max(modified));
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_store_are_entries() {
        for (name, expected) in [
            ("evaluation.condition-89deed144aa3", Some(StoreEntryKind::Artefact)),
            (".progress-tokenizer-5e73366d278e", Some(StoreEntryKind::Checkpoints)),
            (".damaged-split-a00000000000-2", Some(StoreEntryKind::Damaged)),
            (".tmp-split-a00000000000-17", None),
            (".lock-split-a00000000000", None),
            ("my-thesis", None),
            ("../runs/pain-89deed144aa3", None),
            ("notes", None),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
    }
}
