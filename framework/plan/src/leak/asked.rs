//! A task's examples of every scan, and the columns with their answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use boldface::{Answer, Cohort, Example, Result, Scan, ScanInfo, Task, guard, seed};
use serde_json::Value;

use super::cuts::categories;
use super::predict::TargetLabels;
use crate::PlannedPlugin;
use crate::silent::silent;
use crate::spec::Crop;

/// Number of wordings to draw of a question with paraphrases.
const WORDINGS: usize = 64;

/// A task and all its examples.
#[derive(Debug)]
pub struct TaskExamples {
    /// The task's table, such as `tasks.sex`.
    pub key: String,
    /// Every example, with its scan.
    pub examples: Vec<(Arc<ScanInfo>, Example)>,
    /// The first example's question in every wording drawn.
    pub wordings: Vec<String>,
    /// Phenotype columns that contain the answers.
    pub targets: BTreeSet<String>,
}

impl TaskExamples {
    /// Returns a task's examples before a run, from scans without a signal. The run repeats the check
    /// with real signals and descriptions.
    ///
    /// # Errors
    /// Fails if the task needs a signal, or comes from a library. Foreign code may panic on an empty
    /// signal, and after a panic a library's plugin is not called again.
    pub fn before(
        task: &PlannedPlugin<dyn Task>,
        cohorts: &[Arc<Cohort>],
        crop: Crop,
    ) -> Result<TaskExamples> {
        if task.library.is_some() {
            return Err("its code comes from a library".into());
        }
        let mut examples = Vec::new();
        for cohort in cohorts {
            let regions = Arc::new(cohort.regions.clone());
            for info in &cohort.scans {
                examples.extend(of_scan(task, &silent(info, &regions, crop.kept(info.trs))?)?);
            }
        }
        Ok(TaskExamples::new(task, examples))
    }

    /// Returns a task's examples of real scans.
    ///
    /// # Errors
    /// See [`Task::examples`].
    pub fn collect(task: &PlannedPlugin<dyn Task>, scans: &[Scan]) -> Result<TaskExamples> {
        let mut examples = Vec::new();
        for scan in scans {
            examples.extend(of_scan(task, scan)?);
        }
        Ok(TaskExamples::new(task, examples))
    }

    fn new(task: &PlannedPlugin<dyn Task>, examples: Vec<(Arc<ScanInfo>, Example)>) -> TaskExamples {
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
        TaskExamples { key: format!("tasks.{}", task.name), examples, wordings, targets }
    }

    /// Returns the answers as labels, or `None` if they are neither choices nor numbers.
    pub fn labels(&self) -> Option<TargetLabels> {
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
            (Some(choices), _) => Some(TargetLabels::Classes(categories(&choices))),
            (None, values) => values.map(TargetLabels::Values),
        }
    }

    /// Returns an index of the person for each example.
    pub fn people(&self) -> Vec<usize> {
        categories(&self.examples.iter().map(|(info, _)| info.id.person()).collect::<Vec<_>>())
    }

    /// Returns the value of a column for each example.
    pub fn column<'a>(&'a self, name: &str) -> Vec<Option<&'a str>> {
        self.examples.iter().map(|(info, _)| info.column(name)).collect()
    }

    /// Fewest volumes that an example shows.
    pub fn shortest(&self) -> Option<usize> {
        self.examples.iter().map(|(_, example)| example.window.trs).min()
    }

    /// Returns each example's right answer as text, or `None` for texts, series and bands.
    pub fn answers(&self) -> Vec<Option<String>> {
        self.examples.iter().map(|(_, example)| answer(example)).collect()
    }
}

/// Returns the examples that the task's plugin makes of a scan.
fn of_scan(task: &PlannedPlugin<dyn Task>, scan: &Scan) -> Result<Vec<(Arc<ScanInfo>, Example)>> {
    let examples = guard(|| task.config.examples(scan))?;
    Ok(examples.into_iter().map(|example| (Arc::clone(&scan.info), example)).collect())
}

/// Returns a question in the wordings of evaluation and training.
pub fn wordings(task: &PlannedPlugin<dyn Task>, question: &str) -> Vec<String> {
    let Some(grammar) = &task.asking.grammar else { return vec![question.to_owned()] };
    let mut all = BTreeSet::from([grammar.first_question(question, &task.asking.slots)]);
    let mut rng = seed::stream(0, "leakage.wordings");
    all.extend((0..WORDINGS).map(|_| grammar.question(question, &task.asking.slots, &mut rng)));
    all.into_iter().collect()
}

fn answer(example: &Example) -> Option<String> {
    match &example.answer {
        Answer::Choice { options, correct } => options.get(*correct).cloned(),
        Answer::Value { value, .. } => Some(value.to_string()),
        // A band describes the scan itself and is not a label of a person.
        Answer::Text { .. } | Answer::Series { .. } | Answer::Band { .. } => None,
    }
}

/// Collects every string in a value.
pub fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(table) => table.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}
