//! Frequencies of bands: replaces the frequencies with which training asks for them by natural or equal ones.
//!
//! Training draws the bands of a scan's facts equally often, as far as there are facts to draw. Of the facts in a band
//! it asks for the share `s(band)`, so a model of its questions answers with
//! `q(band | scan, feature) ~ p(band | scan, feature) s(band)`, and Bayes' theorem gives `p ~ q / s`. Divided by how
//! often the band occurs as well, `p` becomes the answer of a reader to whom all bands are equally likely. The share is over
//! all features together, because training draws that way: how a band's frequency differs between features is in `q`
//! already, and counts of single features would say it twice. A new scan's own share is unknown, so that of all
//! training scans stands for it.

use boldface::{FactQuestion, Prediction, Result, TrainScans, seed};

use super::super::alignment::draw_balanced;
use crate::spec::BandFrequencies;
use crate::store::OutcomeLine;

/// Name of the model's own answers, without the frequencies.
pub(super) const WITHOUT: &str = "without-frequencies";

/// Simulated rounds of training questions, over which the questions of each band are averaged.
const ROUNDS: usize = 32;

/// How often the bands occur and how often training asks for them, from low to high.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frequencies {
    /// The frequencies that answers get.
    wanted: BandFrequencies,
    /// Facts of training scans in each band.
    facts: Vec<f64>,
    /// Questions for which each band is the answer, if training asks about every scan once.
    asked: Vec<f64>,
}

impl Frequencies {
    /// Counts the facts that training may ask for, and the questions that it draws: `questions` per scan. `held_out`
    /// names the facts that are never asked.
    ///
    /// # Errors
    /// If questions cannot be drawn.
    pub fn count(
        train: &TrainScans<'_>,
        held_out: &[String],
        questions: usize,
        seed: u64,
        wanted: BandFrequencies,
    ) -> Result<Frequencies> {
        let mut rng = seed::stream(seed, "frequencies");
        let mut counted = Frequencies { wanted, facts: Vec::new(), asked: Vec::new() };
        for scan in train.iter() {
            let mut labels = Vec::new();
            for said in &scan.descriptors {
                let is_held_out =
                    held_out.iter().any(|pattern| FactQuestion::is_named(pattern, &said.fact.feature));
                let Some(question) = said.question.as_ref().filter(|_| !is_held_out) else { continue };
                // A fact that could not be computed is in no band, and training does not ask for it.
                let Ok(band) = said.fact.band_index(&question.bands) else { continue };
                let bands = counted.facts.len().max(question.bands.len());
                counted.facts.resize(bands, 0.0);
                counted.asked.resize(bands, 0.0);
                counted.facts[band] += 1.0;
                labels.push((labels.len(), band));
            }
            for _ in 0..ROUNDS {
                for place in draw_balanced(&labels, questions.min(labels.len()), &mut rng)? {
                    counted.asked[labels[place].1] += 1.0 / ROUNDS as f64;
                }
            }
        }
        Ok(counted)
    }

    /// Gives bands the wanted frequencies instead of those of training's questions, with a sum of 1. One fact that is
    /// always asked is added to every band, so that no share is 0 / 0.
    pub fn correct(&self, probabilities: &[f64]) -> Vec<f64> {
        let number = |of_band: &[f64], band: usize| of_band.get(band).copied().unwrap_or_default() + 1.0;
        let wanted = |band: usize| match self.wanted {
            BandFrequencies::Natural => number(&self.facts, band),
            BandFrequencies::Equal => 1.0,
            BandFrequencies::Asked => number(&self.asked, band),
        };
        let weight = |band: usize| wanted(band) / number(&self.asked, band);
        let weighted: Vec<f64> =
            probabilities.iter().enumerate().map(|(band, share)| share * weight(band)).collect();
        let total: f64 = weighted.iter().sum();
        weighted.iter().map(|share| share / total).collect()
    }

