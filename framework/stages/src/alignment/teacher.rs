//! Questions about facts for training: many per scan, which is read once for all of them, with new
//! questions at every step.
//!
//! A loss on whole captions is mostly about grammar, so facts are asked by name, with their bands as
//! options. The costs are more optimiser steps, and a model that says "typical" too rarely.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{
    Describer, Fact, FactQuestion, FittedTokenizer, FmriBlock, LanguageModel, Objective, Part, Regions,
    Result, Scan, ScanId, ScanInfo, Sequence, TimeSeries, Window, seed,
};
use rand::seq::{SliceRandom, index};
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::super::StageContext;
use super::super::forms::{FactValues, PromptForm, longest};
use super::super::packing::{Rounds, answered, fits, prompt, supervised};
use super::super::taught::Taught;
use super::super::windows::{ShownTokens, standardized};
use super::made::made;
use crate::spec::{FactRecipe, Forms, Standardize};
use crate::store::StageKind;

/// Training scans, questions and answers as tokens. The model cannot tokenise while it trains.
pub struct Teacher {
    scans: Vec<TrainingScan>,
    questions: Vec<Question>,
    maker: Maker,
    tokenizer: Box<dyn FittedTokenizer>,
    rounds: Rounds,
    seed: u64,
    shown: ShownTokens,
    /// Questions without the scan, by the draw of a scan and their place among its questions.
    in_forms: BTreeMap<(u64, usize), Sequence>,
    recipe: FactRecipe,
}

/// A made scan: its shown block and its facts.
type MadeScan = (FmriBlock, Vec<FactLabel>);

/// Makes, describes and labels made scans.
struct Maker {
    describers: Vec<(String, Box<dyn Describer>)>,
    regions: Arc<Regions>,
    standardize: Standardize,
    /// Index of every question and of its bands, by corpus and feature.
    places: BTreeMap<String, BTreeMap<String, QuestionIndex>>,
}

/// Index of a question, and of its bands by name.
type QuestionIndex = (usize, BTreeMap<String, usize>);

/// A training scan.
struct TrainingScan {
    info: Arc<ScanInfo>,
    /// Cropped, not standardised.
    series: TimeSeries,
    block: FmriBlock,
    labels: Vec<FactLabel>,
    values: FactValues,
}

/// A fact as the index of its question and of its band.
type FactLabel = (usize, usize);

/// A tokenised question.
struct Question {
    asked: Arc<FactQuestion>,
    /// For each wording, the tokens before and after the block.
    wordings: Vec<(Vec<u32>, Vec<u32>)>,
    /// For each wording, the tokens of every band, including the end token.
    answers: Vec<Vec<Vec<u32>>>,
}

impl Teacher {
    /// Prepares the questions about training scans. `None` if none are wanted or no corpus has
    /// questions.
    ///
    /// # Errors
    /// If a question does not fit the backbone.
    pub fn open<C>(
        work: &StageContext<'_, C>,
        recipe: FactRecipe,
        model: &dyn LanguageModel,
    ) -> Result<Option<Teacher>> {
        if recipe.questions == 0 || recipe.weight <= 0.0 || !work.inputs.reads(&StageKind::Corpus) {
            return Ok(None);
        }
        let (signals, coded, split) = (work.inputs.signals()?, work.inputs.codes()?, work.inputs.split()?);
        let context = work.inputs.context();
        let shown = ShownTokens::new(work.inputs.series().signal, &signals.regions);
        let mut questions: Vec<Question> = Vec::new();
        let mut places: BTreeMap<String, BTreeMap<String, QuestionIndex>> = BTreeMap::new();
        for (corpus, asked) in work.inputs.questions()? {
            for (feature, asked) in asked {
                let (mut wordings, mut answers) = (Vec::new(), Vec::new());
                for wording in &asked.wordings {
                    wordings.push(model.prompt_tokens(wording, true)?);
                    let each = asked.bands.iter().map(|band| model.answer_tokens(wording, true, &band.name));
                    answers.push(each.collect::<Result<Vec<_>>>()?);
                }
                let bands = asked.bands.iter().map(|band| band.name.clone()).zip(0..).collect();
                places.entry(corpus.clone()).or_default().insert(feature, (questions.len(), bands));
                questions.push(Question { asked, wordings, answers });
            }
        }
        let mut scans = Vec::new();
        for scan in work.inputs.scans()?.iter() {
            let id = &scan.info.id;
            if split.part(id)? != Part::Train {
                continue;
            }
            let (features, codes) = coded.scans.get(id).ok_or_else(|| format!("`{id}` has no codes"))?;
            let labels = scan.descriptors.iter().filter_map(|said| label(&places, &said.corpus, &said.fact));
            scans.push(TrainingScan {
                info: Arc::clone(&scan.info),
                series: signals.series_of(id)?.clone(),
                block: shown.of_block(FmriBlock::new(features.clone(), codes.clone())),
                labels: labels.collect(),
                values: FactValues::collect(scan, Window::first(scan.series.trs())),
            });
        }
        if questions.is_empty() || scans.iter().all(|scan| scan.labels.is_empty()) {
            return Ok(None);
        }
        let longest = questions.iter().flat_map(Question::lengths).max().unwrap_or(0);
        if let Some(scan) = scans.iter().max_by_key(|scan| scan.block.patches) {
            let filler = prompt(model, "", Some(scan.block.clone()))?;
            let whole = Sequence { after: vec![0; longest], ..filler };
            fits(&whole, context, "a question about a fact")?;
        }
        let names = work.inputs.corpora().into_iter().map(str::to_owned);
        Ok(Some(Teacher {
            rounds: Rounds::new(scans.len(), work.seed, "facts.scans"),
            maker: Maker {
                describers: names.zip(work.inputs.describers()?).collect(),
                regions: Arc::clone(&signals.regions),
                standardize: work.inputs.series().signal.standardize,
                places,
            },
            tokenizer: work.inputs.tokenizer()?,
            seed: work.seed,
            shown,
            in_forms: BTreeMap::new(),
            recipe,
            scans,
            questions,
        }))
    }

