//! What a task asks of every scan, and which columns its answers come from.

use std::collections::BTreeSet;
use std::sync::Arc;

use boldface::{Answer, Cohort, Example, Result, Scan, ScanInfo, Task, guard, seed};
use serde_json::Value;

use super::predict::{Labels, categories};
use crate::plan::Entry;
use crate::plan::silent::silent;

/// Wordings that are drawn of a question with paraphrases.
const WORDINGS: usize = 64;

/// A task and all that it asks.
#[derive(Debug)]
pub struct Asked {
    /// The task's table, such as `tasks.sex`.
    pub key: String,
    /// Every example, with its scan.
    pub examples: Vec<(Arc<ScanInfo>, Example)>,
    /// The question of the first example in every wording that was drawn.
    pub wordings: Vec<String>,
    /// Phenotype columns that hold the answers.
    pub targets: BTreeSet<String>,
}

impl Asked {
    /// What a task asks before anything is run: of scans whose signal is silence. What it reads from the
    /// signal or from descriptions is asked again in the run.
    ///
    /// # Errors
    /// If the task cannot say without a signal, or comes from a library: code that was never meant to meet
    /// silence may panic, and a library's plugin is not called again after that.
    pub fn before(task: &Entry<dyn Task>, cohorts: &[Arc<Cohort>], trs: usize) -> Result<Asked> {
        if task.library.is_some() {
            return Err("its code comes from a library".into());
        }
        let mut examples = Vec::new();
        for cohort in cohorts {
            let regions = Arc::new(cohort.regions.clone());
            for info in &cohort.scans {
                examples.extend(of_scan(task, &silent(info, &regions, trs)?)?);
            }
        }
        Ok(Asked::new(task, examples))
    }

    /// What a task asks of real scans.
    ///
    /// # Errors
    /// As [`Task::examples`].
    pub fn of(task: &Entry<dyn Task>, scans: &[Scan]) -> Result<Asked> {
        let mut examples = Vec::new();
        for scan in scans {
            examples.extend(of_scan(task, scan)?);
        }
        Ok(Asked::new(task, examples))
    }

    fn new(task: &Entry<dyn Task>, examples: Vec<(Arc<ScanInfo>, Example)>) -> Asked {
        let mut named = Vec::new();
        strings(&task.config.resolved(), &mut named);
        let columns: BTreeSet<&String> =
            examples.iter().flat_map(|(info, _)| info.phenotype.keys()).collect();
        let is_target = |column: &&String| {
            let is_answer = |(info, example): &(Arc<ScanInfo>, Example)| {
                info.phenotype.get(*column).is_some_and(|value| answer(example).as_ref() == Some(value))
            };
            named.contains(*column) || (!examples.is_empty() && examples.iter().all(is_answer))
        };
        let targets = columns.into_iter().filter(is_target).cloned().collect();
        let first = examples.first().map(|(_, example)| example.question.clone());
        let wordings = first.map(|question| wordings(task, &question)).unwrap_or_default();
        Asked { key: format!("tasks.{}", task.name), examples, wordings, targets }
    }

    /// The answers as labels; none if they are neither choices nor numbers.
    pub fn labels(&self) -> Option<Labels> {
        let answers = self.examples.iter().map(|(_, example)| &example.answer);
        let values: Option<Vec<f64>> = answers
            .clone()
            .map(|answer| match answer {
                Answer::Value { value, .. } => Some(*value),
                _ => None,
            })
            .collect();
        let choices: Option<Vec<&String>> = answers
            .map(|answer| match answer {
                Answer::Choice { options, correct } => options.get(*correct),
                _ => None,
            })
            .collect();
        match (choices, values) {
            _ if self.examples.is_empty() => None,
            (Some(choices), _) => Some(Labels::Classes(categories(&choices))),
            (None, values) => values.map(Labels::Values),
        }
    }

    /// The person of each example, numbered.
    pub fn people(&self) -> Vec<usize> {
        categories(&self.examples.iter().map(|(info, _)| info.id.person()).collect::<Vec<_>>())
    }

    /// Each example's right answer in words; none for a series.
    pub fn answers(&self) -> Vec<Option<String>> {
        self.examples.iter().map(|(_, example)| answer(example)).collect()
    }
}

/// The examples of a scan as the task's plugin makes them.
fn of_scan(task: &Entry<dyn Task>, scan: &Scan) -> Result<Vec<(Arc<ScanInfo>, Example)>> {
    let examples = guard(|| task.config.examples(scan))?;
    Ok(examples.into_iter().map(|example| (Arc::clone(&scan.info), example)).collect())
}

/// A question as evaluation and training word it.
fn wordings(task: &Entry<dyn Task>, question: &str) -> Vec<String> {
    let mut all = BTreeSet::from([task.asking.question(question)]);
    if let Some(grammar) = &task.asking.grammar {
        let mut rng = seed::stream(0, "leakage.wordings");
        all.extend((0..WORDINGS).map(|_| grammar.question(question, &task.asking.slots, &mut rng)));
    }
    all.into_iter().collect()
}

fn answer(example: &Example) -> Option<String> {
    match &example.answer {
        Answer::Choice { options, correct } => options.get(*correct).cloned(),
        Answer::Value { value, .. } => Some(value.to_string()),
        // A band is asked of the scan itself: it is no label of a person.
        Answer::Text { .. } | Answer::Series { .. } | Answer::Band { .. } => None,
    }
}

/// Every string in a value.
pub fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(table) => table.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}
