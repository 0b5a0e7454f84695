//! A linear baseline as prior: the model's answer corrects it as far as validation subjects show that this helps.
//!
//! Classes: p(option) is proportional to prior(option) x (model(option) / base(option))^w, where `base` is how often
//! the option occurs in training; without the division, the model's own knowledge of frequencies would count twice.
//! Numbers: prior + w (model - prior). The correction starts at w = 0, the prior alone, and grows only on evidence:
//! the smallest w whose validation loss is within one standard error, over subjects, of the best one.
//!
//! Validation subjects are new to the baseline and to the model, so neither has to be fitted again fold by fold, as a
//! correction learned from training scans would need. One number is chosen, which favours validation scores a little;
//! test scores are untouched.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use boldface::{Answer, Outcome, Part, Prediction, Result};

use super::super::baselines::softmax;
use super::super::cases::outcomes;
use crate::store::OutcomeLine;

/// Name of the model's own answers, without the prior.
pub(super) const WITHOUT: &str = "without-prior";

/// Weights of the correction, from none to the whole of the model's evidence.
const WEIGHTS: [f64; 5] = [0.0, 0.125, 0.25, 0.5, 1.0];

/// Probabilities below this count as this: no single answer may rule an option out.
const LEAST: f64 = 1e-6;

/// Who answers what: the baseline to start from, the baseline that knows frequencies only, and the model.
pub(super) struct Sources<'a> {
    pub baselines: &'a [OutcomeLine],
    pub prior: &'a str,
    pub base: &'a str,
    pub model: &'a str,
}

/// Corrected answers of the model and of its controls, which keep the prior; the model's own answers follow as
/// [`WITHOUT`]. Also returns the weight of the correction.
///
/// # Errors
/// If the prior answered other questions than the model, or answers of another form.
pub(super) fn correct(answers: &[OutcomeLine], sources: &Sources<'_>) -> Result<(Vec<OutcomeLine>, f64)> {
    let aligned = |part: Part, plugin: &str| -> Result<Vec<Terms<'_>>> {
        let model = outcomes(answers, part, plugin);
        let [prior, base] = [sources.prior, sources.base].map(|name| outcomes(sources.baselines, part, name));
        let same = |others: &[&Outcome]| {
            others.len() == model.len() && others.iter().zip(&model).all(|(a, b)| a.scan == b.scan)
        };
        if !same(&prior) || !same(&base) {
            return Err(format!("`{}` answered other questions than `{plugin}`", sources.prior).into());
        }
        let terms = model.into_iter().zip(prior).zip(base);
        Ok(terms.map(|((model, prior), base)| Terms { model, prior, base }).collect())
    };
    let weight = weight(&aligned(Part::Validation, sources.model)?)?;

    let mut corrected: BTreeMap<(&str, &str), std::vec::IntoIter<Prediction>> = BTreeMap::new();
    let mut all = Vec::new();
    for answer in answers {
        let predictions = match corrected.entry((answer.part.name(), answer.plugin.as_str())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let terms = aligned(answer.part, &answer.plugin)?;
                let predictions: Vec<Prediction> =
                    terms.iter().map(|terms| terms.combined(weight)).collect::<Result<_>>()?;
                new.insert(predictions.into_iter())
            }
        };
        let prediction = predictions.next().ok_or("an answer has no correction")?;
        let outcome = Outcome { prediction, ..answer.outcome.clone() };
        all.push(OutcomeLine { outcome, ..answer.clone() });
    }
    let own = answers.iter().filter(|answer| answer.plugin == sources.model);
    all.extend(own.map(|answer| OutcomeLine { plugin: WITHOUT.to_owned(), ..answer.clone() }));
    Ok((all, weight))
}

/// Three answers to one question.
#[derive(Clone, Copy)]
struct Terms<'a> {
    model: &'a Outcome,
    prior: &'a Outcome,
    base: &'a Outcome,
}