    /// Returns the scans that are trained on.
    pub fn learned(&self) -> impl Iterator<Item = &ScanId> {
        self.scans.iter().map(|scan| &scan.info.id)
    }

    /// Returns the facts that it teaches, and its questions.
    pub fn taught(&self) -> Taught {
        let asked = || self.questions.iter().map(|question| &question.asked);
        let values = self.scans.iter().flat_map(|scan| scan.values.features());
        Taught {
            features: asked().map(|asked| asked.feature.clone()).chain(values.map(str::to_owned)).collect(),
            questions: asked().flat_map(|asked| &asked.wordings).cloned().collect(),
            ..Taught::default()
        }
    }

    /// Returns the questions of micro-batch `batch` about `scans` scans. They depend only on the seed
    /// and the batch's number.
    ///
    /// # Errors
    /// If a made scan cannot be described or embedded.
    pub fn batch(&mut self, batch: u64, scans: usize) -> Result<Vec<Sequence>> {
        let first = batch * scans as u64;
        let drawn: Vec<(u64, usize)> =
            (first..first + scans as u64).map(|draw| (draw, self.rounds.at(draw))).collect();
        let made = self.make(&drawn)?;
        let mut sequences = Vec::new();
        for ((draw, place), made) in drawn.into_iter().zip(&made) {
            let own = &self.scans[place];
            let (block, labels) = match made {
                Some((block, labels)) => (block, labels),
                None => (&own.block, &own.labels),
            };
            let mut rng = seed::stream(self.seed, &format!("facts.questions.{draw}"));
            let count = self.recipe.questions.min(labels.len());
            for (nth, place) in draw_balanced(labels, count, &mut rng)?.into_iter().enumerate() {
                let (question, band) = labels[place];
                let question = &self.questions[question];
                let wording = rng.random_range(0..question.wordings.len());
                let usual = question.sequence(wording, band, block.clone(), self.recipe.weight);
                sequences.push(self.in_forms.get(&(draw, nth)).cloned().unwrap_or(usual));
            }
        }
        Ok(sequences)
    }

    /// Replaces questions of the first `batches` micro-batches, about `scans` scans each, by questions in the
    /// forms that `forms` gives shares of. Such a question is about the training scan itself, never a made
    /// one. All are made beforehand, because the model cannot tokenise while it trains.
    ///
    /// # Errors
    /// If a question without the scan does not fit the backbone.
    pub fn put_into_forms(
        &mut self,
        model: &dyn LanguageModel,
        forms: &Forms,
        context: Option<usize>,
        (batches, scans): (u64, usize),
    ) -> Result<()> {
        if forms.is_none() {
            return Ok(());
        }
        for draw in 0..batches * scans as u64 {
            let own = &self.scans[self.rounds.at(draw)];
            let mut rng = seed::stream(self.seed, &format!("facts.forms.{draw}"));
            for nth in 0..self.recipe.questions.min(own.labels.len()) {
                let form = PromptForm::draw(forms, &mut rng);
                let without = FactValues::default();
                let values = match form {
                    PromptForm::Scan => continue,
                    PromptForm::TextOnly => &without,
                    PromptForm::Values => &own.values,
                };
                let place = draw_balanced(&own.labels, 1, &mut rng)?[0];
                let (question, band) = own.labels[place];
                let question = &self.questions[question];
                let wording = rng.random_range(0..question.wordings.len());
                let asked = question.without_scan(model, wording, band, values, context)?;
                let asked = Sequence { text_weight: self.recipe.weight, ..asked };
                self.in_forms.insert((draw, nth), asked);
            }
        }
        Ok(())
    }

