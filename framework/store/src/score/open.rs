//! Scores generated sentences as choices of the class that each names.

use boldface::{Answer, Example, Metric, Outcome, Prediction, Result, Scan, Task};
use serde_json::Value;

/// A task that scores open answers as choices, with all probability on the class that a sentence names.
/// A sentence that names no class, or several, counts as the class after the correct one, so it is
/// never correct by chance.
///
/// For open answers, metrics that need probabilities are left out, since hard answers would make them
/// meaningless. `parsed_share`, the share of sentences that name exactly one class, is added. Other
/// answers go to the task's own score unchanged.
#[derive(Debug)]
pub struct OpenAnswerTask<'a>(pub &'a dyn Task);

impl boldface::Config for OpenAnswerTask<'_> {
    fn resolved(&self) -> Value {
        self.0.resolved()
    }
}

impl Task for OpenAnswerTask<'_> {
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
        metrics.retain(|metric| !metric.needs_probabilities);
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

#[cfg(test)]
mod tests {
    use boldface::{ScanId, Window, scores};

    use super::*;

    /// Accuracy, balanced accuracy, and a metric of probabilities.
    #[derive(Debug, serde::Serialize)]
    struct Share;

    impl Task for Share {
        fn examples(&self, _: &Scan) -> Result<Vec<Example>> {
            Ok(Vec::new())
        }

        fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
            let (mut correct, mut said) = (Vec::new(), Vec::new());
            for outcome in outcomes {
                let (Answer::Choice { correct: right, .. }, Prediction::Choice { probabilities }) =
                    (&outcome.example.answer, &outcome.prediction)
                else {
                    return Err("no choice".into());
                };
                correct.push(*right);
                said.push(scores::most_likely(probabilities));
            }
            let accuracy = scores::accuracy(&correct, &said);
            Ok(vec![
                Metric::higher_is_better("accuracy", accuracy),
                Metric::higher_is_better("balanced_accuracy", scores::balanced_accuracy(&correct, &said)),
                Metric::higher_is_better("auroc", 0.5).from_probabilities(),
            ])
        }
    }

    fn outcome(correct: usize, prediction: Prediction) -> Outcome {
        let answer = Answer::Choice { options: ["a", "b", "c"].map(str::to_owned).into(), correct };
        let id = ScanId::new("d", "1");
        Outcome {
            scan: id,
            example: Example { window: Window::first(1), question: "?".into(), answer },
            prediction,
        }
    }

    fn told(outcomes: &[Outcome]) -> Vec<(String, f64)> {
        let metrics = OpenAnswerTask(&Share).score(&outcomes.iter().collect::<Vec<_>>()).unwrap();
        metrics.into_iter().map(|metric| (metric.name, metric.value)).collect()
    }

    #[test]
    fn what_names_no_class_is_wrong_and_counted() {
        let open = |correct, named| outcome(correct, Prediction::Open { text: String::new(), named });
        // Correct, wrong, and for each class one that names nothing. The latter must never count as
        // correct.
        let outcomes = [open(1, Some(1)), open(1, Some(2)), open(0, None), open(1, None), open(2, None)];
        let told = told(&outcomes);
        assert_eq!(told[0], ("accuracy".to_owned(), 0.2));
        // Recall of class 0: 0 of 1, of 1: 1 of 3, of 2: 0 of 1.
        assert_eq!(told[1].0, "balanced_accuracy");
        assert!((told[1].1 - 1.0 / 9.0).abs() < 1e-12);
        assert_eq!(told[2..], [("parsed_share".to_owned(), 0.4)]);
    }

    #[test]
    fn other_answers_are_scored_as_ever() {
        let choice = Prediction::Choice { probabilities: vec![0.2, 0.5, 0.3] };
        let names: Vec<String> = told(&[outcome(1, choice)]).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["accuracy", "balanced_accuracy", "auroc"]);
    }
}
