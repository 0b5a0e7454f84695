//! Computes one recorded score of an export again, so that readers can check its card on the same data.
//!
//! A plan that starts from the export runs the usual stages. There is no second evaluator, so the
//! controls run too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use boldface::{MetricRow, Precision, Result};
use boldface_tables::metrics;
use serde_json::{Value, json};
use thiserror::Error;

use crate::plan::{Build, DataCache, Plan, resolve_unlinted};
use crate::run::Events;
use crate::run::make::Maker;
use crate::spec::{Layered, Located, Table, read_text};
use crate::store::export::{Export, Refused, fingerprints};
use crate::store::people::{ExportedSplit, SPLITS};
use crate::store::{ANSWERS, Artefact, Cost, METRICS, SPEC, Stage, StageKind, Store, cannot};

/// Largest difference on the export's engine, relative for scores above 1.
const SAME_ENGINE: f64 = 1e-9;

/// Largest difference on another engine or precision, relative for scores above 1.
const OTHER_ENGINE: f64 = 1e-2;

/// Number of resamples. The interval is not used, so one is enough.
const RESAMPLES: usize = 1;

/// The score to compute again, and settings of this machine.
#[derive(Clone, Debug, Default)]
pub struct VerificationRequest {
    /// The task. Defaults to the first with a score.
    pub task: Option<String>,
    /// The metric. Defaults to the task's first.
    pub metric: Option<String>,
    /// Paths of datasets by name. Other datasets have the paths in the spec.
    pub data: BTreeMap<String, PathBuf>,
    /// Path of published weights. Defaults to the path in the spec.
    pub weights: Option<PathBuf>,
    /// The engine. Defaults to the export's.
    pub engine: Option<String>,
    /// The device. Defaults to the spec's.
    pub device: Option<String>,
    /// Number of threads. Defaults to the spec's.
    pub workers: Option<usize>,
    /// Libraries of plugins, instead of those in the spec.
    pub plugins: Vec<PathBuf>,
}

/// A recorded score and the recomputed one.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The task.
    pub task: String,
    /// The metric.
    pub metric: String,
    /// The recorded score.
    pub recorded: f64,
    /// The recomputed score, or `None` if it is undefined now.
    pub found: Option<f64>,
    /// Largest accepted difference.
    pub tolerance: f64,
    /// The engine of the export and the engine used now.
    pub engines: (String, String),
    /// Number of files whose hashes were verified.
    pub files: usize,
}

