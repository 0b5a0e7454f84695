//! Linear models of a scan's features: logistic regression for choices, ridge regression for numbers.

use std::collections::BTreeMap;

use boldface::{Answer, Prediction, Result};

use super::baselines::fc_logistic::{self, ClassificationExample, FitProgress};
use super::baselines::ridge::{self, RegressionExample};
use super::cases::QuestionCase;

/// A question and the features of its scan. NaN counts as the mean.
pub type Featured<'a> = (&'a QuestionCase<'a>, Vec<f32>);

/// Answers `asked` in order. Only `train` is used for fitting: it gives the standardisation, and its
/// subjects decide the penalty. Choices with the same options share a model. Choices with options that
/// no training scan has get equal shares.
///
/// # Errors
/// If an answer is neither a choice nor a number, or numbers are asked for without training scans.
pub fn predict(
    train: &[Featured<'_>],
    asked: &[Featured<'_>],
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<Vec<Prediction>> {
    match asked.first().map(|(case, _)| &case.example.answer) {
        None => Ok(Vec::new()),
        Some(Answer::Value { .. }) => numbers(train, asked, seed, progress),
        Some(_) => choices(train, asked, seed, progress),
    }
}

fn numbers(
    train: &[Featured<'_>],
    asked: &[Featured<'_>],
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<Vec<Prediction>> {
    let mut known = Vec::new();
    for (case, features) in train {
        let person = case.scan.info.id.person();
        known.push(RegressionExample { features: features.clone(), value: value(case)?, person });
    }
    if known.is_empty() {
        return Err("no training scan has a number to learn from".into());
    }
    let points: Vec<Vec<f32>> = asked.iter().map(|(_, features)| features.clone()).collect();
    let predicted = ridge::predict(&known, &points, seed, progress)?;
    Ok(predicted.into_iter().map(|value| Prediction::Value { value }).collect())
}

fn choices(
    train: &[Featured<'_>],
    asked: &[Featured<'_>],
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<Vec<Prediction>> {
    let mut known: BTreeMap<&[String], Vec<ClassificationExample>> = BTreeMap::new();
    for (case, features) in train {
        let (options, class) = choice(case)?;
        let scan =
            ClassificationExample { features: features.clone(), class, person: case.scan.info.id.person() };
        known.entry(options).or_default().push(scan);
    }
    let mut by_options: BTreeMap<&[String], Vec<(usize, Vec<f32>)>> = BTreeMap::new();
    for (place, (case, features)) in asked.iter().enumerate() {
        by_options.entry(choice(case)?.0).or_default().push((place, features.clone()));
    }
    let mut predictions = Vec::new();
    for (options, points) in by_options {
        let (places, points): (Vec<usize>, Vec<Vec<f32>>) = points.into_iter().unzip();
        let known = known.get(options).map_or(&[][..], Vec::as_slice);
        let probabilities = fc_logistic::predict(known, &points, options.len(), seed, progress)?;
        predictions.extend(places.into_iter().zip(probabilities));
    }
    predictions.sort_by_key(|(place, _)| *place);
    Ok(predictions.into_iter().map(|(_, probabilities)| Prediction::Choice { probabilities }).collect())
}

/// Returns the options of a choice, and the index of the correct one.
///
/// # Errors
/// If the example is not a choice, or has no correct option.
pub fn choice<'a>(case: &'a QuestionCase<'_>) -> Result<(&'a [String], usize)> {
    match &case.example.answer {
        Answer::Choice { options, correct } if *correct < options.len() => Ok((options, *correct)),
        _ => Err(format!("the example of `{}` has no right option", case.scan.info.id).into()),
    }
}

/// Returns the correct number.
///
/// # Errors
/// If the example does not ask for a number, or its number is not finite.
pub fn value(case: &QuestionCase<'_>) -> Result<f64> {
    match &case.example.answer {
        Answer::Value { value, .. } if value.is_finite() => Ok(*value),
        _ => Err(format!("the example of `{}` has no right number", case.scan.info.id).into()),
    }
}
