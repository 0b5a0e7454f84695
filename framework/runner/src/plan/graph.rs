//! The stages of an experiment in order, with their inputs and keys.

use std::collections::BTreeMap;

use boldface::{Config, Part, Precision, Size, Task};
use serde_json::{Value, json};

use super::key::{KeyContent, key};
use super::{Plan, PlannedPlugin, Stage, StageKind};
use crate::spec::{FactRecipe, Table, Taken, Unit, plain};
use crate::stages::evaluation::FREQUENCIES_VERSION;
use crate::stages::split;
use crate::stages::taught::TAUGHT_VERSION;
use crate::store::export::WEIGHTS;

/// Hashes of the data that a plan reads.
pub(super) struct Data {
    /// Hash of each dataset's files, by name.
    pub datasets: BTreeMap<String, String>,
    /// Hash of the file of general text.
    pub text: Option<String>,
    /// Hash of the backbone's published weights, if it reads any.
    pub weights: Option<String>,
    /// The part of every person, if a file defines the split.
    pub split: Option<BTreeMap<String, Part>>,
}

/// Makes the stages of a plan whose `stages` are still empty.
///
/// The corpus has a fixed seed, because evaluation scores against its captions: another seed of the
/// experiment must not change the test. The text side is not trained on instructions, so that a new task
/// does not retrain the tokenizer.
pub(super) fn stages(plan: &Plan, data: &Data) -> Vec<Stage> {
    let experiment = &plan.experiment;
    let seed = experiment.seed;
    let engine = match experiment.precision {
        Precision::F32 => experiment.engine.clone(),
        precision => format!("{}, {}", experiment.engine, precision.name()),
    };
    let taken = |part: Taken| {
        let start = plan.start.as_ref().filter(|start| start.takes(part));
        start.map(|start| Value::from(start.content(part)))
    };
    let mut graph = Graph { engine: &engine, stages: Vec::new() };

    let datasets = tables(&plan.datasets, |entry| data.datasets.get(&entry.name).cloned());
    let versions = plan.datasets.iter().map(|entry| entry.config.version()).collect();
    let mut config = json!({ "datasets": datasets, "signal": experiment.signal });
    add_libraries(&mut config, &plan.datasets);
    if experiment.signal.min_trs.is_some() {
        // A scan keeps whole patches.
        insert(&mut config, "patch", Some(json!(plan.tokenizer.config.patch())));
    }
    if experiment.split.unit != Unit::Subject {
        // Stored scans depend on the unit of the split.
        insert(&mut config, "unit", Some(json!(experiment.split.unit)));
    }
    graph.add(StageKind::Series, "", versions, 0, config, &[]);

    let config = split::content(&experiment.split, data.split.as_ref());
    graph.add(StageKind::Split, "", vec![], experiment.split.seed.unwrap_or(seed), config, &["series"]);

    if !plan.corpora.is_empty() {
        let names: Vec<&str> = plan.corpora.iter().map(|entry| entry.plugin).collect();
        let versions = plan.corpora.iter().map(|entry| entry.config.version()).collect();
        let mut config = tables(&plan.corpora, |_| None);
        add_libraries(&mut config, &plan.corpora);
        if !experiment.facts.held_out.is_empty() {
            // Every stage that learns from the corpus reads this stage, so the held-out facts are part
            // of its key.
            config["held-out"] = json!([experiment.facts.held_out, TAUGHT_VERSION]);
        }
        graph.add(StageKind::Corpus, &names.join(", "), versions, 0, config, &["series", "split"]);
    }

    let (tokenizer, backbone) = (&plan.tokenizer, &plan.backbone);
    let column = experiment.text.as_ref().and_then(|text| text.column.clone());
    let text = data.text.as_ref().map(|content| json!({ "content": content, "column": column }));
    let mut own = backbone.config.resolved();
    if let Some(content) = &data.weights {
        // Only the content of the weights counts, not their path.
        insert(&mut own, WEIGHTS, Some(content.as_str().into()));
    }
    let mut config = json!({ "backbone": own, "text": text });
    let version = vec![backbone.config.version()];
    let mut inputs = &["split", "corpus"][..];
    if taken(Taken::Model).is_some() {
        insert(&mut config, "start", taken(Taken::Model));
        if taken(Taken::Tokenizer).is_some() {
            // No text side is trained. The text stays in the key for the stages that read it later.
            inputs = &[];
        }
    }
    graph.add(StageKind::TextSpace, backbone.plugin, version, backbone.seed, config, inputs);

    let (config, version) = (tokenizer.config.resolved(), vec![tokenizer.config.version()]);
    match taken(Taken::Tokenizer) {
        Some(content) => {
            let config = json!({ "tokenizer": config, "start": content });
            graph.add(StageKind::Tokenizer, tokenizer.plugin, version.clone(), 0, config, &[]);
        }
        None => {
            let inputs = ["series", "split", "corpus", "text-space"];
            graph.add(
                StageKind::Tokenizer,
                tokenizer.plugin,
                version.clone(),
                tokenizer.seed,
                config,
                &inputs,
            );
        }
    }
    let inputs = ["series", "split", "tokenizer"];
    graph.add(StageKind::Codes, tokenizer.plugin, version, 0, json!({}), &inputs);

    let mut model = "text-space";
    let version = || vec![backbone.config.version()];
    if let Some(alignment) = &experiment.alignment {
        let inputs = ["series", "split", "corpus", "tokenizer", model, "codes"];
        let (seed, config) = (alignment.seed.unwrap_or(seed), without_seed(alignment));
        graph.add(StageKind::Alignment, backbone.plugin, version(), seed, config, &inputs);
        model = "alignment";
    }
    let aligned = model;
    // Without a task to learn there is no tuning stage.
    let taught: Vec<&PlannedPlugin<dyn Task>> =
        plan.tasks.iter().filter(|task| task.asking.teaches()).collect();
    if let Some(instruction) = experiment.instruction.as_ref().filter(|_| !taught.is_empty()) {
        let inputs = ["series", "split", "corpus", "tokenizer", "codes", model];
        let seed = instruction.seed.unwrap_or(seed);
        let tasks = tables(taught.iter().copied(), |_| None);
        let mut config = json!({ "instruction": without_seed(instruction), "tasks": tasks });
        add_libraries(&mut config, taught.iter().copied());
        insert(&mut config, "asked", asked(&taught, experiment.seed));
        insert(&mut config, "answer-sd", answer_sds(&taught));
        insert(&mut config, "facts", Some(json!(FactRecipe::new(experiment.alignment.as_ref()))));
        let versions = taught.iter().map(|entry| entry.config.version());
        let versions = version().into_iter().chain(versions).collect();
        graph.add(StageKind::Instruction, backbone.plugin, versions, seed, config, &inputs);
        model = "instruction";
    }

    let evaluation = without_seed(&experiment.evaluation);
    let seed = experiment.evaluation.seed.unwrap_or(seed);
    for task in &plan.tasks {
        let mut usual = json!({ "task": task.config.resolved(), "evaluation": evaluation });
        add_libraries(&mut usual, [task]);
        let version = vec![task.config.version()];
        let mut of_baseline = usual.clone();
        insert(&mut of_baseline, "asked", task.asking.shots_content(experiment.seed));
        let columns = ["motion", "site"].map(|name| (name, experiment.nuisances.get(name)));
        for (name, column) in columns {
            if let Some(column) = column {
                of_baseline["nuisances"][name] = column.as_str().into();
            }
        }
        insert(&mut of_baseline, "harmonization", experiment.harmonization.as_ref().map(|how| json!(how)));
        let baseline = StageKind::Baseline(task.name.clone());
        let name = baseline.to_string();
        graph.add(baseline, task.plugin, version.clone(), seed, of_baseline, &["series", "split", "corpus"]);
        let mut config = usual;
        insert(&mut config, "asked", task.asking.content(experiment.seed));
        insert(&mut config, "prior", task.asking.prior().map(Value::from));
        insert(
            &mut config,
            "frequencies",
            Some(task.asking.keys.frequencies)
                .filter(|wanted| !wanted.is_asked())
                .map(|wanted| json!([wanted, FREQUENCIES_VERSION])),
        );
        let together = plan.asked_with(task);
        if !together.is_empty() {
            let tables = tables(together.iter().copied(), |_| None);
            let mut all = json!({ "tasks": tables, "asked": asked(&together, experiment.seed) });
            add_libraries(&mut all, together.iter().copied());
            insert(&mut config, "together", Some(all));
        }
        let model = if task.asking.is_frozen() { aligned } else { model };
        let inputs = ["series", "split", "corpus", "tokenizer", "codes", model, &name];
        let kind = StageKind::Evaluation(task.name.clone());
        let versions = version.into_iter().chain([backbone.config.version()]).collect();
        graph.add(kind, task.plugin, versions, seed, config, &inputs);
    }
    graph.stages
}

