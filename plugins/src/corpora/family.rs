//! What a family of descriptors is: a config that measures scans, and how its numbers are told.

use std::fmt::Debug;

use boldface::{Cohort, Config, Fact, JsonSchema, Problem, Result, Scan, Serialize, TrainScans};
use boldface_features::{Feature, Measured};
use serde::de::DeserializeOwned;

use super::words::WordTable;

/// A family: what it measures of a scan. [`super::described::Described`] makes a corpus generator of it: norms, words,
/// files and checks are there, once for all families.
///
/// Its config has three fields beside its own, which [`Family::telling`] hands over: `words`, `paraphrase` and `adjust`.
pub(super) trait Family:
    Config + Clone + Debug + Serialize + DeserializeOwned + JsonSchema + 'static
{
    /// What it is called in specs, such as `graph`; the norms' names begin with it.
    const NAME: &'static str;

    /// Raised when its numbers change.
    const VERSION: u32;

    /// The words that ship with it: `include_str!("words.toml")`.
    const WORDS: &'static str;

    /// What it learns of the training scans beyond norms: templates, group maps, states; `()` if nothing.
    type Learned: Serialize + DeserializeOwned + Debug + Send + Sync;

    /// The three fields that every family's config has.
    fn telling(&self) -> Telling<'_>;

    /// Learns what measuring takes. All training scans have the same regions. Whatever is random comes from streams of
    /// `seed` that name the family, such as `boldface::seed::stream(seed, "components.start")`.
    ///
    /// # Errors
    /// If it cannot be learned of these scans.
    fn learn(&self, train: &TrainScans<'_>, seed: u64) -> Result<Self::Learned>;

    /// Measures a scan: always the same features in the same order, which depend on the config, the regions and what was
    /// learned alone. What cannot be measured is missing with its reason. The scan has the regions of the training scans.
    /// It is asked from many threads at once, and once for each scan.
    ///
    /// # Errors
    /// If the scan is none that can be measured at all, such as one without a column that is needed.
    fn measure(&self, learned: &Self::Learned, scan: &Scan, seed: u64) -> Result<Vec<Measured>>;

    /// The value as it is said, of one as it is measured and compared: a correlation of a mean Fisher z.
    fn told_value(&self, _feature: &Feature, value: f64) -> f64 {
        value
    }

    /// What is wrong with its own fields for a cohort, before anything runs; those of [`Telling`] are checked for it.
    fn check(&self, _cohort: &Cohort) -> Vec<Problem> {
        Vec::new()
    }

    /// The features that it will measure, as far as they follow from config and cohort: the plan proves that the words can
    /// tell them apart. Those that depend on what is learned are proved when it has been.
    fn features(&self, _cohort: &Cohort) -> Vec<Feature> {
        Vec::new()
    }

    /// Which facts to tell, one mark a fact.
    fn chosen(&self, facts: &[Fact]) -> Vec<bool> {
        vec![true; facts.len()]
    }

    /// Whether a feature shows in a standardised window, so that whoever reads one can be asked for it: no phenotype,
    /// and no amplitude.
    fn shows(&self, _feature: &Feature) -> bool {
        true
    }

    /// Columns of the tables that its numbers are made of, such as `age`. Those of `adjust` are added for it.
    fn tells(&self) -> Vec<String> {
        Vec::new()
    }
}

/// How a family's numbers are told: the fields `words`, `paraphrase` and `adjust` of its config.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling<'a> {
    /// The user's words; none for those that ship.
    pub(super) words: Option<&'a WordTable>,
    /// Whether wordings are drawn from the grammar; else every sentence has the plain form.
    pub(super) paraphrase: bool,
    /// Columns that norms are adjusted for.
    pub(super) adjust: &'a [String],
}
