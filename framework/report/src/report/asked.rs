//! Sentences of the methods paragraph about tasks that used an unusual paradigm.

use serde_json::Value;

use super::methods::{Sentence, ran};
use super::stored::StoredRun;
use crate::spec::{BandFrequencies, Paradigm, TASK_KEYS, Table, TaskKeys};

/// Returns one sentence per unusual paradigm. Empty if all tasks were asked singly and learned from all
/// training scans.
pub fn sentences(stored: &StoredRun) -> Vec<Sentence> {
    let of = |paradigm| names(stored, |keys| keys.paradigm == paradigm);
    let said = [
        (
            "Asked in one prompt, each answered after the model's own earlier answers in it",
            of(Paradigm::Multi),
        ),
        (
            "Answered in a generated sentence, which was searched for the class (a sentence that does not name \
             exactly one class counts as wrong)",
            of(Paradigm::Open),
        ),
        (
            "Predicted by a linear model on the pooled hidden states of the frozen model before instruction tuning, \
             its penalty chosen by cross-validation over training {subject}s",
            of(Paradigm::Probe),
        ),
        ("Kept out of instruction tuning (zero-shot)", names(stored, |keys| keys.held_out)),
        (
            "Asked in seeded paraphrases in training and in the first of them in evaluation",
            names(stored, |keys| keys.prompts.is_some()),
        ),
        (
            "Before scoring, bands got the frequencies that they have in training scans, instead of those of training's \
             questions",
            names(stored, |keys| keys.frequencies == BandFrequencies::Natural),
        ),
        (
            "Before scoring, bands got equal frequencies instead of those of training's questions",
            names(stored, |keys| keys.frequencies == BandFrequencies::Equal),
        ),
    ];
    let mut sentences = Vec::new();
    for (words, names) in said.into_iter().filter(|(_, names)| !names.is_empty()) {
        sentences.push(sentence(format!("{words}: {}.", names.join(", ")), &names));
    }
    for (name, keys) in scored(stored) {
        if let Some(shots) = keys.shots {
            let text = format!("Learned from {shots} training scans per class: {name}.");
            sentences.push(sentence(text, &[name]));
        }
        if let Some(sd) = keys.answer_sd {
            let text = format!(
                "Trained with soft labels, each the bin of a number drawn around the true one with a standard deviation of \
                 {sd}: {name}."
            );
            sentences.push(sentence(text, &[name]));
        }
    }
    sentences
}

fn sentence(text: String, tasks: &[&str]) -> Sentence {
    Sentence { text, fields: tasks.iter().map(|task| format!("experiment.tasks.{task}")).collect() }
}

/// Returns the names of the tasks that instruction tuning trained on. `None` if it did not run.
pub fn taught(stored: &StoredRun) -> Option<Vec<String>> {
    let stage = stored.record.stages.iter().find(|record| record.stage.name() == "instruction")?;
    let tasks = stage.stage.config.get("tasks").and_then(Value::as_object)?;
    Some(tasks.keys().cloned().collect())
}

/// Returns how a stored task is asked.
pub fn paradigm(table: &Table) -> Paradigm {
    keys(table).paradigm
}

/// Whether a task's key has its default value, which the report leaves out.
pub fn is_usual(key: &str, value: &Value) -> bool {
    (key == "paradigm" && value == "single") || (key == "held-out" && value == &Value::Bool(false))
}

fn names(stored: &StoredRun, which: impl Fn(&TaskKeys) -> bool) -> Vec<&str> {
    scored(stored).filter(|(_, keys)| which(keys)).map(|(name, _)| name).collect()
}

/// Returns the tasks that the model answered, with the framework's keys.
fn scored(stored: &StoredRun) -> impl Iterator<Item = (&str, TaskKeys)> {
    let tasks = stored.record.experiment.tasks.iter();
    let tasks = tasks.filter(|(name, _)| ran(stored, &format!("evaluation.{name}")));
    tasks.map(|(name, table)| (name.as_str(), keys(table)))
}

/// Returns the framework's keys of a stored task, with defaults for runs that predate them.
fn keys(table: &Table) -> TaskKeys {
    let own: Table = table
        .iter()
        .filter(|(key, _)| TASK_KEYS.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    serde_json::from_value(Value::Object(own)).unwrap_or_default()
}
