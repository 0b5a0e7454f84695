//! What another person's facts would score: the level at which a model ends up if it is shown a wrong scan and reads
//! it perfectly. The control `swap` is read against it.

use std::collections::BTreeMap;

use boldface::{Answer, Part, Prediction, Result, seed};
use rand::seq::SliceRandom;

use super::super::cases::QuestionCase;

/// People whose truths are averaged, as many as stand in for one person in the control `swap`.
const PEOPLE: usize = 3;

/// Answers each question with the truth of other people of the same part: the bands of up to three of them averaged,
/// or the caption of one. `None` if a question cannot be answered from anybody else's scan.
///
/// # Errors
/// If a fact's band is not among its bands.
pub fn answers(asked: &[(Part, Vec<QuestionCase<'_>>)], seed: u64) -> Result<Option<Vec<Prediction>>> {
    let mut predictions = Vec::new();
    for (part, cases) in asked {
        let mut about: BTreeMap<&str, BTreeMap<String, &QuestionCase<'_>>> = BTreeMap::new();
        for case in cases {
            about.entry(subject(case)).or_default().entry(case.scan.info.id.person()).or_insert(case);
        }
        for case in cases {
            let id = &case.scan.info.id;
            let people = about.get(subject(case)).into_iter().flatten();
            let mut others: Vec<&QuestionCase<'_>> =
                people.filter(|(person, _)| **person != id.person()).map(|(_, other)| *other).collect();
            // One stream per scan, so that all facts of a scan come from the same people if they have them.
            let mut rng = seed::stream(seed, &format!("another-person.{}.{id}", part.name()));
            others.shuffle(&mut rng);
            match borrowed(&others)? {
                Some(prediction) => predictions.push(prediction),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(predictions))
}

/// Questions with the same subject can be answered from each other's truth.
fn subject<'a>(case: &'a QuestionCase<'_>) -> &'a str {
    match &case.example.answer {
        Answer::Band { fact, .. } => &fact.feature,
        _ => "",
    }
}

/// The answer that other people's truths give; none if there is nobody.
fn borrowed(others: &[&QuestionCase<'_>]) -> Result<Option<Prediction>> {
    let Some(first) = others.first() else { return Ok(None) };
    match &first.example.answer {
        Answer::Text { reference, facts, .. } => {
            Ok(Some(Prediction::Text { text: reference.clone(), facts: facts.clone() }))
        }
        Answer::Band { bands, .. } => {
            let mut probabilities = vec![0.0; bands.len()];
            let others = &others[..others.len().min(PEOPLE)];
            for other in others {
                if let Answer::Band { fact, bands } = &other.example.answer {
                    probabilities[fact.band_index(bands)?] += 1.0 / others.len() as f64;
                }
            }
            Ok(Some(Prediction::Choice { probabilities }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use boldface::{Band, Example, Fact, Scan, Window};

    use super::*;

    fn scan(subject: &str) -> Scan {
        boldface::testing::scan(subject, &[])
    }

    fn case<'a>(scan: &'a Scan, feature: &str, band: &str) -> QuestionCase<'a> {
        let bands = [("lower", -1.0), ("higher", 1.0)].map(|(name, z)| Band { name: name.into(), z });
        let fact = Fact { feature: feature.into(), band: band.into(), ..Fact::default() };
        let answer = Answer::Band { fact, bands: bands.to_vec() };
        QuestionCase {
            scan,
            example: Example { window: Window { start: 0, trs: 4 }, question: "?".into(), answer },
        }
    }

    #[test]
    fn the_truth_of_the_others_is_the_answer() {
        let scans = ["1", "2", "3"].map(scan);
        let bands = ["lower", "lower", "higher"];
        let cases: Vec<QuestionCase<'_>> =
            scans.iter().zip(bands).map(|(scan, band)| case(scan, "coupling.A-B", band)).collect();
        let found = answers(&[(Part::Test, cases)], 0).unwrap().unwrap();
        let shares = |prediction: &Prediction| match prediction {
            Prediction::Choice { probabilities } => probabilities.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(found.iter().map(shares).collect::<Vec<_>>(), [[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]);
    }

    #[test]
    fn nobody_else_or_nobody_with_the_feature_is_no_baseline() {
        let scans = ["1", "2"].map(scan);
        let alone = vec![case(&scans[0], "a", "lower")];
        assert!(answers(&[(Part::Test, alone)], 0).unwrap().is_none());
        let apart = vec![case(&scans[0], "a", "lower"), case(&scans[1], "b", "lower")];
        assert!(answers(&[(Part::Test, apart)], 0).unwrap().is_none());
    }
}
