//! Asks a language model: ranks options, generates texts, continues scans.

use std::collections::BTreeMap;
use std::iter::repeat_n;

use boldface::{Describer, FmriBlock, LanguageModel, Prediction, Query, Result, ScanId, TimeSeries, seed};

use super::super::cases::{self, AnswerForm, QuestionCase};
use super::super::forms::{FactValues, longest_answers};
use super::super::naming::named;
use super::super::packing::{extent, fits, options, prompt, questions};
use super::super::surrogate::{phase_randomized, shuffled};
use super::super::windows::{ScanWindow, Windows};
use super::controls::{ShownInput, StandIns, mean};
use super::frequencies::Frequencies;
use super::together::{Together, Turn};
use super::{ABOUT_ONE, BATCH};
use crate::inputs::read_facts;
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
    pub stand_ins: StandIns,
    /// Whether the model was trained on prompts with facts as numbers instead of the scan, so that the
    /// control `values` is asked.
    pub asks_values: bool,
    /// Frequencies of bands for captions from facts, if the task wants them corrected.
    pub frequencies: Option<Frequencies>,
    /// Seed of surrogate and shuffled scans.
    pub seed: u64,
    /// Surrogate and shuffled scans of the last questions. The next questions are often about the same
    /// scans.
    pub altered: BTreeMap<(ShownInput, ScanWindow), FmriBlock>,
}

