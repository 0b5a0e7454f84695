//! Everything a report is made from: a run's folder and its artefacts, read once.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use boldface::{Descriptor, Part, Regions, ScanId, ScanInfo, Split, TimeSeries};
use boldface_tables::summary::{self, Score};
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::store::arrays::{Arrays, matrix};
use crate::store::{
    ANSWERS, CARPETS, Carpet, DESCRIPTORS, DatasetDescription, METRICS, MOTION, MotionFc, OutcomeLine, PROOF,
    Proof, QUALITY, RECONSTRUCTION, RECORD, REGIONS, Reconstruction, Record, SCANS, SERIES, SPLIT,
    ScanQuality, StageKind,
};

/// Errors of reports.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The folder is not a run's.
    #[error("`{}` is not the folder of a run: it has no `plan.json`; runs are in `runs/EXPERIMENT/TIME`", dir.display())]
    NoRun {
        /// The folder.
        dir: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file has unexpected content.
    #[error("`{}` is damaged: {reason}; run the experiment again to rebuild it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] boldface_tables::TableError),
}

impl ReportError {
    /// Whether the folder may be read and not written.
    pub fn is_read_only(&self) -> bool {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        matches!(self, ReportError::Write { source, .. } if [PermissionDenied, ReadOnlyFilesystem].contains(&source.kind()))
    }
}

/// A result whose error is [`ReportError`].
pub type ReportResult<T, E = ReportError> = std::result::Result<T, E>;

/// A run's stored results, as far as a report shows them.
#[derive(Debug)]
pub struct StoredRun {
    /// Name of the run's folder: its start time.
    pub run: String,
    /// What was run.
    pub record: Record,
    /// The same as it is in the file: without defaults for what the file lacks.
    pub manifest: Value,
    /// The spec with every default filled in, as TOML.
    pub resolved: String,
    /// The metric table.
    pub rows: Vec<boldface::MetricRow>,
    /// Final scores from that table.
    pub scores: Vec<Score>,
    /// The tasks, by name.
    pub tasks: Vec<TaskAnswers>,
    /// Every scan. Empty if the artefact of `series` is gone.
    pub scans: Vec<ScanInfo>,
    /// The regions. `None` if the artefact of `series` is gone.
    pub regions: Option<Regions>,
    /// The file of all series, which is large. `None` if it is gone.
    series: Option<PathBuf>,
    /// Measurements of the scans. Empty without measurements.
    pub quality: QualityResults,
    /// The split, and the hash of its file.
    pub split: Option<(Split, String)>,
    /// Descriptors of the corpus.
    pub descriptors: Vec<Descriptor>,
    /// One scan encoded and decoded.
    pub reconstruction: Option<Reconstruction>,
    /// `dataset_description.json` of each dataset that has one.
    pub descriptions: BTreeMap<String, DatasetDescription>,
    /// The leak checks. `None` for runs of older versions.
    pub leakage: Option<Proof>,
    /// Files of finished stages that are no longer there.
    pub gone: Vec<PathBuf>,
}

/// Quality measurements of the scans.
#[derive(Debug, Default)]
pub struct QualityResults {
    /// Every scan, in order.
    pub measured: Vec<ScanQuality>,
    /// Carpet plots of a few scans.
    pub carpets: Vec<Carpet>,
    /// Correlation of connectivity with motion, by dataset.
    pub motion: Vec<MotionFc>,
}

/// A task and all answers to it.
#[derive(Debug)]
pub struct TaskAnswers {
    /// Name of the task's table in the spec.
    pub name: String,
    /// The task's plugin, such as `classification`.
    pub plugin: String,
    /// The model's name in the answers.
    pub model: Option<String>,
    /// Answers of the model first, then of the baselines.
    pub answered: Vec<OutcomeLine>,
}

impl StoredRun {
    /// Reads the run in `dir`.
    ///
    /// # Errors
    /// If the folder is not a run's, or one of its files is damaged. A missing artefact is not an
    /// error.
    pub fn read(dir: &Path) -> ReportResult<StoredRun> {
        // `runs/latest` is a link, so its parent is not the run's parent.
        let dir =
            &fs::canonicalize(dir).map_err(|source| ReportError::Read { path: dir.to_owned(), source })?;
        StoredRun::read_in(dir, dir.parent().and_then(Path::parent).unwrap_or(dir))
    }

