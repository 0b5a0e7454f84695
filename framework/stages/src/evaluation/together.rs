//! Several questions in one prompt. Each is answered after the model's own earlier answers, never after
//! the correct ones.

use std::collections::BTreeMap;

use boldface::{
    Answer, Example, FmriBlock, LanguageModel, Prediction, Query, Result, ScanId, Sequence, Window,
};

use super::super::baselines::softmax;
use super::super::bins;
use super::super::cases::QuestionCase;
use super::super::packing::{options, prompt, query};

/// Questions that share a prompt, by scan and window. Empty if every question has its own prompt.
#[derive(Debug, Default)]
pub struct Together {
    prompts: BTreeMap<(ScanId, Window), Vec<(String, Example)>>,
    /// The task whose answers are needed.
    task: String,
}

/// A prompt's questions in order, and the index of the one to answer.
type Asked<'a> = (Vec<&'a Example>, usize);

impl Together {
    /// Starts without questions. Answers are needed for those of `task`.
    pub fn new(task: &str) -> Together {
        Together { prompts: BTreeMap::new(), task: task.to_owned() }
    }

    /// Adds the questions of a task after those of earlier tasks.
    pub fn add(&mut self, task: &str, cases: &[QuestionCase<'_>]) {
        for case in cases {
            let place = (case.scan.info.id.clone(), case.example.window);
            self.prompts.entry(place).or_default().push((task.to_owned(), case.example.clone()));
        }
    }

    /// Returns the questions in the prompt of `case`: only itself if no others share it.
    pub fn around<'a>(&'a self, case: &'a QuestionCase<'_>) -> Result<Asked<'a>> {
        let place = (case.scan.info.id.clone(), case.example.window);
        let Some(asked) = self.prompts.get(&place) else { return Ok((vec![&case.example], 0)) };
        let is_own = |(task, example): &(String, Example)| *task == self.task && *example == case.example;
        let own = asked.iter().position(is_own);
        let own = own.ok_or_else(|| format!("the question about `{}` is not in its prompt", place.0))?;
        Ok((asked.iter().map(|(_, example)| example).collect(), own))
    }
}

/// A prompt whose questions are answered in order.
pub struct Turn<'a> {
    examples: Vec<&'a Example>,
    /// The question whose answer is needed. Later ones are in the prompt but not answered.
    pub own: usize,
    /// The text of all questions.
    asked: String,
    /// The prompt with the model's answers so far.
    said: Sequence,
    /// Log-likelihoods of the options of the last question.
    ranked: Vec<f64>,
}