impl Asker<'_> {
    /// Returns the model's answers. If several scans are shown for a question, averages their answers.
    pub fn ask(&mut self, cases: &[QuestionCase<'_>], shown: ShownInput) -> Result<Vec<Prediction>> {
        let Some(form) = cases::form(cases)? else { return Ok(Vec::new()) };
        let mut sights = self.sights(cases, shown)?;
        if form == AnswerForm::Text || self.paradigm == Paradigm::Open {
            // Texts have no mean, so only the first scan is shown.
            sights.iter_mut().for_each(|places| places.truncate(1));
        }
        let asked = repeated(cases, &sights);
        let places: Vec<ScanWindow> = sights.iter().flatten().cloned().collect();
        let mut answers = Vec::new();
        let size = match form {
            AnswerForm::Choice | AnswerForm::Bins | AnswerForm::Band => ABOUT_ONE,
            AnswerForm::Text | AnswerForm::Series | AnswerForm::Value => BATCH,
        };
        for (cases, places) in asked.chunks(size).zip(places.chunks(size)) {
            answers.extend(self.answer(cases, places, shown, form)?);
        }
        let mut answers = answers.into_iter();
        sights.iter().map(|places| mean(answers.by_ref().take(places.len()).collect())).collect()
    }

    fn answer(
        &mut self,
        cases: &[QuestionCase<'_>],
        places: &[ScanWindow],
        shown: ShownInput,
        form: AnswerForm,
    ) -> Result<Vec<Prediction>> {
        let blocks = self.blocks(places, shown, form == AnswerForm::Series)?;
        match form {
            AnswerForm::Choice if self.paradigm == Paradigm::Open => self.named(cases, shown, blocks),
            AnswerForm::Choice | AnswerForm::Bins | AnswerForm::Band => self.rank(cases, shown, blocks),
            AnswerForm::Text => self.write_texts(cases, shown, blocks),
            AnswerForm::Series => self.continued(cases, places, shown, blocks),
            AnswerForm::Value => Err("a number without bins has no options to rank".into()),
        }
    }

    /// Returns the windows to show for each question: its own, or its stand-ins.
    pub(super) fn sights(
        &self,
        cases: &[QuestionCase<'_>],
        shown: ShownInput,
    ) -> Result<Vec<Vec<ScanWindow>>> {
        let mut sights = Vec::new();
        for case in cases {
            let (window, _) = extent(&case.example, self.windows.patch())?;
            let id = &case.scan.info.id;
            sights.push(match shown {
                ShownInput::Swap => self.stand_ins.windows_for(id, window).to_vec(),
                ShownInput::Scan
                | ShownInput::Shuffled
                | ShownInput::Surrogate
                | ShownInput::Nothing
                | ShownInput::Values => {
                    vec![(id.clone(), window, 0)]
                }
            });
        }
        Ok(sights)
    }

    /// Returns the block to show for each window: the whole window for forecasts, otherwise the part
    /// that questions show.
    pub(super) fn blocks(
        &mut self,
        places: &[ScanWindow],
        shown: ShownInput,
        is_forecast: bool,
    ) -> Result<Vec<Option<FmriBlock>>> {
        let blocks = match shown {
            ShownInput::Scan | ShownInput::Swap if is_forecast => self.windows.blocks(places)?,
            ShownInput::Scan | ShownInput::Swap => self.windows.behind_questions(places)?,
            ShownInput::Shuffled | ShownInput::Surrogate => self.altered(places, shown, is_forecast)?,
            ShownInput::Nothing | ShownInput::Values => return Ok(vec![None; places.len()]),
        };
        Ok(blocks.into_iter().map(Some).collect())
    }

    /// Returns altered windows. Each is embedded once while consecutive questions are about it.
    fn altered(
        &mut self,
        places: &[ScanWindow],
        shown: ShownInput,
        is_forecast: bool,
    ) -> Result<Vec<FmriBlock>> {
        self.altered.retain(|(how, place), _| *how != shown || places.contains(place));
        let mut missing: Vec<&ScanWindow> = Vec::new();
        for place in places {
            if !self.altered.contains_key(&(shown, place.clone())) && !missing.contains(&place) {
                missing.push(place);
            }
        }
        let series = missing.iter().map(|place| self.series(place, shown)).collect::<Result<Vec<_>>>()?;
        let whole = self.windows.embed(&series)?;
        let blocks = if is_forecast { whole } else { self.windows.shown_of(whole) };
        for (place, block) in missing.into_iter().zip(blocks) {
            self.altered.insert((shown, place.clone()), block);
        }
        Ok(places.iter().map(|place| self.altered[&(shown, place.clone())].clone()).collect())
    }

    /// Returns the volumes to show for a window. The same window always gives the same volumes.
    pub(super) fn series(&self, place: &ScanWindow, shown: ShownInput) -> Result<TimeSeries> {
        let (id, window, _) = place;
        let (series, _) = self.windows.shown(place)?;
        let stream = |name: &str| seed::stream(self.seed, &format!("{name}.{id}.{}", window.start));
        match shown {
            ShownInput::Shuffled => shuffled(&series, &mut stream("shuffled")),
            ShownInput::Surrogate => phase_randomized(&series, &mut stream("surrogate")),
            ShownInput::Scan | ShownInput::Swap | ShownInput::Nothing | ShownInput::Values => Ok(series),
        }
    }

    /// Returns a question about a case as it is put. If the scan's facts are shown, they come before it, as
    /// many as leave room for `answer` tokens.
    pub(super) fn put(
        &self,
        case: &QuestionCase<'_>,
        question: &str,
        shown: ShownInput,
        answer: usize,
    ) -> Result<String> {
        match shown {
            ShownInput::Values => {
                let values = FactValues::collect(case.scan, case.example.window);
                values.before(question, self.model, answer, self.context)
            }
            ShownInput::Scan
            | ShownInput::Shuffled
            | ShownInput::Surrogate
            | ShownInput::Swap
            | ShownInput::Nothing => Ok(question.to_owned()),
        }
    }

    /// Ranks options by log-likelihood, after any earlier questions of the same prompt and the model's
    /// own answers to them.
    fn rank(
        &self,
        cases: &[QuestionCase<'_>],
        shown: ShownInput,
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<Prediction>> {
        let mut turns: Vec<Turn<'_>> = Vec::new();
        for (case, block) in cases.iter().zip(blocks) {
            let around = self.together.around(case)?;
            let room = match shown {
                ShownInput::Values => longest_answers(self.model, &around.0)?,
                _ => 0,
            };
            let asked = self.put(case, &questions(&around.0), shown, room)?;
            turns.push(Turn::begin(self.model, around, asked, block)?);
        }
        let questions = turns.iter().map(|turn| turn.own + 1).max().unwrap_or(0);
        for question in 0..questions {
            let asked: Vec<usize> = (0..turns.len()).filter(|&turn| question <= turns[turn].own).collect();
            let mut queries = Vec::new();
            for &turn in &asked {
                queries.push((&cases[turn].scan.info.id, turns[turn].query(self.model, question)?));
            }
            let ranked = self.log_likelihoods(&queries)?;
            for ((&turn, (_, query)), log_likelihoods) in asked.iter().zip(queries).zip(ranked) {
                turns[turn].answer(query, log_likelihoods);
            }
        }
        turns.into_iter().zip(cases).map(|(turn, case)| turn.prediction(&case.example.answer)).collect()
    }

    /// Computes the log-likelihoods of the options of each question.
    ///
    /// # Errors
    /// If a question with its longest option does not fit the backbone, or the backbone returns no
    /// number for an option.
    pub(super) fn log_likelihoods(&self, questions: &[(&ScanId, Query)]) -> Result<Vec<Vec<f64>>> {
        for (scan, query) in questions {
            let longest = query.options.iter().max_by_key(|option| option.len());
            let mut whole = query.prompt.clone();
            whole.after.extend(longest.into_iter().flatten());
            fits(&whole, self.context, &format!("the question about `{scan}`"))?;
        }
        let queries: Vec<Query> = questions.iter().map(|(_, query)| query.clone()).collect();
        let ranked = self.model.rank(&queries)?;
        for ((scan, query), log_likelihoods) in questions.iter().zip(&ranked) {
            let is_usable =
                log_likelihoods.len() == query.options.len() && log_likelihoods.iter().all(|l| !l.is_nan());
            if !is_usable {
                return Err(format!("the backbone ranked `{scan}` with {log_likelihoods:?}").into());
            }
        }
        Ok(ranked)
    }

    /// Generates sentences and finds the option that each names.
    fn named(
        &self,
        cases: &[QuestionCase<'_>],
        shown: ShownInput,
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<Prediction>> {
        let mut predictions = Vec::new();
        for (case, text) in cases.iter().zip(self.texts(cases, shown, blocks)?) {
            let (options, _) = options(&case.example.answer)?;
            predictions.push(Prediction::Open { named: named(&text, &options), text });
        }
        Ok(predictions)
    }

    pub(super) fn generate(
        &self,
        cases: &[QuestionCase<'_>],
        shown: ShownInput,
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<Prediction>> {
        let read = |text: String| Ok(Prediction::Text { facts: read_facts(&self.describers, &text)?, text });
        self.texts(cases, shown, blocks)?.into_iter().map(read).collect()
    }

    fn texts(
        &self,
        cases: &[QuestionCase<'_>],
        shown: ShownInput,
        blocks: Vec<Option<FmriBlock>>,
    ) -> Result<Vec<String>> {
        let mut prompts = Vec::new();
        let mut limit = self.longest;
        for (case, block) in cases.iter().zip(blocks) {
            let question = self.put(case, &case.example.question, shown, self.longest)?;
            let prompt = prompt(self.model, &question, block)?;
            fits(&prompt, self.context, &format!("the question about `{}`", case.scan.info.id))?;
            let room = self.context.map_or(usize::MAX, |context| context - prompt.layout().len());
            limit = limit.min(room);
            prompts.push(prompt);
        }
        let generated = self.model.generate(&prompts, limit)?;
        generated.iter().map(|tokens| self.model.text(tokens)).collect()
    }
}

/// Repeats each question once per window shown for it.
pub(super) fn repeated<'a>(cases: &[QuestionCase<'a>], sights: &[Vec<ScanWindow>]) -> Vec<QuestionCase<'a>> {
    cases.iter().zip(sights).flat_map(|(case, places)| repeat_n(case.clone(), places.len())).collect()
}
