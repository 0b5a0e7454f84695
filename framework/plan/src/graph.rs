//! The stages of an experiment in order, with their inputs and keys.

use boldface::{Precision, Size};

use super::key::{KeyContent, key};
use super::{Stage, StageKind, Study};
use crate::spec::Taken;
use crate::stages::Configs;

/// Makes the stages of a study.
///
/// The corpus has a fixed seed, because evaluation scores against its captions: another seed of the
/// experiment must not change the test. The text side is not trained on instructions, so that a new task
/// does not retrain the tokenizer.
pub(super) fn stages(study: &Study) -> Vec<Stage> {
    let (experiment, configs) = (&study.experiment, Configs::new(study));
    let seed = experiment.seed;
    let engine = match experiment.precision {
        Precision::F32 => experiment.engine.clone(),
        precision => format!("{}, {}", experiment.engine, precision.name()),
    };
    let (tokenizer, backbone) = (&study.tokenizer, &study.backbone);
    let mut graph = Graph { engine: &engine, configs: &configs, stages: Vec::new() };

    graph.add(StageKind::Series, "", 0, &[]);
    graph.add(StageKind::Split, "", experiment.split.seed.unwrap_or(seed), &["series"]);
    if !study.corpora.is_empty() {
        let names: Vec<&str> = study.corpora.iter().map(|entry| entry.plugin).collect();
        graph.add(StageKind::Corpus, &names.join(", "), 0, &["series", "split"]);
    }
    let inputs = if configs.text_space.trains { &["split", "corpus"][..] } else { &[] };
    graph.add(StageKind::TextSpace, backbone.plugin, backbone.seed, inputs);
    match study.takes(Taken::Tokenizer) {
        Some(_) => graph.add(StageKind::Tokenizer, tokenizer.plugin, 0, &[]),
        None => {
            let inputs = ["series", "split", "corpus", "text-space"];
            graph.add(StageKind::Tokenizer, tokenizer.plugin, tokenizer.seed, &inputs);
        }
    }
    graph.add(StageKind::Codes, tokenizer.plugin, 0, &["series", "split", "tokenizer"]);

    let mut model = "text-space";
    if let Some(alignment) = &experiment.alignment {
        let inputs = ["series", "split", "corpus", "tokenizer", model, "codes"];
        graph.add(StageKind::Alignment, backbone.plugin, alignment.seed.unwrap_or(seed), &inputs);
        model = "alignment";
    }
    let aligned = model;
    // Without a task to learn there is no tuning stage.
    if let Some(instruction) = experiment.instruction.as_ref().filter(|_| configs.instruction.is_some()) {
        let inputs = ["series", "split", "corpus", "tokenizer", "codes", model];
        graph.add(StageKind::Instruction, backbone.plugin, instruction.seed.unwrap_or(seed), &inputs);
        model = "instruction";
    }

    let seed = experiment.evaluation.seed.unwrap_or(seed);
    for task in &study.tasks {
        let baseline = StageKind::Baseline(task.name.clone());
        let name = baseline.to_string();
        graph.add(baseline, task.plugin, seed, &["series", "split", "corpus"]);
        let model = if task.asking.is_frozen() { aligned } else { model };
        let inputs = ["series", "split", "corpus", "tokenizer", "codes", model, &name];
        graph.add(StageKind::Evaluation(task.name.clone()), task.plugin, seed, &inputs);
    }
    graph.stages
}

struct Graph<'a> {
    engine: &'a str,
    configs: &'a Configs<'a>,
    stages: Vec<Stage>,
}

impl Graph<'_> {
    /// Adds a stage with those of `inputs` that the experiment has. `plugin` is for display: the config
    /// names it too.
    fn add(&mut self, kind: StageKind, plugin: &str, seed: u64, inputs: &[&str]) {
        let found: Vec<&Stage> =
            inputs.iter().filter_map(|&name| self.stages.iter().find(|stage| stage.name() == name)).collect();
        let config = self.configs.hashed(&kind).expect("the graph has only stages of the experiment");
        let key = key(&KeyContent {
            kind: &kind,
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
