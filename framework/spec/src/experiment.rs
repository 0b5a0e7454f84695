//! The tables of an experiment. The framework's own are typed; plugin tables stay untyped.

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
use super::{Forms, Leakage, SplitTable, StartTable};

/// A plugin's table. The framework takes its own keys (`type`, `path`, `seed`) out and passes on the
/// rest.
pub type Table = serde_json::Map<String, Value>;

/// One experiment: data, tokenizer, backbone, corpora, tasks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Experiment {
    /// Default seed of every section without a `seed` of its own.
    #[serde(default)]
    pub seed: u64,
    /// Tensor engine for plugins that learn.
    #[serde(default = "default_engine")]
    pub engine: String,
    /// Number format of matrix multiplications. It changes results, so it is part of content keys.
    #[serde(default, skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// Shared libraries with further plugins, relative to the spec. Their code runs, so list only
    /// libraries that you trust.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PathBuf>,
    /// Cohorts of scans, each under a name you choose.
    pub datasets: BTreeMap<String, Table>,
    /// Crop and standardisation of every scan.
    pub signal: Signal,
    /// Division of the subjects into training, validation and test, made before anything is fitted.
    #[serde(default)]
    pub split: SplitTable,
    /// Generators of sentences about scans, each under a name you choose.
    #[serde(default)]
    pub corpora: BTreeMap<String, Table>,
    /// Facts of the corpora that training never sees.
    #[serde(default, skip_serializing_if = "FactsTable::is_empty")]
    pub facts: FactsTable,
    /// General text that keeps the language model fluent.
    #[serde(default)]
    pub text: Option<Text>,
    /// Stage 1: turns series into tokens.
    pub tokenizer: Table,
    /// The language model.
    pub backbone: Table,
    /// An export to start from, instead of untrained parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartTable>,
    /// Stage 2: language alignment. If left out, training continues with the instructions.
    #[serde(default)]
    pub alignment: Option<Alignment>,
    /// Stage 3: instruction tuning. If left out, the aligned model answers the tasks.
    #[serde(default)]
    pub instruction: Option<Instruction>,
    /// Downstream tasks, each under a name you choose; `type` defaults to that name.
    #[serde(default)]
    pub tasks: BTreeMap<String, Table>,
    /// Scoring of answers.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// Phenotype columns that may predict labels without any brain signal, each under its name. `motion`
    /// (mean framewise displacement) and `site` get baselines of their own. Columns whose names say how a
    /// scan was made, such as `SITE_ID`, `Manufacturer` or `scan_date`, are found automatically.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nuisances: BTreeMap<String, String>,
    /// Removes differences between scanners from the connectivity that the FC baselines learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harmonization: Option<Harmonization>,
    /// Leaks that you accept. Not part of any content key.
    #[serde(default, skip_serializing_if = "Leakage::is_empty")]
    pub leakage: Leakage,
    /// Where and how fast to run. Not part of any content key.
    #[serde(default)]
    pub runtime: RuntimeTable,
}

fn is_default(precision: &Precision) -> bool {
    *precision == Precision::default()
}

pub(super) fn default_engine() -> String {
    "dfdx".to_owned()
}

/// Crop and standardisation of every scan. All datasets share one crop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signal {
    /// Volumes kept of every scan. A shorter scan is an error, because length could reveal the condition;
    /// with `min-trs`, it keeps what it has.
    pub trs: usize,
    /// Fewest volumes of a scan. With this key, `trs` is a limit: a shorter scan keeps as many whole
    /// patches as it has, facts are measured on exactly these volumes, and norms allow for their number. A
    /// scan of fewer volumes than this is an error. The leakage lint tells whether length predicts an
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_trs: Option<usize>,
    /// First volume kept.
    #[serde(default)]
    pub start: usize,
    /// Scaling of each region over the volumes kept.
    #[serde(default)]
    pub standardize: Standardize,
    /// Accepts scans with different repetition times. A patch then lasts longer in some scans than in
    /// others.
    #[serde(default)]
    pub mixed_tr: bool,
    /// Number of patches of a window that the language model reads for a question; all if left out. They
    /// are the last ones, because their features look back over the earlier ones. Descriptions and
    /// forecasts always read the whole window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_patches: Option<usize>,
    /// Tokens of a patch that the language model reads for a question. Descriptions and forecasts always
    /// read one per region.
    #[serde(default, skip_serializing_if = "QuestionTokens::is_default")]
    pub shown_tokens: QuestionTokens,
    /// Treatment of a region that has no signal, because too little of it was recorded.
    #[serde(default, skip_serializing_if = "MissingRegions::is_default")]
    pub missing_regions: MissingRegions,
}

/// Tokens of a patch that a question shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionTokens {
    /// One per region.
    #[default]
    Regions,
    /// One per network: the mean of its regions' tokens. Facts of networks are learned in fewer steps, and
    /// reading costs less; differences between the regions of a network are lost.
    Networks,
}

impl QuestionTokens {
    fn is_default(&self) -> bool {
        *self == QuestionTokens::default()
    }
}

/// Treatment of a region without a signal: NaN in every volume of a scan. Dropping the region from all
/// scans is not offered: one bad scan would change the input of everyone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingRegions {
    /// Refuses the scan.
    #[default]
    Refuse,
    /// Sets the region to zero and its connectivity to missing.
    Zero,
}

