//! `corpus.json`: the settings of a corpus. With it, the artefact is enough to describe new scans.

use std::collections::BTreeSet;

use boldface::{Fact, Regions, Window};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::Crop;

/// Name of the file in the artefact.
pub const FILE: &str = "corpus.json";

/// Name of the file with every generator's [`boldface::FactQuestion`]s, by generator.
pub const QUESTIONS: &str = "questions.json";

/// Settings that a corpus was made with. Unknown fields are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedCorpus {
    /// Version of boldface that made the corpus.
    pub boldface: String,
    /// The generators, in the order of their descriptions.
    pub generators: Vec<Generator>,
    /// Names of its datasets.
    pub datasets: Vec<String>,
    /// Their phenotype columns.
    pub columns: Vec<String>,
    /// The regions of every scan, in the order of the series' columns.
    pub regions: Regions,
    /// The volumes of every scan that were described, counted from the first volume on disk; with `crop`,
    /// the most.
    pub window: Window,
    /// The volumes described of a scan of any length. `None` if all are described by `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Repetition times of the training scans in seconds, ascending.
    pub tr: Vec<f64>,
    /// Number of training scans.
    pub scans: usize,
    /// Number of people in training.
    pub people: usize,
}

/// One generator of a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// Name of its table in the spec, and of the folder with its learned parts.
    pub name: String,
    /// Name of its plugin.
    #[serde(rename = "type")]
    pub plugin: String,
    /// The plugin's version.
    pub version: u32,
    /// Its table with every default filled in.
    pub config: Value,
    /// BLAKE3 hash of the library it was loaded from, or `None` if it is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// Names of the norms in its sentences.
    #[serde(default)]
    pub norms: BTreeSet<String>,
}

/// Whether a fact is marked as not available. A missing z is not enough: categories from tables have no
/// z either.
pub fn is_missing(fact: &Fact) -> bool {
    fact.z.is_none() && fact.band == "not available"
}
