//! A resolved experiment: typed plugins and ordered stages, each with a content key.

mod asking;
mod blame;
mod checks;
mod claim;
mod cohorts;
mod content;
mod data;
mod dot;
pub mod excluded;
mod graph;
mod harmonized;
mod hashes;
pub(crate) mod key;
pub(crate) mod leak;
mod libraries;
mod lint;
pub(crate) mod nuisances;
mod resolve;
pub(crate) mod silent;
mod size;
mod start;
pub mod sweep;
mod template;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use boldface::{Backbone, CorpusGenerator, Dataset, Exclusion, Runtime, ScanInfo, Size, Task, Tokenizer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::{Experiment, Paradigm, SpecSource, Taken};

pub use crate::spec::Located;
pub use asking::Asking;
pub use blame::{ResolvedValue, blame};
pub(crate) use claim::{FrameworkKeys, WEIGHTS, corpus, stored, task};
pub use cohorts::DataCache;
pub(crate) use cohorts::counted;
pub use dot::dot;
pub use leak::{Check, CheckStatus, CheckTime, Proof};
pub use libraries::{load_libraries, no_libraries};
pub(crate) use resolve::resolve_unlinted;
pub use resolve::{Build, Offer, resolve, resolve_layered};
pub use start::Start;

/// Everything that a run needs. Only resolving a spec makes a plan.
#[derive(Debug)]
pub struct Plan {
    /// The spec file's stem.
    pub name: String,
    /// The spec file.
    pub path: PathBuf,
    /// The text of the spec. If it extends another, the merged values.
    pub source: String,
    /// The files of a spec that extends another, highest precedence first. Empty for a spec of one file.
    pub layers: Vec<Arc<SpecSource>>,
    /// The spec with every default filled in, plugin tables included.
    pub experiment: Experiment,
    /// Every scan of all datasets, without its volumes.
    pub scans: Arc<Vec<ScanInfo>>,
    /// Scans that the datasets exclude, with reasons.
    pub excluded: Vec<Exclusion>,
    /// Cohorts, by name.
    pub datasets: Vec<PlannedPlugin<dyn Dataset>>,
    /// Corpus generators, by name.
    pub corpora: Vec<PlannedPlugin<dyn CorpusGenerator>>,
    /// Stage 1.
    pub tokenizer: PlannedPlugin<dyn Tokenizer>,
    /// The language model.
    pub backbone: PlannedPlugin<dyn Backbone>,
    /// The export that the experiment starts from.
    pub start: Option<Start>,
    /// Tasks, by name.
    pub tasks: Vec<PlannedPlugin<dyn Task>>,
    /// Engine, precision, device and threads.
    pub runtime: Runtime,
    /// The stages in the order of execution. A stage comes after its inputs.
    pub stages: Vec<Stage>,
    /// The leakage checks, their findings and the findings that the spec accepts.
    pub leakage: Proof,
}

impl Plan {
    /// Formats the spec with every default filled in. It resolves to the same keys.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(&self.experiment).expect("a spec read from TOML can be written as TOML")
    }

    /// Returns the export that a stage is copied from, or `None` if the stage learns or computes.
    pub fn taken(&self, stage: &Stage) -> Option<&Start> {
        let part = match stage.kind {
            StageKind::Tokenizer => Taken::Tokenizer,
            StageKind::TextSpace => Taken::Model,
            _ => return None,
        };
        self.start.as_ref().filter(|start| start.takes(part))
    }

    /// Returns the tasks asked in the same prompt as `task`: all `multi` tasks including itself. Empty
    /// for other tasks.
    pub(crate) fn asked_with(&self, task: &PlannedPlugin<dyn Task>) -> Vec<&PlannedPlugin<dyn Task>> {
        let is_multi = |task: &&PlannedPlugin<dyn Task>| task.asking.keys.paradigm == Paradigm::Multi;
        if is_multi(&task) { self.tasks.iter().filter(is_multi).collect() } else { Vec::new() }
    }
}

/// One plugin of the experiment.
#[derive(Debug)]
pub struct PlannedPlugin<K: ?Sized> {
    /// Name of its table, such as `pain`; `tokenizer` and `backbone` for the singular ones.
    pub name: String,
    /// The plugin's registered name, such as `series`.
    pub plugin: &'static str,
    /// Hash of the library it was loaded from, or `None` for a built-in plugin.
    pub library: Option<&'static str>,
    /// The table's `path` or a backbone's `weights`, joined to the spec's folder. Empty if it has
    /// neither.
    pub root: PathBuf,
    /// The table's seed, or the experiment's.
    pub seed: u64,
    /// The typed config.
    pub config: Box<K>,
    /// How a task's examples are put to the model. Default for other plugins.
    pub asking: Asking,
}

/// One stage of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What the stage does.
    pub kind: StageKind,
    /// The plugin it runs, such as `vq`. Empty for the framework's own stages.
    pub plugin: String,
    /// Its seed.
    pub seed: u64,
    /// Names of the stages it may read. It can read no others.
    pub inputs: Vec<String>,
    /// All parts of the spec that its result depends on.
    pub config: Value,
    /// Its size, as far as known. Not part of the key.
    #[serde(default)]
    pub size: Size,
    /// Hash of kind, version, plugin, config, seed, engine and the inputs' keys.
    pub key: Key,
}

impl Stage {
    /// Returns the name, such as `series`, `tokenizer` or `evaluation.condition`.
    pub fn name(&self) -> String {
        self.kind.to_string()
    }
}

/// Kinds of stages. The enum is closed, because the framework must handle every kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Reads, checks and crops every scan.
    Series,
    /// Divides the subjects.
    Split,
    /// Fits norms on training scans and describes every scan.
    Corpus,
    /// Trains the backbone's text side and embeds the training descriptions.
    TextSpace,
    /// Stage 1: trains the tokenizer.
    Tokenizer,
    /// Computes features and codes of every scan, once.
    Codes,
    /// Stage 2: language alignment.
    Alignment,
    /// Stage 3: instruction tuning.
    Instruction,
    /// Scores a task without the model.
    Baseline(String),
    /// Scores a task with the model.
    Evaluation(String),
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StageKind::Series => f.write_str("series"),
            StageKind::Split => f.write_str("split"),
            StageKind::Corpus => f.write_str("corpus"),
            StageKind::TextSpace => f.write_str("text-space"),
            StageKind::Tokenizer => f.write_str("tokenizer"),
            StageKind::Codes => f.write_str("codes"),
            StageKind::Alignment => f.write_str("alignment"),
            StageKind::Instruction => f.write_str("instruction"),
            StageKind::Baseline(task) => write!(f, "baseline.{task}"),
            StageKind::Evaluation(task) => write!(f, "evaluation.{task}"),
        }
    }
}

/// A content key: 32 hexadecimal digits of a BLAKE3 hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub String);

impl Key {
    /// Returns the first twelve digits, used in output and in folder names.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}
