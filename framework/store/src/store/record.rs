//! JSON records that a run leaves for people and programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Exclusion, Outcome, Part, Quality, ScanId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::stage::{Stage, StageKind};
use crate::spec::Experiment;

/// `plan.json` of a run: the spec, the versions, and where the artefacts are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The spec file's name without extension.
    pub name: String,
    /// Path of the spec file as the user gave it.
    pub spec: PathBuf,
    /// Version of each part, such as `boldface`.
    pub versions: BTreeMap<String, String>,
    /// The spec with every default filled in.
    pub experiment: Experiment,
    /// Scans that the datasets exclude, with the reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
    /// Name, licence and citation of each dataset that states them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub descriptions: BTreeMap<String, DatasetDescription>,
    /// Finished stages in order.
    pub stages: Vec<StageRecord>,
}

impl Record {
    /// Returns the folder of the spec for the run in `run`, an absolute path. The spec's path is relative to the
    /// folder that the run was started in, which is usually above the folder of runs.
    pub fn folder(&self, run: &Path) -> PathBuf {
        // The run's own folder has a copy of the spec, which is not the one that its paths are relative to.
        let above = run.ancestors().skip(1).map(|above| above.join(&self.spec)).find(|spec| spec.is_file());
        let spec = above.unwrap_or_else(|| self.spec.clone());
        spec.parent().unwrap_or(Path::new("")).to_owned()
    }

    /// Returns the BLAKE3 hash of the library of every plugin that came from one.
    pub fn libraries(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for stage in self.stages.iter().map(|record| &record.stage) {
            let task = match &stage.kind {
                StageKind::Baseline(task) | StageKind::Evaluation(task) => task,
                _ => "",
            };
            collect_libraries(task, &stage.config, &mut found);
        }
        found
    }
}

/// Collects the library of every plugin below `config`, by the name of its table.
fn collect_libraries(name: &str, config: &Value, found: &mut BTreeMap<String, String>) {
    let Some(table) = config.as_object() else { return };
    if let (Some(library), Some(_)) = (table.get("library").and_then(Value::as_str), table.get("version")) {
        found.insert(name.to_owned(), library.to_owned());
    }
    for (key, below) in table.iter().filter(|(key, _)| *key != "config") {
        // The name of a task stands above the parts of its entry.
        let is_part = matches!(key.as_str(), "task" | "plugin" | "source" | "worded");
        collect_libraries(if is_part { name } else { key }, below, found);
    }
}

/// The part of BIDS' `dataset_description.json` that a report shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DatasetDescription {
    /// The dataset's own name.
    pub name: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// How to cite it.
    pub how_to_acknowledge: Option<String>,
    /// Its persistent address.
    #[serde(rename = "DatasetDOI")]
    pub dataset_doi: Option<String>,
    /// Datasets it was derived from.
    pub source_datasets: Vec<DatasetSource>,
    /// The programs that made it.
    #[serde(deserialize_with = "programs", skip_serializing_if = "Vec::is_empty")]
    pub generated_by: Vec<GeneratingProgram>,
}

/// A program that made a dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GeneratingProgram {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl GeneratingProgram {
    /// Returns its name and its version.
    pub fn label(&self) -> String {
        self.version.as_ref().map_or_else(|| self.name.clone(), |version| format!("{} {version}", self.name))
    }
}

/// Reads the programs that have a name. Other people write this file, and a slip in it must not hide the licence.
fn programs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<GeneratingProgram>, D::Error> {
    let Value::Array(programs) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(programs.into_iter().filter_map(|program| serde_json::from_value(program).ok()).collect())
}

/// A dataset that another was derived from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct DatasetSource {
    /// Its web address.
    pub url: Option<String>,
}

impl DatasetDescription {
    /// Reads the description in the folder of a dataset. The file belongs to the dataset: `None` if there is
    /// none or it cannot be parsed.
    pub fn read(root: &Path) -> Option<DatasetDescription> {
        serde_json::from_str(&std::fs::read_to_string(root.join("dataset_description.json")).ok()?).ok()
    }
}

/// One stage of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageRecord {
    /// The stage as planned.
    pub stage: Stage,
    /// Folder of its artefact, relative to the folder of runs.
    pub artefact: PathBuf,
    /// Seconds it took, in this run or an earlier one.
    pub seconds: f64,
    /// Tokens that its language model read while it learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Peak memory of the process in bytes while it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Whether it came from the store.
    pub cached: bool,
}

