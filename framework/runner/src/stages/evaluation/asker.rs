//! Asks a language model: options ranked, texts generated.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Describer, FmriBlock, LanguageModel, Prediction, Result, seed};

use super::super::cases::{self, Case, Form};
use super::super::naming::named;
use super::super::packing::{extent, fits, options, prompt};
use super::super::surrogate::phase_randomized;
use super::super::windows::{Place, Windows};
use super::together::{Together, Turn};
use crate::run::inputs::read_facts;
use crate::spec::Paradigm;

/// Asks a language model about scans.
pub(super) struct Asker<'a> {
    pub model: &'a dyn LanguageModel,
    pub windows: Windows,
    pub describers: Vec<Box<dyn Describer>>,
    pub context: Option<usize>,
    pub longest: usize,
    pub paradigm: Paradigm,
    pub together: Together,
    /// Of the surrogates' phases.
    pub seed: u64,
}

/// What a model is shown with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The window.
    Scan,
    /// The window with random phases: the spectrum of every region, and no connectivity.
    Surrogate,
    /// The question alone.
    Nothing,
}

impl Asker<'_> {
    /// The model's answers.
    pub fn ask(&mut self, cases: &[Case<'_>], shown: Shown) -> Result<Vec<Prediction>> {
        let (places, blocks) = self.blocks(cases, shown)?;
        match cases::form(cases)? {
            None => Ok(Vec::new()),
            Some(Form::Choice) if self.paradigm == Paradigm::Open => self.named(cases, blocks),
            Some(Form::Choice | Form::Bins | Form::Band) => self.rank(cases, blocks),
            Some(Form::Text) => self.written(cases, blocks),
            Some(Form::Series) => self.continued(cases, &places, blocks),
            Some(Form::Value) => Err("a number without bins is read off, not asked for".into()),
        }
    }

    /// What each question is about, and what is shown with it.
    pub(super) fn blocks(
        &mut self,
        cases: &[Case<'_>],
        shown: Shown,
    ) -> Result<(Vec<Place>, Vec<Option<FmriBlock>>)> {
        let mut places = Vec::new();
        for case in cases {
            let (window, _) = extent(&case.example, self.windows.patch())?;
            places.push((case.scan.info.id.clone(), window, 0));
        }
        let is_forecast = cases::form(cases)? == Some(Form::Series);
        let blocks = match shown {
            Shown::Scan if is_forecast => self.windows.blocks(&places)?.into_iter().map(Some).collect(),
            Shown::Scan => self.windows.behind_questions(&places)?.into_iter().map(Some).collect(),
            Shown::Surrogate => {
                let whole = self.surrogates(&places)?;
                let blocks = if is_forecast { whole } else { self.windows.shown_of(whole) };
                blocks.into_iter().map(Some).collect()
            }
            Shown::Nothing => vec![None; cases.len()],
        };
        Ok((places, blocks))
    }

    /// The windows with random phases; each is made once, and those of one window are always the same.
    fn surrogates(&self, places: &[Place]) -> Result<Vec<FmriBlock>> {
        let distinct: BTreeSet<&Place> = places.iter().collect();
        let mut series = Vec::new();
        for place in &distinct {
            let (id, window, _) = place;
            let mut rng = seed::stream(self.seed, &format!("surrogate.{id}.{}", window.start));
            series.push(phase_randomized(&self.windows.shown(place)?.0, &mut rng)?);
        }
        let blocks: BTreeMap<_, _> = distinct.into_iter().zip(self.windows.embed(&series)?).collect();
        Ok(places.iter().map(|place| blocks[place].clone()).collect())
    }

    /// Options ranked by log-likelihood, after the questions and the model's own answers that come earlier
    /// in the same prompt, if there are any.
    fn rank(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<Prediction>> {
        let mut turns: Vec<Turn<'_>> = Vec::new();
        for (case, block) in cases.iter().zip(blocks) {
            turns.push(Turn::begin(self.model, self.together.around(case)?, block)?);
        }
        let questions = turns.iter().map(|turn| turn.own + 1).max().unwrap_or(0);
        for question in 0..questions {
            let asked: Vec<usize> = (0..turns.len()).filter(|&turn| question <= turns[turn].own).collect();
            let mut queries = Vec::new();
            for &turn in &asked {
                let query = turns[turn].query(self.model, question)?;
                let longest =
                    query.options.iter().max_by_key(|option| option.len()).cloned().unwrap_or_default();
                let mut whole = query.prompt.clone();
                whole.after.extend(longest);
                fits(&whole, self.context, &format!("the question about `{}`", cases[turn].scan.info.id))?;
                queries.push(query);
            }
            let ranked = self.model.rank(&queries)?;
            for ((&turn, query), log_likelihoods) in asked.iter().zip(queries).zip(ranked) {
                let usable = log_likelihoods.len() == query.options.len()
                    && log_likelihoods.iter().all(|l| !l.is_nan());
                if !usable {
                    let id = &cases[turn].scan.info.id;
                    return Err(format!("the backbone ranked `{id}` with {log_likelihoods:?}").into());
                }
                turns[turn].answer(query, log_likelihoods);
            }
        }
        turns.into_iter().zip(cases).map(|(turn, case)| turn.prediction(&case.example.answer)).collect()
    }

    /// Sentences, and the one option that each names.
    fn named(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<Prediction>> {
        let mut predictions = Vec::new();
        for (case, text) in cases.iter().zip(self.texts(cases, blocks)?) {
            let (options, _) = options(&case.example.answer)?;
            predictions.push(Prediction::Open { named: named(&text, &options), text });
        }
        Ok(predictions)
    }

    pub(super) fn generate(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<Prediction>> {
        let read = |text: String| Ok(Prediction::Text { facts: read_facts(&self.describers, &text)?, text });
        self.texts(cases, blocks)?.into_iter().map(read).collect()
    }

    fn texts(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<String>> {
        let mut prompts = Vec::new();
        let mut limit = self.longest;
        for (case, block) in cases.iter().zip(blocks) {
            let prompt = prompt(self.model, &case.example.question, block)?;
            fits(&prompt, self.context, &format!("the question about `{}`", case.scan.info.id))?;
            let room = self.context.map_or(usize::MAX, |context| context - prompt.layout().len());
            limit = limit.min(room);
            prompts.push(prompt);
        }
        let generated = self.model.generate(&prompts, limit)?;
        generated.iter().map(|tokens| self.model.text(tokens)).collect()
    }
}
