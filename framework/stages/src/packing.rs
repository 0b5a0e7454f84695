//! Turns texts, questions and answers into sequences and queries for a language model.

use std::borrow::{Borrow, Cow};

use boldface::{Answer, Example, FmriBlock, LanguageModel, Objective, Query, Result, Sequence, Window, seed};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::bins;

/// Makes the prompt of a question, with or without a scan.
pub fn prompt(model: &dyn LanguageModel, question: &str, block: Option<FmriBlock>) -> Result<Sequence> {
    let (before, after) = model.prompt_tokens(question, block.is_some())?;
    Ok(Sequence::prompt(before, block, after))
}

/// Makes a sequence of question, scan if there is one, and the answer to learn, including the end token.
pub fn answered(
    model: &dyn LanguageModel,
    question: &str,
    block: Option<FmriBlock>,
    answer: &str,
) -> Result<Sequence> {
    let answer = model.answer_tokens(question, block.is_some(), answer)?;
    Ok(supervised(prompt(model, question, block)?, &answer))
}

/// Appends the answer to learn to a prompt.
pub fn supervised(mut prompt: Sequence, answer: &[u32]) -> Sequence {
    let start = prompt.after.len();
    prompt.after.extend(answer);
    Sequence { supervised: start..prompt.after.len(), text_weight: 1.0, ..prompt }
}

/// Makes a sequence of a scan whose patches from `from` on are to be learned.
pub fn forecast(
    model: &dyn LanguageModel,
    question: &str,
    block: FmriBlock,
    from: usize,
) -> Result<Sequence> {
    let patches = block.patches;
    let (before, _) = model.prompt_tokens(question, true)?;
    // The question's text after the block is left out, because the block could not see it.
    let sequence = Sequence::prompt(before, Some(block), Vec::new());
    Ok(Sequence { forecast: from..patches, code_weight: 1.0, ..sequence })
}

/// Makes the training sequence of an example, with or without the scan.
///
/// # Errors
/// If it has no correct option, its answer is a number without bins, which cannot be text, or it continues
/// a scan that is not shown.
pub fn lesson(
    model: &dyn LanguageModel,
    example: &Example,
    block: Option<FmriBlock>,
    patch: usize,
) -> Result<Sequence> {
    match &example.answer {
        Answer::Series { .. } => {
            let block = block.ok_or("a scan cannot be continued without its volumes")?;
            forecast(model, &example.question, block, example.window.trs / patch)
        }
        Answer::Text { reference, .. } => answered(model, &example.question, block, reference),
        Answer::Choice { .. } | Answer::Value { .. } | Answer::Band { .. } => {
            let (options, right) = options(&example.answer)?;
            answered(model, &example.question, block, &options[right])
        }
    }
}

/// Makes the training sequence of several questions in one prompt: the answers in order, each with its
/// end token.
///
/// # Errors
/// If an answer is not one of several options.
pub fn lesson_of_many(
    model: &dyn LanguageModel,
    examples: &[Example],
    block: Option<FmriBlock>,
) -> Result<Sequence> {
    let question = questions(examples);
    let mut answers = Vec::new();
    for example in examples {
        let (options, right) = options(&example.answer)?;
        answers.extend(model.answer_tokens(&question, block.is_some(), &options[right])?);
    }
    Ok(supervised(prompt(model, &question, block)?, &answers))
}

/// Joins several questions, one per line.
pub fn questions<E: Borrow<Example>>(examples: &[E]) -> String {
    examples.iter().map(|example| example.borrow().question.as_str()).collect::<Vec<_>>().join("\n")
}

/// Returns the options of an answer and the correct one. Options are classes, bands, or bins of a
/// number.
///
/// # Errors
/// If the answer has no options, or no correct one.
pub fn options(answer: &Answer) -> Result<(Cow<'_, [String]>, usize)> {
    match answer {
        Answer::Choice { options, correct } if *correct < options.len() => Ok((options.into(), *correct)),
        Answer::Choice { .. } => Err("the right option is not one of the options".into()),
        Answer::Value { value, unit, edges } => {
            Ok((bins::labels(edges, unit)?.into(), bins::bin(*value, edges)))
        }
        Answer::Band { fact, bands } => {
            let names: Vec<String> = bands.iter().map(|band| band.name.clone()).collect();
            Ok((names.into(), fact.band_index(bands)?))
        }
        Answer::Text { .. } | Answer::Series { .. } => Err("there are no options to choose among".into()),
    }
}

/// Returns an example's window, in whole patches, and the number of volumes after it that belong to the
/// answer.
pub fn extent(example: &Example, patch: usize) -> Result<(Window, usize)> {
    let Window { start, trs } = example.window;
    let horizon = match example.answer {
        Answer::Series { trs } => trs,
        Answer::Choice { .. } | Answer::Text { .. } | Answer::Value { .. } | Answer::Band { .. } => 0,
    };
    if trs < patch || (horizon > 0 && !(trs.is_multiple_of(patch) && horizon.is_multiple_of(patch))) {
        return Err(format!("a window of {trs} and {horizon} volumes is not whole patches of {patch}").into());
    }
    Ok((Window { start, trs: trs / patch * patch }, horizon))
}

