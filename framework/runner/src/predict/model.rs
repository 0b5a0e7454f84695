//! Opens a finished model and asks it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use boldface::{
    Backbone, FactQuestion, FmriBlock, FmriShape, LanguageModel, Regions, Result, Runtime, Task, Tokenizer,
};
use boldface_imaging::regions;
use boldface_tables::predictions::{AnswererKind, PredictionRow};
use serde_json::json;

use super::scans::{Embeddings, NewScans};
use crate::check::Temporary;
use crate::describe::Corpus;
use crate::export;
use crate::run::predictions;
use crate::spec::{BandFrequencies, Crop, Experiment, Table};
use crate::stages::{OutsideScans, ShownTokens, WordedTask, fits, prompt, standardized};
use crate::store::corpus::{FILE, QUESTIONS};
use crate::store::export::{Export, NORMS, REGIONS, WEIGHTS};
use crate::store::{SPEC, TOKENIZER, json as read_json};
use crate::study::{FrameworkKeys, PlannedPlugin, stored};

/// A model to open, and settings of this machine.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// Folder of an export or of a finished run, `latest`, or the name of an experiment.
    pub path: PathBuf,
    /// Folder of runs.
    pub runs: PathBuf,
    /// Path of published weights. Defaults to the path in the spec.
    pub weights: Option<PathBuf>,
    /// The device. Defaults to the spec's.
    pub device: Option<String>,
    /// Number of threads.
    pub workers: usize,
}

/// A finished model.
pub struct Model {
    pub(super) export: Export,
    pub(super) experiment: Experiment,
    pub(super) regions: Regions,
    dir: PathBuf,
    runtime: Runtime,
    tokenizer: PlannedPlugin<dyn Tokenizer>,
    backbone: PlannedPlugin<dyn Backbone>,
    language: Box<dyn LanguageModel>,
    /// Tasks with their tables.
    tasks: Vec<(PlannedPlugin<dyn Task>, Table)>,
    /// Holds the export of a run until the model is dropped.
    _temporary: Option<Temporary>,
}

/// Answers to the tasks of a model.
#[derive(Clone, Debug, Default)]
pub struct PredictedAnswers {
    /// One row per answer, or per option. They have no truth.
    pub rows: Vec<PredictionRow>,
    /// Notes about tasks that were not asked, or not as in the run.
    pub notes: Vec<String>,
}

impl Model {
    /// Opens a model and verifies the hash of every file.
    ///
    /// # Errors
    /// Fails if there is no such model, it is damaged, this build cannot load it, or it has not learned to
    /// read scans.
    pub fn open(request: &ModelRequest) -> Result<Model> {
        let (dir, temporary) = if request.path.join(NORMS).is_dir() || request.path.join(REGIONS).is_file() {
            (request.path.clone(), None)
        } else {
            let run = export::find(&request.path, &request.runs)?;
            let temporary = Temporary::new()?;
            let dir = temporary.0.join("export");
            export::write(&run, &dir, false)?;
            (dir, Some(temporary))
        };
        let export = Export::open(&dir)?;
        if !export.model.reads_fmri {
            return Err(
                format!("`{}` has learned no scans: it is only a language model", dir.display()).into()
            );
        }
        let text = fs::read_to_string(dir.join(SPEC)).map_err(|error| format!("`{SPEC}`: {error}"))?;
        let experiment: Experiment = toml::from_str(&text).map_err(|error| format!("`{SPEC}`: {error}"))?;
        let origin = export.origin.clone();
        let mut table = experiment.backbone.clone();
        if let Some(weights) = &request.weights {
            let weights = std::path::absolute(weights).unwrap_or_else(|_| weights.clone());
            table.insert(WEIGHTS.to_owned(), json!(weights));
        }
        let backbone = stored::<dyn Backbone>("backbone", FrameworkKeys::Weights, &origin, &table);
        let backbone = backbone.map_err(joined)?;
        let tokenizer =
            stored::<dyn Tokenizer>("tokenizer", FrameworkKeys::Seed, &origin, &experiment.tokenizer);
        let tokenizer = tokenizer.map_err(joined)?;
        let mut tasks = Vec::new();
        for (name, table) in &experiment.tasks {
            let mut table = table.clone();
            if let Some(prompts) = table.get_mut("prompts").filter(|prompts| prompts.is_string()) {
                *prompts = json!(dir.join("prompts").join(format!("{name}.toml")));
            }
            let task = stored::<dyn Task>(name, FrameworkKeys::Task, &origin, &table).map_err(joined)?;
            tasks.push((task, table));
        }
        let runtime = Runtime {
            engine: export.engine.clone(),
            precision: export.precision,
            device: request.device.clone().unwrap_or_else(|| experiment.runtime.device.clone()),
            workers: request.workers,
        };
        let language = backbone.config.load(&dir.join(&export.model.folder), &runtime)?;
        let regions = regions::read(&dir.join(REGIONS), "network")?;
        Ok(Model {
            export,
            experiment,
            regions,
            dir,
            runtime,
            tokenizer,
            backbone,
            language,
            tasks,
            _temporary: temporary,
        })
    }

