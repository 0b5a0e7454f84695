//! A run as a comparison reads it: keys, stored scores, and answers to be scored again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{MetricRow, Outcome, Part, seed};
use boldface_tables::summary::{self, Score};
use serde::Deserialize;
use serde_json::Value;

use super::error::CompareResult;
use super::settings::{flat, repeated};
use crate::report::stored::{ReportError, damaged, parse, read};
use crate::score::intervals::{Scores, by_subject, resamples};
use crate::spec::Unit;
use crate::store::{ANSWERS, Key, METRICS, OutcomeLine, RECORD, StageKind};
use crate::study::task;

/// Number of resamples for an interval.
const RESAMPLES: usize = 1000;

/// A finished run.
#[derive(Debug)]
pub struct Run {
    /// Its folder.
    pub dir: PathBuf,
    /// Name of its experiment.
    pub name: String,
    /// The language model's plugin, as named in its answers.
    pub model: String,
    /// Its spec with every default, flattened to dotted keys.
    pub settings: BTreeMap<String, String>,
    /// The settings that only repeat an experiment: seeds and parts of the split.
    pub repeated: BTreeMap<String, String>,
    /// Names and keys of its stages, in order.
    pub stages: Vec<(String, Key)>,
    /// Final scores of the model on whole parts, without groups and differences.
    pub scores: Vec<MetricRow>,
    /// Final scores of the model, its baselines and its controls on whole parts, with the differences.
    finals: Vec<Score>,
    experiment: Value,
    artefacts: BTreeMap<String, PathBuf>,
}

/// The part of `plan.json` that comparisons need. The experiment stays untyped, so that runs of older
/// versions can be read.
#[derive(Deserialize)]
struct File {
    name: String,
    experiment: Value,
    stages: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    stage: Stage,
    artefact: PathBuf,
}

#[derive(Deserialize)]
struct Stage {
    kind: StageKind,
    key: Key,
}

/// Answers of one run to one task on one part, scored as they are and resampled.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Scans of the answers, one entry per answer.
    pub scans: Vec<String>,
    /// Number of subjects, or of runs if the split divides runs.
    pub subjects: usize,
    /// Hash of the correct answers, in the order of the scans.
    pub truth: String,
    /// Each metric's value and resampled values, by name.
    pub metrics: BTreeMap<String, (f64, Vec<f64>)>,
}

impl Run {
    /// Reads the run in `dir`.
    ///
    /// # Errors
    /// If it is not a run, or one of its files is damaged.
    pub fn read(dir: &Path) -> CompareResult<Run> {
        let path = dir.join(RECORD);
        let text = read(&path)?.ok_or_else(|| ReportError::NoRun { dir: dir.to_owned() })?;
        let file: File = parse(&path, &text)?;
        let model = file.experiment["backbone"]["type"].as_str().unwrap_or_default().to_owned();
        let rows = boldface_tables::metrics::read(&dir.join(METRICS))?;
        let is_score = |row: &MetricRow| {
            let is_whole = row.step.is_none() && row.against.is_none() && row.group.is_none();
            is_whole && row.plugin == model && row.stage.starts_with("evaluation.")
        };
        let finals = summary::scores(&rows);
        let scores = rows.into_iter().filter(is_score).collect();
        let runs = |artefact: &Path| dir.ancestors().find(|above| above.join(artefact).exists());
        let mut artefacts = BTreeMap::new();
        for line in &file.stages {
            // A run is two folders below the store, an arm of a sweep four.
            let place = runs(&line.artefact).map(|runs| runs.join(&line.artefact));
            artefacts.extend(place.map(|place| (line.stage.kind.to_string(), place)));
        }
        let settings = flat(&file.experiment);
        Ok(Run {
            dir: dir.to_owned(),
            name: file.name,
            model,
            repeated: repeated(&settings),
            settings,
            stages: file
                .stages
                .into_iter()
                .map(|line| (line.stage.kind.to_string(), line.stage.key))
                .collect(),
            scores,
            finals,
            experiment: file.experiment,
            artefacts,
        })
    }

