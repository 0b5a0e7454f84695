//! A study: an experiment whose names are bound to plugins. The configs of stages are made of it. A plan adds
//! the scans that were found, the stages and the leak checks.

mod answers;
mod asking;
mod claim;
mod content;
mod describe;
mod start;
mod template;
mod words;

use std::path::PathBuf;

use boldface::{Backbone, CorpusGenerator, Dataset, Runtime, ScanInfo, Task, Tokenizer};

use crate::spec::{Crop, Experiment, Paradigm, Signal, Taken, Unit};
use crate::store::{Stage, StageKind};

pub use answers::{AnswerForm, is_taught_by_asking};
pub use asking::Asking;
pub use claim::{FrameworkKeys, PluginContext, claim, corpus, stored, task};
pub use content::DataContent;
pub use describe::{describe, each};
pub use start::Start;

/// An experiment with its plugins.
#[derive(Debug)]
pub struct Study {
    /// Folder of the spec, which its paths are relative to.
    pub folder: PathBuf,
    /// The spec with every default filled in, plugin tables included.
    pub experiment: Experiment,
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
    /// Hashes of the data.
    pub content: DataContent,
    /// Tasks, by name.
    pub tasks: Vec<PlannedPlugin<dyn Task>>,
    /// Engine, precision, device and threads.
    pub runtime: Runtime,
}

impl Study {
    /// Returns the rule that gives the volumes kept of a scan.
    pub fn crop(&self) -> Crop {
        Crop::new(&self.experiment.signal, self.tokenizer.config.patch())
    }

    /// Returns the export that a stage is copied from, or `None` if the stage learns or computes.
    pub fn taken(&self, stage: &Stage) -> Option<&Start> {
        match stage.kind {
            StageKind::Tokenizer => self.takes(Taken::Tokenizer),
            StageKind::TextSpace => self.takes(Taken::Model),
            _ => None,
        }
    }

    /// Returns the export that a part is taken from.
    pub fn takes(&self, part: Taken) -> Option<&Start> {
        self.start.as_ref().filter(|start| start.takes(part))
    }

    /// Returns the tasks asked in the same prompt as `task`: all `multi` tasks including itself. Empty
    /// for other tasks.
    pub fn asked_with(&self, task: &PlannedPlugin<dyn Task>) -> Vec<&PlannedPlugin<dyn Task>> {
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

/// Adapts a scan's information to a study: sets the unit of the split and counts times from the first
/// volume kept.
pub fn counted(mut info: ScanInfo, unit: Unit, signal: &Signal) -> ScanInfo {
    info.id.by_run = unit == Unit::Run;
    let passed_over = signal.start as f64 * info.tr;
    info.from_second(passed_over)
}
