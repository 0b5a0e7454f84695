//! Finds and reads the events of a scan.

use std::path::{Path, PathBuf};

use boldface::{Event, Result};
use boldface_imaging::events;

/// One file of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventFile {
    /// A BIDS table.
    Table(PathBuf),
    /// Three columns of FSL, for a single trial type.
    Fsl(PathBuf, String),
}

impl EventFile {
    /// Chooses the format: FSL's columns if the name gives a trial type, else a table by its extension.
    ///
    /// # Errors
    /// If the file has FSL's columns but no trial type.
    pub fn new(path: PathBuf, trial_type: Option<&String>) -> Result<EventFile> {
        let is_table = path.extension().is_some_and(|end| end == "tsv" || end == "csv");
        match trial_type {
            Some(trial_type) => Ok(EventFile::Fsl(path, trial_type.clone())),
            None if is_table => Ok(EventFile::Table(path)),
            None => Err(format!(
                "`{}` is not a `.tsv`, and its condition is unknown; write `{{trial_type}}` into `events`",
                path.display()
            )
            .into()),
        }
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        match self {
            EventFile::Table(path) | EventFile::Fsl(path, _) => path,
        }
    }
}

/// Reads the events of several files, in order of time.
///
/// # Errors
/// If a file is damaged.
pub fn read(files: &[EventFile]) -> Result<Vec<Event>> {
    let mut all = Vec::new();
    for file in files {
        all.extend(match file {
            EventFile::Table(path) => events::read(path)?,
            EventFile::Fsl(path, trial_type) => events::read_fsl(path, trial_type)?,
        });
    }
    Ok(events::sorted(all))
}
