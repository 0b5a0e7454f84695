//! Stage 2: the language model learns facts of scans, to describe and continue them, and keeps its
//! language.
//!
//! A description's sequence also has the code targets of its block. Code positions never see the text
//! after them, so both losses are exact, and one pass serves both.

mod made;
mod teacher;

use std::collections::{BTreeMap, BTreeSet};

use boldface::{FmriBlock, LanguageModel, Objective, Part, Result, ScanId, Sequence, seed};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::Serialize;

use super::StageContext;
use super::config::GeneralText;
use super::counted::Counted;
use super::packing::{Rounds, answered, fits, forecast, pieces};
use super::taught::Taught;
use crate::spec::{Alignment, FactRecipe};
use crate::study::Study;
pub use teacher::{Teacher, draw_balanced};

/// Increase when the same config gives different results.
pub const VERSION: u32 = 5;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct AlignmentConfig<'a> {
    /// The section. The stage has its seed.
    pub table: Alignment,
    /// The general text to rehearse.
    text: Option<GeneralText<'a>>,
}

impl<'a> AlignmentConfig<'a> {
    /// Takes what the stage reads from a study. `None` without `[alignment]`.
    pub fn new(study: &'a Study) -> Option<AlignmentConfig<'a>> {
        let table = study.experiment.alignment.as_ref()?;
        let text = GeneralText::new(study).filter(|_| table.text_to_text > 0.0);
        Some(AlignmentConfig { table: Alignment { seed: None, ..table.clone() }, text })
    }
}

/// The question that descriptions answer.
pub const QUESTION: &str = "Describe this scan.";

/// Most sentences in one description. The choice changes from round to round.
const SENTENCES: usize = 8;

/// Number of choices of sentences per scan.
const CHOICES: usize = 16;

/// Longest piece of general text, in tokens.
const PIECE: usize = 128;

/// Trains the language model and saves it.
pub fn run(work: &mut StageContext<'_, AlignmentConfig<'_>>) -> Result<()> {
    let config = &work.config.table;
    let split = work.inputs.split()?;
    let mut model = work.inputs.language_model(&mut work.fit())?;
    let mut batches = batches(work, &*model, |id| Ok(split.part(id)? == Part::Train))?;
    let mut batches = Counted { batches: &mut batches, tokens: work.recorder.tokens() };
    model.train(&config.training(), &mut batches, &mut work.fit())?;
    model.save(&work.folder("model")?)
}

/// Tokenises all training data beforehand, because the model cannot be queried while it trains.
fn batches(
    work: &StageContext<'_, AlignmentConfig<'_>>,
    model: &dyn LanguageModel,
    is_train: impl Fn(&ScanId) -> Result<bool>,
) -> Result<Batches> {
    let (coded, sentences) = (work.inputs.codes()?, work.inputs.sentences()?);
    let (config, context, seed) = (&work.config.table, work.inputs.context(), work.seed);
    let mut rng = seed::stream(seed, "alignment.sentences");
    let (mut scans, mut learned) = (Vec::new(), Vec::new());
    for (id, (features, codes)) in &coded.scans {
        if is_train(id)? {
            let block = FmriBlock::new(features.clone(), codes.clone());
            let scan = Lessons { config, model, context, block };
            let lessons = scan.choices(id, &sentences, &mut rng)?;
            scans.extend((!lessons.is_empty()).then_some(lessons));
            learned.push(id);
        }
    }
    let teacher = Teacher::open(work, FactRecipe::new(Some(config)), model)?;
    work.fitted_on(
        learned.into_iter().chain(teacher.iter().flat_map(Teacher::learned)).collect::<BTreeSet<_>>(),
    )?;
    let mut taught = Taught::default();
    taught.texts.extend(coded.scans.keys().filter_map(|id| sentences.get(id)).flatten().cloned());
    teacher.iter().for_each(|teacher| taught.extend(teacher.taught()));
    work.write_taught(taught)?;
    let mut texts = Vec::new();
    if let Some(text) = &work.config.text {
        texts = pieces(model, &text.read()?, context.map_or(PIECE, |context| context.min(PIECE)))?;
        texts.iter_mut().for_each(|piece| piece.text_weight = config.text_to_text);
    }
    if scans.is_empty() && texts.is_empty() && teacher.is_none() {
        return Err("no training scan has a description or a second patch, and there is no text".into());
    }
    let described = if teacher.is_some() { config.descriptions } else { config.batch_size };
    Ok(Batches {
        of_scans: Rounds::new(scans.len(), seed, "alignment.scans"),
        of_texts: Rounds::new(texts.len(), seed, "alignment.texts"),
        described: if scans.is_empty() { 0 } else { described },
        texts_each: if texts.is_empty() { 0 } else { config.text_batch_size },
        asked: config.batch_size,
        teacher,
        scans,
        texts,
        next: 0,
    })
}

/// The training sequences of one scan.
struct Lessons<'a> {
    config: &'a Alignment,
    model: &'a dyn LanguageModel,
    context: Option<usize>,
    block: FmriBlock,
}