impl<'a> Turn<'a> {
    /// Makes the prompt with all questions, whose text is `asked`, and no answers.
    pub fn begin(
        model: &dyn LanguageModel,
        (examples, own): Asked<'a>,
        asked: String,
        block: Option<FmriBlock>,
    ) -> Result<Turn<'a>> {
        let said = prompt(model, &asked, block)?;
        Ok(Turn { examples, own, asked, said, ranked: Vec::new() })
    }

    /// Returns the options of a question, after the answers to earlier questions.
    pub fn query(&self, model: &dyn LanguageModel, question: usize) -> Result<Query> {
        let (options, _) = options(&self.examples[question].answer)?;
        query(model, &self.asked, self.said.clone(), &options)
    }

    /// Records the most likely option, the first of equals, as the answer to the question.
    pub fn answer(&mut self, query: Query, log_likelihoods: Vec<f64>) {
        let best = (0..log_likelihoods.len())
            .rev()
            .max_by(|&a, &b| log_likelihoods[a].total_cmp(&log_likelihoods[b]));
        if let Some(option) = best.and_then(|best| query.options.into_iter().nth(best)) {
            self.said.after.extend(option);
        }
        self.ranked = log_likelihoods;
    }

    /// Turns the log-likelihoods into probabilities of the options, or into the expected value of the
    /// bins.
    pub fn prediction(self, answer: &Answer) -> Result<Prediction> {
        // A log-likelihood covers the whole option including the end token, as in training. It needs no
        // length normalisation, and softmax gives shares over the options.
        let (probabilities, _) = softmax(&self.ranked);
        match answer {
            Answer::Choice { .. } | Answer::Band { .. } => Ok(Prediction::Choice { probabilities }),
            Answer::Value { edges, .. } => {
                Ok(Prediction::Value { value: bins::expected(&probabilities, edges) })
            }
            Answer::Text { .. } | Answer::Series { .. } => Err("there are no options to choose among".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use boldface::testing::scan;

    use super::super::super::letters::{Letters, block};
    use super::super::super::packing::questions;
    use super::*;

    fn example(question: &str, correct: usize) -> Example {
        let answer = Answer::Choice { options: vec!["no".into(), "yes".into()], correct };
        Example { window: Window::first(12), question: question.into(), answer }
    }

    fn text(sequence: &Sequence) -> String {
        Letters.text(&sequence.after).unwrap()
    }

    #[test]
    fn each_question_is_answered_after_the_models_own_answers_and_not_the_truth() {
        let (one, other) = (scan("1", &[]), scan("2", &[]));
        let case = |scan, question: &str, correct| QuestionCase { scan, example: example(question, correct) };
        // The correct answers are yes, no and yes.
        let mut together = Together::new("third");
        together.add("first", &[case(&one, "A?", 1), case(&other, "A?", 0)]);
        together.add("second", &[case(&one, "B?", 0)]);
        together.add("third", &[case(&one, "C?", 1), case(&other, "C?", 1)]);

        let own = case(&one, "C?", 1);
        let asked = together.around(&own).unwrap();
        assert_eq!((asked.0.len(), asked.1), (3, 2));
        let text_of_all = questions(&asked.0);
        let mut turn = Turn::begin(&Letters, asked, text_of_all, Some(block())).unwrap();
        let first = turn.query(&Letters, 0).unwrap();
        assert_eq!(text(&first.prompt), ">A?\nB?\nC?");
        // The model answers no, then yes, and of two equals the first: no.
        turn.answer(first, vec![-1.0, -2.0]);
        let second = turn.query(&Letters, 1).unwrap();
        assert_eq!(text(&second.prompt), ">A?\nB?\nC?no\0");
        turn.answer(second, vec![-2.0, -1.0]);
        let third = turn.query(&Letters, 2).unwrap();
        assert_eq!(text(&third.prompt), ">A?\nB?\nC?no\0yes\0");
        assert_eq!(
            third.options,
            ["no\0", "yes\0"].map(|text| text.bytes().map(u32::from).collect::<Vec<_>>())
        );
        turn.answer(third, vec![-3.0, -3.0]);
        assert_eq!(
            turn.prediction(&own.example.answer).unwrap(),
            Prediction::Choice { probabilities: vec![0.5, 0.5] }
        );

        // A scan without the second question has two in its prompt. A question of a task that was not
        // added has none around it.
        let own = case(&other, "C?", 1);
        assert_eq!(together.around(&own).unwrap().1, 1);
        let alone = case(&one, "D?", 1);
        assert_eq!(Together::new("fourth").around(&alone).unwrap().0, [&alone.example]);
        assert!(together.around(&alone).is_err());
    }

    #[test]
    fn bins_become_the_number_they_stand_for() {
        let answer = Answer::Value { value: 27.0, unit: "y".into(), edges: vec![20.0, 30.0, 50.0] };
        let example = Example { answer: answer.clone(), ..example("Age?", 0) };
        let mut turn = Turn::begin(&Letters, (vec![&example], 0), "Age?".into(), None).unwrap();
        let query = turn.query(&Letters, 0).unwrap();
        assert_eq!(Letters.text(&query.options[1]).unwrap(), "30 to 50 y\0");
        turn.answer(query, vec![0.25f64.ln(), 0.75f64.ln()]);
        // 0.25 * 25 + 0.75 * 40
        let Prediction::Value { value } = turn.prediction(&answer).unwrap() else { panic!() };
        assert!((value - 36.25).abs() < 1e-12, "{value}");
    }
}
