//! Families of descriptors: a config that measures scans, and the wording of its numbers.

use std::fmt::Debug;

use boldface::{Cohort, Config, Fact, JsonSchema, Problem, Result, Scan, Serialize, TrainScans};
use boldface_features::{Feature, Measurement};
use serde::de::DeserializeOwned;

use super::words::WordTable;

/// A family of measurements. [`super::described::Described`] makes a corpus generator of it and
/// provides norms, words, files and checks for all families.
///
/// Besides its own fields, its config has `words`, `paraphrase` and `adjust`, which [`FeatureFamily::telling`]
/// returns.
pub(super) trait FeatureFamily:
    Config + Clone + Debug + Serialize + DeserializeOwned + JsonSchema + 'static
{
    /// Name in specs, such as `graph`; names of norms begin with it.
    const NAME: &'static str;

    /// Increased when its numbers change.
    const VERSION: u32;

    /// Whether its facts are about networks, so that regions without networks do not suffice.
    const NEEDS_NETWORKS: bool = false;

    /// Built-in words: `include_str!("words.toml")`.
    const WORDS: &'static str;

    /// Results learned from training scans besides norms: templates, group maps, states; `()` if none.
    type Learned: Serialize + DeserializeOwned + Debug + Send + Sync;

    /// Returns the three fields that every family's config has.
    fn telling(&self) -> Telling<'_>;

    /// Learns everything that measuring needs. All training scans have the same regions. Random numbers
    /// come from streams of `seed` that name the family, such as `boldface::seed::stream(seed,
    /// "components.start")`.
    ///
    /// # Errors
    /// If these scans do not suffice.
    fn learn(&self, train: &TrainScans<'_>, seed: u64) -> Result<Self::Learned>;

    /// Measures a scan. The features and their order are always the same: they depend only on the
    /// config, the regions and the learned results. A value that cannot be measured is missing, with
    /// its reason. The scan has the regions of the training scans. Many threads call this at once, once
    /// per scan.
    ///
    /// # Errors
    /// If the scan cannot be measured at all, for example without a required column.
    fn measure(&self, learned: &Self::Learned, scan: &Scan, seed: u64) -> Result<Vec<Measurement>>;

    /// Converts a value from its measured to its displayed form, such as a mean Fisher z to a
    /// correlation.
    fn told_value(&self, _feature: &Feature, value: f64) -> f64 {
        value
    }

    /// Lists problems with its own fields for a cohort, before anything runs. [`Telling`]'s fields are
    /// checked by the caller.
    fn check(&self, _cohort: &Cohort) -> Vec<Problem> {
        Vec::new()
    }

    /// Lists the features to be measured, as far as they follow from config and cohort. The plan proves
    /// that their sentences are distinguishable. Features that depend on learned results are proved
    /// after learning.
    fn features(&self, _cohort: &Cohort) -> Vec<Feature> {
        Vec::new()
    }

    /// Marks the facts to describe, one mark per fact.
    fn chosen(&self, facts: &[Fact]) -> Vec<bool> {
        vec![true; facts.len()]
    }

    /// Whether a feature is visible in a standardised window, so that questions about it can be
    /// answered from one. Phenotypes and amplitudes are not.
    fn shows(&self, _feature: &Feature) -> bool {
        true
    }

    /// Table columns that its numbers are made of, such as `age`. Columns of `adjust` are added by the
    /// caller.
    fn tells(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Settings of a family's sentences: the fields `words`, `paraphrase` and `adjust` of its config.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling<'a> {
    /// The user's words; `None` for the built-in ones.
    pub(super) words: Option<&'a WordTable>,
    /// Whether wordings are drawn from the grammar; otherwise every sentence has the plain form.
    pub(super) paraphrase: bool,
    /// Columns that norms are adjusted for.
    pub(super) adjust: &'a [String],
}
