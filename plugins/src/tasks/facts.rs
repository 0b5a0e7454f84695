//! Asks for the facts of the corpora, one by one.

use std::collections::BTreeMap;

use boldface::{
    Answer, Band, CheckContext, Deserialize, Example, Fact, FactQuestion, JsonSchema, Metric, Outcome,
    Prediction, Problem, Result, Scan, Serialize, Task, Window, register, scores,
};

/// Asks for each fact of the corpora that is visible in the signal, and ranks its bands by
/// log-likelihood.
///
/// Scores: `direction_accuracy`, the share of facts outside the middle band for which the bands on the
/// fact's own side are together more probable than those on the other side; `band_accuracy`;
/// `band_balanced_accuracy` (mean recall of the bands); and `pearson_r`, the correlation of the
/// expected band with z, averaged over features. With several families of facts, each score is also
/// given by family, such as `direction_accuracy@coupling`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Facts {
    /// Features to ask for. `*` matches anything, as in `coupling.*` or `coupling.Default-*`. An empty
    /// list means all.
    features: Vec<String>,
}

register!(Task "facts" => Facts);

impl Task for Facts {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let asked = |feature: &str| {
            self.features.is_empty()
                || self.features.iter().any(|pattern| FactQuestion::is_named(pattern, feature))
        };
        let window = Window::first(scan.series.trs());
        let known = scan.descriptors.iter().filter(|said| said.fact.z.is_some() && asked(&said.fact.feature));
        let example = |said: &boldface::Descriptor| {
            let question = said.question.as_ref()?;
            let answer = Answer::Band { fact: said.fact.clone(), bands: question.bands.clone() };
            Some(Example { window, question: question.wordings.first()?.clone(), answer })
        };
        Ok(known.filter_map(example).collect())
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let mut metrics = score(outcomes)?;
        let mut families: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
        for &outcome in outcomes {
            families.entry(family(&answer(outcome)?.0.feature)).or_default().push(outcome);
        }
        if families.len() > 1 {
            for (family, outcomes) in families {
                let named = |metric: Metric| Metric { name: format!("{}@{family}", metric.name), ..metric };
                metrics.extend(score(&outcomes)?.into_iter().map(named));
            }
        }
        Ok(metrics)
    }

    fn check(&self, _: &CheckContext<'_>) -> Vec<Problem> {
        let empty = self.features.iter().position(|pattern| pattern.trim().is_empty());
        let problem = |place| {
            Problem::at(format!("features[{place}]"), "an empty pattern matches no feature").help("remove it")
        };
        empty.map(problem).into_iter().collect()
    }
}

/// Returns the family of a feature: the part of its name before the first point, such as `coupling`.
fn family(feature: &str) -> &str {
    feature.split('.').next().unwrap_or(feature)
}

/// Scores answers about any facts.
fn score(outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
    let (mut right, mut predicted) = (Vec::new(), Vec::new());
    let mut directions = Vec::new();
    let mut by_feature: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for outcome in outcomes {
        let (fact, bands, probabilities) = answer(outcome)?;
        let own = fact.band_index(bands)?;
        right.push(own);
        predicted.push(scores::most_likely(probabilities));
        let share = |is_on_side: fn(f64) -> bool| -> f64 {
            let of_side = bands.iter().zip(probabilities).filter(|(band, _)| is_on_side(band.z));
            of_side.map(|(_, share)| share).sum()
        };
        if bands[own].z != 0.0 {
            // A tie is half right.
            let (above, below) = (share(|z| z > 0.0), share(|z| z < 0.0));
            let said_above = if above == below { 0.5 } else { f64::from(u8::from(above > below)) };
            directions.push(if bands[own].z > 0.0 { said_above } else { 1.0 - said_above });
        }
        let expected: f64 = bands.iter().zip(probabilities).map(|(band, share)| band.z * share).sum();
        let (expectations, truths) = by_feature.entry(&fact.feature).or_default();
        expectations.push(expected);
        truths.push(fact.z.unwrap_or(f64::NAN));
    }
    let correlations =
        by_feature.values().map(|(expectations, truths)| scores::pearson_r(expectations, truths));
    let defined: Vec<f64> = correlations.filter(|r| r.is_finite()).collect();
    Ok(vec![
        Metric::higher_is_better("direction_accuracy", scores::mean(directions)).with_chance(0.5),
        Metric::higher_is_better("band_accuracy", scores::accuracy(&right, &predicted)),
        Metric::higher_is_better("band_balanced_accuracy", scores::balanced_accuracy(&right, &predicted)),
        Metric::higher_is_better("pearson_r", scores::mean(defined)),
    ])
}

/// Returns the fact of a question, its bands, and their probabilities.
fn answer(outcome: &Outcome) -> Result<(&Fact, &[Band], &[f64])> {
    match (&outcome.example.answer, &outcome.prediction) {
        (Answer::Band { fact, bands }, Prediction::Choice { probabilities })
            if probabilities.len() == bands.len() && probabilities.iter().all(|share| share.is_finite()) =>
        {
            Ok((fact, bands, probabilities))
        }
        _ => Err(format!("`{}` was not answered with one of the bands", outcome.scan).into()),
    }
}
