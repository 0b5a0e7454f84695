//! Resolves the text of a spec into a plan, or reports all its problems.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use boldface::registry::PluginKind;
use boldface::{
    Backbone, Cohort, Config, CorpusGenerator, Dataset, Precision, Problem, Runtime, Task, Tokenizer,
};

use super::checks::Checks;
use super::cohorts::DataCache;
use super::start::StartChecks;
use super::{
    Plan, PlannedPlugin, asking, context, facts, graph, harmonized, leak, libraries, lint, size, start,
};
use crate::spec::{Crop, Experiment, ExperimentDraft, Layered, Located, Table, read_draft, suggest};
use crate::stages::split;
use crate::study::{DataContent, FrameworkKeys, PluginContext, Study, claim};

/// Features of the binary. The runner itself knows no engine.
#[derive(Clone, Copy)]
pub struct Build<'a> {
    /// Engines that a spec may name, including those left out of this build.
    pub engines: &'a [Offer<'a>],
    /// Loads a library with plugins into the registry. Takes its file, the hash of its content and the
    /// time limit for one call. Use [`super::no_libraries`] in a build that cannot load libraries.
    pub load: &'a (dyn Fn(&Path, &str, Duration) -> Result<(), String> + Sync),
}

impl fmt::Debug for Build<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Build").field("engines", &self.engines).finish_non_exhaustive()
    }
}

/// An engine and its abilities in this build.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Its name, such as `dfdx`.
    pub name: &'a str,
    /// How to get a build with this engine, or `None` if this build has it.
    pub missing: Option<&'a str>,
    /// Returns the engine's devices on this machine, such as `cpu`. Called only for the engine named in
    /// a spec.
    pub devices: fn() -> &'static [&'static str],
    /// Returns advice about a missing device, if there is any.
    pub advice: fn(device: &str) -> Option<String>,
    /// Number formats in which it multiplies matrices.
    pub precisions: &'a [Precision],
}

