//! Stage 3: the language model learns to answer all tasks' questions about training scans.

use boldface::{Result, Sequence};

use super::Work;
use super::packing::{Deck, extent, fits, lesson};
use super::windows::Windows;

/// Raised when the same config gives different results.
pub const VERSION: u32 = 2;

/// Saves the tuned language model.
pub fn run(work: &mut Work<'_>) -> Result<()> {
    let config = work.plan.experiment.instruction.as_ref().ok_or("the experiment has no `[instruction]`")?;
    let mut model = work.inputs.language_model(&mut work.fit())?;
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let train = split.train(&scans)?;
    work.fitted_on(train.iter().map(|scan| &scan.info.id))?;
    let patch = work.plan.tokenizer.config.patch();
    let mut windows = Windows::open(work.inputs, patch, work.plan.experiment.signal.standardize)?;
    let mut tasks = Vec::new();
    for task in &work.plan.tasks {
        let (mut examples, mut places) = (Vec::new(), Vec::new());
        for scan in train.iter() {
            for example in task.config.examples(scan)? {
                let (window, horizon) =
                    extent(&example, patch).map_err(|error| format!("task `{}`: {error}", task.name))?;
                places.push((scan.info.id.clone(), window, horizon));
                examples.push(example);
            }
        }
        let mut lessons = Vec::new();
        for (example, block) in examples.iter().zip(windows.blocks(&places)?) {
            let lesson = lesson(&*model, example, block, patch)?;
            fits(
                &lesson,
                work.plan.backbone.config.context(),
                &format!("an example of task `{}`", task.name),
            )?;
            lessons.push(lesson);
        }
        if !lessons.is_empty() {
            let deck = Deck::new(lessons.len(), work.stage.seed, &format!("instruction.{}", task.name));
            tasks.push((lessons, deck));
        }
    }
    if tasks.is_empty() {
        return Err("no task has an example among the training scans; nothing can be learned".into());
    }
    let mut batches = Batches { tasks, turn: 0, size: config.batch_size };
    model.train(&config.training(), &mut batches, &mut work.fit())?;
    model.save(&work.folder("model")?)
}

/// Micro-batches without end: the tasks take turns, and each goes through its examples round by round.
struct Batches {
    tasks: Vec<(Vec<Sequence>, Deck)>,
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
            batch.extend(deck.draw().map(|(lesson, _)| lessons[lesson].clone()));
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
                tokens.iter().map(|&token| lesson(token)).collect::<Vec<_>>(),
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
}
