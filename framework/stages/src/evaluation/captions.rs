//! Writes captions from facts: asks the model about every fact and reports the most unusual ones.

use boldface::{Answer, Band, Decoding, FmriBlock, Prediction, Result};

use super::super::baselines::softmax;
use super::super::cases::QuestionCase;
use super::super::forms::longest;
use super::super::packing::{prompt, query};
use super::asker::Asker;
use super::controls::ShownInput;
use crate::inputs::read_facts;

/// The model's answer to a question about one fact.
struct FactAnswer<'a> {
    feature: &'a str,
    bands: &'a [Band],
    probabilities: Vec<f64>,
}

impl Asker<'_> {
    /// Writes a text per case, from facts or word by word.
    pub(super) fn write_texts(
        &self,
        cases: &[QuestionCase<'_>],
        shown: ShownInput,
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<Prediction>> {
        let is_asked = |case: &QuestionCase<'_>| {
            matches!(case.example.answer, Answer::Text { decoding: Decoding::Asked, .. })
        };
        match cases.iter().all(is_asked) {
            true => self.captions(cases, shown, &blocks),
            false => self.generate(cases, shown, blocks),
        }
    }

    fn captions(
        &self,
        cases: &[QuestionCase<'_>],
        shown: ShownInput,
        blocks: &[Option<FmriBlock>],
    ) -> Result<Vec<Prediction>> {
        let (mut questions, mut asked) = (Vec::new(), Vec::new());
        for (place, (case, block)) in cases.iter().zip(blocks).enumerate() {
            for said in &case.scan.descriptors {
                let Some(question) = &said.question else { continue };
                let wording = question.wordings.first().map_or("", String::as_str);
                let bands: Vec<String> = question.bands.iter().map(|band| band.name.clone()).collect();
                let room = match shown {
                    ShownInput::Values => longest(self.model, wording, &bands)?,
                    _ => 0,
                };
                let put = self.put(case, wording, shown, room)?;
                let query = query(self.model, &put, prompt(self.model, &put, block.clone())?, &bands)?;
                questions.push((&case.scan.info.id, query));
                asked.push((place, said.fact.feature.as_str(), &question.bands[..]));
            }
        }
        let ranked = self.log_likelihoods(&questions)?;
        let mut answers: Vec<Vec<FactAnswer<'_>>> = cases.iter().map(|_| Vec::new()).collect();
        for ((place, feature, bands), log_likelihoods) in asked.into_iter().zip(ranked) {
            let (mut probabilities, _) = softmax(&log_likelihoods);
            if let Some(frequencies) = &self.frequencies {
                probabilities = frequencies.correct(&probabilities);
            }
            answers[place].push(FactAnswer { feature, bands, probabilities });
        }
        cases.iter().zip(answers).map(|(case, answers)| self.caption(case, &answers)).collect()
    }

    /// Writes as many facts as the reference has, the most unusual ones, in the corpora's order and
    /// words.
    fn caption(&self, case: &QuestionCase<'_>, answers: &[FactAnswer<'_>]) -> Result<Prediction> {
        let Answer::Text { facts, .. } = &case.example.answer else {
            return Err("a text was expected".into());
        };
        let mut order: Vec<usize> = (0..answers.len()).collect();
        order.sort_by(|&a, &b| answers[b].unusual().total_cmp(&answers[a].unusual()));
        order.truncate(facts.len());
        order.sort_unstable();
        let mut sentences = Vec::new();
        for answer in order.into_iter().map(|place| &answers[place]) {
            for describer in &self.describers {
                if let Some(sentence) = describer.say(answer.feature, answer.band())? {
                    sentences.push(sentence);
                    break;
                }
            }
        }
        let text = sentences.join(" ");
        Ok(Prediction::Text { facts: read_facts(&self.describers, &text)?, text })
    }
}

impl FactAnswer<'_> {
    /// Returns the expected distance of the fact from the norm, in SD.
    fn unusual(&self) -> f64 {
        let expected = self.bands.iter().zip(&self.probabilities).map(|(band, share)| band.z * share);
        expected.sum::<f64>().abs()
    }

    /// Returns the most likely unusual band, since captions report only those. The first of equals.
    fn band(&self) -> &str {
        let unusual = |place: &usize| self.bands[*place].z != 0.0;
        let places = (0..self.bands.len()).rev().filter(unusual);
        let best = places.max_by(|&a, &b| self.probabilities[a].total_cmp(&self.probabilities[b]));
        &self.bands[best.unwrap_or(0)].name
    }
}