/// Makes the query that ranks `options` after a prompt that starts with `question`.
pub fn query(
    model: &dyn LanguageModel,
    question: &str,
    prompt: Sequence,
    options: &[String],
) -> Result<Query> {
    let fmri = prompt.fmri.is_some();
    let options = options.iter().map(|option| model.answer_tokens(question, fmri, option));
    Ok(Query { prompt, options: options.collect::<Result<_>>()? })
}

/// Splits documents into sequences of at most `length` tokens to learn.
pub fn pieces(model: &dyn LanguageModel, documents: &[String], length: usize) -> Result<Vec<Sequence>> {
    let mut pieces = Vec::new();
    for document in documents {
        for tokens in model.text_tokens(document)?.chunks(length.max(2)) {
            // A single token has nothing before it to be predicted from.
            if tokens.len() > 1 {
                let sequence = Sequence::prompt(Vec::new(), None, tokens.to_vec());
                let objective = Objective::TextToText;
                pieces.push(Sequence { supervised: 0..tokens.len(), objective, ..sequence });
            }
        }
    }
    Ok(pieces)
}

/// Checks that a sequence fits the backbone. `what` names it in the error.
pub fn fits(sequence: &Sequence, context: Option<usize>, what: &str) -> Result<()> {
    let (length, context) = (sequence.layout().len(), context.unwrap_or(usize::MAX));
    if length <= context {
        return Ok(());
    }
    let help = "raise the backbone's context, or shorten `signal.trs`, the question or the answer";
    Err(format!("{what} is {length} tokens long, but the backbone reads at most {context}; {help}").into())
}

/// Draws every index once per round, each round in another order.
#[derive(Debug)]
pub struct Deck {
    order: Vec<usize>,
    next: usize,
    /// Number of the current round, from 0.
    round: usize,
    rng: ChaCha8Rng,
}

impl Deck {
    /// Makes a deck of `size` indices, shuffled for `purpose`.
    pub fn new(size: usize, seed: u64, purpose: &str) -> Deck {
        let mut deck =
            Deck { order: (0..size).collect(), next: 0, round: 0, rng: seed::stream(seed, purpose) };
        deck.order.shuffle(&mut deck.rng);
        deck
    }

    /// Draws the next index and returns it with its round. `None` from an empty deck.
    pub fn draw(&mut self) -> Option<(usize, usize)> {
        self.shuffle_if_over();
        let index = *self.order.get(self.next)?;
        self.next += 1;
        Some((index, self.round))
    }

    /// Draws the first remaining index of this round that `is_wanted`, or of the next round if this one
    /// is over. Returns it with its round, or `None` if there is no such index. The others keep their
    /// order.
    pub fn draw_wanted(&mut self, is_wanted: impl Fn(usize, usize) -> bool) -> Option<(usize, usize)> {
        self.shuffle_if_over();
        let left = &mut self.order[self.next..];
        let place = left.iter().position(|&index| is_wanted(index, self.round))?;
        left[..=place].rotate_right(1);
        self.draw()
    }

    /// Starts the next round if this one is over.
    fn shuffle_if_over(&mut self) {
        if self.next == self.order.len() && !self.order.is_empty() {
            self.order.shuffle(&mut self.rng);
            self.round += 1;
            self.next = 0;
        }
    }
}

/// A stateless [`Deck`]: it draws every index once per round, each round in another order, and computes
/// any draw without the earlier ones.
#[derive(Debug)]
pub struct Rounds {
    size: usize,
    seed: u64,
    purpose: String,
    /// The round computed last, with its order.
    known: Option<(u64, Vec<usize>)>,
}

impl Rounds {
    /// Makes rounds of `size` indices, at least 1, shuffled for `purpose`.
    pub fn new(size: usize, seed: u64, purpose: &str) -> Rounds {
        Rounds { size: size.max(1), seed, purpose: purpose.to_owned(), known: None }
    }

    /// Returns the index of draw number `draw`.
    pub fn at(&mut self, draw: u64) -> usize {
        let (round, place) = (draw / self.size as u64, draw % self.size as u64);
        let order = self.known.take().filter(|(known, _)| *known == round).map(|(_, order)| order);
        let order = order.unwrap_or_else(|| {
            let mut order: Vec<usize> = (0..self.size).collect();
            order.shuffle(&mut seed::stream(self.seed, &format!("{}.{round}", self.purpose)));
            order
        });
        let index = order[place as usize];
        self.known = Some((round, order));
        index
    }

