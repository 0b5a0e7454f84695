//! Asks for the facts that the corpora tell, one by one.

use std::collections::BTreeMap;

use boldface::{
    Answer, Band, CheckContext, Deserialize, Example, Fact, FactQuestion, JsonSchema, Metric, Outcome,
    Prediction, Problem, Result, Scan, Serialize, Task, Window, register, scores,
};

/// Asks for every fact of the corpora that shows in the signal, with the bands as options, ranked by log-likelihood.
///
/// Scores: `band_accuracy`; `band_balanced_accuracy` (mean recall of the bands); `direction_accuracy`, the share of
/// facts outside the middle band for which the bands above it are together more probable than those below where the
/// fact lies above, and the reverse; and `pearson_r` of the expected band with z, the mean over features.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Facts {
    /// Which features to ask for; `*` stands for anything, as in `coupling.*` and `coupling.Default-*`. All if empty.
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
        let (mut right, mut predicted) = (Vec::new(), Vec::new());
        let mut directions = Vec::new();
        let mut by_feature: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
        for outcome in outcomes {
            let (fact, bands, probabilities) = answer(outcome)?;
            let place = bands.iter().position(|band| band.name == fact.band);
            let place = place.ok_or_else(|| format!("`{}` is none of its bands", fact.band))?;
            right.push(place);
            predicted.push(scores::most_likely(probabilities));
            if bands[place].z != 0.0 {
                let side = |above: bool| -> f64 {
                    let of_side = bands.iter().zip(probabilities).filter(|(band, _)| match above {
                        true => band.z > 0.0,
                        false => band.z < 0.0,
                    });
                    of_side.map(|(_, share)| share).sum()
                };
                // A tie is no answer: half right.
                let (above, below) = (side(true), side(false));
                let said = if above == below { 0.5 } else { f64::from(u8::from(above > below)) };
                directions.push(if bands[place].z > 0.0 { said } else { 1.0 - said });
            }
            let expected: f64 = bands.iter().zip(probabilities).map(|(band, share)| band.z * share).sum();
            let (told, truth) = by_feature.entry(&fact.feature).or_default();
            told.push(expected);
            truth.push(fact.z.unwrap_or(f64::NAN));
        }
        let correlations = by_feature.values().map(|(told, truth)| scores::pearson_r(told, truth));
        let defined: Vec<f64> = correlations.filter(|r| r.is_finite()).collect();
        Ok(vec![
            Metric::higher_is_better("direction_accuracy", scores::mean(directions)),
            Metric::higher_is_better("band_accuracy", scores::accuracy(&right, &predicted)),
            Metric::higher_is_better("band_balanced_accuracy", scores::balanced_accuracy(&right, &predicted)),
            Metric::higher_is_better("pearson_r", scores::mean(defined)),
        ])
    }

    fn check(&self, _: &CheckContext<'_>) -> Vec<Problem> {
        let empty = self.features.iter().position(|pattern| pattern.trim().is_empty());
        let problem = |place| {
            Problem::at(format!("features[{place}]"), "an empty pattern matches no feature").help("remove it")
        };
        empty.map(problem).into_iter().collect()
    }
}

/// The fact that was asked for, its bands, and the probability of each.
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