/// Reason why the scores could not be compared.
#[derive(Debug, Error)]
pub enum Unverified {
    /// The folder is not a complete export.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The export does not have the requested score.
    #[error("{0}")]
    Asked(String),
    /// The spec does not resolve here, for instance because the data have moved.
    #[error("the spec of the export cannot be resolved here")]
    Spec(Vec<Located>),
    /// The data differ from those of the recorded score.
    #[error("these are not the data of the recorded score: {0}; nothing was computed")]
    OtherData(String),
    /// The computation failed.
    #[error(transparent)]
    Failed(#[from] boldface::Error),
}

impl Verified {
    /// Whether the scores agree within the tolerance.
    pub fn holds(&self) -> bool {
        self.found.is_some_and(|found| (found - self.recorded).abs() <= self.tolerance)
    }
}

/// Verifies the hash of every file of the export in `dir` and computes one recorded test score again.
///
/// # Errors
/// Returns the reason why nothing could be compared. A different score is not an error: see
/// [`Verified::holds`].
pub fn verify(
    dir: &Path,
    asked: &VerificationRequest,
    build: &Build<'_>,
    events: &dyn Events,
) -> Result<Verified, Unverified> {
    let export = Export::open(dir)?;
    let spec = read_text(&dir.join(SPEC)).map_err(|error| failed(format!("`spec.toml`: {error}")))?;
    let recorded = recorded(dir, &export, asked)?;
    let task = recorded.stage.trim_start_matches("evaluation.").to_owned();
    let dir = fs::canonicalize(dir).map_err(|error| failed(format!("`{}`: {error}", dir.display())))?;
    let source = smaller(&dir, &export, &spec, asked, &task)?;
    let path = export.origin.join(format!("{}.toml", export.name));
    let data = DataCache::default();
    let layered = Layered::read(&path, &source).map_err(Unverified::Spec)?;
    // The spec comes from somebody else: it loads nothing that the user did not name.
    let named: Vec<PathBuf> = asked.plugins.iter().map(absolute).collect();
    let load = |file: &Path, content: &str, limit: Duration| match named.iter().any(|named| named == file) {
        true => (build.load)(file, content, limit),
        false => {
            Err(format!("`{}` is not loaded, because only `--plugin PATH` names libraries", file.display()))
        }
    };
    let build = &Build { engines: build.engines, load: &load };
    let mut plan = resolve_unlinted(&layered, build, &data).map_err(Unverified::Spec)?;
    same_data(&plan, &export, asked)?;
    parts(&mut plan, &dir)?;
    plan.study.experiment.evaluation.resamples = RESAMPLES;
    let is_frozen = plan.tasks.iter().any(|entry| entry.name == task && entry.asking.is_frozen());
    plan.study.start.as_mut().expect("the spec begins with the export").whole(is_frozen);

    plan.make_stages();
    let temporary = Temporary::new()?;
    plan.study.experiment.runtime.runs.clone_from(&temporary.0);
    let rows = compute(&plan, &temporary.0, &recorded.stage, events)?;
    let same = |row: &&MetricRow| is_score(row, &recorded.plugin) && row.metric == recorded.metric;
    let value = recorded.value.expect("only a defined number is chosen");
    let engine = plan.experiment.engine.clone();
    let is_same = engine == export.engine && plan.experiment.precision == export.precision;
    let tolerance = if is_same { SAME_ENGINE } else { OTHER_ENGINE } * value.abs().max(1.0);
    Ok(Verified {
        task,
        metric: recorded.metric.clone(),
        recorded: value,
        found: rows.iter().find(same).and_then(|row| row.value),
        tolerance,
        engines: (export.engine, engine),
        files: export.files.len(),
    })
}

fn failed(message: String) -> Unverified {
    Unverified::Failed(message.into())
}

/// Whether a row is a test score of `plugin` itself.
fn is_score(row: &MetricRow, plugin: &str) -> bool {
    let is_whole = row.group.is_none() && row.step.is_none() && row.against.is_none();
    is_whole && row.split == "test" && row.plugin == plugin && row.value.is_some()
}

/// Returns the recorded score to compute again.
fn recorded(dir: &Path, export: &Export, asked: &VerificationRequest) -> Result<MetricRow, Unverified> {
    let rows = metrics::read(&dir.join(METRICS)).map_err(|error| failed(error.to_string()))?;
    let model = export.backbone.get("type").and_then(Value::as_str).unwrap_or_default();
    let scores: Vec<&MetricRow> =
        rows.iter().filter(|row| row.stage.starts_with("evaluation.") && is_score(row, model)).collect();
    let unknown = |what: &str, wanted: &str, mut known: Vec<&str>| {
        known.sort_unstable();
        known.dedup();
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        Unverified::Asked(format!(
            "the export has no test score of {what} `{wanted}`; there are {}",
            known.join(", ")
        ))
    };
    let task_of = |row: &&MetricRow| row.stage.trim_start_matches("evaluation.").to_owned();
    let mut tasks: Vec<String> = scores.iter().map(task_of).collect();
    tasks.sort();
    let Some(task) = asked.task.clone().or_else(|| tasks.first().cloned()) else {
        return Err(Unverified::Asked("the export has no test score of its model".to_owned()));
    };
    let of_task: Vec<&MetricRow> = scores.iter().filter(|row| task_of(row) == task).copied().collect();
    if of_task.is_empty() {
        return Err(unknown("a task", &task, tasks.iter().map(String::as_str).collect()));
    }
    let found = of_task.iter().find(|row| asked.metric.as_ref().is_none_or(|metric| *metric == row.metric));
    let known = || of_task.iter().map(|row| row.metric.as_str()).collect();
    let found = found
        .ok_or_else(|| unknown(&format!("`{task}` called"), asked.metric.as_deref().unwrap_or(""), known()));
    found.map(|row| (*row).clone())
}

/// Reduces the export's spec to one task. Learned parts come from the export.
fn smaller(
    dir: &Path,
    export: &Export,
    spec: &str,
    asked: &VerificationRequest,
    task: &str,
) -> Result<String, Unverified> {
    let broken = |error: toml::de::Error| failed(format!("`spec.toml`: {error}"));
    let mut table: Table = toml::from_str(spec).map_err(broken)?;
    for learned in ["text", "alignment", "instruction", "leakage", "harmonization", "nuisances"] {
        table.remove(learned);
    }
    table.insert("start".to_owned(), json!({ "path": dir, "take": ["tokenizer", "model"] }));
    if let Some(split) = table.get_mut("split").and_then(Value::as_object_mut) {
        // The parts are read from the export.
        split.retain(|key, _| key == "unit");
    }
    let is_multi = |table: &Value| table.get("paradigm").and_then(Value::as_str) == Some("multi");
    if let Some(tasks) = table.get_mut("tasks").and_then(Value::as_object_mut) {
        let together = tasks.get(task).is_some_and(is_multi);
        tasks.retain(|name, table| name == task || (together && is_multi(table)));
        for (name, table) in tasks {
            if let Some(prompts) = table.get_mut("prompts") {
                *prompts = json!(dir.join("prompts").join(format!("{name}.toml")));
            }
        }
    }
    for (name, place) in &asked.data {
        let Some(dataset) = table.get_mut("datasets").and_then(|datasets| datasets.get_mut(name)) else {
            let known: Vec<String> = export.datasets.keys().map(|name| format!("`{name}`")).collect();
            let message = format!("the export has no dataset `{name}`; there are {}", known.join(", "));
            return Err(Unverified::Asked(message));
        };
        dataset["path"] = json!(absolute(place));
    }
    if let (Some(weights), Some(backbone)) = (&asked.weights, table.get_mut("backbone")) {
        backbone["weights"] = json!(absolute(weights));
    }
    let needed =
        table.remove("plugins").filter(|needed| needed.as_array().is_none_or(|list| !list.is_empty()));
    if !asked.plugins.is_empty() {
        table.insert("plugins".to_owned(), json!(asked.plugins.iter().map(absolute).collect::<Vec<_>>()));
    } else if let Some(needed) = needed {
        return Err(Unverified::Asked(libraries_needed(&needed, export)));
    }
    if let Some(key) = ["extends", "sweep"].into_iter().find(|key| table.contains_key(*key)) {
        return Err(failed(format!("`spec.toml` has `{key}`, which no export has")));
    }
    if let Some(engine) = asked.engine.as_ref().filter(|engine| **engine != export.engine) {
        table.insert("engine".to_owned(), engine.as_str().into());
        table.insert("precision".to_owned(), json!(Precision::F32));
    }
    let runtime = table.entry("runtime").or_insert_with(|| json!({}));
    for (key, value) in
        [("device", asked.device.as_ref().map(|d| json!(d))), ("workers", asked.workers.map(|w| json!(w)))]
    {
        if let Some(value) = value {
            runtime[key] = value;
        }
    }
    toml::to_string(&table).map_err(|error| failed(format!("`spec.toml`: {error}")))
}

fn absolute(path: &PathBuf) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.clone())
}

