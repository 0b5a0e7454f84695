//! Names a categorical phenotype of the scanned subject.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{
    Answer, CheckContext, Deserialize, Example, JsonSchema, Metric, Outcome, Prediction, Problem, Result,
    Scan, Serialize, Task, Window, register, scores,
};

/// Asks for a phenotype of a scan and ranks the `classes` by log-likelihood; nothing is sampled.
///
/// A scan without the phenotype gives no example. Scores: `accuracy`, `balanced_accuracy` (mean
/// recall), `auroc` (one class against the rest, mean over classes), `macro_f1` and `log_loss` (nats).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Classification {
    /// The column of the participants, sessions or scans table to predict, such as `sex`.
    target: String,
    /// The permitted answers: every value that `target` takes.
    classes: Vec<String>,
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
        let Some(value) = scan.info.phenotype.get(&self.target) else { return Ok(Vec::new()) };
        let correct = self.classes.iter().position(|class| class == value).ok_or_else(|| {
            let (id, target, classes) = (&scan.info.id, &self.target, self.classes.join("`, `"));
            format!("`{target}` of `{id}` is `{value}`, which is not one of the classes `{classes}`")
        })?;
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
        ])
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
            problems.push(self.no_such_column(cx));
            return problems;
        }
        for (value, _) in people.iter().filter(|(value, _)| !self.classes.iter().any(|c| c == *value)) {
            let message = format!("`{}` takes the value `{value}`, which is not a class", self.target);
            problems.push(Problem::at("classes", message).help(format!("add `{value}` to `classes`")));
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

    fn no_such_column(&self, cx: &CheckContext<'_>) -> Problem {
        let columns: BTreeSet<&str> =
            cx.scans.iter().flat_map(|scan| scan.phenotype.keys().map(String::as_str)).collect();
        let message = format!("no scan has a value for `{}`", self.target);
        let help = if columns.is_empty() {
            "the dataset has no participants, sessions or scans table".to_owned()
        } else {
            format!("columns are: {}", columns.into_iter().collect::<Vec<_>>().join(", "))
        };
        Problem::at("target", message).help(help)
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
