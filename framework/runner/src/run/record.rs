//! What a run leaves behind for people and programs: plain JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use boldface::{Exclusion, Outcome, Part, Quality, ScanId};
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Stage};
use crate::spec::Experiment;

/// `plan.json` of a run: what was run, with what, and where the artefacts are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The spec file's stem.
    pub name: String,
    /// The spec file as it was named.
    pub spec: PathBuf,
    /// Version of each part: `boldface`, the engine ...
    pub versions: BTreeMap<String, String>,
    /// The spec with every default filled in.
    pub experiment: Experiment,
    /// Scans that the datasets leave out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
    /// Every stage in order.
    pub stages: Vec<StageRecord>,
}

impl Record {
    /// The record of a run that has not begun.
    pub fn of(plan: &Plan) -> Record {
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
    /// Seconds it took when it ran, in this run or an earlier one.
    pub seconds: f64,
    /// Whether this run only looked it up.
    pub cached: bool,
}

/// Name of what was measured of every scan, in the artefact of `series`; not there where nothing was.
pub const QUALITY: &str = "quality.json";

/// One scan of `quality.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The scan.
    pub scan: ScanId,
    /// Names of the regions that have no signal; zeros stand in for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What was measured.
    pub quality: Quality,
}

/// Name of the table of one row a scan, beside [`QUALITY`] and in the run's folder.
pub const QUALITY_TABLE: &str = "quality.parquet";

/// Name of the carpet plots, beside [`QUALITY`].
pub const CARPETS: &str = "carpets.json";

/// Name of how much connectivity goes along with motion, beside [`QUALITY`].
pub const MOTION: &str = "motion.json";

/// One scan of `carpets.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Carpet {
    /// The scan.
    pub scan: ScanId,
    /// Networks from top to bottom, and the rows of each.
    pub networks: Vec<(String, usize)>,
    /// Volumes from left to right; a column may be several.
    pub volumes: usize,
    /// Whether these are the volumes on disk; otherwise those of the crop.
    pub on_disk: bool,
    /// Grey levels from `1` (two standard deviations below the mean of the region) to `f`; `.` where no
    /// volume is kept. A row is one or more regions of a network.
    pub rows: Vec<String>,
}

/// One dataset of `motion.json`: the correlation of FC with mean framewise displacement, over people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MotionFc {
    /// The dataset.
    pub dataset: String,
    /// People; the scans of one are averaged.
    pub people: usize,
    /// Their scans.
    pub scans: usize,
    /// Pairs of regions.
    pub edges: usize,
    /// Median over the pairs of |r|.
    pub median: f64,
    /// What it would be if motion and connectivity were unrelated.
    pub by_chance: f64,
    /// Share of the pairs with p < .05, two-sided and uncorrected.
    pub significant: f64,
    /// Pairs in equal bins of r from -1 to 1.
    pub bins: Vec<usize>,
    /// Pairs that would be there by chance.
    pub expected: Vec<f64>,
}

/// One line of `outcomes.jsonl` of an evaluation or a baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// Validation or test.
    pub part: Part,
    /// Who answered: the backbone's name, `text-only`, or a baseline such as `fc-logistic`.
    pub plugin: String,
    /// Question, truth and answer.
    pub outcome: Outcome,
}

/// `reconstruction.json` of the codes: a few regions of one held-out scan and what the codes keep of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reconstruction {
    /// The scan.
    pub scan: ScanId,
    /// Its part.
    pub part: Part,
    /// Repetition time in seconds.
    pub tr: f64,
    /// Names of the regions shown.
    pub regions: Vec<String>,
    /// Signal of each region over time.
    pub actual: Vec<Vec<f32>>,
    /// Decoded signal of each region over time.
    pub decoded: Vec<Vec<f32>>,
}
