//! Asks a language model: options ranked, texts generated.

use boldface::{Answer, Describer, FmriBlock, LanguageModel, Prediction, Query, Result};

use super::super::baselines::softmax;
use super::super::cases::{self, Case, Form};
use super::super::packing::{extent, fits, prompt, query};
use super::super::windows::Windows;
use crate::run::inputs::read_facts;

/// Asks a language model about scans.
pub(super) struct Asker<'a> {
    pub model: &'a dyn LanguageModel,
    pub windows: Windows,
    pub describers: Vec<Box<dyn Describer>>,
    pub context: Option<usize>,
    pub longest: usize,
}

impl Asker<'_> {
    /// The model's answers, with the scan or with the question alone.
    pub fn ask(&mut self, cases: &[Case<'_>], fmri: bool) -> Result<Vec<Prediction>> {
        let mut places = Vec::new();
        for case in cases {
            let (window, _) = extent(&case.example, self.windows.patch())?;
            places.push((case.scan.info.id.clone(), window, 0));
        }
        let blocks: Vec<Option<FmriBlock>> = if fmri {
            self.windows.blocks(&places)?.into_iter().map(Some).collect()
        } else {
            vec![None; cases.len()]
        };
        match cases::form(cases)? {
            None => Ok(Vec::new()),
            Some(Form::Choice) => self.rank(cases, blocks),
            Some(Form::Text) => self.generate(cases, blocks),
            Some(Form::Value) => Err("no head predicts numbers yet".into()),
            Some(Form::Series) => self.continued(cases, &places, blocks),
        }
    }

    fn rank(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<Prediction>> {
        let mut queries: Vec<Query> = Vec::new();
        for (case, block) in cases.iter().zip(blocks) {
            let Answer::Choice { options, .. } = &case.example.answer else { continue };
            let query = query(self.model, prompt(self.model, &case.example.question, block)?, options)?;
            let longest = query.options.iter().max_by_key(|option| option.len()).cloned().unwrap_or_default();
            let mut whole = query.prompt.clone();
            whole.after.extend(longest);
            fits(&whole, self.context, &format!("the question about `{}`", case.scan.info.id))?;
            queries.push(query);
        }
        let ranked = self.model.rank(&queries)?;
        let mut predictions = Vec::new();
        for ((case, query), log_likelihoods) in cases.iter().zip(&queries).zip(ranked) {
            let usable =
                log_likelihoods.len() == query.options.len() && log_likelihoods.iter().all(|l| !l.is_nan());
            if !usable {
                let id = &case.scan.info.id;
                return Err(format!("the backbone ranked `{id}` with {log_likelihoods:?}").into());
            }
            // Each is of the whole string, its end included, so the shares are over the options.
            predictions.push(Prediction::Choice { probabilities: softmax(&log_likelihoods).0 });
        }
        Ok(predictions)
    }

    fn generate(&self, cases: &[Case<'_>], blocks: Vec<Option<FmriBlock>>) -> Result<Vec<Prediction>> {
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
        let mut predictions = Vec::new();
        for tokens in generated {
            let text = self.model.text(&tokens)?;
            predictions.push(Prediction::Text { facts: read_facts(&self.describers, &text)?, text });
        }
        Ok(predictions)
    }
}