impl<'a> Offer<'a> {
    /// Returns an engine of this build that computes on the CPU with 32-bit floats.
    pub const fn plain(name: &'a str) -> Offer<'a> {
        Offer { name, missing: None, devices: || &["cpu"], advice: |_| None, precisions: &[Precision::F32] }
    }
}

/// Resolves the spec at `path`, whose text is `source`, with the specs that it extends. It finds and
/// checks plugins, reads tables and headers of the data, fills in every default and computes the keys of
/// stages.
///
/// # Errors
/// Returns every problem that can be found before a run, in the order of the text.
pub fn resolve(path: &Path, source: &str, build: &Build<'_>) -> Result<Plan, Vec<Located>> {
    resolve_layered(&Layered::read(path, source)?, build, &DataCache::default())
}

/// Like [`resolve`], for a spec whose layers are already read. `data` caches everything that several
/// specs share.
///
/// # Errors
/// See [`resolve`].
pub fn resolve_layered(spec: &Layered, build: &Build<'_>, data: &DataCache) -> Result<Plan, Vec<Located>> {
    let draft = read_draft(spec.table().clone());
    let linted = resolve_draft(spec, draft, build, data).and_then(|(mut plan, cohorts)| {
        plan.leakage = leak::check(&plan, &cohorts, data)?;
        Ok(plan)
    });
    linted.map_err(|problems| spec.locate_all(problems))
}

/// Like [`resolve_layered`] without the leakage lint, for plans that train nothing.
///
/// # Errors
/// See [`resolve`].
pub fn resolve_unlinted(spec: &Layered, build: &Build<'_>, data: &DataCache) -> Result<Plan, Vec<Located>> {
    let draft = read_draft(spec.table().clone());
    let resolved = resolve_draft(spec, draft, build, data);
    resolved.map(|(plan, _)| plan).map_err(|problems| spec.locate_all(problems))
}

/// Like [`resolve_unlinted`], with the cohorts of the datasets.
///
/// # Errors
/// See [`resolve`].
pub fn resolve_cohorts(
    spec: &Layered,
    build: &Build<'_>,
    data: &DataCache,
) -> Result<(Plan, Vec<Arc<Cohort>>), Vec<Located>> {
    let draft = read_draft(spec.table().clone());
    resolve_draft(spec, draft, build, data).map_err(|problems| spec.locate_all(problems))
}

/// Returns a plan without the leakage lint, and its cohorts.
fn resolve_draft(
    spec: &Layered,
    draft: ExperimentDraft,
    build: &Build<'_>,
    data: &DataCache,
) -> Result<(Plan, Vec<Arc<Cohort>>), Vec<Problem>> {
    let is_sound = |section: &str| draft.is_sound(section);
    let mut experiment = draft.experiment.clone();
    let mut problems = draft.problems.clone();
    let folder = spec.path.parent().unwrap_or(Path::new(""));
    data.remember_in(&experiment.runtime.runs);
    let limit = Duration::from_secs(experiment.runtime.plugin_seconds);
    let libraries = match libraries::load_libraries(&experiment.plugins, folder, limit, build, data) {
        Ok(libraries) => libraries,
        // Stop here: without its libraries, many names in the spec would seem to be unknown.
        Err(found) => return Err(problems.into_iter().chain(found).collect()),
    };
    let mut parts = parts(&mut experiment, folder, &libraries, &draft, &mut problems);

    check_build(&experiment, build, &mut problems);
    lint::check_ranges(&experiment, &mut problems);
    if is_sound("signal") && experiment.signal.trs == 0 {
        problems.push(Problem::at("signal.trs", "must be at least 1"));
    }
    if is_sound("corpora") && is_sound("text") {
        let learns = parts.backbone.as_ref().filter(|backbone| backbone.config.needs_text());
        lint::check_sources(&experiment, learns.map(|backbone| backbone.plugin), &mut problems);
    }
    let text = text_content(&experiment, folder, data, &mut problems);
    let found = data.cohorts(&parts.datasets, &experiment, &mut problems);
    Checks { data, found: &found, problems: &mut problems }.all(&experiment, &draft, &parts);
    // A corpus that could not be made has been reported.
    let has_corpora = is_sound("corpora") && parts.corpora.len() == experiment.corpora.len();
    let asked = if has_corpora { facts::asked(&parts.corpora, &found.each) } else { None };
    facts::check(&experiment, asked.as_deref(), &mut problems);
    let patch = parts.tokenizer.as_ref().map_or(1, |entry| entry.config.patch());
    let crop = Crop::new(&experiment.signal, patch);
    asking::check(&mut parts.tasks, (&experiment, crop), &found.each, &mut problems);
    context::check_networks(&experiment, &parts, &found, &mut problems);
    context::check(&experiment, &parts, (&found, asked.as_deref()), data, &mut problems);
    let start = start::find(&experiment, folder, data, &mut problems);
    start.iter().for_each(|start| StartChecks(start).check(&experiment, &parts, &found, &mut problems));
    let is_whole = is_sound("datasets") && found.each.len() == experiment.datasets.len();
    let listed = experiment.split.file.as_ref().filter(|_| is_whole).map(|file| {
        let read = split::read_file(&folder.join(file), file, &found.scans);
        read.map_err(|found| problems.extend(found.into_iter().map(|problem| problem.below("split"))))
    });

    let ExperimentPlugins { datasets, corpora, tokenizer: Some(tokenizer), backbone: Some(backbone), tasks } =
        parts
    else {
        return Err(problems);
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let datasets_content = dataset_contents(&datasets, data)?;
    let weights =
        data.weights(&backbone).map_err(|message| vec![Problem::at("backbone.weights", message)])?;
    fill_defaults(&mut experiment);
    data.fill_nuisances(&mut experiment, &found);
    let table = &experiment.runtime;
    let workers = match table.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    };
    let runtime = Runtime {
        engine: experiment.engine.clone(),
        precision: experiment.precision,
        device: table.device.clone(),
        workers,
    };
    let name = spec.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut plan = Plan {
        name,
        path: spec.path.clone(),
        source: spec.to_toml(),
        layers: if spec.sources.len() > 1 { spec.sources.clone() } else { Vec::new() },
        study: Study {
            folder: folder.to_owned(),
            experiment,
            datasets,
            corpora,
            tokenizer,
            backbone,
            start,
            content: DataContent {
                datasets: datasets_content,
                text,
                weights,
                split: listed.and_then(Result::ok),
                limit: None,
            },
            tasks,
            runtime,
        },
        scans: Arc::clone(&found.scans),
        excluded: found.each.iter().flat_map(|cohort| cohort.excluded.iter().cloned()).collect(),
        stages: Vec::new(),
        files: data.hashed_files(),
        leakage: leak::Proof::default(),
    };
    plan.stages = graph::stages(&plan);
    if let Some(problem) = plan.start.as_ref().and_then(|start| StartChecks(start).refuses_base(&plan.stages))
    {
        return Err(vec![problem]);
    }
    harmonized::check_split(&plan)?;
    super::data::check_longest(&plan)?;
    let scans = std::sync::Arc::clone(&plan.scans);
    size::measure(&mut plan, &scans);
    Ok((plan, found.each))
}

/// The plugins of an experiment that could be made.
pub(super) struct ExperimentPlugins {
    pub datasets: Vec<PlannedPlugin<dyn Dataset>>,
    pub corpora: Vec<PlannedPlugin<dyn CorpusGenerator>>,
    pub tokenizer: Option<PlannedPlugin<dyn Tokenizer>>,
    pub backbone: Option<PlannedPlugin<dyn Backbone>>,
    pub tasks: Vec<PlannedPlugin<dyn Task>>,
}

/// Makes every plugin and fills its table with defaults.
fn parts(
    experiment: &mut Experiment,
    folder: &Path,
    libraries: &[String],
    draft: &ExperimentDraft,
    problems: &mut Vec<Problem>,
) -> ExperimentPlugins {
    let seed = experiment.seed;
    let mut many = Many { folder, libraries, seed, problems };
    let datasets = many.named("datasets", FrameworkKeys::Path, &mut experiment.datasets);
    let corpora = many.named("corpora", FrameworkKeys::Words, &mut experiment.corpora);
    let tasks = many.named("tasks", FrameworkKeys::Task, &mut experiment.tasks);
    let is_sound = |section: &str| draft.is_sound(section);
    let tokenizer = is_sound("tokenizer")
        .then(|| many.one("tokenizer", FrameworkKeys::Seed, &mut experiment.tokenizer))
        .flatten();
    let backbone = is_sound("backbone")
        .then(|| many.one("backbone", FrameworkKeys::Weights, &mut experiment.backbone))
        .flatten();
    ExperimentPlugins { datasets, corpora, tokenizer, backbone, tasks }
}

struct Many<'a> {
    folder: &'a Path,
    libraries: &'a [String],
    seed: u64,
    problems: &'a mut Vec<Problem>,
}