struct Graph<'a> {
    engine: &'a str,
    stages: Vec<Stage>,
}

impl Graph<'_> {
    /// Adds a stage with those of `inputs` that the experiment has.
    fn add(
        &mut self,
        kind: StageKind,
        plugin: &str,
        versions: Vec<u32>,
        seed: u64,
        config: Value,
        inputs: &[&str],
    ) {
        let found: Vec<&Stage> =
            inputs.iter().filter_map(|&name| self.stages.iter().find(|stage| stage.name() == name)).collect();
        let config = plain(config);
        let key = key(&KeyContent {
            kind: &kind,
            plugin,
            versions,
            config: &config,
            seed,
            engine: computes(&kind).then_some(self.engine),
            inputs: found.iter().map(|stage| &stage.key).collect(),
        });
        let inputs = found.iter().map(|stage| stage.name()).collect();
        self.stages.push(Stage {
            kind,
            plugin: plugin.to_owned(),
            seed,
            inputs,
            config,
            size: Size::default(),
            key,
        });
    }
}

/// Whether a stage computes with tensors, so that its result depends on the engine.
fn computes(kind: &StageKind) -> bool {
    match kind {
        StageKind::Series | StageKind::Split | StageKind::Corpus | StageKind::Baseline(_) => false,
        StageKind::TextSpace
        | StageKind::Tokenizer
        | StageKind::Codes
        | StageKind::Alignment
        | StageKind::Instruction
        | StageKind::Evaluation(_) => true,
    }
}

