//! Writes a text through facts: every fact is asked for, and those found most unusual are told.

use boldface::{Answer, Band, Decoding, FmriBlock, Prediction, Result};

use super::super::baselines::softmax;
use super::super::cases::Case;
use super::super::packing::{fits, prompt, query};
use super::asker::Asker;
use crate::run::inputs::read_facts;

/// A fact that was asked for.
struct Found<'a> {
    feature: &'a str,
    bands: &'a [Band],
    probabilities: Vec<f64>,
}

impl Asker<'_> {
    /// A text for each case: asked for, or written word by word.
    pub(super) fn written(
        &self,
        cases: &[Case<'_>],
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<Prediction>> {
        let is_asked =
            |case: &Case<'_>| matches!(case.example.answer, Answer::Text { decoding: Decoding::Asked, .. });
        match cases.iter().all(is_asked) {
            true => self.told(cases, &blocks),
            false => self.generate(cases, blocks),
        }
    }

    fn told(&self, cases: &[Case<'_>], blocks: &[Option<FmriBlock>]) -> Result<Vec<Prediction>> {
        let (mut queries, mut asked) = (Vec::new(), Vec::new());
        for (place, (case, block)) in cases.iter().zip(blocks).enumerate() {
            for said in &case.scan.descriptors {
                let Some(question) = &said.question else { continue };
                let wording = question.wordings.first().map_or("", String::as_str);
                let bands: Vec<String> = question.bands.iter().map(|band| band.name.clone()).collect();
                let query = query(self.model, wording, prompt(self.model, wording, block.clone())?, &bands)?;
                fits(&query.prompt, self.context, &format!("a question about `{}`", case.scan.info.id))?;
                queries.push(query);
                asked.push((place, said.fact.feature.as_str(), &question.bands[..]));
            }
        }
        let ranked = self.model.rank(&queries)?;
        let mut found: Vec<Vec<Found<'_>>> = cases.iter().map(|_| Vec::new()).collect();
        for ((place, feature, bands), log_likelihoods) in asked.into_iter().zip(ranked) {
            let (probabilities, _) = softmax(&log_likelihoods);
            found[place].push(Found { feature, bands, probabilities });
        }
        cases.iter().zip(found).map(|(case, found)| self.tell(case, &found)).collect()
    }

    /// As many facts as the reference tells, the most unusual ones, in the corpora's order and words.
    fn tell(&self, case: &Case<'_>, found: &[Found<'_>]) -> Result<Prediction> {
        let Answer::Text { facts, .. } = &case.example.answer else {
            return Err("a text was expected".into());
        };
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|&a, &b| found[b].unusual().total_cmp(&found[a].unusual()));
        order.truncate(facts.len());
        order.sort_unstable();
        let mut sentences = Vec::new();
        for found in order.into_iter().map(|place| &found[place]) {
            let said = self.describers.iter().find_map(|known| known.say(found.feature, found.band()));
            sentences.extend(said);
        }
        let text = sentences.join(" ");
        Ok(Prediction::Text { facts: read_facts(&self.describers, &text)?, text })
    }
}

impl Found<'_> {
    /// How far from the norm the fact is expected to be, in SD.
    fn unusual(&self) -> f64 {
        let expected = self.bands.iter().zip(&self.probabilities).map(|(band, share)| band.z * share);
        expected.sum::<f64>().abs()
    }

    /// The most likely band of those that are unusual, which is what a caption tells; the first of equals.
    fn band(&self) -> &str {
        let unusual = |place: &usize| self.bands[*place].z != 0.0;
        let places = (0..self.bands.len()).rev().filter(unusual);
        let best = places.max_by(|&a, &b| self.probabilities[a].total_cmp(&self.probabilities[b]));
        &self.bands[best.unwrap_or(0)].name
    }
}
