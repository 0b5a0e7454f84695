//! Stage 3: the language model learns to answer all tasks' questions about training scans.

use std::collections::BTreeSet;

use boldface::{Result, Sequence};

use super::Work;
use super::lessons::{self, Course};
use super::packing::Deck;
use super::windows::Windows;

/// Raised when the same config gives different results.
pub const VERSION: u32 = 2;

/// Saves the tuned language model.
pub fn run(work: &mut Work<'_>) -> Result<()> {
    let config = work.plan.experiment.instruction.as_ref().ok_or("the experiment has no `[instruction]`")?;
    let mut model = work.inputs.language_model(&mut work.fit())?;
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let patch = work.plan.tokenizer.config.patch();
    let mut windows = Windows::open(work.inputs, patch, work.plan.experiment.signal.standardize)?;
    let training = config.training();
    let draws = training.steps * training.accumulate as u64 * config.batch_size as u64;
    let draws = (draws, work.stage.seed);
    let courses = lessons::courses(work.plan, &*model, &mut windows, (&scans, &split), draws)?;
    work.fitted_on(courses.iter().flat_map(|course| &course.scans).collect::<BTreeSet<_>>())?;
    let deck = |course: Course| {
        let purpose = format!("instruction.{}", course.name);
        let deck = Deck::new(course.lessons.len(), work.stage.seed, &purpose);
        (course.lessons, deck)
    };
    let tasks: Vec<_> = courses.into_iter().map(deck).collect();
    if tasks.is_empty() {
        return Err("no task has an example among the training scans; nothing can be learned".into());
    }
    let mut batches = Batches { tasks, turn: 0, size: config.batch_size };
    model.train(&training, &mut batches, &mut work.fit())?;
    model.save(&work.folder("model")?)
}

/// Micro-batches without end: the courses take turns, and each goes through its lessons round by round, a
/// wording a round.
struct Batches {
    tasks: Vec<(Vec<Vec<Sequence>>, Deck)>,
    turn: usize,
    size: usize,
}

impl Iterator for Batches {
    type Item = Result<Vec<Sequence>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch = Vec::new();
        for _ in 0..self.size {
            let turn = self.turn % self.tasks.len();
            let (lessons, deck) = &mut self.tasks[turn];
            batch.extend(deck.draw().map(|(lesson, round)| {
                let wordings = &lessons[lesson];
                wordings[round % wordings.len()].clone()
            }));
            self.turn += 1;
        }
        Some(Ok(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_take_turns_whatever_their_size() {
        let lesson = |token| Sequence::prompt(vec![token], None, Vec::new());
        let task = |tokens: &[u32]| {
            (
                tokens.iter().map(|&token| vec![lesson(token)]).collect::<Vec<_>>(),
                Deck::new(tokens.len(), 0, "test"),
            )
        };
        let batches = Batches { tasks: vec![task(&[0, 1, 2, 3]), task(&[9])], turn: 0, size: 3 };
        let drawn: Vec<u32> =
            batches.take(4).flat_map(|batch| batch.unwrap()).map(|sequence| sequence.before[0]).collect();
        assert!(drawn.iter().skip(1).step_by(2).all(|&token| token == 9), "{drawn:?}");
        let mut first: Vec<u32> = drawn.iter().step_by(2).take(4).copied().collect();
        first.sort_unstable();
        assert_eq!(first, [0, 1, 2, 3]);
    }

    #[test]
    fn every_round_has_another_wording() {
        let lesson = |token| Sequence::prompt(vec![token], None, Vec::new());
        // Two lessons in two wordings; the third round begins again.
        let lessons = vec![vec![lesson(10), lesson(11)], vec![lesson(20), lesson(21)]];
        let batches = Batches { tasks: vec![(lessons, Deck::new(2, 0, "test"))], turn: 0, size: 2 };
        let rounds: Vec<Vec<u32>> = batches
            .take(3)
            .map(|batch| {
                let mut drawn: Vec<u32> = batch.unwrap().iter().map(|sequence| sequence.before[0]).collect();
                drawn.sort_unstable();
                drawn
            })
            .collect();
        assert_eq!(rounds, [[10, 20], [11, 21], [10, 20]]);
    }
}
