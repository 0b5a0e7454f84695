//! Checks and scores that tasks with classes share.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Answer, Metric, Outcome, Prediction, Problem, Result, scores};

/// Scores choices: `auroc`, `balanced_accuracy`, `accuracy`, `macro_f1`, `log_loss`, `brier` and `ece`.
///
/// Chance is 0.5 for the AUROC, one divided by the number of classes that occur for the balanced accuracy, and the
/// share of the most frequent class for the accuracy.
///
/// # Errors
/// If an outcome is not a choice.
pub fn score(outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
    let mut correct = Vec::new();
    let mut probabilities = Vec::new();
    for outcome in outcomes {
        let (class, of_class) = choice(outcome)?;
        correct.push(class);
        probabilities.push(of_class);
    }
    let predicted: Vec<usize> = probabilities.iter().map(|p| scores::most_likely(p)).collect();
    let mut counts = BTreeMap::new();
    for class in &correct {
        *counts.entry(class).or_insert(0_usize) += 1;
    }
    let most_frequent = counts.values().max().map_or(f64::NAN, |&n| n as f64 / correct.len() as f64);
    Ok(vec![
        Metric::higher_is_better("auroc", scores::auroc_one_vs_rest(&correct, &probabilities))
            .with_chance(0.5)
            .from_probabilities(),
        Metric::higher_is_better("balanced_accuracy", scores::balanced_accuracy(&correct, &predicted))
            .with_chance(1.0 / counts.len() as f64),
        Metric::higher_is_better("accuracy", scores::accuracy(&correct, &predicted))
            .with_chance(most_frequent),
        Metric::higher_is_better("macro_f1", scores::macro_f1(&correct, &predicted)),
        Metric::lower_is_better("log_loss", scores::log_loss(&correct, &probabilities)).from_probabilities(),
        Metric::lower_is_better("brier", scores::brier(&correct, &probabilities)).from_probabilities(),
        Metric::lower_is_better("ece", scores::calibration_error(&correct, &probabilities))
            .from_probabilities(),
    ])
}

/// Lists problems with a list of classes that do not depend on the scans.
pub fn check_classes(classes: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let distinct: BTreeSet<&String> = classes.iter().collect();
    if distinct.len() < 2 {
        let help = "list every value that the target takes";
        problems.push(Problem::at("classes", "there is nothing to choose between").help(help));
    }
    if distinct.len() < classes.len() {
        problems.push(Problem::at("classes", "a class is listed twice").help("list each class once"));
    }
    if distinct.iter().any(|class| class.trim().is_empty()) {
        problems.push(Problem::at("classes", "a class has no name").help("remove the empty class"));
    }
    problems
}

/// Returns the correct class of an outcome, and the probability of every class.
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