    /// Corrects the answers about facts, of the model and of its controls. The model's own answers follow as
    /// [`WITHOUT`].
    pub fn correct_all(&self, answers: &[OutcomeLine], model: &str) -> Vec<OutcomeLine> {
        let mut all = answers.to_vec();
        for answer in &mut all {
            if let Prediction::Choice { probabilities } = &mut answer.outcome.prediction {
                *probabilities = self.correct(probabilities);
            }
        }
        let own = answers.iter().filter(|answer| answer.plugin == model);
        all.extend(own.map(|answer| OutcomeLine { plugin: WITHOUT.to_owned(), ..answer.clone() }));
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use boldface::{
        Answer, Band, Descriptor, Example, Fact, Outcome, Part, Regions, Scan, ScanId, ScanInfo, Split,
        TimeSeries, Window,
    };

    use super::*;

    fn bands() -> Vec<Band> {
        [("lower", -1.0), ("typical", 0.0), ("higher", 1.0)]
            .map(|(name, z)| Band { name: name.to_owned(), z })
            .into()
    }

    fn scan(subject: &str, facts: &[(&str, &str)]) -> Scan {
        let id = ScanId::new("d", subject);
        let describe = |&(feature, band): &(&str, &str)| {
            let fact = Fact { feature: feature.to_owned(), band: band.to_owned(), ..Fact::default() };
            let question = FactQuestion { feature: feature.to_owned(), wordings: Vec::new(), bands: bands() };
            Descriptor { question: Some(Arc::new(question)), ..Descriptor::new(&id, String::new(), fact) }
        };
        Scan {
            descriptors: facts.iter().map(describe).collect(),
            info: Arc::new(ScanInfo {
                id: id.clone(),
                tr: 2.0,
                trs: 20,
                rois: 1,
                phenotype: BTreeMap::new(),
                events: Vec::new(),
                cuts: Vec::new(),
            }),
            series: TimeSeries::new(20, 1, 2.0, vec![0.0; 20]).unwrap(),
            regions: Arc::new(Regions { names: vec![], networks: vec![] }),
        }
    }

    fn count(scans: &[Scan], questions: usize) -> Frequencies {
        let parts = [("1", Part::Train), ("2", Part::Train), ("3", Part::Test)];
        let split =
            Split { parts: parts.map(|(subject, part)| (ScanId::new("d", subject).person(), part)).into() };
        let train = split.train(scans).unwrap();
        Frequencies::count(&train, &["secret.*".to_owned()], questions, 0, BandFrequencies::Natural).unwrap()
    }

    fn natural(facts: &[f64], asked: &[f64]) -> Frequencies {
        Frequencies { wanted: BandFrequencies::Natural, facts: facts.to_vec(), asked: asked.to_vec() }
    }

    fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
        let is_near = |(found, expected): (&f64, &f64)| (found - expected).abs() < tolerance;
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(is_near), "{found:?}");
    }

    #[test]
    fn the_taught_facts_of_training_scans_are_counted() {
        let scans = [
            scan("1", &[("strength.A", "typical"), ("strength.B", "higher"), ("secret.A", "lower")]),
            scan("2", &[("strength.A", "typical"), ("strength.B", "not available")]),
            scan("3", &[("strength.A", "lower")]),
        ];
        // All facts are asked, so there is nothing to correct.
        let counted = count(&scans, 5);
        assert_eq!(counted.facts, [0.0, 2.0, 1.0]);
        assert_near(&counted.asked, &[0.0, 2.0, 1.0], 1e-12);
        assert_near(&counted.correct(&[0.25, 0.25, 0.5]), &[0.25, 0.25, 0.5], 1e-12);
        // One question per scan: the first scan's is about either band, half of 32 rounds each, with an SD of 2.8
        // rounds.
        let counted = count(&scans, 1);
        assert_eq!(counted.facts, [0.0, 2.0, 1.0]);
        assert_near(&counted.asked, &[0.0, 1.5, 0.5], 4.0 * 2.8 / 32.0);
    }

    #[test]
    fn training_is_simulated_as_far_as_there_are_facts_to_draw() {
        let mut facts = vec![("strength.A", "typical"); 40];
        facts.push(("strength.A", "higher"));
        // Four questions about 40 typical facts and a single high one. The first is about the high fact with
        // probability 1/2; if it is not, the next one is with probability 1 / (1 + 39/40), and so on. Without the
        // limit it would be asked twice per scan.
        let missed = (0..4).map(|drawn| {
            let left = f64::from(40 - drawn) / 40.0;
            left / (left + 1.0)
        });
        let high = 1.0 - missed.product::<f64>();
        // 0.94, so an SD of sqrt(0.94 x 0.06 / 32) = 0.042.
        let counted = count(&[scan("1", &facts)], 4);
        assert_near(&counted.asked, &[0.0, 4.0 - high, high], 4.0 * 0.042);
    }

    #[test]
    fn a_band_gets_the_probability_of_bayes_theorem() {
        // A reader of scans whose verdict is `higher` for 0.6 of the high scans, 0.3 of the typical and 0.1 of the low
        // ones. Trained on 9 of each, it answers 0.1, 0.3, 0.6. Of 100 scans 10, 80 and 10 are in the bands: 1, 24
        // and 6 get this verdict, so 24 of 31 are typical. (One more is added to each count.)
        let counted = natural(&[9.0, 79.0, 9.0], &[9.0; 3]);
        assert_near(&counted.correct(&[0.1, 0.3, 0.6]), &[1.0 / 31.0, 24.0 / 31.0, 6.0 / 31.0], 1e-12);
        // Asked as often as they occur instead: the reader answers 1, 24 and 6 of 31. With equally frequent bands it
        // would answer 0.1, 0.3 and 0.6 again.
        let as_often = [9.0, 79.0, 9.0];
        let counted = Frequencies { wanted: BandFrequencies::Equal, ..natural(&as_often, &as_often) };
        let answers = [1.0 / 31.0, 24.0 / 31.0, 6.0 / 31.0];
        assert_near(&counted.correct(&answers), &[0.1, 0.3, 0.6], 1e-12);
    }

    #[test]
    fn no_band_is_impossible() {
        // Weights 3 / 2, and 1 for bands that were never counted: 0.375, 0.25 and 0.375 of 1.
        let counted = natural(&[2.0, 0.0], &[1.0, 0.0]);
        assert_near(&counted.correct(&[0.25, 0.25, 0.375]), &[0.375, 0.25, 0.375], 1e-12);
    }

    #[test]
    fn controls_are_corrected_too_and_the_models_own_answers_stay() {
        let fact = Fact { band: "typical".to_owned(), ..Fact::default() };
        let answered = |plugin: &str| OutcomeLine {
            part: Part::Test,
            plugin: plugin.to_owned(),
            outcome: Outcome {
                scan: ScanId::new("d", "1"),
                example: Example {
                    window: Window::first(20),
                    question: "?".to_owned(),
                    answer: Answer::Band { fact: fact.clone(), bands: bands() },
                },
                prediction: Prediction::Choice { probabilities: vec![0.5, 0.25, 0.25] },
            },
        };
        // Weights 1, 4 and 1: 0.5, 1 and 0.25 of 1.75.
        let counted = natural(&[0.0, 3.0, 0.0], &[0.0; 3]);
        let corrected = counted.correct_all(&[answered("gpt"), answered("swap")], "gpt");
        let told: Vec<(&str, f64)> = corrected
            .iter()
            .map(|answer| match &answer.outcome.prediction {
                Prediction::Choice { probabilities } => (answer.plugin.as_str(), probabilities[1]),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, [("gpt", 1.0 / 1.75), ("swap", 1.0 / 1.75), (WITHOUT, 0.25)]);
        assert_eq!(corrected[0].outcome.example, answered("gpt").outcome.example, "the truth stays");
    }
}