/// One scan of `quality.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanQuality {
    /// The scan.
    pub scan: ScanId,
    /// Names of the regions without a signal, which is replaced by zeros.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The measurements.
    pub quality: Quality,
}

/// One scan of `carpets.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Carpet {
    /// The scan.
    pub scan: ScanId,
    /// Networks from top to bottom, each with its number of rows.
    pub networks: Vec<(String, usize)>,
    /// Number of volumes from left to right. A column may cover several.
    pub volumes: usize,
    /// Whether these are the volumes on disk. Otherwise those of the crop.
    pub on_disk: bool,
    /// Grey levels from `1` (two standard deviations below the mean of the region) to `f`. `.` marks
    /// volumes that were removed. A row covers one or more regions of a network.
    pub rows: Vec<String>,
}

/// One dataset of `motion.json`: the correlation of FC with mean framewise displacement, over people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MotionFc {
    /// The dataset.
    pub dataset: String,
    /// Number of people. Scans of one person are averaged.
    pub people: usize,
    /// Number of their scans.
    pub scans: usize,
    /// Number of pairs of regions.
    pub edges: usize,
    /// Median of |r| over the pairs.
    pub median: f64,
    /// Expected median if motion and connectivity were unrelated.
    pub by_chance: f64,
    /// Share of pairs with p < .05, two-sided and uncorrected.
    pub significant: f64,
    /// Number of pairs in equal bins of r from -1 to 1.
    pub bins: Vec<usize>,
    /// Expected number of pairs by chance.
    pub expected: Vec<f64>,
}

/// One line of `outcomes.jsonl` of an evaluation or a baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutcomeLine {
    /// Validation or test.
    pub part: Part,
    /// The backbone, a control such as `text-only`, or a baseline such as `fc-logistic`.
    pub plugin: String,
    /// Question, truth and prediction.
    pub outcome: Outcome,
}

/// `reconstruction.json` of the stage `codes`: a few regions of one held-out scan, before and after
/// coding.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reconstruction {
    /// The scan.
    pub scan: ScanId,
    /// Its part.
    pub part: Part,
    /// Repetition time in seconds.
    pub tr: f64,
    /// Names of the shown regions.
    pub regions: Vec<String>,
    /// Signal of each region over time.
    pub actual: Vec<Vec<f32>>,
    /// Decoded signal of each region over time.
    pub decoded: Vec<Vec<f32>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_what_made_a_dataset_hides_nothing_else() {
        let read = |made: serde_json::Value| -> DatasetDescription {
            serde_json::from_value(serde_json::json!({ "Name": "pain", "GeneratedBy": made })).unwrap()
        };
        let labels = |made| read(made).generated_by.iter().map(GeneratingProgram::label).collect::<Vec<_>>();
        let made = serde_json::json!([{ "Name": "fMRIPrep", "Version": "23.2.1", "Container": {} }, { "Name": "x" }, 3]);
        assert_eq!(labels(made), ["fMRIPrep 23.2.1", "x"]);
        assert_eq!(read(serde_json::json!("fMRIPrep")).name.as_deref(), Some("pain"));
        assert!(labels(serde_json::json!({ "Name": "fMRIPrep" })).is_empty());
    }

    #[test]
    fn the_folder_of_a_spec_is_found_from_anywhere() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("runs/pain/2026");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::create_dir_all(dir.path().join("experiments")).unwrap();
        std::fs::write(dir.path().join("experiments/pain.toml"), "").unwrap();
        let experiment = serde_json::json!({
            "engine": "dfdx", "seed": 0, "datasets": {}, "signal": { "trs": 1 }, "split": {}, "tokenizer": {},
            "backbone": {}, "tasks": {}, "evaluation": {}, "runtime": {},
        });
        let record = |spec: &str| -> Record {
            serde_json::from_value(serde_json::json!({
                "name": "pain", "spec": spec, "versions": {}, "experiment": experiment, "stages": [],
            }))
            .unwrap()
        };
        assert_eq!(record("experiments/pain.toml").folder(&run), dir.path().join("experiments"));
        assert_eq!(record("gone/pain.toml").folder(&run), Path::new("gone"));
        // The run keeps a copy of its spec.
        for copy in [&run, dir.path()] {
            std::fs::write(copy.join("spec.toml"), "").unwrap();
        }
        assert_eq!(record("spec.toml").folder(&run), dir.path());
        let absolute = dir.path().join("experiments/pain.toml").display().to_string();
        assert_eq!(record(&absolute).folder(Path::new("/")), dir.path().join("experiments"));
    }
}
