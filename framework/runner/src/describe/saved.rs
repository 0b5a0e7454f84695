//! `corpus.json`: what a corpus was made with, so that its artefact alone is enough to describe anybody.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Descriptor, Regions, ScanInfo, Window};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::Plan;

/// Name of the file in the artefact.
pub const FILE: &str = "corpus.json";

/// What a corpus was made with. A field that this version does not know is passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Version of boldface that made it.
    pub boldface: String,
    /// The generators, in the order in which they describe.
    pub generators: Vec<Generator>,
    /// Names of the datasets that it was made of.
    pub datasets: Vec<String>,
    /// Columns of their tables.
    pub columns: Vec<String>,
    /// The regions of every scan, in the order of its columns.
    pub regions: Regions,
    /// The volumes of every scan that were described, counted from the first on disk.
    pub window: Window,
    /// Repetition times of the training scans in seconds, ascending.
    pub tr: Vec<f64>,
    /// How many training scans there are.
    pub scans: usize,
    /// How many people they are of.
    pub people: usize,
}

/// One generator of a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// Its table in the spec, which is also the folder of what it learned.
    pub name: String,
    /// Its plugin.
    #[serde(rename = "type")]
    pub plugin: String,
    /// The plugin's version.
    pub version: u32,
    /// Its table with every default filled in.
    pub config: Value,
    /// BLAKE3 of the library it was loaded from; none if it was built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// The norms that its sentences name.
    #[serde(default)]
    pub norms: BTreeSet<String>,
}

impl Saved {
    /// What the corpus of `plan` was made with: of the scans `infos`, of which `train` were learned from.
    pub fn of(
        plan: &Plan,
        infos: &[&ScanInfo],
        train: &[&ScanInfo],
        regions: &Regions,
        descriptors: &[Descriptor],
    ) -> Saved {
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
        Saved {
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
