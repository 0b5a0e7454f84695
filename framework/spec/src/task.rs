//! Task keys of the framework: how a task's examples are put to the model.

use std::path::PathBuf;

use boldface::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys that every task has in addition to its own. They turn the same examples into another experiment;
/// the task plugin does not see them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TaskKeys {
    /// Form in which the model is asked.
    pub paradigm: Paradigm,
    /// Number of training scans per class to learn from (in total for a task without classes); all if
    /// left out. New people come before second scans of the same people. The scans of 2 shots are among
    /// those of 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shots: Option<usize>,
    /// Keeps the task out of instruction tuning, so its scores are zero-shot. For facts, use
    /// `[facts] held-out` instead.
    pub held_out: bool,
    /// A file of paraphrases, relative to the spec. Training draws from it; evaluation uses the first
    /// paraphrase. Facts are taught in the corpus' own questions, so for a task about facts it changes
    /// evaluation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PathBuf>,
    /// A linear baseline to start from: its answer is the prior, which the model corrects as far as validation
    /// subjects show that this helps. The model's own answers are scored beside it, as `without-prior`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<Prior>,
    /// Teaches a number among bins that near bins are better than far ones, which plain cross-entropy does not know.
    /// Each training presentation names the bin of a number drawn from a normal distribution around the true one, with
    /// this standard deviation in the unit of `edges`. Scores use the true number. As soft labels for ordinal
    /// regression (Diaz & Marathe, CVPR 2019).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_sd: Option<f64>,
    /// How often each band of a fact is expected before the scan is seen. Probabilities are corrected accordingly
    /// before scoring (Bayes' theorem), and the model's own answers about facts are scored beside it, as
    /// `without-frequencies`.
    #[serde(skip_serializing_if = "BandFrequencies::is_asked")]
    pub frequencies: BandFrequencies,
}

/// How often each band of a fact is expected before the scan is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BandFrequencies {
    /// As often as training asked for it: more often than it occurs if it is rare, less often if it is common. These
    /// are the model's own answers.
    #[default]
    Asked,
    /// As often as it occurs in training scans: the most answers are right.
    Natural,
    /// All bands equally often: the best balanced accuracy. Fewer answers are right, because rare bands are answered
    /// more often.
    Equal,
}

impl BandFrequencies {
    /// Whether the model's own answers stay.
    pub fn is_asked(&self) -> bool {
        *self == BandFrequencies::Asked
    }
}

/// A linear baseline of connectivity: logistic regression for classes, ridge regression for numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// Fisher z of the correlations.
    Fc,
    /// The correlation matrix with flattened eigenvalues.
    FcFlat,
    /// The tangent space of covariance matrices.
    Tangent,
}

impl Prior {
    /// Its name in a spec, and the beginning of the baseline's name.
    pub fn name(self) -> &'static str {
        match self {
            Prior::Fc => "fc",
            Prior::FcFlat => "fc-flat",
            Prior::Tangent => "tangent",
        }
    }
}

/// Form in which a model is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Paradigm {
    /// One question and one answer. Options are ranked by log-likelihood.
    #[default]
    Single,
    /// One prompt with the questions of all `multi` tasks about the same volumes, in the order of the
    /// tasks' names. The options of each are ranked after the model's own earlier answers, never the
    /// true ones.
    Multi,
    /// A generated sentence in which the option is looked up. A sentence that names no option or several
    /// is wrong; `parsed_share` is the share of sentences that name exactly one.
    Open,
    /// A linear model on the pooled hidden state of the model as it was before instruction tuning:
    /// logistic for choices, ridge for numbers. The penalty is chosen among training subjects.
    Probe,
}

/// Names of the keys that are taken out of a task's table.
pub const TASK_KEYS: [&str; 7] =
    ["paradigm", "shots", "held-out", "prompts", "prior", "answer-sd", "frequencies"];

impl TaskKeys {
    /// Returns contradictions between the keys, each at its key.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.shots == Some(0) {
            let help = "write `held-out = true` for a task that nothing is learned of";
            problems.push(Problem::at("shots", "0 shots teach nothing").help(help));
        }
        if self.held_out && self.paradigm == Paradigm::Probe {
            let help = "a probe learns from training scans but never takes part in instruction tuning; remove \
                        one of the two keys";
            problems.push(Problem::at("held-out", "a probe cannot be zero-shot").help(help));
        } else if self.held_out && self.shots.is_some_and(|shots| shots > 0) {
            let help = "remove `shots` for zero-shot, or `held-out` for few-shot";
            problems.push(Problem::at("held-out", "a task that is held out learns from no shots").help(help));
        }
        if let Some(sd) = self.answer_sd.filter(|sd| !(sd.is_finite() && *sd > 0.0)) {
            let help = "give it in the unit of `edges`, such as 5 for 5 years, or remove it to learn the true bin only";
            problems
                .push(Problem::at("answer-sd", format!("{sd} is not a finite number above 0")).help(help));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_zero_shot_is_said() {
        let said =
            |keys: TaskKeys| keys.check().iter().map(|problem| problem.message.clone()).collect::<Vec<_>>();
        let held_out = TaskKeys { held_out: true, ..TaskKeys::default() };
        assert_eq!(said(held_out.clone()), Vec::<String>::new());
        assert_eq!(
            said(TaskKeys { paradigm: Paradigm::Probe, ..held_out.clone() }),
            ["a probe cannot be zero-shot"]
        );
        assert_eq!(
            said(TaskKeys { shots: Some(4), ..held_out.clone() }),
            ["a task that is held out learns from no shots"]
        );
        assert_eq!(said(TaskKeys { shots: Some(0), ..held_out }), ["0 shots teach nothing"]);
    }

    #[test]
    fn a_standard_deviation_is_a_finite_number_above_0() {
        let count = |sd| TaskKeys { answer_sd: Some(sd), ..TaskKeys::default() }.check().len();
        assert_eq!([0.5, 0.0, -1.0, f64::INFINITY, f64::NAN].map(count), [0, 1, 1, 1, 1]);
    }

    #[test]
    fn keys_that_are_not_set_are_not_written() {
        let written = serde_json::to_value(TaskKeys::default()).unwrap();
        assert_eq!(written, serde_json::json!({ "paradigm": "single", "held-out": false }));
    }
}
