//! The `[split]` section: division of the subjects into training, validation and test.

use std::collections::BTreeMap;
use std::path::PathBuf;

use boldface::ScanInfo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most folds of all repetitions together, as many as a sweep may have arms.
pub const MOST_VARIANTS: usize = 10_000;

/// Default share of the subjects in a held-out part.
const SHARE: f64 = 0.15;

/// Division of the subjects into parts: by shares, by folds, by leaving one group out, or by a file.
///
/// A subject is never in two parts, unless `unit = "run"` allows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SplitTable {
    /// Unit to divide: `subject`, or `run` to decode within subjects. With `run`, read "run" wherever
    /// this section says "subject"; results then say nothing about people who were not scanned.
    #[serde(default, skip_serializing_if = "Unit::is_subject")]
    pub unit: Unit,
    /// Share of all subjects kept for model choices; defaults to 0.15. With folds it may be 0, and then
    /// nothing can be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Share of all subjects kept for the reported scores; defaults to 0.15. `folds` and `leave-out` set
    /// it themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// Phenotype columns whose values are spread evenly over the parts.
    #[serde(default)]
    pub stratify: Vec<String>,
    /// Seed of the split alone; defaults to the experiment's.
    #[serde(default)]
    pub seed: Option<u64>,
    /// A phenotype column, such as `site` or `family`. All subjects with the same value are in the same
    /// part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Number of folds: each subject (or group) is a test subject in exactly one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// A phenotype column, such as `site`. Each of its values is the test part of one fold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<String>,
    /// The fold to test on, counted from 0. If left out, all folds run as a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// Number of times the subjects are divided, each time at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<usize>,
    /// The repetition to run, counted from 0. If left out, all repetitions run as a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<usize>,
    /// A TSV file, relative to the spec, with the columns `participant_id` and `part` (`train`,
    /// `validation` or `test`), and `dataset` if there are several datasets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// Unit that a split divides and a bootstrap resamples. Folds, intervals and the leakage lint use the same
/// unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A person with all their scans: scores measure how well new people are predicted.
    #[default]
    Subject,
    /// One run: scores measure how well new runs of the same people are predicted.
    Run,
}

impl Unit {
    fn is_subject(&self) -> bool {
        *self == Unit::Subject
    }

    /// Returns a caution for readers of the scores, or `None` if the scores are about new people.
    pub fn caution(self) -> Option<&'static str> {
        let said = "runs are divided, not subjects (`[split] unit = \"run\"`): the numbers say how well new runs of the \
                    same people are predicted, and nothing about new people";
        (self == Unit::Run).then_some(said)
    }

    /// Replaces `{subject}` and `{Subject}` by the noun for this unit. Users' own names, such as a
    /// column `subject_type`, stay as they are.
    pub fn worded(self, text: &str) -> String {
        let (noun, capitalised) = match self {
            Unit::Subject => ("subject", "Subject"),
            Unit::Run => ("run", "Run"),
        };
        text.replace("{subject}", noun).replace("{Subject}", capitalised)
    }
}

impl SplitTable {
    /// Returns the share of the subjects kept for model choices.
    pub fn validation_share(&self) -> f64 {
        self.validation.unwrap_or(SHARE)
    }

    /// Returns the share of the subjects kept for the reported scores, for splits by share.
    pub fn test_share(&self) -> f64 {
        self.test.unwrap_or(SHARE)
    }

    /// Returns the sizes of the validation and test parts. Shares are rounded; a part with a share above
    /// 0 gets at least one subject.
    pub fn sizes(&self, subjects: usize) -> (usize, usize) {
        let size = |share: f64| match (share * subjects as f64).round() as usize {
            0 if share > 0.0 => 1,
            size => size,
        };
        (size(self.validation_share()), size(self.test_share()))
    }

    /// Writes the default values of missing keys into the table.
    pub fn fill_defaults(&mut self, seed: u64) {
        self.seed.get_or_insert(seed);
        if self.file.is_none() {
            self.validation.get_or_insert(SHARE);
            if self.folds.is_none() && self.leave_out.is_none() {
                self.test.get_or_insert(SHARE);
            }
        }
    }

    /// Returns the settings that divide a spec with several splits into specs with one split each, such
    /// as `{"split.fold": 3, "split.repeat": 0}`. Returns nothing for a single split.
    ///
    /// Folds are nested in repetitions: all folds of the first division come first. The variants run as
    /// a sweep, so they share its code, folders and leaderboard.
    pub fn variants(&self, scans: &[ScanInfo]) -> Vec<BTreeMap<String, Value>> {
        let all = |chosen: Option<usize>, of: Option<usize>| match (chosen, of) {
            (None, Some(count)) => (0..count).map(Some).collect(),
            _ => vec![None],
        };
        let repeats = all(self.repeat, self.repeats);
        let folds = all(self.fold, self.folds.or_else(|| self.left_out(scans).map(|groups| groups.len())));
        let mut variants = Vec::new();
        // More than a sweep may have is a problem that `check` reports.
        for repeat in repeats.into_iter().take(MOST_VARIANTS.div_ceil(folds.len().max(1))) {
            for &fold in &folds {
                let chosen = [("split.repeat", repeat), ("split.fold", fold)];
                let chosen =
                    chosen.into_iter().filter_map(|(key, place)| Some((key.to_owned(), place?.into())));
                variants.push(chosen.collect::<BTreeMap<String, Value>>());
            }
        }
        variants.retain(|settings| !settings.is_empty());
        variants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_is_filled_in_and_names_of_users_stay() {
        let said = "{Subject}s of the class `subjective` by `subject_type`, paired by {subject}";
        assert_eq!(Unit::Run.worded(said), "Runs of the class `subjective` by `subject_type`, paired by run");
        assert_eq!(
            Unit::Subject.worded(said),
            "Subjects of the class `subjective` by `subject_type`, paired by subject"
        );
    }
}
