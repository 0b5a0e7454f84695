//! Tasks in a stage's config: their examples, their wording and what training does with them.

use boldface::Task;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::HashedPlugin;
use crate::spec::{Grammar, Paradigm, Slots};
use crate::study::{PlannedPlugin, Study};

/// A task and the training examples that it learns from.
#[derive(Debug, Serialize)]
pub struct ExampleSource<'a> {
    /// The task.
    pub plugin: HashedPlugin<'a, dyn Task>,
    /// How few training scans it learns from. All if `None`.
    pub shots: Option<Shots>,
}

/// The choice of few training scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shots {
    /// Number per class.
    pub count: usize,
    /// Seed of the choice: the experiment's, so that all stages learn from the same scans.
    pub seed: u64,
}

impl<'a> ExampleSource<'a> {
    /// Takes a task of an experiment with this seed.
    pub fn new(seed: u64, task: &'a PlannedPlugin<dyn Task>) -> ExampleSource<'a> {
        let shots = task.asking.keys.shots.map(|count| Shots { count, seed });
        ExampleSource { plugin: HashedPlugin::new(task, |task| task.version(), None), shots }
    }
}

/// A task and the wording of its questions.
#[derive(Debug)]
pub struct WordedTask<'a> {
    /// The task with its examples.
    pub source: ExampleSource<'a>,
    /// The form in which the model is asked.
    pub paradigm: Paradigm,
    /// Hash of the file of paraphrases.
    prompts: Option<&'a str>,
    /// Made of the file of paraphrases, or of the paradigm.
    pub grammar: Option<&'a Grammar>,
    /// Made of the task's table.
    pub slots: &'a Slots,
}

impl<'a> WordedTask<'a> {
    /// Takes a task of an experiment with this seed.
    pub fn new(seed: u64, task: &'a PlannedPlugin<dyn Task>) -> WordedTask<'a> {
        WordedTask {
            source: ExampleSource::new(seed, task),
            paradigm: task.asking.keys.paradigm,
            prompts: task.asking.prompts_content(),
            grammar: task.asking.grammar.as_ref(),
            slots: &task.asking.slots,
        }
    }

    /// Returns the wording of a question in evaluation: the first paraphrase.
    pub fn question(&self, question: &str) -> String {
        let first = self.grammar.map(|grammar| grammar.first_question(question, self.slots));
        first.unwrap_or_else(|| question.to_owned())
    }
}

impl Serialize for WordedTask<'_> {
    // `grammar` and `slots` are functions of the fields that are serialised.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let WordedTask { source, paradigm, prompts, grammar: _, slots: _ } = self;
        let mut table = serializer.serialize_struct("WordedTask", 3)?;
        table.serialize_field("source", source)?;
        table.serialize_field("paradigm", paradigm)?;
        table.serialize_field("prompts", prompts)?;
        table.end()
    }
}

/// A task that training teaches.
#[derive(Debug, Serialize)]
pub struct TaughtTask<'a> {
    /// The task in its wording.
    pub worded: WordedTask<'a>,
    /// Standard deviation of the numbers drawn around true answers. Only training draws.
    pub answer_sd: Option<f64>,
}

impl<'a> TaughtTask<'a> {
    /// Takes a task of a study.
    pub fn new(study: &Study, task: &'a PlannedPlugin<dyn Task>) -> TaughtTask<'a> {
        TaughtTask {
            worded: WordedTask::new(study.experiment.seed, task),
            answer_sd: task.asking.keys.answer_sd,
        }
    }
}