    /// Names of its tasks.
    pub fn tasks(&self) -> Vec<&str> {
        self.tasks.iter().map(|(task, _)| task.name.as_str()).collect()
    }

    /// Returns the rule that gives the volumes shown of a scan.
    pub(super) fn crop(&self) -> Crop {
        Crop::new(&self.experiment.signal, self.tokenizer.config.patch())
    }

    /// Returns the corpus that it learned with. `None` without one.
    fn corpus(&self) -> Result<Option<Corpus>> {
        let dir = self.dir.join(NORMS);
        if dir.join(FILE).is_file() { Corpus::read(&dir).map(Some) } else { Ok(None) }
    }

    /// Answers the tasks named in `wanted`, or all, about `scans`.
    ///
    /// # Errors
    /// Fails if there is no such task, or the model fails.
    pub fn predict(&self, scans: &NewScans, wanted: &[String]) -> Result<PredictedAnswers> {
        if let Some(unknown) = wanted.iter().find(|name| !self.tasks().contains(&name.as_str())) {
            let known: Vec<String> = self.tasks().iter().map(|name| format!("`{name}`")).collect();
            return Err(format!("the model has no task `{unknown}`; it has {}", known.join(", ")).into());
        }
        // Tasks that share a prompt are all asked, so that a task alone gets the same numbers.
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
        let mut answers = PredictedAnswers::default();
        let mut columns = BTreeMap::new();
        let mut tasks = Vec::new();
        for (task, table) in &self.tasks {
            let name = &task.name;
            if task.asking.is_frozen() || is_read_off(table) {
                let note =
                    "it is read off with a regression on training scans, which an export does not keep";
                if is_wanted(name) {
                    answers.notes.push(format!("task `{name}` is left out: {note}"));
                }
                continue;
            }
            let is_corrected =
                task.asking.prior().is_some() || task.asking.keys.frequencies != BandFrequencies::Asked;
            if is_corrected && is_wanted(name) {
                let note = "as the model gives it, without the run's correction by training frequencies";
                answers.notes.push(format!("task `{name}`: the answer is {note}"));
            }
            if let Some((column, value)) = placeholder(table) {
                columns.insert(column, value);
            }
            tasks.push(
                stored::<dyn Task>(name, FrameworkKeys::Task, &self.export.origin, table).map_err(joined)?,
            );
        }
        // Placeholders are added after the scans are described, so that no sentence tells one.
        let (mut described, mut describers) = (scans.clone(), Vec::new());
        if let Some(corpus) = self.corpus()? {
            let questions: BTreeMap<String, Vec<FactQuestion>> =
                read_json(&self.dir.join(NORMS).join(QUESTIONS))?;
            described = scans.described(&corpus, &questions, self.runtime.workers)?;
            describers = corpus.into_describers();
        }
        let described = described.with_columns(&columns);
        let outside = OutsideScans {
            scans: &described.scans,
            regions: self.regions.clone().into(),
            shape: self.export.shape,
            signal: &self.experiment.signal,
            tokenizer: self.fitted_tokenizer()?,
            patch: self.tokenizer.config.patch(),
            model: &*self.language,
            context: self.backbone.config.context(),
            longest: self.experiment.evaluation.longest_answer,
            describers,
            answerer: self.backbone.plugin,
        };
        let worded: Vec<WordedTask<'_>> =
            tasks.iter().map(|task| WordedTask::new(self.experiment.seed, task)).collect();
        for (task, lines) in outside.answers(&worded, &is_wanted)? {
            if lines.is_empty() {
                answers.notes.push(format!("task `{task}` asks nothing about these scans"));
            }
            let mut rows = predictions::rows(&task, |_| AnswererKind::Model, &lines);
            for row in &mut rows {
                // The truth of a new scan is a placeholder, or what the model's own norms say.
                (row.answer.truth, row.answer.truth_value) = (None, None);
            }
            answers.rows.extend(rows);
        }
        Ok(answers)
    }