/// Returns the non-default parts of how tasks are asked, by task, or `None` if all are asked with
/// defaults.
fn asked(tasks: &[&PlannedPlugin<dyn Task>], seed: u64) -> Option<Value> {
    let asked = tasks.iter().filter_map(|task| Some((task.name.clone(), task.asking.content(seed)?)));
    Some(asked.collect::<Table>()).filter(|asked| !asked.is_empty()).map(Value::Object)
}

/// Returns the widths of drawn answers, by task, or `None` if every task learns its true answers. Only training draws,
/// so no other stage has them in its key.
fn answer_sds(tasks: &[&PlannedPlugin<dyn Task>]) -> Option<Value> {
    let drawn = tasks.iter().filter_map(|task| Some((task.name.clone(), task.asking.keys.answer_sd?.into())));
    Some(drawn.collect::<Table>()).filter(|drawn| !drawn.is_empty()).map(Value::Object)
}

fn insert(config: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(table), Some(value)) = (config.as_object_mut(), value) {
        table.insert(key.to_owned(), value);
    }
}

/// Returns the tables of several plugins by name, each with the hash of its data.
fn tables<'a, K: Config + ?Sized + 'a>(
    entries: impl IntoIterator<Item = &'a PlannedPlugin<K>>,
    content: impl Fn(&PlannedPlugin<K>) -> Option<String>,
) -> Value {
    let table = |entry: &PlannedPlugin<K>| {
        let table =
            json!({ "type": entry.plugin, "config": entry.config.resolved(), "content": content(entry) });
        (entry.name.clone(), table)
    };
    Value::Object(entries.into_iter().map(table).collect())
}

/// Adds the hashes of the plugins' libraries to a stage's config, so that another library gives another
/// key. Built-in plugins have a version instead.
fn add_libraries<'a, K: ?Sized + 'a>(
    config: &mut Value,
    entries: impl IntoIterator<Item = &'a PlannedPlugin<K>>,
) {
    let hashes = entries.into_iter().filter_map(|entry| Some((entry.name.clone(), entry.library?.into())));
    let hashes: serde_json::Map<String, Value> = hashes.collect();
    if !hashes.is_empty() {
        config["libraries"] = hashes.into();
    }
}

/// Returns a section as JSON without its seed, which the stage has.
fn without_seed(section: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(section).expect("a section is made of strings, numbers and lists");
    if let Some(table) = value.as_object_mut() {
        table.remove("seed");
    }
    value
}
