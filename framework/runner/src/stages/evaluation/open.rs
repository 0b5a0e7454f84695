//! Scores sentences as choices: the class that is named, or a wrong one.

use boldface::{Answer, Example, Metric, Outcome, Prediction, Result, Scan, Task};
use serde_json::Value;

/// Metrics that rank or weigh probabilities: a sentence that names a class has none to give.
const OF_PROBABILITIES: [&str; 4] = ["auroc", "brier", "ece", "log_loss"];

/// A task whose `score` takes open answers for choices: all probability is on the class that a sentence
/// names. One that names no class, or several, counts as the class after the right one: it is wrong in
/// accuracy and recall, and nowhere near a lucky guess.
///
/// Of open answers, `auroc`, `log_loss`, `brier` and `ece` are not given, as they would be computed from hard answers;
/// `parsed_share`, the share that names one class, is. Answers of other forms are scored by the task alone.
#[derive(Debug)]
pub struct Open<'a>(pub &'a dyn Task);

impl boldface::Config for Open<'_> {
    fn resolved(&self) -> Value {
        self.0.resolved()
    }
}

impl Task for Open<'_> {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        self.0.examples(scan)
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let is_open = |outcome: &&&Outcome| matches!(outcome.prediction, Prediction::Open { .. });
        if !outcomes.iter().any(|outcome| is_open(&outcome)) {
            return self.0.score(outcomes);
        }
        let hard: Vec<Outcome> = outcomes.iter().map(|outcome| as_choice(outcome)).collect();
        let mut metrics = self.0.score(&hard.iter().collect::<Vec<_>>())?;
        metrics.retain(|metric| !OF_PROBABILITIES.contains(&metric.name.as_str()));
        let parsed = outcomes
            .iter()
            .filter(|outcome| matches!(outcome.prediction, Prediction::Open { named: Some(_), .. }));
        let share = parsed.count() as f64 / outcomes.len() as f64;
        metrics.push(Metric::higher_is_better("parsed_share", share));
        Ok(metrics)
    }
}

fn as_choice(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    if let (Prediction::Open { named, .. }, Answer::Choice { options, correct }) =
        (&outcome.prediction, &outcome.example.answer)
    {
        let said = named.unwrap_or((correct + 1) % options.len().max(1));
        let probabilities = (0..options.len()).map(|option| f64::from(u8::from(option == said))).collect();
        outcome.prediction = Prediction::Choice { probabilities };
    }
    outcome
}