/// Says which libraries an export was made with, and how the user lets them run.
fn libraries_needed(needed: &Value, export: &Export) -> String {
    let files: Vec<String> =
        needed.as_array().into_iter().flatten().map(|file| format!("`{}`", text(file))).collect();
    let hashes: Vec<String> = export
        .libraries
        .iter()
        .map(|(plugin, hash)| format!("{plugin} is from the library with hash {hash}"))
        .collect();
    let known = if hashes.is_empty() { String::new() } else { format!(" ({})", hashes.join("; ")) };
    format!(
        "the export was made with the plugins of {}{known}; a library runs as you, so none is loaded from an export: \
         get it from somebody you trust and name it with `--plugin PATH`",
        files.join(", ")
    )
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Checks that the data are those of the recorded score.
fn same_data(plan: &Plan, export: &Export, asked: &VerificationRequest) -> Result<(), Unverified> {
    let series = plan.stages.iter().find(|stage| stage.kind == StageKind::Series);
    let found = series.map(|stage| fingerprints(&stage.config)).unwrap_or_default();
    let differ = |(name, content): &(&String, &String)| found.get(*name) != Some(content);
    let others: Vec<String> =
        export.datasets.iter().filter(differ).map(|(name, _)| format!("`{name}`")).collect();
    if !others.is_empty() {
        let help = if asked.data.is_empty() {
            "; give the path of the original data with `--data NAME=PATH`"
        } else {
            ""
        };
        return Err(Unverified::OtherData(format!("the files of {} differ{help}", others.join(", "))));
    }
    if series.is_some_and(|stage| stage.key.0 != export.series) {
        let (one, other) = (&export.boldface, env!("CARGO_PKG_VERSION"));
        let message =
            format!("the files are the same, but boldface {one} read them differently from {other}");
        return Err(Unverified::OtherData(message));
    }
    Ok(())
}

/// Sets the plan's split to that of the export.
fn parts(plan: &mut Plan, dir: &Path) -> Result<(), Unverified> {
    let known = ExportedSplit::read(&dir.join(SPLITS))?;
    let mut parts = BTreeMap::new();
    for scan in plan.scans.iter() {
        let unknown = || Unverified::OtherData(format!("the export's split does not know `{}`", scan.id));
        parts.insert(scan.id.person(), known.part_of(&scan.id).ok_or_else(unknown)?);
    }
    plan.study.content.split = Some(parts);
    Ok(())
}

/// Returns the metric rows of the stage `wanted`. Its inputs are made in a store of their own.
fn compute(plan: &Plan, runs: &Path, wanted: &str, events: &dyn Events) -> Result<Vec<MetricRow>> {
    let store = Store::open(runs);
    let _in_use = store.enter()?;
    let maker = Maker::new(plan, &store, events);
    let stage = plan.stages.iter().find(|stage| stage.name() == wanted).ok_or("the spec lost its task")?;
    let needed = |other: &&Stage| other.name() == wanted || stage.inputs.contains(&other.name());
    let mut done: BTreeMap<String, Artefact> = BTreeMap::new();
    let (mut place, total) = (0, plan.stages.iter().filter(needed).count() - 1);
    for stage in plan.stages.iter().filter(needed) {
        if let StageKind::Baseline(_) = stage.kind {
            done.insert(stage.name(), nothing(&store, stage)?);
            continue;
        }
        place += 1;
        let made = maker.make(stage, &done, (place, total))?;
        if stage.name() == wanted {
            return Ok(made.rows);
        }
        done.insert(stage.name(), made.artefact);
    }
    Err("the spec lost its task".into())
}

/// Makes an empty baseline. The model's scores do not depend on it.
fn nothing(store: &Store, stage: &Stage) -> Result<Artefact> {
    let draft = store.draft(stage)?;
    let path = draft.dir().join(ANSWERS);
    fs::write(&path, "").map_err(cannot("write", &path))?;
    metrics::write(&draft.dir().join(METRICS), "", &[])?;
    Ok(draft.finish(stage, BTreeMap::new(), Cost::default())?)
}

/// A folder of runs that is removed when dropped.
pub(crate) struct Temporary(pub(crate) PathBuf);

impl Temporary {
    pub(crate) fn new() -> Result<Temporary> {
        let names = (0..).map(|n| format!("boldface-verify-{}-{n}", std::process::id()));
        for path in names.map(|name| std::env::temp_dir().join(name)) {
            match fs::create_dir(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                made => return Ok(made.map(|()| Temporary(path.clone())).map_err(cannot("make", &path))?),
            }
        }
        unreachable!("the numbers do not end")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // The system cleans up its temporary folder if this fails.
        let _ = fs::remove_dir_all(&self.0);
    }
}