    /// Works like [`StoredRun::read`], for a run whose artefacts are in the folder `runs`. Arms of a sweep
    /// are deeper in it.
    ///
    /// # Errors
    /// Those of [`StoredRun::read`].
    pub fn read_in(dir: &Path, runs: &Path) -> ReportResult<StoredRun> {
        let path = dir.join(RECORD);
        let text = read(&path)?.ok_or_else(|| ReportError::NoRun { dir: dir.to_owned() })?;
        let record: Record = parse(&path, &text)?;
        let mut value: Value = parse(&path, &text)?;
        let manifest = value.clone();
        let resolved = toml_of(value["experiment"].take()).map_err(|reason| damaged(&path, reason))?;

        let rows = boldface_tables::metrics::read(&dir.join(METRICS))?;
        let mut store = Store { runs, record: &record, gone: Vec::new() };
        let split = store.split()?;
        let tasks = record.experiment.tasks.iter();
        let tasks = tasks
            .map(|(name, table)| store.asked(name, table))
            .collect::<ReportResult<Vec<TaskAnswers>>>()?;
        let scans: Vec<ScanInfo> = store.json(&StageKind::Series, SCANS)?.unwrap_or_default();
        let regions = store.json(&StageKind::Series, REGIONS)?;
        let series = store.file(&StageKind::Series, SERIES).filter(|_| !scans.is_empty());
        let quality = QualityResults {
            measured: store.optional(&StageKind::Series, QUALITY)?.unwrap_or_default(),
            carpets: store.optional(&StageKind::Series, CARPETS)?.unwrap_or_default(),
            motion: store.optional(&StageKind::Series, MOTION)?.unwrap_or_default(),
        };
        let reconstruction = store.optional(&StageKind::Codes, RECONSTRUCTION)?;
        let descriptors = match store.file(&StageKind::Corpus, DESCRIPTORS) {
            Some(path) => boldface_tables::descriptors::read(&path)?,
            None => Vec::new(),
        };
        let (descriptions, gone) = (store.descriptions(dir), store.gone);
        let run = dir.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let path = dir.join(PROOF);
        let leakage = read(&path)?.map(|text| parse(&path, &text)).transpose()?;
        let scores = summary::scores(&rows);
        Ok(StoredRun {
            run,
            manifest,
            resolved,
            rows,
            scores,
            tasks,
            scans,
            regions,
            series,
            quality,
            split,
            descriptors,
            reconstruction,
            descriptions,
            leakage,
            gone,
            record,
        })
    }

    /// Reads the signals of some scans, cropped and not standardised. A scan whose signal is gone is left
    /// out.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn series_of(&self, scans: &[&ScanId]) -> ReportResult<BTreeMap<ScanId, TimeSeries>> {
        let Some(path) = self.series.as_deref().filter(|_| !scans.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        let names: BTreeMap<String, &ScanId> = scans.iter().map(|scan| (scan.to_string(), *scan)).collect();
        let tr = |scan: &ScanId| self.scans.iter().find(|info| info.id == *scan).map(|info| info.tr);
        let read = || -> boldface::Result<_> {
            let arrays = Arrays::read(path)?.floats_named(|name| names.contains_key(name))?;
            let mut series = BTreeMap::new();
            for (name, (shape, values)) in arrays {
                let scan = names[&name];
                let ((trs, rois), Some(tr)) = (matrix(&name, &shape)?, tr(scan)) else { continue };
                series.insert(scan.clone(), TimeSeries::new(trs, rois, tr, values)?);
            }
            Ok(series)
        };
        read().map_err(|error| damaged(path, error.to_string()))
    }

    /// Returns the task called `name`.
    pub fn task(&self, name: &str) -> Option<&TaskAnswers> {
        self.tasks.iter().find(|task| task.name == name)
    }
}

impl TaskAnswers {
    /// Returns the answers of one model or baseline on one part, in the order in which they were given.
    pub fn answers<'a>(&'a self, part: Part, plugin: &'a str) -> impl Iterator<Item = &'a OutcomeLine> + 'a {
        self.answered.iter().filter(move |answered| answered.part == part && answered.plugin == plugin)
    }
}

/// The artefacts of one run.
struct Store<'a> {
    runs: &'a Path,
    record: &'a Record,
    gone: Vec<PathBuf>,
}

