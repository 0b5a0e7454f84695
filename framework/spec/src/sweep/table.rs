//! The tables of a sweep file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Table;

/// A sweep: one experiment and variations of it. Every point is an arm, an experiment of its own. Stages
/// that several arms share run once.
///
/// Keys are dotted paths into the experiment, such as `"tokenizer.codebook-size"`. They must exist in
/// the base, because a misspelt axis would otherwise be many equal runs. A table is merged into the
/// base's table key by key; another `type` replaces the plugin's table as a whole. `seed` cannot be
/// varied here, because it would also change the test subjects: see `seeds`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SweepTable {
    /// The experiment that every arm starts from, relative to the sweep.
    pub base: PathBuf,
    /// Axes: each key with a list of its values. Every combination is an arm.
    #[serde(default)]
    pub grid: Table,
    /// Axes that advance together, so their lists have equal lengths. They combine with `grid` as one
    /// axis.
    #[serde(default)]
    pub zip: Table,
    /// Axes that apply only to combinations that meet a condition.
    #[serde(default)]
    pub when: Vec<When>,
    /// Combinations of `grid`, `zip`, `when` and `ablate` to leave out: those that have all values of
    /// one of these tables. Keys that are not varied have the base's values.
    #[serde(default)]
    pub exclude: Vec<Table>,
    /// Single arms outside the grid, each under a name you choose, with their changes to the base. The
    /// key `drop` lists tables and keys to remove from the base.
    #[serde(default)]
    pub arms: BTreeMap<String, Table>,
    /// Arms that drop or change parts of the base.
    #[serde(default)]
    pub ablate: Option<Ablate>,
    /// Runs every arm with each of these as `seed`. The split and the bootstrap keep the base's seed, so
    /// that all arms are tested on the same subjects.
    #[serde(default)]
    pub seeds: Option<Vec<u64>>,
    /// Chooses an arm by its validation score.
    #[serde(default)]
    pub select: Option<Select>,
    /// Where and how fast to run all arms. Takes precedence over the base.
    #[serde(default)]
    pub runtime: Table,
}

/// Axes that apply only to combinations that meet a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// Keys and their required values, in the combination so far or else in the base.
    pub r#if: Table,
    /// Axes, as in the sweep's `grid`.
    #[serde(default)]
    pub grid: Table,
    /// Axes that advance together, as in the sweep's `zip`.
    #[serde(default)]
    pub zip: Table,
}

/// Changes to the base, made alone and together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ablate {
    /// Combinations of changes to run.
    #[serde(default)]
    pub design: Design,
    /// Tables and keys to leave out, such as `alignment`; each is one change.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Keys to set to other values; each is one change.
    #[serde(default)]
    pub swap: Table,
}

/// Combinations of changes in an ablation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// The base, and the base with each single change: n + 1 arms for n changes.
    #[default]
    Star,
    /// The base with all changes, and with all but each one: n + 1 arms that show each part alone.
    LeaveOneOut,
    /// The base with every subset of the changes: 2^n arms.
    Factorial,
}

/// Choice by validation score. Within each fold (or repetition) of the split, the arm with the best
/// validation score is chosen and its test score is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Select {
    /// Names of the task and the metric, such as `condition.auroc`.
    pub metric: String,
}
