//! JSON records that a run leaves for people and programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use boldface::{Exclusion, Outcome, Part, Quality, ScanId};
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Stage};
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
    /// Finished stages in order.
    pub stages: Vec<StageRecord>,
}

impl Record {
    /// Makes the record of a run that has not begun.
    pub fn begin(plan: &Plan) -> Record {
        Record {
            name: plan.name.clone(),
            spec: plan.path.clone(),
            versions: BTreeMap::from([("boldface".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
            experiment: plan.experiment.clone(),
            excluded: plan.excluded.clone(),
            stages: Vec::new(),
        }
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
    /// Whether it came from the store.
    pub cached: bool,
}

/// Name of the quality measurements in the artefact of `series`. Missing if nothing was measured.
pub const QUALITY: &str = "quality.json";

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

/// Name of the table with one row per scan, beside [`QUALITY`] and in the run's folder.
pub const QUALITY_TABLE: &str = "quality.parquet";

/// Name of the carpet plots, beside [`QUALITY`].
pub const CARPETS: &str = "carpets.json";

/// Name of the correlations of connectivity with motion, beside [`QUALITY`].
pub const MOTION: &str = "motion.json";

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
