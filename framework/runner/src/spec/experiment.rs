//! The experiment table, typed as far as the framework understands it; plugin tables stay tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use boldface::{Lora, Precision};
use boldface_imaging::combat::Harmonization;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::defaults::{
    default_accumulate, default_batch_size, default_checkpoint_seconds, default_clip, default_descriptions,
    default_device, default_facts, default_facts_asked, default_fmri_to_fmri, default_fmri_to_text,
    default_longest_answer, default_made, default_plugin_seconds, default_questions, default_rehearsal,
    default_resamples, default_runs, default_text_batch_size, default_text_to_text, default_warmup,
    default_weight_decay, is_one,
};
use super::{Leakage, SplitTable, StartTable};

/// A plugin's table: the framework takes its own keys (`type`, `path`, `seed`), the plugin the rest.
pub type Table = serde_json::Map<String, Value>;

/// One experiment: data, tokenizer, backbone, corpora, tasks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Experiment {
    /// Seed of every section that names none of its own.
    #[serde(default)]
    pub seed: u64,
    /// The tensor engine learned plugins run on.
    #[serde(default = "default_engine")]
    pub engine: String,
    /// The numbers that matrices are multiplied in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// Shared libraries with further plugins, relative to the spec; they are run, so take only such as you trust.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PathBuf>,
    /// Cohorts of scans, each under a name of yours.
    pub datasets: BTreeMap<String, Table>,
    /// Crop and standardisation of every scan.
    pub signal: Signal,
    /// Who is learned from, chosen by subject before anything is fitted.
    #[serde(default)]
    pub split: SplitTable,
    /// Generators of sentences about scans, each under a name of yours.
    #[serde(default)]
    pub corpora: BTreeMap<String, Table>,
    /// Which facts of the corpora are kept from training.
    #[serde(default, skip_serializing_if = "FactsTable::is_empty")]
    pub facts: FactsTable,
    /// General text that keeps the language model a language model.
    #[serde(default)]
    pub text: Option<Text>,
    /// Stage 1: series into tokens.
    pub tokenizer: Table,
    /// The language model.
    pub backbone: Table,
    /// An export to go on from, instead of from nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartTable>,
    /// Stage 2: language alignment; left out, the language model goes straight to instructions.
    #[serde(default)]
    pub alignment: Option<Alignment>,
    /// Stage 3: instruction tuning; left out, tasks are asked of the aligned model.
    #[serde(default)]
    pub instruction: Option<Instruction>,
    /// Downstream tasks, each under a name of yours; `type` defaults to that name.
    #[serde(default)]
    pub tasks: BTreeMap<String, Table>,
    /// How answers are scored.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// Phenotype columns that are no signal of interest, each under its name: `motion` (mean framewise
    /// displacement) and `site` get baselines of their own. Well-known columns are taken by themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nuisances: BTreeMap<String, String>,
    /// Takes what differs between scanners out of the connectivity that the FC baselines learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harmonization: Option<Harmonization>,
    /// Leaks that you know of: never part of a content key.
    #[serde(default, skip_serializing_if = "Leakage::is_empty")]
    pub leakage: Leakage,
    /// Where and how fast to run: never part of a content key.
    #[serde(default)]
    pub runtime: RuntimeTable,
}

fn is_default(precision: &Precision) -> bool {
    *precision == Precision::default()
}

pub(super) fn default_engine() -> String {
    "dfdx".to_owned()
}

/// Crop and standardisation of every scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signal {
    /// Volumes kept of every scan. A shorter scan is an error: length must not tell the condition.
    pub trs: usize,
    /// First volume kept.
    #[serde(default)]
    pub start: usize,
    /// Per region, over the volumes kept.
    #[serde(default)]
    pub standardize: Standardize,
    /// Accepts scans of different repetition times: a patch then lasts longer in some than in others.
    #[serde(default)]
    pub mixed_tr: bool,
    /// How many patches of a window the language model reads for a question: the last ones, as their features look back
    /// over the earlier ones. All if left out. Descriptions and forecasts always read the whole window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_patches: Option<usize>,
    /// What becomes of a region that a scan has no signal of, because too little of it was recorded.
    #[serde(default, skip_serializing_if = "MissingRegions::is_default")]
    pub missing_regions: MissingRegions,
}

