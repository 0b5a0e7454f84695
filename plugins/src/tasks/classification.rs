//! Names a categorical phenotype of the scanned subject.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{
    Answer, CheckContext, Deserialize, Example, JsonSchema, Metric, Outcome, Prediction, Problem, Result,
    Scan, Serialize, Task, Window, register, scores,
};

use super::column::{Otherwise, no_such_column, without_a_value};

/// Asks for a phenotype of a scan and ranks the `classes` by log-likelihood; nothing is sampled.
///
/// Scores: `accuracy`, `balanced_accuracy` (mean
/// recall), `auroc` (one class against the rest, mean over classes), `macro_f1`, `log_loss` (nats), `brier`
/// and `ece` (expected calibration error of the answer given, in ten bins).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Classification {
    /// The column of the participants, sessions or scans table to predict, such as `sex`.
    target: String,
    /// The permitted answers.
    classes: Vec<String>,
    /// What a scan without a value of `target` is: a mistake to be reported, or left out.
    #[serde(default)]
    missing: Otherwise,
    /// What a scan is whose value is not among the `classes`: a mistake to be reported, or left out.
    #[serde(default)]
    others: Otherwise,
    /// The question; `{target}` stands for the target.
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
        let mut correct = Vec::new();
        let mut probabilities = Vec::new();
        for outcome in outcomes {
            let (class, of_class) = choice(outcome)?;
            correct.push(class);
            probabilities.push(of_class);
        }
        let predicted: Vec<usize> = probabilities.iter().map(|p| scores::most_likely(p)).collect();
        Ok(vec![
            Metric::higher_is_better("accuracy", scores::accuracy(&correct, &predicted)),
            Metric::higher_is_better("balanced_accuracy", scores::balanced_accuracy(&correct, &predicted)),
            Metric::higher_is_better("auroc", scores::auroc_one_vs_rest(&correct, &probabilities)),
            Metric::higher_is_better("macro_f1", scores::macro_f1(&correct, &predicted)),
            Metric::lower_is_better("log_loss", scores::log_loss(&correct, &probabilities)),
            Metric::lower_is_better("brier", scores::brier(&correct, &probabilities)),
            Metric::lower_is_better("ece", scores::calibration_error(&correct, &probabilities)),
        ])
    }

    fn version(&self) -> u32 {
        2
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let mut problems = self.check_classes();
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

impl Classification {
    fn check_classes(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let distinct: BTreeSet<&String> = self.classes.iter().collect();
        if distinct.len() < 2 {
            let help = "list every value that the target takes";
            problems.push(Problem::at("classes", "there is nothing to choose between").help(help));
        }
        if distinct.len() < self.classes.len() {
            problems.push(Problem::at("classes", "a class is listed twice").help("list each class once"));
        }
        if distinct.iter().any(|class| class.trim().is_empty()) {
            problems.push(Problem::at("classes", "a class has no name").help("remove the empty class"));
        }
        problems
    }
}

/// The right class of an outcome, and the probability of every class.
fn choice(outcome: &Outcome) -> Result<(usize, &[f64])> {
    let (Answer::Choice { options, correct }, Prediction::Choice { probabilities }) =
        (&outcome.example.answer, &outcome.prediction)
    else {
        return Err(format!("`{}` was not answered with a choice", outcome.scan).into());
    };
    let usable = probabilities.len() == options.len() && probabilities.iter().all(|p| p.is_finite());
    if !usable || *correct >= options.len() {
        let message = format!("`{}` needs {} probabilities: {probabilities:?}", outcome.scan, options.len());
        return Err(message.into());
    }
    Ok((*correct, probabilities))
}
