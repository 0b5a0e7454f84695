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