impl Terms<'_> {
    fn combined(&self, weight: f64) -> Result<Prediction> {
        match (&self.model.prediction, &self.prior.prediction, &self.base.prediction) {
            (
                Prediction::Choice { probabilities: model },
                Prediction::Choice { probabilities: prior },
                Prediction::Choice { probabilities: base },
            ) if model.len() == prior.len() && base.len() == prior.len() => {
                // The prior alone, to the bit.
                if weight == 0.0 {
                    return Ok(self.prior.prediction.clone());
                }
                let ln = |share: f64| share.max(LEAST).ln();
                let evidence = prior.iter().zip(model.iter().zip(base));
                let logits: Vec<f64> = evidence
                    .map(|(&prior, (&model, &base))| ln(prior) + weight * (ln(model) - ln(base)))
                    .collect();
                Ok(Prediction::Choice { probabilities: softmax(&logits).0 })
            }
            (Prediction::Value { value: model }, Prediction::Value { value: prior }, _) => {
                Ok(Prediction::Value { value: prior + weight * (model - prior) })
            }
            _ => {
                Err(format!("the answers about `{}` cannot be combined with a prior", self.model.scan).into())
            }
        }
    }

    /// Negative log-probability of the right option, or the squared error.
    fn loss(&self, weight: f64) -> Result<f64> {
        match (self.combined(weight)?, &self.model.example.answer) {
            (Prediction::Choice { probabilities }, Answer::Choice { correct, .. }) => {
                let share = probabilities.get(*correct).copied().unwrap_or_default();
                Ok(-share.max(LEAST).ln())
            }
            (Prediction::Value { value }, Answer::Value { value: truth, .. }) => Ok((value - truth).powi(2)),
            _ => Err(format!("the answer about `{}` has no loss", self.model.scan).into()),
        }
    }
}

