//! A resolved experiment: typed plugins and ordered stages, each with a content key.

mod asking;
mod blame;
mod checks;
mod claim;
mod cohorts;
mod content;
mod data;
mod dot;
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

use std::path::PathBuf;
use std::sync::Arc;

use boldface::{Backbone, CorpusGenerator, Dataset, Exclusion, Runtime, ScanInfo, Task, Tokenizer};

use crate::spec::{Experiment, Paradigm, SpecSource, Taken};

pub use crate::spec::Located;
pub use crate::store::{Key, Stage, StageKind, excluded};
pub use asking::Asking;
pub use blame::{ResolvedValue, blame};
pub(crate) use claim::{FrameworkKeys, corpus, stored, task};
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