    /// Answers a free question about each scan.
    ///
    /// # Errors
    /// Fails if the model fails, or the question is too long for it.
    pub fn ask(&self, scans: &NewScans, question: &str) -> Result<Vec<String>> {
        let mut answers = Vec::new();
        for (scan, block) in scans.scans.iter().zip(self.blocks(scans)?) {
            let asked = prompt(&*self.language, question, Some(block))?;
            let context = self.backbone.config.context();
            fits(&asked, context, &format!("the question about `{}`", scan.info.id))?;
            let room = context.map_or(usize::MAX, |context| context - asked.layout().len());
            let limit = room.min(self.experiment.evaluation.longest_answer);
            let said = self.language.generate(&[asked], limit)?;
            answers.push(self.language.text(said.first().map_or(&[][..], Vec::as_slice))?);
        }
        Ok(answers)
    }

    /// Returns the pooled states of the tokenizer and of the language model for each scan. `question` is
    /// the text of the prompt that shows the scan.
    ///
    /// # Errors
    /// Fails if the model fails.
    pub fn embed(&self, scans: &NewScans, question: &str) -> Result<Embeddings> {
        let mut embeddings = Embeddings::default();
        for block in self.blocks(scans)? {
            let features = &block.features;
            let count = features.rows.max(1) as f64;
            let mean = |column: usize| {
                let sum: f64 = (0..features.rows).map(|row| f64::from(features.row(row)[column])).sum();
                (sum / count) as f32
            };
            embeddings.tokenizer.push((0..features.width).map(mean).collect());
            let pooled = self.language.pool(&[prompt(&*self.language, question, Some(block.clone()))?])?;
            embeddings.model.push(pooled.row(0).to_vec());
        }
        Ok(embeddings)
    }

    fn fitted_tokenizer(&self) -> Result<Box<dyn boldface::FittedTokenizer>> {
        self.tokenizer.config.load(&self.dir.join(TOKENIZER), &self.runtime)
    }

    /// Returns the tokens of each scan, as questions show them.
    fn blocks(&self, scans: &NewScans) -> Result<Vec<FmriBlock>> {
        let (tokenizer, signal) = (self.fitted_tokenizer()?, &self.experiment.signal);
        let shown = ShownTokens::new(signal, &self.regions);
        let mut blocks = Vec::new();
        for scan in &scans.scans {
            let series = standardized(&scan.series, signal.standardize);
            for (features, codes) in tokenizer.embed(&[&series])? {
                blocks.push(shown.of_block(FmriBlock::new(features, codes)));
            }
        }
        Ok(blocks)
    }

    /// Shape of the model's input.
    pub fn shape(&self) -> FmriShape {
        self.export.shape
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("export", &self.export).finish_non_exhaustive()
    }
}

/// Whether a task asks for a number without bins to rank.
fn is_read_off(table: &Table) -> bool {
    table.get("edges").and_then(|edges| edges.as_array()).is_some_and(Vec::is_empty)
}

/// Returns the column that a task asks for and a value that it permits. A task asks nothing about a scan
/// without one. The value is in no question, and is removed from the answers.
fn placeholder(table: &Table) -> Option<(String, String)> {
    let column = table.get("target")?.as_str()?.to_owned();
    let class = table.get("classes").and_then(|classes| classes.get(0)?.as_str());
    let number = || Some(table.get("edges")?.get(0)?.as_f64()?.to_string());
    Some((column, class.map(str::to_owned).or_else(number)?))
}

fn joined(problems: Vec<boldface::Problem>) -> boldface::Error {
    let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
    format!("the model cannot be loaded here: {}", words.join("; ")).into()
}