impl Lessons<'_> {
    /// Makes sequences of the scan with different choices of its sentences. Empty if there is nothing
    /// to learn from it.
    fn choices(
        &self,
        id: &ScanId,
        sentences: &BTreeMap<ScanId, Vec<String>>,
        rng: &mut impl Rng,
    ) -> Result<Vec<Sequence>> {
        let sentences = sentences.get(id).filter(|_| self.config.fmri_to_text > 0.0);
        let forecasts = self.config.fmri_to_fmri > 0.0 && self.block.patches > 1;
        let Some(sentences) = sentences else {
            let lesson = self.weighted(forecast(self.model, QUESTION, self.block.clone(), 1)?);
            return Ok(if forecasts { vec![lesson] } else { Vec::new() });
        };
        let described = (0..CHOICES).map(|_| self.described(id, sentences, rng));
        described.collect()
    }

    /// Makes a description of as many sentences as fit, at most [`SENTENCES`], in the corpus' order.
    fn described(&self, id: &ScanId, sentences: &[String], rng: &mut impl Rng) -> Result<Sequence> {
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        order.shuffle(rng);
        order.truncate(SENTENCES);
        loop {
            let mut chosen = order.clone();
            chosen.sort_unstable();
            let text = chosen.iter().map(|&i| sentences[i].as_str()).collect::<Vec<_>>().join(" ");
            let lesson = answered(self.model, QUESTION, Some(self.block.clone()), &text)?;
            match fits(&lesson, self.context, &format!("`{id}` with one sentence")) {
                Ok(()) => return Ok(self.weighted(lesson)),
                Err(error) if order.len() <= 1 => return Err(error),
                Err(_) => drop(order.pop()),
            }
        }
    }

    fn weighted(&self, lesson: Sequence) -> Sequence {
        let (text_weight, code_weight) = (self.config.fmri_to_text, self.config.fmri_to_fmri);
        let forecast = if code_weight > 0.0 { 1..self.block.patches.max(1) } else { 0..0 };
        Sequence { objective: Objective::FmriToText, text_weight, code_weight, forecast, ..lesson }
    }
}

/// Endless micro-batches: questions about facts, scans to describe round by round, and pieces of text.
/// Each depends only on its number, so a resumed training skips earlier ones without making them.
struct Batches {
    teacher: Option<Teacher>,
    /// Scans per batch for questions about facts.
    asked: usize,
    scans: Vec<Vec<Sequence>>,
    of_scans: Rounds,
    /// Scans per batch to describe.
    described: usize,
    texts: Vec<Sequence>,
    of_texts: Rounds,
    texts_each: usize,
    /// Number of the next batch.
    next: u64,
}

impl Batches {
    fn at(&mut self, number: u64) -> Result<Vec<Sequence>> {
        let mut batch = match &mut self.teacher {
            Some(teacher) => teacher.batch(number, self.asked)?,
            None => Vec::new(),
        };
        let draws = |each: usize| number * each as u64..(number + 1) * each as u64;
        for draw in draws(self.described) {
            let choices = &self.scans[self.of_scans.at(draw)];
            batch.push(choices[self.of_scans.round(draw) as usize % choices.len()].clone());
        }
        batch.extend(draws(self.texts_each).map(|draw| self.texts[self.of_texts.at(draw)].clone()));
        Ok(batch)
    }
}

