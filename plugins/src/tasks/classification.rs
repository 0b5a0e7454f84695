//! Predicts a categorical phenotype of the scanned subject.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{
    Answer, CheckContext, Deserialize, Example, JsonSchema, Metric, Outcome, Problem, Result, Scan,
    Serialize, Task, Window, register,
};

use super::choice;
use super::column::{Otherwise, no_such_column, without_a_value};

/// Asks for a phenotype of a scan and ranks the `classes` by log-likelihood; nothing is sampled.
///
/// Scores: `accuracy`, `balanced_accuracy` (mean recall), `auroc` (one class against the rest, mean
/// over classes), `macro_f1`, `log_loss` (nats), `brier`, and `ece` (expected calibration error of the
/// given answer, in ten bins).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Classification {
    /// Column of the participants, sessions or scans table to predict, such as `sex`.
    target: String,
    /// The permitted answers.
    classes: Vec<String>,
    /// How to treat a scan without a value of `target`: report it as an error, or skip it.
    #[serde(default)]
    missing: Otherwise,
    /// How to treat a scan whose value is not among the `classes`: report it as an error, or skip it.
    #[serde(default)]
    others: Otherwise,
    /// The question; `{target}` is replaced by the target.
    #[serde(default = "default_question")]
    question: String,
}

register!(Task "classification" => Classification);

fn default_question() -> String {
    "What is the {target} of this scan?".to_owned()
}

impl Task for Classification {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let (id, target) = (&scan.info.id, &self.target);
        let Some(value) = scan.info.phenotype.get(target) else {
            return match self.missing {
                Otherwise::Skip => Ok(Vec::new()),
                Otherwise::Error => Err(format!("`{id}` has no `{target}`").into()),
            };
        };
        let Some(correct) = self.classes.iter().position(|class| class == value) else {
            let classes = self.classes.join("`, `");
            return match self.others {
                Otherwise::Skip => Ok(Vec::new()),
                Otherwise::Error => {
                    Err(format!("`{target}` of `{id}` is `{value}`, not one of the classes `{classes}`")
                        .into())
                }
            };
        };
        Ok(vec![Example {
            window: Window::first(scan.series.trs()),
            question: self.question.replace("{target}", &self.target),
            answer: Answer::Choice { options: self.classes.clone(), correct },
        }])
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        choice::score(outcomes)
    }

    fn version(&self) -> u32 {
        2
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let mut problems = choice::check_classes(&self.classes);
        let mut people: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for scan in cx.scans {
            if let Some(value) = scan.phenotype.get(&self.target) {
                people.entry(value).or_default().insert(scan.id.person());
            }
        }
        if people.is_empty() {
            problems.push(no_such_column(&self.target, cx));
            return problems;
        }
        if self.missing == Otherwise::Error {
            problems.extend(without_a_value(&self.target, cx));
        }
        let is_other =
            |value: &&&str| self.others == Otherwise::Error && !self.classes.iter().any(|c| c == **value);
        for value in people.keys().filter(is_other) {
            let message = format!("`{}` takes the value `{value}`, which is not a class", self.target);
            let help =
                format!("add `{value}` to `classes`, or leave such scans out with `others = \"skip\"`");
            problems.push(Problem::at("classes", message).help(help));
        }
        for class in self.classes.iter().collect::<BTreeSet<_>>() {
            let problem = match people.get(class.as_str()).map_or(0, BTreeSet::len) {
                0 => format!("no scan has `{class}` as its `{}`", self.target),
                1 => format!(
                    "class `{class}` occurs in one subject only: it cannot be in both training and test"
                ),
                _ => continue,
            };
            problems.push(Problem::at("classes", problem).help("leave the class out or add subjects"));
        }
        problems
    }
}