impl Many<'_> {
    fn named<K: PluginKind + Config + ?Sized>(
        &mut self,
        section: &str,
        own: FrameworkKeys,
        tables: &mut BTreeMap<String, Table>,
    ) -> Vec<PlannedPlugin<K>> {
        let claim = |(name, table): (&String, &mut Table)| {
            let key = format!("{section}.{name}");
            let (folder, libraries, seed) = (self.folder, self.libraries, self.seed);
            let place = PluginContext { key: &key, name, folder, libraries, seed };
            claim(&place, own, table).map_err(|problems| self.problems.extend(problems)).ok()
        };
        tables.iter_mut().filter_map(claim).collect()
    }

    fn one<K: PluginKind + Config + ?Sized>(
        &mut self,
        section: &str,
        own: FrameworkKeys,
        table: &mut Table,
    ) -> Option<PlannedPlugin<K>> {
        let (folder, libraries, seed) = (self.folder, self.libraries, self.seed);
        let place = PluginContext { key: section, name: section, folder, libraries, seed };
        claim(&place, own, table).map_err(|problems| self.problems.extend(problems)).ok()
    }
}

fn check_build(experiment: &Experiment, build: &Build<'_>, problems: &mut Vec<Problem>) {
    let engine = experiment.engine.as_str();
    let names = build.engines.iter().filter(|offer| offer.missing.is_none()).map(|offer| offer.name);
    let instead = match names.clone().collect::<Vec<_>>()[..] {
        [only] => format!("set `engine = \"{only}\"`, which it has"),
        _ => suggest(engine, names),
    };
    let offer = build.engines.iter().find(|offer| offer.name == engine);
    let Some(offer) = offer.filter(|offer| offer.missing.is_none()) else {
        let help = match offer.and_then(|offer| offer.missing) {
            Some(how) => format!("{how}; or {instead}"),
            None => instead,
        };
        problems.push(Problem::at("engine", format!("this build has no engine `{engine}`")).help(help));
        return;
    };
    if !offer.precisions.contains(&experiment.precision) {
        let can = offer.precisions.iter().map(|precision| format!("`{}`", precision.name()));
        let message = format!("engine `{engine}` computes in {} only", can.collect::<Vec<_>>().join(", "));
        let able = build.engines.iter().find(|offer| offer.precisions.contains(&experiment.precision));
        let help = match able {
            Some(able) => format!("leave `precision` out, or set `engine = \"{}\"`", able.name),
            None => "leave `precision` out".to_owned(),
        };
        problems.push(Problem::at("precision", message).help(help));
    }
    let (device, devices) = (experiment.runtime.device.as_str(), (offer.devices)());
    if !devices.contains(&device) {
        let message = format!("engine `{engine}` cannot compute on `{device}` here");
        let there = suggest(device, devices.iter().copied());
        let help = match (offer.advice)(device) {
            Some(advice) => format!("{there}; {advice}"),
            None => there,
        };
        problems.push(Problem::at("runtime.device", message).help(help));
    }
}

