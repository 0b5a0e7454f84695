//! Requests of the host to a library, and their answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{SentOutcome, SentScan};
use crate::{Cohort, Exclusion, Metric, Regions, ScanInfo};

/// A call into a library, with the type of its answer. `object` is the number of an object made earlier.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Lists the plugins: `Vec<ListedPlugin>`.
    Plugins,
    /// Makes a plugin from its table: `Result<CreatedPlugin, Problem>`.
    Make {
        /// The kind, such as `task`.
        kind: String,
        /// The plugin's name.
        name: String,
        /// Its table.
        table: Value,
    },
    /// Drops an object. The answer is empty.
    Drop {
        /// The object to drop.
        object: u64,
    },
    /// [`crate::Task::examples`]: `Vec<Example>`.
    Examples {
        /// The task.
        object: u64,
        /// The scan.
        scan: Box<SentScan>,
    },
    /// [`crate::Task::forecasts`]: `bool`.
    Forecasts {
        /// The task.
        object: u64,
    },
    /// [`crate::Task::score`]: `Vec<SentMetric>`.
    Score {
        /// The task.
        object: u64,
        /// The outcomes of one part.
        outcomes: Vec<SentOutcome>,
    },
    /// [`crate::Task::check`]: `Vec<Problem>`.
    CheckTask {
        /// The task.
        object: u64,
        /// As in [`crate::CheckContext`].
        scans: Vec<ScanInfo>,
        /// As in [`crate::CheckContext`].
        trs: usize,
        /// As in [`crate::CheckContext`].
        patch: usize,
    },
    /// [`crate::Task::cautions`]: `Vec<String>`.
    Cautions {
        /// The task.
        object: u64,
        /// As in [`crate::CheckContext`].
        scans: Vec<ScanInfo>,
        /// As in [`crate::CheckContext`].
        trs: usize,
        /// As in [`crate::CheckContext`].
        patch: usize,
    },
    /// [`crate::CorpusGenerator::fit`]: the number of a describer.
    Fit {
        /// The generator.
        object: u64,
        /// The training scans.
        train: Vec<SentScan>,
        /// Seed of all randomness.
        seed: u64,
    },
    /// [`crate::CorpusGenerator::tells`]: `Vec<String>`.
    Tells {
        /// The generator.
        object: u64,
    },
    /// [`crate::CorpusGenerator::load`]: the number of a describer.
    LoadDescriber {
        /// The generator.
        object: u64,
        /// Folder it was saved in.
        dir: PathBuf,
    },
    /// [`crate::CorpusGenerator::check`]: `Vec<Problem>`.
    CheckCorpus {
        /// The generator.
        object: u64,
        /// The cohort.
        cohort: SentCohort,
    },
    /// [`crate::Describer::describe`]: `Vec<Descriptor>`.
    Describe {
        /// The describer.
        object: u64,
        /// The scan.
        scan: Box<SentScan>,
    },
    /// [`crate::Describer::read`]: `Vec<Fact>`.
    Read {
        /// The describer.
        object: u64,
        /// The text.
        text: String,
    },
    /// [`crate::Describer::questions`]: `Vec<FactQuestion>`.
    Questions {
        /// The describer.
        object: u64,
    },
    /// [`crate::Describer::say`]: `Option<String>`.
    Say {
        /// The describer.
        object: u64,
        /// The feature.
        feature: String,
        /// The band.
        band: String,
    },
    /// [`crate::Describer::save`]. The answer is empty.
    Save {
        /// The describer.
        object: u64,
        /// Folder to save it in.
        dir: PathBuf,
    },
    /// [`crate::Dataset::files`]: `Vec<PathBuf>`.
    Files {
        /// The dataset.
        object: u64,
        /// Its folder.
        root: PathBuf,
    },
    /// [`crate::Dataset::cohort`]: a [`SentCohort`].
    Cohort {
        /// The dataset.
        object: u64,
        /// Its folder.
        root: PathBuf,
        /// Its name in the spec.
        name: String,
    },
    /// [`crate::Dataset::load`]: a [`super::SentSeries`].
    Load {
        /// The dataset.
        object: u64,
        /// Its folder.
        root: PathBuf,
        /// The scan.
        scan: Box<ScanInfo>,
    },
    /// [`crate::Dataset::check`]: `Vec<Problem>`.
    CheckDataset {
        /// The dataset.
        object: u64,
        /// Its folder.
        root: PathBuf,
    },
    /// [`crate::Dataset::looks_ahead`]: `Vec<Problem>`.
    LooksAhead {
        /// The dataset.
        object: u64,
        /// Its folder.
        root: PathBuf,
    },
    /// [`crate::Dataset::record`]: a [`super::SentRecorded`].
    Record {
        /// The dataset.
        object: u64,
        /// Its folder.
        root: PathBuf,
        /// The scan.
        scan: Box<ScanInfo>,
    },
}

