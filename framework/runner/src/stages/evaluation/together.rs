//! Several questions in one prompt: each is answered after the model's own earlier answers, never the true
//! ones.

use std::collections::BTreeMap;

use boldface::{
    Answer, Example, FmriBlock, LanguageModel, Prediction, Query, Result, ScanId, Sequence, Window,
};

use super::super::baselines::softmax;
use super::super::bins;
use super::super::cases::Case;
use super::super::packing::{options, prompt, query, questions};

/// The questions that stand in one prompt, by the scan and the window they are about; empty where every
/// question stands alone.
#[derive(Debug, Default)]
pub struct Together {
    prompts: BTreeMap<(ScanId, Window), Vec<(String, Example)>>,
    /// The task whose answers are wanted.
    task: String,
}

/// A prompt's questions in order, and which of them is to be answered.
type Asked<'a> = (Vec<&'a Example>, usize);

impl Together {
    /// No questions yet; those of `task` are the ones to answer.
    pub fn new(task: &str) -> Together {
        Together { prompts: BTreeMap::new(), task: task.to_owned() }
    }

    /// Adds the questions of a task, after those of the tasks before it.
    pub fn add(&mut self, task: &str, cases: &[Case<'_>]) {
        for case in cases {
            let place = (case.scan.info.id.clone(), case.example.window);
            self.prompts.entry(place).or_default().push((task.to_owned(), case.example.clone()));
        }
    }

    /// The questions around `case`; it alone where nothing is asked with it.
    pub fn around<'a>(&'a self, case: &'a Case<'_>) -> Result<Asked<'a>> {
        let place = (case.scan.info.id.clone(), case.example.window);
        let Some(asked) = self.prompts.get(&place) else { return Ok((vec![&case.example], 0)) };
        let is_own = |(task, example): &(String, Example)| *task == self.task && *example == case.example;
        let own = asked.iter().position(is_own);
        let own = own.ok_or_else(|| format!("the question about `{}` is not in its prompt", place.0))?;
        Ok((asked.iter().map(|(_, example)| example).collect(), own))
    }
}

/// One prompt while its questions are answered in order.
pub struct Turn<'a> {
    examples: Vec<&'a Example>,
    /// The question whose answer is wanted; later ones are asked and not answered.
    pub own: usize,
    /// The prompt, and the model's answers so far.
    said: Sequence,
    /// Log-likelihoods of the last question's options.
    ranked: Vec<f64>,
}

impl<'a> Turn<'a> {
    /// A prompt with all its questions and no answer.
    pub fn begin(
        model: &dyn LanguageModel,
        (examples, own): Asked<'a>,
        block: Option<FmriBlock>,
    ) -> Result<Turn<'a>> {
        let said = prompt(model, &questions(&examples), block)?;
        Ok(Turn { examples, own, said, ranked: Vec::new() })
    }

    /// The options of a question, after the answers to the questions before it.
    pub fn query(&self, model: &dyn LanguageModel, question: usize) -> Result<Query> {
        let (options, _) = options(&self.examples[question].answer)?;
        query(model, self.said.clone(), &options)
    }

    /// Takes the likeliest option, the first of equals, as the answer to the question.
    pub fn answer(&mut self, query: Query, log_likelihoods: Vec<f64>) {
        let best = (0..log_likelihoods.len())
            .rev()
            .max_by(|&a, &b| log_likelihoods[a].total_cmp(&log_likelihoods[b]));
        if let Some(option) = best.and_then(|best| query.options.into_iter().nth(best)) {
            self.said.after.extend(option);
        }
        self.ranked = log_likelihoods;
    }

    /// The shares of the options, or the number that the bins stand for.
    pub fn prediction(self, answer: &Answer) -> Result<Prediction> {
        // Each is of the whole string, its end included, so the shares are over the options.
        let (probabilities, _) = softmax(&self.ranked);
        match answer {
            Answer::Choice { .. } => Ok(Prediction::Choice { probabilities }),
            Answer::Value { edges, .. } => {
                Ok(Prediction::Value { value: bins::expected(&probabilities, edges) })
            }
            Answer::Text { .. } | Answer::Series { .. } => Err("there are no options to choose among".into()),
        }
    }
}
