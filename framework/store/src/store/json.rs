//! Reads JSON files.

use std::path::Path;

use boldface::Result;
use serde::de::DeserializeOwned;

use super::artefacts::cannot;

/// Reads a JSON file of an artefact.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).map_err(cannot("read", path))?;
    serde_json::from_slice(&text).map_err(|error| broken(path, &error))
}

pub(super) fn broken(path: &Path, error: &serde_json::Error) -> boldface::Error {
    format!("`{}`: {error}", path.display()).into()
}