/// What becomes of a region without a signal: NaN in every volume of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingRegions {
    /// The scan is refused.
    #[default]
    Refuse,
    /// It is zeros, and its connectivity is missing.
    Zero,
}

impl MissingRegions {
    fn is_default(&self) -> bool {
        *self == MissingRegions::default()
    }
}

/// How a region's signal is scaled over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standardize {
    /// Mean 0, standard deviation 1.
    #[default]
    Zscore,
    /// Median 0, interquartile range as of a standard normal.
    Robust,
    /// As it lies on disk.
    None,
}

/// Which facts of the corpora are kept from training.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FactsTable {
    /// Features that appear in no sentence, question or target of any training stage, so that asking for them at the end is
    /// zero-shot. `*` stands for anything, as in `coupling.Default-*`.
    #[serde(default)]
    pub held_out: Vec<String>,
}

impl FactsTable {
    fn is_empty(&self) -> bool {
        self.held_out.is_empty()
    }
}

/// General text: a `.txt` file with a blank line between documents, or a column of a Parquet table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Text {
    /// The file, relative to the spec.
    pub path: PathBuf,
    /// The column of a Parquet table; none for `.txt`.
    #[serde(default)]
    pub column: Option<String>,
}

/// Stage 2: language alignment (paper, section 3.2: the sum of three weighted objectives).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alignment {
    /// Optimiser steps.
    pub steps: u64,
    /// Scans per micro-batch to ask about, or to describe if there is nothing to ask.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// Questions about facts per scan. The scan is read once for all of them, and each time other facts are drawn. 0 turns
    /// them off.
    #[serde(default = "default_facts_asked")]
    pub questions: usize,
    /// Share of made scans among those to ask about, from 0 to 1. A made scan is a training scan whose networks are coupled,
    /// uncoupled or slowed at random; its facts are measured anew. It appears nowhere else, and no question about it is
    /// about a person.
    #[serde(default = "default_made")]
    pub made: f64,
    /// Weight of the answers to questions about facts.
    #[serde(default = "default_facts")]
    pub facts: f32,
    /// Scans per micro-batch to describe and continue, beside those to ask about.
    #[serde(default = "default_descriptions")]
    pub descriptions: usize,
    /// Micro-batches whose gradients are added up before a step.
    #[serde(default = "default_accumulate")]
    pub accumulate: usize,
    /// Learning rate after the warm-up.
    pub peak_lr: f64,
    /// Learning rate at the last step; a tenth of the peak if left out.
    #[serde(default)]
    pub final_lr: Option<f64>,
    /// Steps of linear warm-up.
    #[serde(default = "default_warmup")]
    pub warmup: u64,
    /// Decoupled weight decay, on matrices only.
    #[serde(default = "default_weight_decay")]
    pub weight_decay: f64,
    /// Largest global gradient norm; 0 turns clipping off.
    #[serde(default = "default_clip")]
    pub clip: f64,
    /// Dropout on the residual branches.
    #[serde(default)]
    pub dropout: f64,
    /// Weight of describing scans.
    #[serde(default = "default_fmri_to_text")]
    pub fmri_to_text: f32,
    /// Weight of predicting the next patch's codes.
    #[serde(default = "default_fmri_to_fmri")]
    pub fmri_to_fmri: f32,
    /// Weight of general text.
    #[serde(default = "default_text_to_text")]
    pub text_to_text: f32,
    /// Documents of general text a micro-batch.
    #[serde(default = "default_text_batch_size")]
    pub text_batch_size: usize,
    /// Low-rank adapters instead of moving all weights.
    #[serde(default)]
    pub lora: Option<Lora>,
    /// Seed of this stage alone; the experiment's if left out.
    #[serde(default)]
    pub seed: Option<u64>,
}

