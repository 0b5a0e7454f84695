//! A resolved experiment: typed plugins, and stages in order, each under a content key.

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

use crate::spec::{Experiment, Paradigm, Source, Taken};

pub use crate::spec::Located;
pub use asking::Asking;
pub use blame::{Leaf, blame};
pub(crate) use claim::{Own, WEIGHTS, corpus, stored, task};
pub use cohorts::DataCache;
pub(crate) use cohorts::counted;
pub use dot::dot;
pub use leak::{Check, Proof, Status, When};
pub use libraries::{load_libraries, no_libraries};
pub(crate) use resolve::resolve_unlinted;
pub use resolve::{Build, Offer, resolve, resolve_layered};
pub use start::Start;

/// Everything a run needs; made by resolving a spec, and by nothing else.
#[derive(Debug)]
pub struct Plan {
    /// The spec file's stem.
    pub name: String,
    /// The spec file.
    pub path: PathBuf,
    /// The spec as it was read; where it extends another, what they say together.
    pub source: String,
    /// The files of a spec that extends another, the one that wins first; empty for a spec of one file.
    pub layers: Vec<Arc<Source>>,
    /// The spec with every default filled in, plugin tables included.
    pub experiment: Experiment,
    /// Every scan of all datasets, as the tables know it.
    pub scans: Arc<Vec<ScanInfo>>,
    /// Scans that the datasets leave out, and why.
    pub excluded: Vec<Exclusion>,
    /// Cohorts, by name.
    pub datasets: Vec<Entry<dyn Dataset>>,
    /// Corpus generators, by name.
    pub corpora: Vec<Entry<dyn CorpusGenerator>>,
    /// Stage 1.
    pub tokenizer: Entry<dyn Tokenizer>,
    /// The language model.
    pub backbone: Entry<dyn Backbone>,
    /// The export that it begins with.
    pub start: Option<Start>,
    /// Tasks, by name.
    pub tasks: Vec<Entry<dyn Task>>,
    /// Where to compute.
    pub runtime: Runtime,
    /// What to run, in order: a stage's inputs come before it.
    pub stages: Vec<Stage>,
    /// What was looked at in search of leaks, and what the spec accepts.
    pub leakage: Proof,
}

impl Plan {
    /// The spec with every default written down; it resolves to the same keys.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(&self.experiment).expect("a spec read from TOML can be written as TOML")
    }

    /// The export that a stage only takes over; none if it learns or computes.
    pub fn taken(&self, stage: &Stage) -> Option<&Start> {
        let part = match stage.kind {
            StageKind::Tokenizer => Taken::Tokenizer,
            StageKind::TextSpace => Taken::Model,
            _ => return None,
        };
        self.start.as_ref().filter(|start| start.takes(part))
    }

    /// The tasks that are asked in the same prompt as `task`: all `multi` tasks, itself included.
    pub(crate) fn asked_with(&self, task: &Entry<dyn Task>) -> Vec<&Entry<dyn Task>> {
        let is_multi = |task: &&Entry<dyn Task>| task.asking.keys.paradigm == Paradigm::Multi;
        if is_multi(&task) { self.tasks.iter().filter(is_multi).collect() } else { Vec::new() }
    }
}

/// One plugin of the experiment.
#[derive(Debug)]
pub struct Entry<K: ?Sized> {
    /// Name of its table, such as `pain`; `tokenizer` and `backbone` for the singular ones.
    pub name: String,
    /// The plugin's registered name, such as `series`.
    pub plugin: &'static str,
    /// Hash of the library it was loaded from; none if built in.
    pub library: Option<&'static str>,
    /// The table's `path`, or a backbone's `weights`, joined to the spec's folder; empty if it has none.
    pub root: PathBuf,
    /// The table's seed, or the experiment's.
    pub seed: u64,
    /// The typed config.
    pub config: Box<K>,
    /// How its examples are put to the model; tasks only.
    pub asking: Asking,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What it does.
    pub kind: StageKind,
    /// The plugin it runs, such as `vq`; empty for the framework's own stages.
    pub plugin: String,
    /// Its seed.
    pub seed: u64,
    /// Names of the stages it may read, and no others.
    pub inputs: Vec<String>,
    /// Everything of the spec that its result depends on.
    pub config: Value,
    /// How large it is, as far as that is known; in no key.
    #[serde(default)]
    pub size: Size,
    /// Hash of kind, version, plugin, config, seed, engine and the inputs' keys.
    pub key: Key,
}

impl Stage {
    /// `series`, `tokenizer`, `evaluation.condition` ...
    pub fn name(&self) -> String {
        self.kind.to_string()
    }
}

/// What a stage does. Closed: the framework must handle every case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Reads, checks and crops every scan.
    Series,
    /// Divides the subjects.
    Split,
    /// Fits norms on training scans and describes every scan.
    Corpus,
    /// The backbone's text side, and what it makes of the training descriptions.
    TextSpace,
    /// Stage 1.
    Tokenizer,
    /// Features and codes of every scan, once.
    Codes,
    /// Stage 2.
    Alignment,
    /// Stage 3.
    Instruction,
    /// What a task scores without the model.
    Baseline(String),
    /// What a task scores with it.
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
    /// The first twelve digits, as shown and as used in folder names.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}
