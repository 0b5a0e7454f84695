//! Tests on confound files that they write themselves.

mod choosing;
mod motion;
mod reading;

use std::fs;
use std::path::PathBuf;

use boldface::Result;
use tempfile::TempDir;

use super::ConfoundTable;

/// A folder of files, the first of which is the table.
pub(super) struct ConfoundFiles {
    folder: TempDir,
    first: String,
}

pub(super) fn files(files: &[(&str, &str)]) -> ConfoundFiles {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    ConfoundFiles { folder, first: files[0].0.to_owned() }
}

impl ConfoundFiles {
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(&self.first)
    }

    pub(super) fn read(&self) -> Result<ConfoundTable> {
        ConfoundTable::read(&self.path())
    }

    /// The message without the temporary folder.
    pub(super) fn said(&self, error: &boldface::Error) -> String {
        error.to_string().replace(&format!("{}/", self.folder.path().display()), "")
    }
}