/// Stage 3: instruction tuning over all tasks' training examples; loss on answers only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Instruction {
    /// Optimiser steps.
    pub steps: u64,
    /// Examples a micro-batch.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// Questions about one scan side by side in a micro-batch, whose fMRI tokens are then read once; every question is
    /// asked as often as with 1.
    #[serde(default = "default_questions", skip_serializing_if = "is_one")]
    pub questions: usize,
    /// Scans per micro-batch to ask about facts, as `[alignment]` does, beside the tasks' examples: this keeps the facts from
    /// being forgotten.
    #[serde(default = "default_rehearsal")]
    pub rehearsal: usize,
    /// Micro-batches whose gradients are added up before a step.
    #[serde(default = "default_accumulate")]
    pub accumulate: usize,
    /// Learning rate after the warm-up.
    pub peak_lr: f64,
    /// Learning rate at the last step; a tenth of the peak if left out.
    #[serde(default)]
    pub final_lr: Option<f64>,
    /// Steps of linear warm-up.
    #[serde(default = "default_warmup")]
    pub warmup: u64,
    /// Decoupled weight decay, on matrices only.
    #[serde(default = "default_weight_decay")]
    pub weight_decay: f64,
    /// Largest global gradient norm; 0 turns clipping off.
    #[serde(default = "default_clip")]
    pub clip: f64,
    /// Dropout on the residual branches.
    #[serde(default)]
    pub dropout: f64,
    /// Low-rank adapters instead of moving all weights.
    #[serde(default)]
    pub lora: Option<Lora>,
    /// Seed of this stage alone; the experiment's if left out.
    #[serde(default)]
    pub seed: Option<u64>,
}

/// How answers are scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Evaluation {
    /// Bootstrap resamples, by subject, behind each 95% interval.
    #[serde(default = "default_resamples")]
    pub resamples: usize,
    /// Longest generated answer, in tokens.
    #[serde(default = "default_longest_answer")]
    pub longest_answer: usize,
    /// Phenotype columns whose values are scored apart as well, such as `sex` and `site`; those two if
    /// left out, where there are such columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Seed of the resamples alone; the experiment's if left out.
    #[serde(default)]
    pub seed: Option<u64>,
}

impl Default for Evaluation {
    fn default() -> Evaluation {
        Evaluation {
            resamples: default_resamples(),
            longest_answer: default_longest_answer(),
            groups: None,
            seed: None,
        }
    }
}

/// Where and how fast to run: never part of a content key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeTable {
    /// The device, such as `cpu`.
    #[serde(default = "default_device")]
    pub device: String,
    /// Threads; 0 takes every core.
    #[serde(default)]
    pub workers: usize,
    /// Folder of runs and cached stages, relative to where the command is called.
    #[serde(default = "default_runs")]
    pub runs: PathBuf,
    /// Seconds between two checkpoints of a stage that learns; 0 keeps one after every step.
    #[serde(default = "default_checkpoint_seconds")]
    pub checkpoint_seconds: u64,
    /// Longest time in seconds that one call into a loaded plugin may take; 0 sets no limit.
    #[serde(default = "default_plugin_seconds")]
    pub plugin_seconds: u64,
    /// Also writes the run's numbers for TensorBoard, into its folder, while it runs.
    #[serde(default)]
    pub tensorboard: bool,
}

impl Default for RuntimeTable {
    fn default() -> RuntimeTable {
        RuntimeTable {
            device: default_device(),
            workers: 0,
            runs: default_runs(),
            checkpoint_seconds: default_checkpoint_seconds(),
            plugin_seconds: default_plugin_seconds(),
            tensorboard: false,
        }
    }
}
