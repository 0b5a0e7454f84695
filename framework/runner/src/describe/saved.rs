//! `corpus.json`: the settings of a corpus. With it, the artefact is enough to describe new scans.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Descriptor, Regions, ScanInfo, Window};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::Plan;

/// Name of the file in the artefact.
pub const FILE: &str = "corpus.json";

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
    /// The volumes of every scan that were described, counted from the first volume on disk.
    pub window: Window,
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

impl SavedCorpus {
    /// Returns the settings of the corpus of `plan`. `infos` are all scans; `train` are the training
    /// scans.
    pub fn new(
        plan: &Plan,
        infos: &[&ScanInfo],
        train: &[&ScanInfo],
        regions: &Regions,
        descriptors: &[Descriptor],
    ) -> SavedCorpus {
        let mut norms: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for descriptor in descriptors.iter().filter(|descriptor| !descriptor.norm.is_empty()) {
            norms.entry(&descriptor.corpus).or_default().insert(descriptor.norm.clone());
        }
        let generators = plan.corpora.iter().map(|entry| Generator {
            name: entry.name.clone(),
            plugin: entry.plugin.to_owned(),
            version: entry.config.version(),
            config: entry.config.resolved(),
            library: entry.library.map(str::to_owned),
            norms: norms.remove(entry.name.as_str()).unwrap_or_default(),
        });
        let columns: BTreeSet<&String> = infos.iter().flat_map(|info| info.phenotype.keys()).collect();
        let mut tr: Vec<f64> = train.iter().map(|info| info.tr).collect();
        tr.sort_by(f64::total_cmp);
        tr.dedup();
        let people: BTreeSet<String> = train.iter().map(|info| info.id.person()).collect();
        let signal = &plan.experiment.signal;
        SavedCorpus {
            boldface: env!("CARGO_PKG_VERSION").to_owned(),
            generators: generators.collect(),
            datasets: plan.datasets.iter().map(|entry| entry.name.clone()).collect(),
            columns: columns.into_iter().cloned().collect(),
            regions: regions.clone(),
            window: Window { start: signal.start, trs: signal.trs },
            tr,
            scans: train.len(),
            people: people.len(),
        }
    }
}