/// The smallest weight whose loss is within one standard error, over subjects, of the best one; 0 for fewer than two
/// subjects.
fn weight(validation: &[Terms<'_>]) -> Result<f64> {
    let mut people: BTreeMap<String, Vec<Terms<'_>>> = BTreeMap::new();
    for &terms in validation {
        people.entry(terms.model.scan.person()).or_default().push(terms);
    }
    if people.len() < 2 {
        return Ok(0.0);
    }
    let n = people.len() as f64;
    let mut losses: Vec<Vec<f64>> = Vec::new();
    for weight in WEIGHTS {
        let mut of_people = Vec::new();
        for terms in people.values() {
            let total: f64 = terms.iter().map(|terms| terms.loss(weight)).sum::<Result<f64>>()?;
            of_people.push(total / terms.len() as f64);
        }
        losses.push(of_people);
    }
    let mean = |of_people: &[f64]| of_people.iter().sum::<f64>() / n;
    let best = (0..WEIGHTS.len()).min_by(|&a, &b| mean(&losses[a]).total_cmp(&mean(&losses[b])));
    let best = best.unwrap_or_default();
    let is_as_good = |place: usize| {
        let excess: Vec<f64> = losses[place].iter().zip(&losses[best]).map(|(a, b)| a - b).collect();
        let centre = mean(&excess);
        let variance = excess.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (n - 1.0);
        centre <= (variance / n).sqrt()
    };
    let place = (0..=best).find(|&place| is_as_good(place)).unwrap_or(best);
    Ok(WEIGHTS[place])
}

#[cfg(test)]
mod tests {
    use boldface::{Example, ScanId, Window};

    use super::*;

    fn answered(part: Part, plugin: &str, subject: usize, correct: usize, yes: f64) -> OutcomeLine {
        let answer = Answer::Choice { options: vec!["no".into(), "yes".into()], correct };
        let example = Example { window: Window { start: 0, trs: 20 }, question: "?".into(), answer };
        let prediction = Prediction::Choice { probabilities: vec![1.0 - yes, yes] };
        let outcome = Outcome { scan: ScanId::new("d", format!("{subject:02}")), example, prediction };
        OutcomeLine { part, plugin: plugin.to_owned(), outcome }
    }

    /// Answers of a model whose probability of the truth is `right`, beside a prior that knows little.
    fn corrected(right: f64) -> (Vec<OutcomeLine>, f64) {
        let (mut answers, mut baselines) = (Vec::new(), Vec::new());
        for part in [Part::Validation, Part::Test] {
            for subject in 0..20 {
                let correct = subject % 2;
                let yes = |share: f64| if correct == 1 { share } else { 1.0 - share };
                // Some say more and some less, so that the standard error is above zero.
                let said = right + 0.01 * (subject / 2 % 5) as f64;
                answers.push(answered(part, "gpt", subject, correct, yes(said)));
                answers.push(answered(part, "swap", subject, correct, 0.5));
                baselines.push(answered(part, "fc-logistic", subject, correct, yes(0.6)));
                baselines.push(answered(part, "majority", subject, correct, 0.5));
            }
        }
        let sources = Sources { baselines: &baselines, prior: "fc-logistic", base: "majority", model: "gpt" };
        correct(&answers, &sources).unwrap()
    }

    fn yes(answers: &[OutcomeLine], plugin: &str) -> Vec<f64> {
        let share = |outcome: &Outcome| match &outcome.prediction {
            Prediction::Choice { probabilities } => probabilities[1],
            other => panic!("{other:?}"),
        };
        outcomes(answers, Part::Test, plugin).into_iter().map(share).collect()
    }

    #[test]
    fn a_model_that_knows_more_corrects_the_prior() {
        let (answers, weight) = corrected(0.9);
        assert_eq!(weight, 1.0);
        // 0.6 x 0.9 / (0.6 x 0.9 + 0.4 x 0.1) for the right answer; the base of one half cancels.
        let expected = 0.54 / (0.54 + 0.04);
        assert!((yes(&answers, "gpt")[1] - expected).abs() < 1e-12);
        // The control keeps the prior, and the model's own answers stay.
        assert!((yes(&answers, "swap")[1] - 0.6).abs() < 1e-12);
        assert!((yes(&answers, WITHOUT)[1] - 0.9).abs() < 1e-12);
    }

    #[test]
    fn a_model_that_misleads_leaves_the_prior_to_the_bit() {
        for right in [0.2, 0.48] {
            let (answers, weight) = corrected(right);
            assert_eq!((weight, yes(&answers, "gpt")[1]), (0.0, 0.6), "{right}");
        }
    }

    #[test]
    fn frequencies_count_once() {
        let truth = 1;
        let [model, prior, base] =
            [0.8, 0.8, 0.8].map(|share| answered(Part::Test, "any", 1, truth, share).outcome);
        // A model that only knows the base rate adds nothing.
        let terms = Terms { model: &model, prior: &prior, base: &base };
        let Prediction::Choice { probabilities } = terms.combined(1.0).unwrap() else { panic!() };
        assert!((probabilities[1] - 0.8).abs() < 1e-12);
    }

    #[test]
    fn numbers_move_from_the_prior_to_the_model() {
        let outcome = |value: f64| {
            let answer = Answer::Value { value: 30.0, unit: String::new(), edges: Vec::new() };
            let example = Example { window: Window { start: 0, trs: 20 }, question: "?".into(), answer };
            Outcome { scan: ScanId::new("d", "1"), example, prediction: Prediction::Value { value } }
        };
        let (model, prior) = (outcome(40.0), outcome(20.0));
        let terms = Terms { model: &model, prior: &prior, base: &prior };
        assert_eq!(terms.combined(0.25).unwrap(), Prediction::Value { value: 25.0 });
        assert_eq!(terms.loss(0.5).unwrap(), 0.0);
    }

    #[test]
    fn other_questions_are_refused() {
        let answers = [answered(Part::Validation, "gpt", 1, 0, 0.5)];
        let baselines = [
            answered(Part::Validation, "fc-logistic", 2, 0, 0.5),
            answered(Part::Validation, "majority", 2, 0, 0.5),
        ];
        let sources = Sources { baselines: &baselines, prior: "fc-logistic", base: "majority", model: "gpt" };
        assert!(correct(&answers, &sources).unwrap_err().to_string().contains("other questions"));
    }
}