impl Store<'_> {
    /// Returns the path of a finished stage's file. `None` if the stage did not finish or the file is
    /// gone.
    fn file(&mut self, kind: &StageKind, name: &str) -> Option<PathBuf> {
        let stage = self.record.stages.iter().find(|stage| stage.stage.kind == *kind)?;
        let path = self.runs.join(&stage.artefact).join(name);
        if path.exists() {
            return Some(path);
        }
        self.gone.push(stage.artefact.join(name));
        None
    }

    fn json<T: DeserializeOwned>(&mut self, kind: &StageKind, name: &str) -> ReportResult<Option<T>> {
        let Some(path) = self.file(kind, name) else { return Ok(None) };
        read(&path)?.map(|text| parse(&path, &text)).transpose()
    }

    /// Reads a file that a stage does not always write.
    fn optional<T: DeserializeOwned>(&mut self, kind: &StageKind, name: &str) -> ReportResult<Option<T>> {
        let before = self.gone.len();
        let value = self.json(kind, name);
        self.gone.truncate(before);
        value
    }

    fn split(&mut self) -> ReportResult<Option<(Split, String)>> {
        let Some(path) = self.file(&StageKind::Split, SPLIT) else { return Ok(None) };
        let Some(text) = read(&path)? else { return Ok(None) };
        Ok(Some((parse(&path, &text)?, blake3::hash(text.as_bytes()).to_hex().to_string())))
    }

    fn asked(&mut self, name: &str, table: &crate::spec::Table) -> ReportResult<TaskAnswers> {
        let plugin = table.get("type").and_then(Value::as_str).unwrap_or(name).to_owned();
        let mut answered = Vec::new();
        for kind in [StageKind::Evaluation(name.to_owned()), StageKind::Baseline(name.to_owned())] {
            let Some(path) = self.file(&kind, ANSWERS) else { continue };
            let text = read(&path)?.unwrap_or_default();
            for (line, json) in text.lines().enumerate() {
                // Each answer is a one-line JSON document, so only the column of the error is useful.
                let one = serde_json::from_str(json).map_err(|error| {
                    let (text, column) = (error.to_string(), error.column());
                    let what = text.split(" at line ").next().unwrap_or(&text);
                    damaged(&path, format!("line {}, column {column}: {what}", line + 1))
                });
                answered.push(one?);
            }
        }
        let evaluation = StageKind::Evaluation(name.to_owned());
        let stage = self.record.stages.iter().find(|stage| stage.stage.kind == evaluation);
        let model = stage.map(|stage| stage.stage.plugin.clone()).filter(|plugin| !plugin.is_empty());
        let named = || self.record.experiment.backbone.get("type").and_then(Value::as_str).map(str::to_owned);
        Ok(TaskAnswers { name: name.to_owned(), plugin, model: stage.and(named().or(model)), answered })
    }

    /// Returns the descriptions of the datasets. Runs of older versions did not keep them.
    fn descriptions(&self, run: &Path) -> BTreeMap<String, DatasetDescription> {
        let mut found = self.record.descriptions.clone();
        let folder = self.record.folder(run);
        for (name, table) in &self.record.experiment.datasets {
            let Some(root) = table.get("path").and_then(Value::as_str) else { continue };
            if !found.contains_key(name) {
                found.extend(DatasetDescription::read(&folder.join(root)).map(|read| (name.clone(), read)));
            }
        }
        found
    }
}

/// Reads a file's text. `None` if there is no such file.
pub fn read(path: &Path) -> ReportResult<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_owned(), source }),
    }
}

/// Parses a file's JSON.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> ReportResult<T> {
    serde_json::from_str(text).map_err(|error| damaged(path, error.to_string()))
}

/// Makes the error of a file with unexpected content.
pub fn damaged(path: &Path, reason: String) -> ReportError {
    ReportError::Damaged { path: path.to_owned(), reason }
}

/// Converts JSON to TOML. Nulls are left out, because TOML has none.
fn toml_of(mut experiment: Value) -> ReportResult<String, String> {
    fn without_null(value: &mut Value) {
        match value {
            Value::Object(table) => {
                table.retain(|_, value| !value.is_null());
                table.values_mut().for_each(without_null);
            }
            Value::Array(values) => values.iter_mut().for_each(without_null),
            _ => {}
        }
    }
    without_null(&mut experiment);
    toml::to_string(&experiment).map_err(|error| error.to_string())
}