    /// Makes a scan for every draw, which are numbers and scans; `None` where the training scan itself is shown. No made scan
    /// is shown twice: a model that sees one again learns it by heart.
    fn make(&self, drawn: &[(u64, usize)]) -> Result<Vec<Option<MadeScan>>> {
        let (maker, scans, share, seed) = (&self.maker, &self.scans, self.recipe.made, self.seed);
        let make = |&(draw, scan): &(u64, usize)| {
            let mut rng = seed::stream(seed, &format!("facts.made.{draw}"));
            rng.random_bool(share).then(|| maker.make(&scans[scan], &mut rng)).transpose()
        };
        let made: Vec<Option<(TimeSeries, Vec<FactLabel>)>> =
            drawn.par_iter().map(make).collect::<Result<_>>()?;
        let series: Vec<&TimeSeries> = made.iter().flatten().map(|(series, _)| series).collect();
        let mut embedded = self.tokenizer.embed(&series)?.into_iter();
        let mut block = || -> Result<FmriBlock> {
            let (features, codes) = embedded.next().ok_or("a made scan was not embedded")?;
            Ok(self.shown.of_block(FmriBlock::new(features, codes)))
        };
        made.into_iter().map(|made| made.map(|(_, labels)| Ok((block()?, labels))).transpose()).collect()
    }
}

/// Draws `count` labels in random order. All bands are equally likely: most facts of most scans are
/// typical, and asking mostly for those teaches little.
pub fn draw_balanced(labels: &[FactLabel], count: usize, rng: &mut impl Rng) -> Result<Vec<usize>> {
    let mut of_band: BTreeMap<usize, usize> = BTreeMap::new();
    labels.iter().for_each(|(_, band)| *of_band.entry(*band).or_default() += 1);
    let weight = |place: usize| 1.0 / of_band[&labels[place].1] as f64;
    let mut chosen = index::sample_weighted(rng, labels.len(), weight, count)?.into_vec();
    chosen.shuffle(rng);
    Ok(chosen)
}

/// Returns the indices of a fact's question and band. `None` if there is no question about it.
fn label(
    places: &BTreeMap<String, BTreeMap<String, QuestionIndex>>,
    corpus: &str,
    fact: &Fact,
) -> Option<FactLabel> {
    let (question, bands) = places.get(corpus)?.get(&fact.feature)?;
    Some((*question, *bands.get(&fact.band)?))
}

impl Maker {
    /// Makes a scan, standardises it and measures its facts.
    fn make(
        &self,
        known: &TrainingScan,
        rng: &mut rand_chacha::ChaCha8Rng,
    ) -> Result<(TimeSeries, Vec<FactLabel>)> {
        let series = made(&known.series, &self.regions, rng)?;
        let shown = standardized(&series, self.standardize);
        let scan = Scan {
            info: Arc::clone(&known.info),
            series,
            regions: Arc::clone(&self.regions),
            descriptors: Vec::new(),
        };
        let mut labels = Vec::new();
        for (corpus, describer) in &self.describers {
            let said = describer.describe(&scan)?;
            labels.extend(said.iter().filter_map(|said| label(&self.places, corpus, &said.fact)));
        }
        Ok((shown, labels))
    }
}

impl Question {
    /// Returns, for each wording, the number of tokens after the block with its longest answer.
    fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.wordings
            .iter()
            .zip(&self.answers)
            .map(|((_, after), answers)| after.len() + answers.iter().map(Vec::len).max().unwrap_or(0))
    }

    /// Makes the question in a form without the scan, after `values`.
    fn without_scan(
        &self,
        model: &dyn LanguageModel,
        wording: usize,
        band: usize,
        values: &FactValues,
        context: Option<usize>,
    ) -> Result<Sequence> {
        let (wording, bands) = (&self.asked.wordings[wording], &self.asked.bands);
        let bands: Vec<String> = bands.iter().map(|band| band.name.clone()).collect();
        let put = values.before(wording, model, longest(model, wording, &bands)?, context)?;
        let sequence = answered(model, &put, None, &bands[band])?;
        fits(&sequence, context, "a question about a fact without its scan")?;
        Ok(Sequence { objective: Objective::Facts, ..sequence })
    }

    fn sequence(&self, wording: usize, band: usize, block: FmriBlock, weight: f32) -> Sequence {
        let (before, after) = self.wordings[wording].clone();
        let prompt = Sequence::prompt(before, Some(block), after);
        let taught = supervised(prompt, &self.answers[wording][band]);
        Sequence { objective: Objective::Facts, text_weight: weight, ..taught }
    }
}
