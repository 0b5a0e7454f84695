//! How a task's examples are put to the model: the keys that every task has, resolved.

use std::path::Path;

use boldface::{Example, Problem};
use serde_json::Value;

use super::AnswerForm;
use crate::spec::{Grammar, Paradigm, Slots, TASK_KEYS, Table, TaskKeys, parse_all};

/// How one task is put to the model.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// The keys from the spec.
    pub keys: TaskKeys,
    /// Paraphrases from the spec's file, or plain answers for an open task.
    pub grammar: Option<Grammar>,
    /// Values of the slots in the paraphrases.
    pub slots: Slots,
    /// Form of the answers, or `None` if scan labels are not enough to know it.
    pub form: Option<AnswerForm>,
    /// The first example that the labels of the longest scan give.
    pub example: Option<Example>,
    /// Hash of the file of paraphrases.
    content: Option<String>,
}

/// Takes the framework's keys out of a task's table.
pub fn take(table: &mut Table, problems: &mut Vec<Problem>) -> TaskKeys {
    let mut own = Table::new();
    for key in TASK_KEYS {
        own.extend(table.remove(key).map(|value| (key.to_owned(), value)));
    }
    match parse_all(&Value::Object(own), boldface::registry::parse::<TaskKeys>) {
        Ok(keys) => {
            problems.extend(keys.check());
            keys
        }
        Err(found) => {
            problems.extend(found);
            TaskKeys::default()
        }
    }
}

impl Asking {
    /// Reads the file of paraphrases, if the spec in `folder` names one. `table` gives the values of
    /// slots.
    pub fn new(keys: TaskKeys, folder: &Path, table: &Table) -> Result<Asking, Vec<Problem>> {
        let slots = slots(table);
        let (mut grammar, mut content) = (None, None);
        if let Some(path) = &keys.prompts {
            let at = |message: String| Problem::at("prompts", message);
            let (file, written) = (folder.join(path), path.display());
            let bytes = std::fs::read(&file).map_err(|error| {
                let help = format!("a path is relative to the spec: this one is `{}`", file.display());
                vec![at(format!("cannot read `{written}`: {error}")).help(help)]
            })?;
            let text = String::from_utf8_lossy(&bytes);
            grammar = Some(Grammar::parse(&text, &slots).map_err(|problems| {
                let inside = |Problem { key, message, help }: Problem| {
                    let place = if key.is_empty() { String::new() } else { format!(", `{key}`") };
                    Problem { help, ..at(format!("`{written}`{place}: {message}")) }
                };
                problems.into_iter().map(inside).collect::<Vec<_>>()
            })?);
            content = Some(blake3::hash(&bytes).to_hex().as_str().chars().take(32).collect());
        } else if keys.paradigm == Paradigm::Open {
            grammar = Some(Grammar::plain(&slots));
        }
        Ok(Asking { keys, grammar, slots, form: None, example: None, content })
    }

    /// Returns the keys as a table with every default.
    pub fn table(&self) -> Table {
        match serde_json::to_value(&self.keys) {
            Ok(Value::Object(table)) => table,
            _ => unreachable!("keys are a table of strings and numbers"),
        }
    }

    /// Whether instruction tuning includes examples of this task.
    pub fn teaches(&self) -> bool {
        let is_read_off = self.keys.paradigm == Paradigm::Probe || self.form == Some(AnswerForm::Value);
        !self.keys.held_out && !is_read_off
    }

    /// Whether the task uses the model as it was before instruction tuning.
    pub fn is_frozen(&self) -> bool {
        self.keys.paradigm == Paradigm::Probe
    }

    /// The baseline that `prior` names, such as `fc-flat-logistic`.
    pub fn prior(&self) -> Option<String> {
        let method = if self.form == Some(AnswerForm::Choice) { "logistic" } else { "ridge" };
        self.keys.prior.map(|prior| format!("{}-{method}", prior.name()))
    }

    /// Returns the hash of the file of paraphrases.
    pub fn prompts_content(&self) -> Option<&str> {
        self.content.as_deref()
    }
}

/// Returns slots for the texts, numbers and lists of texts in a task's table. `question` and `answer`
/// have slots of their own and are left out.
fn slots(table: &Table) -> Slots {
    let said = |(key, value): (&String, &Value)| {
        let words = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Array(items) => {
                let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                let (last, rest) = items.as_deref()?.split_last()?;
                if rest.is_empty() { (*last).to_owned() } else { format!("{} or {last}", rest.join(", ")) }
            }
            _ => return None,
        };
        (!matches!(key.as_str(), "type" | "question" | "answer")).then(|| (key.clone(), words))
    };
    table.iter().filter_map(said).collect()
}
