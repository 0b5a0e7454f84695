//! Sentences of the methods paragraph about tasks that used an unusual paradigm.

use serde_json::Value;

use super::stored::StoredRun;
use crate::spec::{BandFrequencies, Experiment, Paradigm, TASK_KEYS, Table, TaskKeys};

/// Returns one sentence per unusual paradigm. Empty if all tasks were asked singly and learned from all
/// training scans.
pub fn sentences(stored: &StoredRun) -> Vec<String> {
    let experiment = &stored.record.experiment;
    let of = |paradigm| names(experiment, |keys| keys.paradigm == paradigm);
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
        ("Kept out of instruction tuning (zero-shot)", names(experiment, |keys| keys.held_out)),
        (
            "Asked in seeded paraphrases in training and in the first of them in evaluation",
            names(experiment, |keys| keys.prompts.is_some()),
        ),
        (
            "Before scoring, bands got the frequencies that they have in training scans, instead of those of training's \
             questions",
            names(experiment, |keys| keys.frequencies == BandFrequencies::Natural),
        ),
        (
            "Before scoring, bands got equal frequencies instead of those of training's questions",
            names(experiment, |keys| keys.frequencies == BandFrequencies::Equal),
        ),
    ];
    let told = said.into_iter().filter_map(|(words, names)| Some(format!("{words}: {}.", names?)));
    let shots = experiment.tasks.iter().filter_map(|(name, table)| {
        Some(format!("Learned from {} training scans per class: {name}.", keys(table).shots?))
    });
    let drawn = experiment.tasks.iter().filter_map(|(name, table)| {
        let sd = keys(table).answer_sd?;
        Some(format!(
            "Trained with soft labels, each the bin of a number drawn around the true one with a standard deviation of \
             {sd}: {name}."
        ))
    });
    told.chain(shots).chain(drawn).collect()
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

fn names(experiment: &Experiment, which: impl Fn(&TaskKeys) -> bool) -> Option<String> {
    let chosen = experiment.tasks.iter().filter(|(_, table)| which(&keys(table)));
    let names: Vec<&str> = chosen.map(|(name, _)| name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
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