    /// Makes a run without a folder.
    #[cfg(test)]
    pub fn made(experiment: Value, rows: Vec<MetricRow>) -> Run {
        let settings = flat(&experiment);
        Run {
            dir: PathBuf::new(),
            name: String::new(),
            model: experiment["backbone"]["type"].as_str().unwrap_or_default().to_owned(),
            repeated: repeated(&settings),
            settings,
            stages: Vec::new(),
            finals: summary::scores(&rows),
            scores: rows.into_iter().filter(|row| row.stage.starts_with("evaluation.")).collect(),
            experiment,
            artefacts: BTreeMap::new(),
        }
    }

    /// Returns the unit of its split.
    pub fn unit(&self) -> Unit {
        let written = self.experiment["split"].get("unit").cloned();
        written.and_then(|unit| serde_json::from_value(unit).ok()).unwrap_or_default()
    }

    /// Returns the arm's name, or the experiment's name and the time.
    pub fn label(&self) -> String {
        let own = self.dir.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if self.is_arm() { own } else { format!("{}/{own}", self.name) }
    }

    /// Whether it is an arm of a sweep.
    pub fn is_arm(&self) -> bool {
        self.dir.parent().and_then(Path::file_name).is_some_and(|name| name == "arms")
    }

    /// Returns the key of the stage called `name`.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.stages.iter().find(|(stage, _)| stage == name).map(|(_, key)| key)
    }

    /// Returns the names of the tasks that have scores, in order.
    pub fn tasks(&self) -> Vec<String> {
        let mut tasks: Vec<String> = self
            .scores
            .iter()
            .filter_map(|row| Some(row.stage.strip_prefix("evaluation.")?.to_owned()))
            .collect();
        tasks.sort();
        tasks.dedup();
        tasks
    }

    /// Returns the stored score of a task on a part.
    pub fn score(&self, task: &str, part: Part, metric: &str) -> Option<&MetricRow> {
        self.scores.iter().find(|row| {
            row.metric == metric
                && row.split == part.name()
                && row.stage.strip_prefix("evaluation.") == Some(task)
        })
    }

    /// Returns all final scores of a task on a part.
    pub fn finals(&self, task: &str, part: Part) -> impl Iterator<Item = &Score> {
        self.finals.iter().filter(move |score| score.task == task && score.split == part.name())
    }

    /// Returns the final score of the model, a baseline or a control.
    pub fn final_score(&self, task: &str, part: Part, answerer: &str, metric: &str) -> Option<&Score> {
        self.finals(task, part).find(|score| score.plugin == answerer && score.metric == metric)
    }

    /// Returns the file with the answers of a task: those of its baselines, or those of the model and its
    /// controls. `None` if it is no longer in the store.
    pub fn answers(&self, task: &str, of_baselines: bool) -> Option<PathBuf> {
        let stage = if of_baselines { "baseline" } else { "evaluation" };
        Some(self.artefacts.get(&format!("{stage}.{task}"))?.join(ANSWERS))
    }

    /// Scores the model's stored answers again, as they are and on resamples of the subjects. Runs with
    /// the same subjects get the same resamples.
    ///
    /// # Errors
    /// A message that says why the answers cannot be scored again.
    pub fn scored(&self, name: &str, part: Part) -> CompareResult<Scored, String> {
        let stored = |metric: &str| self.score(name, part, metric).and_then(|row| row.value);
        self.score_again(name, part, &self.model, self.answers(name, false), stored)
    }

    /// Scores the stored answers of a baseline or a control again, on the same resamples as the model's.
    ///
    /// # Errors
    /// A message that says why the answers cannot be scored again.
    pub fn scored_beside(
        &self,
        name: &str,
        part: Part,
        answerer: &str,
        is_baseline: bool,
    ) -> CompareResult<Scored, String> {
        let stored =
            |metric: &str| self.final_score(name, part, answerer, metric).and_then(|score| score.value);
        self.score_again(name, part, answerer, self.answers(name, is_baseline), stored)
    }

    fn score_again(
        &self,
        name: &str,
        part: Part,
        answerer: &str,
        answers: Option<PathBuf>,
        stored: impl Fn(&str) -> Option<f64>,
    ) -> CompareResult<Scored, String> {
        let gone = || format!("the answers to `{name}` are no longer in the store");
        let outcomes = outcomes(&answers.ok_or_else(gone)?, name, part, answerer)?;
        let table = self.experiment["tasks"][name].as_object();
        let table = table.ok_or_else(|| format!("the `plan.json` has no task `{name}`"))?;
        let task = task(name, table)
            .map_err(|why| format!("{why}; if a shared library has it, name that with `--plugin`"))?;
        let outcomes: Vec<&Outcome> = outcomes.iter().collect();
        let subjects = by_subject(&outcomes);
        let mut who = blake3::Hasher::new();
        subjects.keys().for_each(|subject| {
            who.update(subject.as_bytes()).update(b"\n");
        });
        // Seeded by the subjects: the same subjects get the same draws, others get independent ones.
        let first = who.finalize().as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        let draws = resamples(subjects.len(), RESAMPLES, u64::from_le_bytes(first), part);
        let scores = Scores::compute(&*task.config, &outcomes, &draws).map_err(|error| error.to_string())?;

        let mut asked: Vec<(String, String)> = Vec::new();
        for outcome in &outcomes {
            let answer = serde_json::to_string(&outcome.example.answer).map_err(|error| error.to_string())?;
            asked.push((outcome.scan.to_string(), answer));
        }
        asked.sort();
        let mut truth = blake3::Hasher::new();
        asked.iter().for_each(|(_, answer)| {
            truth.update(answer.as_bytes()).update(b"\n");
        });
        let mut metrics = BTreeMap::new();
        for (place, metric) in scores.whole.iter().enumerate() {
            if let Some(stored) = stored(&metric.name)
                .filter(|stored| (stored - metric.value).abs() > 1e-9 * stored.abs().max(1.0))
            {
                return Err(format!(
                    "`{}` scored again gives {} instead of the stored {stored}: another version of the task made it",
                    metric.name, metric.value
                ));
            }
            let resampled = scores.resampled.iter().map(|resample| resample[place]).collect();
            metrics.insert(metric.name.clone(), (metric.value, resampled));
        }
        let truth = truth.finalize().to_hex().to_string();
        let scans = asked.into_iter().map(|(scan, _)| scan).collect();
        Ok(Scored { scans, subjects: subjects.len(), truth, metrics })
    }
}

/// Reads the answers of one model, baseline or control on a part.
fn outcomes(path: &Path, name: &str, part: Part, answerer: &str) -> CompareResult<Vec<Outcome>, String> {
    #[derive(Deserialize)]
    struct Head {
        part: Part,
        plugin: String,
    }
    let gone = || format!("the answers to `{name}` are no longer in the store");
    let text = read(path).map_err(|error| error.to_string())?.ok_or_else(gone)?;
    let mut outcomes = Vec::new();
    for (line, json) in text.lines().enumerate() {
        let broken =
            |error: serde_json::Error| damaged(path, format!("line {}: {error}", line + 1)).to_string();
        let head: Head = serde_json::from_str(json).map_err(broken)?;
        if head.part == part && head.plugin == answerer {
            let answered: OutcomeLine = serde_json::from_str(json).map_err(broken)?;
            outcomes.push(answered.outcome);
        }
    }
    if outcomes.is_empty() {
        Err(format!("the {} part of `{name}` has no answers", part.name()))
    } else {
        Ok(outcomes)
    }
}

/// Returns the stream of random numbers for comparisons.
pub fn stream() -> impl rand::Rng {
    seed::stream(0, "compare")
}
