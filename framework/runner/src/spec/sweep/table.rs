//! The tables of a sweep file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::Table;

/// A sweep: one experiment and what is varied in it. Every point is an arm, an experiment of its own;
/// stages that two arms have in common run once.
///
/// Keys are dotted paths into the experiment, such as `"tokenizer.codebook-size"`, and what they name
/// must be in the base: a misspelt axis would otherwise be many equal runs. A table merges into the
/// base's key by key; another `type` replaces the plugin's table as a whole. `seed` cannot be varied
/// here, because it would draw other test subjects too: see `seeds`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SweepTable {
    /// The experiment that every arm starts from, relative to the sweep.
    pub base: PathBuf,
    /// Axes: each key with the list of its values; every combination is an arm.
    #[serde(default)]
    pub grid: Table,
    /// Axes that advance together, so their lists are equally long; combined with `grid` as one axis.
    #[serde(default)]
    pub zip: Table,
    /// Axes of only those combinations that fulfil a condition.
    #[serde(default)]
    pub when: Vec<When>,
    /// Combinations of `grid`, `zip`, `when` and `ablate` to leave out: those that have all of the
    /// values of one of these tables. A key that is not varied is compared with the base.
    #[serde(default)]
    pub exclude: Vec<Table>,
    /// Single arms, each under a name of yours and outside of the grid: what it sets in the base. Its
    /// key `drop` lists tables and keys to leave out of the base.
    #[serde(default)]
    pub arms: BTreeMap<String, Table>,
    /// What becomes of the base without its parts.
    #[serde(default)]
    pub ablate: Option<Ablate>,
    /// Runs every arm once with each of these as `seed`. The split and the resamples of the evaluation
    /// keep the base's seed, so that all are tested on the same subjects.
    #[serde(default)]
    pub seeds: Option<Vec<u64>>,
    /// Chooses among the arms by their validation score.
    #[serde(default)]
    pub select: Option<Select>,
    /// Where and how fast to run all arms, over what the base says.
    #[serde(default)]
    pub runtime: Table,
}

/// Axes of the combinations that fulfil a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// Keys and the values that they must have, in the combination so far or else in the base.
    pub r#if: Table,
    /// Axes, as the sweep's `grid`.
    #[serde(default)]
    pub grid: Table,
    /// Axes that advance together, as the sweep's `zip`.
    #[serde(default)]
    pub zip: Table,
}

/// Changes to the base, alone and together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ablate {
    /// Which of the changes are made together.
    #[serde(default)]
    pub design: Design,
    /// Tables and keys to leave out, such as `alignment`; each is one change.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Keys to set to something else; each is one change.
    #[serde(default)]
    pub swap: Table,
}

/// Which changes of an ablation are made together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// The base, and the base with each change alone: n + 1 arms for n changes.
    #[default]
    Star,
    /// The base with all changes, and with all but each: n + 1 arms that show what each part does alone.
    LeaveOneOut,
    /// The base with every subset of the changes: 2^n arms.
    Factorial,
}

/// Choice by validation score: within each fold (or repetition) of the split, the arm with the best
/// value on validation is taken, and its value on test is what is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Select {
    /// The task's name and the metric's, such as `condition.auroc`.
    pub metric: String,
}