impl Request {
    /// Returns the name of the plugin author's function that answers the request, for messages.
    pub fn function(&self) -> &'static str {
        match self {
            Request::Plugins => "export_plugins!",
            Request::Make { .. } => "deserialize",
            Request::Drop { .. } => "drop",
            Request::Examples { .. } => "examples",
            Request::Forecasts { .. } => "forecasts",
            Request::Score { .. } => "score",
            Request::CheckTask { .. } | Request::CheckCorpus { .. } | Request::CheckDataset { .. } => "check",
            Request::Cautions { .. } => "cautions",
            Request::Fit { .. } => "fit",
            Request::Tells { .. } => "tells",
            Request::LoadDescriber { .. } | Request::Load { .. } => "load",
            Request::Describe { .. } => "describe",
            Request::Read { .. } => "read",
            Request::Questions { .. } => "questions",
            Request::Say { .. } => "say",
            Request::Save { .. } => "save",
            Request::Files { .. } => "files",
            Request::Cohort { .. } => "cohort",
            Request::LooksAhead { .. } => "looks_ahead",
            Request::Record { .. } => "record",
        }
    }
}

/// One plugin of a library.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListedPlugin {
    /// `dataset`, `corpus`, `tokenizer`, `backbone` or `task`.
    pub kind: String,
    /// Its name in specs.
    pub name: String,
    /// The JSON schema of its table.
    pub schema: Value,
}

/// A plugin created from its table.
#[derive(Debug, Serialize, Deserialize)]
pub struct CreatedPlugin {
    /// The object's number.
    pub object: u64,
    /// [`crate::Config::resolved`].
    pub config: Value,
    /// The plugin's `version`.
    pub version: u32,
}

/// A [`Cohort`] as it crosses the edge.
#[derive(Debug, Serialize, Deserialize)]
pub struct SentCohort(Vec<ScanInfo>, Regions, Vec<Exclusion>);

impl From<Cohort> for SentCohort {
    fn from(cohort: Cohort) -> SentCohort {
        SentCohort(cohort.scans, cohort.regions, cohort.excluded)
    }
}

impl From<SentCohort> for Cohort {
    fn from(SentCohort(scans, regions, excluded): SentCohort) -> Cohort {
        Cohort { excluded, ..Cohort::new(scans, regions) }
    }
}

/// A [`Metric`] as it crosses the edge. Values that are not finite become `None`, because JSON cannot
/// express them.
#[derive(Debug, Serialize, Deserialize)]
pub struct SentMetric {
    name: String,
    value: Option<f64>,
    higher_is_better: Option<bool>,
    chance: Option<f64>,
    unit: Option<String>,
    needs_probabilities: bool,
}

impl From<Metric> for SentMetric {
    fn from(metric: Metric) -> SentMetric {
        let Metric { name, value, higher_is_better, chance, unit, needs_probabilities } = metric;
        let finite = |value: &f64| value.is_finite();
        let (value, chance) = (Some(value).filter(finite), chance.filter(finite));
        SentMetric { name, value, higher_is_better, chance, unit, needs_probabilities }
    }
}

impl From<SentMetric> for Metric {
    fn from(sent: SentMetric) -> Metric {
        let SentMetric { name, value, higher_is_better, chance, unit, needs_probabilities } = sent;
        let value = value.unwrap_or(f64::NAN);
        Metric { name, value, higher_is_better, chance, unit, needs_probabilities }
    }
}
