//! Forms of a prompt: with the scan, with the question alone, or with the scan's facts as numbers.

use std::borrow::Borrow;

use boldface::{Answer, Example, LanguageModel, Result, Scan, Window};
use rand::{Rng, RngExt};

use super::packing::options;
use crate::spec::Forms;

/// What a prompt shows with its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptForm {
    /// The scan.
    Scan,
    /// Nothing.
    TextOnly,
    /// The scan's facts as numbers.
    Values,
}

impl PromptForm {
    /// Draws a form by its share.
    pub fn draw(forms: &Forms, rng: &mut impl Rng) -> PromptForm {
        let place: f64 = rng.random();
        if place < forms.text_only {
            PromptForm::TextOnly
        } else if place < forms.text_only + forms.values {
            PromptForm::Values
        } else {
            PromptForm::Scan
        }
    }
}

/// Tokens kept free behind the answer. Where prompt and answer meet, a tokenizer may cut them otherwise
/// than when they were counted.
const SPARE: usize = 8;

/// The facts of one window of a scan as numbers, such as `coupling.Default-Vis -1.23`.
///
/// Only z counts, the deviation from the training norm in SD, which determines the band. The band's word is
/// left out: it is the answer to a question about the fact. The facts come in the corpora's order, which is
/// the same for all scans. If they do not fit into a prompt, the last ones are left out: choosing the most
/// unusual ones would tell something that no number says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactValues(Vec<String>);

impl FactValues {
    /// Collects the facts that corpora measured in exactly the volumes of `window`. Facts that nobody is
    /// asked about are left out, because the signal does not show them: phenotypes and amplitudes. So are
    /// facts that are not available.
    pub fn collect(scan: &Scan, window: Window) -> FactValues {
        let shown = scan.descriptors.iter().filter(|said| said.window == window && said.question.is_some());
        let known = shown.filter_map(|said| Some((&said.fact.feature, said.fact.z?)));
        let finite = known.filter(|(_, z)| z.is_finite());
        FactValues(finite.map(|(feature, z)| format!("{feature} {}", two_decimals(z))).collect())
    }

    /// Names of the features.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|fact| Some(fact.rsplit_once(' ')?.0))
    }

    /// Whether there is no fact.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the facts before a question: as many, in order, as leave room for `answer` tokens in
    /// `context` tokens.
    ///
    /// # Errors
    /// If the model cannot tokenise the text.
    pub fn before(
        &self,
        question: &str,
        model: &dyn LanguageModel,
        answer: usize,
        context: Option<usize>,
    ) -> Result<String> {
        let Some(context) = context else { return Ok(self.text(self.0.len(), question)) };
        let fits = |count: usize| -> Result<bool> {
            let (before, after) = model.prompt_tokens(&self.text(count, question), false)?;
            Ok(before.len() + after.len() + answer + SPARE <= context)
        };
        if fits(self.0.len())? {
            return Ok(self.text(self.0.len(), question));
        }
        let (mut fitting, mut too_many) = (0, self.0.len());
        while too_many > fitting + 1 {
            let middle = fitting.midpoint(too_many);
            if fits(middle)? {
                fitting = middle;
            } else {
                too_many = middle;
            }
        }
        Ok(self.text(fitting, question))
    }

    /// Returns the question after the first `count` facts.
    fn text(&self, count: usize, question: &str) -> String {
        if count == 0 {
            return question.to_owned();
        }
        let facts = self.0[..count].join(", ");
        format!("Measured in this scan, in standard deviations from the norm: {facts}.\n{question}")
    }
}

/// Formats a number with two decimals and without a negative zero.
fn two_decimals(number: f64) -> String {
    format!("{:.2}", (number * 100.0).round() / 100.0 + 0.0)
}

/// Counts the tokens of the longest answers to several examples, one after the other.
///
/// # Errors
/// If an example has neither options nor a text.
pub fn longest_answers<E: Borrow<Example>>(model: &dyn LanguageModel, examples: &[E]) -> Result<usize> {
    let mut tokens = 0;
    for example in examples.iter().map(Borrow::borrow) {
        tokens += match &example.answer {
            Answer::Text { reference, .. } => model.answer_tokens(&example.question, false, reference)?.len(),
            answer => longest(model, &example.question, &options(answer)?.0)?,
        };
    }
    Ok(tokens)
}

/// Counts the tokens of the longest option.
///
/// # Errors
/// If the model cannot tokenise an option.
pub fn longest(model: &dyn LanguageModel, question: &str, options: &[String]) -> Result<usize> {
    let mut longest = 0;
    for option in options {
        longest = longest.max(model.answer_tokens(question, false, option)?.len());
    }
    Ok(longest)
}

#[cfg(test)]
mod tests;
