//! Predicts a number of the scanned subject.

use boldface::{
    Answer, CheckContext, Deserialize, Example, JsonSchema, Metric, Outcome, Prediction, Problem, Result,
    Scan, ScanInfo, Serialize, Task, Window, register, scores,
};

use super::column::{Otherwise, no_such_column, without_a_value};

/// Predicts a number, such as an age, from a scan.
///
/// Without `edges`, ridge regression on the pooled hidden state of the prompt gives the number. It is
/// fitted on training scans, with a penalty chosen among training subjects, and instruction tuning
/// never sees the number. With `edges`, the model learns to name the bin of the number, bins are ranked
/// by log-likelihood, and the prediction is the mean of the bins' centres, weighted by their
/// probabilities.
///
/// Scores: `mae` (mean absolute error, in `unit`), `r2` (share of explained variance; negative if the
/// mean is a better prediction) and `pearson_r`. The last two are undefined if the numbers do not vary,
/// and `pearson_r` also if the predictions do not.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Regression {
    /// Column of the participants, sessions or scans table to predict, such as `age`.
    target: String,
    /// Unit of the number, such as `years`; empty for a number without one.
    #[serde(default)]
    unit: String,
    /// Edges of the bins to rank, in rising order and in `unit`, both ends included: `[20, 30, 40, 60]`
    /// makes three bins. Without edges, ridge regression predicts the number.
    #[serde(default)]
    edges: Vec<f64>,
    /// How to treat a scan without a value of `target`: report it as an error, or skip it.
    #[serde(default)]
    missing: Otherwise,
    /// The question; `{target}` and `{unit}` are replaced by the target and its unit.
    #[serde(default = "default_question")]
    question: String,
}

register!(Task "regression" => Regression);

fn default_question() -> String {
    "What is the {target} of this scan?".to_owned()
}

impl Task for Regression {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let (id, target) = (&scan.info.id, &self.target);
        let Some(written) = scan.info.phenotype.get(target) else {
            return match self.missing {
                Otherwise::Skip => Ok(Vec::new()),
                Otherwise::Error => Err(format!("`{id}` has no `{target}`").into()),
            };
        };
        let value =
            number(written).ok_or_else(|| format!("`{target}` of `{id}` is `{written}`, not a number"))?;
        Ok(vec![Example {
            window: Window::first(scan.series.trs()),
            question: self.question.replace("{target}", target).replace("{unit}", &self.unit),
            answer: Answer::Value { value, unit: self.unit.clone(), edges: self.edges.clone() },
        }])
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let (mut actual, mut predicted) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            let (Answer::Value { value: truth, .. }, Prediction::Value { value }) =
                (&outcome.example.answer, &outcome.prediction)
            else {
                return Err(format!("`{}` was not answered with a number", outcome.scan).into());
            };
            actual.push(*truth);
            predicted.push(*value);
        }
        Ok(vec![
            Metric::lower_is_better("mae", scores::mae(&actual, &predicted)).in_unit(&self.unit),
            Metric::higher_is_better("r2", scores::r2(&actual, &predicted)),
            Metric::higher_is_better("pearson_r", scores::pearson_r(&actual, &predicted)),
        ])
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let mut problems = self.check_edges();
        let has_bins = problems.is_empty() && !self.edges.is_empty();
        let written = |scan: &ScanInfo| scan.phenotype.get(&self.target).cloned();
        if cx.scans.iter().all(|scan| written(scan).is_none()) {
            problems.push(no_such_column(&self.target, cx));
            return problems;
        }
        if self.missing == Otherwise::Error {
            problems.extend(without_a_value(&self.target, cx));
        }
        let mut values = Vec::new();
        for scan in cx.scans {
            let Some(written) = written(scan) else { continue };
            match number(&written) {
                Some(value) => values.push((value, scan)),
                None => {
                    let message = format!("`{}` of `{}` is `{written}`, not a number", self.target, scan.id);
                    let help = "correct the table, or leave the cell empty and set `missing = \"skip\"`";
                    problems.push(Problem::at("target", message).help(help));
                    return problems;
                }
            }
        }
        if values.len() > 1 && values.windows(2).all(|pair| pair[0].0 == pair[1].0) {
            let message = format!("`{}` is the same in every scan", self.target);
            problems.push(Problem::at("target", message).help("choose a column that varies"));
        }
        let is_outside = |value: f64| self.edges.first() > Some(&value) || self.edges.last() < Some(&value);
        if let Some((value, scan)) = values.iter().find(|(value, _)| has_bins && is_outside(*value)) {
            let message = format!("`{}` has {value}, which is outside all bins", scan.id);
            problems.push(Problem::at("edges", message).help("move the first or the last edge outwards"));
        }
        problems
    }
}

impl Regression {
    fn check_edges(&self) -> Vec<Problem> {
        if self.edges.is_empty() {
            return Vec::new();
        }
        let mut problems = Vec::new();
        if self.edges.len() < 3 {
            let message = format!("{} edges do not make two bins", self.edges.len());
            problems.push(Problem::at("edges", message).help("list at least three numbers"));
        }
        if let Some(pair) = self.edges.windows(2).find(|pair| pair[0] >= pair[1]) {
            let message = format!("{} is followed by {}", pair[0], pair[1]);
            problems.push(Problem::at("edges", message).help("list rising numbers"));
        }
        problems
    }
}

/// Parses a finite number from a table cell.
fn number(written: &str) -> Option<f64> {
    written.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}