impl MissingRegions {
    fn is_default(&self) -> bool {
        *self == MissingRegions::default()
    }
}

/// Scaling of a region's signal over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standardize {
    /// Mean 0, standard deviation 1.
    #[default]
    Zscore,
    /// Median 0; interquartile range of a standard normal distribution.
    Robust,
    /// No scaling.
    None,
}

/// Facts of the corpora that training never sees. The evaluation still asks for them. Answers to facts
/// that were never asked in training show that the model reads scans instead of remembering facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FactsTable {
    /// Features that appear in no sentence, question or target of any training stage, so that asking for
    /// them at the end is zero-shot. `*` matches anything, as in `coupling.Default-*`.
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
    /// The column of a Parquet table; leave it out for `.txt`.
    #[serde(default)]
    pub column: Option<String>,
}

/// Stage 2: language alignment (paper, section 3.2: the sum of three weighted objectives).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alignment {
    /// Optimiser steps.
    pub steps: u64,
    /// Scans per micro-batch to ask about. If there is nothing to ask, they are described.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// Questions about facts per scan, drawn anew each time; 0 turns them off. The scan is read once for
    /// all of them.
    #[serde(default = "default_facts_asked")]
    pub questions: usize,
    /// Share of made scans among the scans to ask about, from 0 to 1. A made scan is a training scan
    /// whose networks are coupled, uncoupled or slowed at random; its facts are measured anew. Made
    /// scans appear nowhere else, and no question about them is about a person.
    #[serde(default = "default_made")]
    pub made: f64,
    /// Weight of the answers to questions about facts.
    #[serde(default = "default_facts")]
    pub facts: f32,
    /// Scans per micro-batch to describe and continue, in addition to those to ask about.
    #[serde(default = "default_descriptions")]
    pub descriptions: usize,
    /// Micro-batches whose gradients are added up for one step.
    #[serde(default = "default_accumulate")]
    pub accumulate: usize,
    /// Learning rate after the warm-up.
    pub peak_lr: f64,
    /// Learning rate at the last step; defaults to a tenth of the peak.
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
    /// Documents of general text per micro-batch.
    #[serde(default = "default_text_batch_size")]
    pub text_batch_size: usize,
    /// Trains low-rank adapters instead of all weights.
    #[serde(default)]
    pub lora: Option<Lora>,
    /// Seed of this stage alone; defaults to the experiment's.
    #[serde(default)]
    pub seed: Option<u64>,
}

/// Stage 3: instruction tuning on the training examples of all tasks. Only answers contribute to the
/// loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Instruction {
    /// Optimiser steps.
    pub steps: u64,
    /// Examples per micro-batch.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// Questions about one scan in a micro-batch, whose fMRI tokens are then read once. It does not
    /// change how often each question is asked.
    #[serde(default = "default_questions", skip_serializing_if = "is_one")]
    pub questions: usize,
    /// Scans per micro-batch to ask about facts, as `[alignment]` does, in addition to the tasks'
    /// examples. This keeps the model from forgetting the facts.
    #[serde(default = "default_rehearsal")]
    pub rehearsal: usize,
    /// Shares of prompts without the scan, so that controls without it are asked in a form that the model
    /// knows. By default, every prompt shows its scan.
    #[serde(default, skip_serializing_if = "Forms::is_none")]
    pub forms: Forms,
    /// Micro-batches whose gradients are added up for one step.
    #[serde(default = "default_accumulate")]
    pub accumulate: usize,
    /// Learning rate after the warm-up.
    pub peak_lr: f64,
    /// Learning rate at the last step; defaults to a tenth of the peak.
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
    /// Trains low-rank adapters instead of all weights.
    #[serde(default)]
    pub lora: Option<Lora>,
    /// Seed of this stage alone; defaults to the experiment's.
    #[serde(default)]
    pub seed: Option<u64>,
}

/// Scoring of answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Evaluation {
    /// Bootstrap resamples per 95% interval. Subjects are resampled, not scans.
    #[serde(default = "default_resamples")]
    pub resamples: usize,
    /// Longest generated answer, in tokens.
    #[serde(default = "default_longest_answer")]
    pub longest_answer: usize,
    /// Phenotype columns; each of their values is also scored separately. Defaults to `sex` and `site`,
    /// if there are such columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Seed of the resamples alone; defaults to the experiment's.
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

/// Where and how fast to run. Not part of any content key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeTable {
    /// The device, such as `cpu`.
    #[serde(default = "default_device")]
    pub device: String,
    /// Number of threads; 0 uses every core.
    #[serde(default)]
    pub workers: usize,
    /// Folder of runs and cached stages, relative to the current directory.
    #[serde(default = "default_runs")]
    pub runs: PathBuf,
    /// Seconds between two checkpoints of a stage that learns; 0 writes one after every step.
    #[serde(default = "default_checkpoint_seconds")]
    pub checkpoint_seconds: u64,
    /// Time limit in seconds for one call into a loaded plugin; 0 sets no limit.
    #[serde(default = "default_plugin_seconds")]
    pub plugin_seconds: u64,
    /// Also writes the run's numbers to its folder for TensorBoard, while it runs.
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