fn text_content(
    experiment: &Experiment,
    folder: &Path,
    data: &DataCache,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let path = &experiment.text.as_ref()?.path;
    let file = folder.join(path);
    if !file.is_file() {
        let problem = Problem::at("text.path", format!("there is no file `{}`", path.display()));
        let help = format!("a path is relative to the spec: this one is `{}`", file.display());
        problems.push(problem.help(help));
        return None;
    }
    // Only the bytes count, so the file may be renamed.
    data.file(&file).map_err(|message| problems.push(Problem::at("text.path", message))).ok()
}

fn dataset_contents(
    datasets: &[PlannedPlugin<dyn Dataset>],
    data: &DataCache,
) -> Result<BTreeMap<String, String>, Vec<Problem>> {
    let (mut contents, mut problems) = (BTreeMap::new(), Vec::new());
    for dataset in datasets {
        match &*data.content(dataset) {
            Ok(content) => {
                contents.insert(dataset.name.clone(), content.hash.clone());
            }
            Err(message) => {
                problems.push(Problem::at(format!("datasets.{}", dataset.name), message.as_str()));
            }
        }
    }
    if problems.is_empty() { Ok(contents) } else { Err(problems) }
}

/// Writes the default values of missing keys into the spec.
fn fill_defaults(experiment: &mut Experiment) {
    let seed = experiment.seed;
    experiment.split.fill_defaults(seed);
    experiment.evaluation.seed.get_or_insert(seed);
    if let Some(alignment) = &mut experiment.alignment {
        alignment.seed.get_or_insert(seed);
        alignment.final_lr = Some(alignment.training().final_lr);
    }
    if let Some(instruction) = &mut experiment.instruction {
        instruction.seed.get_or_insert(seed);
        instruction.final_lr = Some(instruction.training().final_lr);
    }
}
