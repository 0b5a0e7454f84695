//! The `[split]` section: who is learned from, and how the rest is divided.

use std::collections::BTreeMap;
use std::path::PathBuf;

use boldface::ScanInfo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Share of the subjects that a held-out part gets if the spec does not say.
const SHARE: f64 = 0.15;

/// Who is learned from: shares of the subjects, folds, one group left out, or a file.
///
/// A subject is never in two parts, whatever the rule, unless `unit = "run"` asks for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SplitTable {
    /// What is divided: `subject`, or `run` to decode within subjects. With runs, wherever this section says
    /// subject read run; nothing can then be said about people who were not scanned.
    #[serde(default, skip_serializing_if = "Unit::is_subject")]
    pub unit: Unit,
    /// Share of all subjects kept for choices; 0.15 if left out. With folds it may be 0, where nothing is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Share of all subjects kept for the reported numbers; 0.15 if left out. Folds and `leave-out`
    /// decide it themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// Phenotype columns whose values are spread evenly over the parts.
    #[serde(default)]
    pub stratify: Vec<String>,
    /// Seed of the split alone; the experiment's if left out.
    #[serde(default)]
    pub seed: Option<u64>,
    /// A phenotype column whose values are never divided between parts, such as `site` or `family`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Number of folds: each subject (or group) is a test subject in exactly one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// A phenotype column, such as `site`, each of whose values is the test part of one fold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<String>,
    /// The fold that is the test part, counted from 0; left out, all are run as a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// How often subjects are divided anew, each time from another random stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<usize>,
    /// The repetition to run, counted from 0; left out, all are run as a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<usize>,
    /// A TSV file with the columns `participant_id`, `part` (`train`, `validation` or `test`) and, for
    /// several datasets, `dataset`; relative to the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// What a split divides and an interval resamples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A person with all scans: numbers say how well new people are predicted.
    #[default]
    Subject,
    /// One run: numbers say how well new runs of the same people are predicted.
    Run,
}

impl Unit {
    fn is_subject(&self) -> bool {
        *self == Unit::Subject
    }

    /// What a reader must know of the numbers; none where they are about new people.
    pub fn caution(self) -> Option<&'static str> {
        let said = "runs are divided, not subjects (`[split] unit = \"run\"`): the numbers say how well new runs of the \
                    same people are told, and nothing about new people";
        (self == Unit::Run).then_some(said)
    }

    /// Fills in the noun of a text that says `{subject}` or `{Subject}`. Users' own names, such as a column
    /// `subject_type`, stay as they are.
    pub(crate) fn worded(self, text: &str) -> String {
        let (noun, capitalised) = match self {
            Unit::Subject => ("subject", "Subject"),
            Unit::Run => ("run", "Run"),
        };
        text.replace("{subject}", noun).replace("{Subject}", capitalised)
    }
}

impl SplitTable {
    /// Share of the subjects kept for choices.
    pub fn validation_share(&self) -> f64 {
        self.validation.unwrap_or(SHARE)
    }

    /// Share of the subjects kept for the reported numbers, where shares decide.
    pub fn test_share(&self) -> f64 {
        self.test.unwrap_or(SHARE)
    }

    /// How many of `subjects` fall to validation and to test by share: shares are rounded, and a part
    /// that is asked for gets at least one.
    pub fn sizes(&self, subjects: usize) -> (usize, usize) {
        let size = |share: f64| match (share * subjects as f64).round() as usize {
            0 if share > 0.0 => 1,
            size => size,
        };
        (size(self.validation_share()), size(self.test_share()))
    }

    /// Writes down what a key left out stands for.
    pub(crate) fn fill_defaults(&mut self, seed: u64) {
        self.seed.get_or_insert(seed);
        if self.file.is_none() {
            self.validation.get_or_insert(SHARE);
            if self.folds.is_none() && self.leave_out.is_none() {
                self.test.get_or_insert(SHARE);
            }
        }
    }

    /// The settings that make a spec of several splits one of a single split each, such as
    /// `{"split.fold": 3, "split.repeat": 0}`; empty if it is one already.
    ///
    /// Folds are inside repetitions: all folds of the first division come first.
    pub fn variants(&self, scans: &[ScanInfo]) -> Vec<BTreeMap<String, Value>> {
        let all = |chosen: Option<usize>, of: Option<usize>| match (chosen, of) {
            (None, Some(count)) => (0..count).map(Some).collect(),
            _ => vec![None],
        };
        let repeats = all(self.repeat, self.repeats);
        let folds = all(self.fold, self.folds.or_else(|| self.left_out(scans).map(|groups| groups.len())));
        let mut variants = Vec::new();
        for repeat in repeats {
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