    /// Returns the round of draw number `draw`.
    pub fn round(&self, draw: u64) -> u64 {
        draw / self.size as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::letters::{Letters, block};
    use super::*;

    fn example(trs: usize, answer: Answer) -> Example {
        Example { window: Window { start: 3, trs }, question: "?".into(), answer }
    }

    fn text_of(targets: impl Iterator<Item = (usize, u32)>) -> String {
        targets.filter_map(|(_, token)| char::from_u32(token)).collect()
    }

    #[test]
    fn only_the_answer_and_its_end_are_learned() {
        let choice = Answer::Choice { options: vec!["no".into(), "yes".into()], correct: 1 };
        let lesson = lesson(&Letters, &example(60, choice), Some(block()), 20).unwrap();
        assert_eq!(text_of(lesson.text_targets()), "yes\0");
        // Delimiter, 6 tokens of the scan, delimiter, question. The question at position 8 predicts
        // `y`.
        assert_eq!(lesson.text_targets().next(), Some((8, u32::from(b'y'))));
        assert_eq!(lesson.code_targets().count(), 0);
        assert_eq!((lesson.objective, lesson.text_weight), (Objective::Instruction, 1.0));

        let text =
            Answer::Text { reference: "Low.".into(), facts: vec![], decoding: boldface::Decoding::Free };
        let lesson = super::lesson(&Letters, &example(60, text), Some(block()), 20).unwrap();
        assert_eq!(text_of(lesson.text_targets()), "Low.\0");
    }

    #[test]
    fn several_questions_are_one_prompt_and_their_answers_follow_each_with_its_end() {
        let choice = |correct| Answer::Choice { options: vec!["no".into(), "yes".into()], correct };
        let age = Answer::Value { value: 61.0, unit: "y".into(), edges: vec![20.0, 40.0, 80.0] };
        let examples = [example(60, choice(1)), example(60, age), example(60, choice(0))];
        let lesson = lesson_of_many(&Letters, &examples, Some(block())).unwrap();
        assert_eq!(text_of(lesson.after.iter().map(|&token| (0, token))), ">?\n?\n?yes\x0040 to 80 y\0no\0");
        assert_eq!(text_of(lesson.text_targets()), "yes\x0040 to 80 y\0no\0");
        let text =
            Answer::Text { reference: "Low.".into(), facts: vec![], decoding: boldface::Decoding::Free };
        assert!(lesson_of_many(&Letters, &[example(60, text)], Some(block())).is_err());
    }

    #[test]
    fn only_the_patches_after_the_window_are_learned() {
        // The 40 shown volumes are two patches of 20, and the third patch is the answer.
        let asked = example(40, Answer::Series { trs: 20 });
        assert!(lesson(&Letters, &asked, None, 20).is_err());
        let lesson = lesson(&Letters, &asked, Some(block()), 20).unwrap();
        let targets: Vec<(usize, u32)> = lesson.code_targets().collect();
        // After the delimiter, patch 1 is at positions 3 and 4 and predicts the codes of patch 2.
        assert_eq!(targets, [(3, 4), (4, 5)]);
        assert_eq!(lesson.text_targets().count(), 0);
        assert_eq!(lesson.code_weight, 1.0);
    }

    #[test]
    fn general_text_is_cut_and_learned_from_its_second_token() {
        let pieces = pieces(&Letters, &["abcde".into(), "f".into()], 2).unwrap();
        let learned: Vec<String> = pieces.iter().map(|piece| text_of(piece.text_targets())).collect();
        assert_eq!(learned, ["b", "d"]);
        assert!(pieces.iter().all(|piece| piece.objective == Objective::TextToText && piece.fmri.is_none()));
    }

    #[test]
    fn what_is_too_long_is_said() {
        let prompt = prompt(&Letters, "why", Some(block())).unwrap();
        assert!(fits(&prompt, Some(11), "it").is_ok() && fits(&prompt, None, "it").is_ok());
        let error = fits(&prompt, Some(10), "the question").unwrap_err().to_string();
        assert!(
            error.starts_with("the question is 11 tokens long, but the backbone reads at most 10;"),
            "{error}"
        );
    }

    #[test]
    fn every_round_of_a_deck_has_everything_once() {
        let mut deck = Deck::new(5, 1, "test");
        let drawn: Vec<(usize, usize)> = (0..15).filter_map(|_| deck.draw()).collect();
        for (round, draws) in drawn.chunks(5).enumerate() {
            assert!(draws.iter().all(|&(_, of)| of == round));
            assert_eq!(draws.iter().map(|&(index, _)| index).collect::<BTreeSet<_>>(), (0..5).collect());
        }
        assert_ne!(
            drawn[..5].iter().map(|draw| draw.0).collect::<Vec<_>>(),
            drawn[5..10].iter().map(|draw| draw.0).collect::<Vec<_>>()
        );
        assert_eq!(Deck::new(0, 1, "test").draw(), None);
    }

    #[test]
    fn a_window_is_whole_patches() {
        let choice = Answer::Choice { options: vec![], correct: 0 };
        assert_eq!(extent(&example(50, choice.clone()), 20).unwrap(), (Window { start: 3, trs: 40 }, 0));
        assert!(extent(&example(19, choice), 20).is_err());
        let series = Answer::Series { trs: 20 };
        assert_eq!(extent(&example(40, series.clone()), 20).unwrap(), (Window { start: 3, trs: 40 }, 20));
        assert!(extent(&example(50, series), 20).is_err());
    }
}