impl Iterator for Batches {
    type Item = Result<Vec<Sequence>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next += 1;
        Some(self.at(self.next - 1))
    }

    fn nth(&mut self, passed: usize) -> Option<Self::Item> {
        self.next += passed as u64;
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::super::letters::{Letters, block};
    use super::*;

    fn config(fmri_to_text: f32, fmri_to_fmri: f32) -> Alignment {
        let config = serde_json::json!({
            "steps": 1,
            "peak-lr": 1e-3,
            "fmri-to-text": fmri_to_text,
            "fmri-to-fmri": fmri_to_fmri,
        });
        serde_json::from_value(config).unwrap()
    }

    fn lessons(config: &Alignment, context: Option<usize>, sentences: &[&str]) -> Result<Vec<Sequence>> {
        let id = ScanId::new("d", "1");
        let sentences = sentences.iter().map(|sentence| (*sentence).to_owned()).collect();
        let scan = Lessons { config, model: &Letters, context, block: block() };
        scan.choices(&id, &BTreeMap::from([(id.clone(), sentences)]), &mut seed::stream(0, "test"))
    }

    fn learned(lesson: &Sequence) -> String {
        lesson.text_targets().filter_map(|(_, token)| char::from_u32(token)).collect()
    }

    const TEN: [&str; 10] = ["A.", "B.", "C.", "D.", "E.", "F.", "G.", "H.", "I.", "J."];

    #[test]
    fn a_scan_is_described_and_continued_in_one_sequence() {
        let lessons = lessons(&config(1.0, 0.1), None, &TEN).unwrap();
        assert_eq!(lessons.len(), CHOICES);
        for lesson in &lessons {
            let text = learned(lesson);
            // Eight sentences of two letters, seven gaps and the end token, in the corpus' order.
            assert_eq!(text.len(), 8 * 2 + 7 + 1, "{text}");
            assert!(text.trim_end_matches('\0').split(' ').is_sorted(), "{text}");
            // Patches 1 and 2 of two regions.
            assert_eq!(lesson.code_targets().map(|(_, code)| code).collect::<Vec<_>>(), [2, 3, 4, 5]);
            assert_eq!((lesson.text_weight, lesson.code_weight), (1.0, 0.1));
            assert_eq!(lesson.objective, Objective::FmriToText);
        }
        assert!(lessons.iter().any(|lesson| learned(lesson) != learned(&lessons[0])));
    }

    #[test]
    fn a_description_is_shortened_to_the_context() {
        // `<`, 6 tokens of the scan, `>`, 19 letters of the question; then `A. B.` and the end: 6.
        let before = 1 + 6 + 1 + QUESTION.len();
        for lesson in lessons(&config(1.0, 0.1), Some(before + 6), &TEN).unwrap() {
            assert_eq!(learned(&lesson).len(), 6);
        }
        let error = lessons(&config(1.0, 0.1), Some(before + 2), &TEN).unwrap_err().to_string();
        assert!(error.starts_with("`d/sub-1` with one sentence is 30 tokens long"), "{error}");
    }

    #[test]
    fn a_weight_of_0_leaves_its_part_out() {
        let only_text = lessons(&config(1.0, 0.0), None, &TEN).unwrap();
        assert!(
            only_text.iter().all(|lesson| lesson.code_targets().count() == 0 && !learned(lesson).is_empty())
        );
        let only_codes = lessons(&config(0.0, 0.1), None, &TEN).unwrap();
        assert_eq!(only_codes.len(), 1);
        assert_eq!((learned(&only_codes[0]).as_str(), only_codes[0].code_targets().count()), ("", 4));
        assert!(only_codes[0].after.is_empty());
        assert!(lessons(&config(0.0, 0.0), None, &TEN).unwrap().is_empty());
    }
}
