//! Stage 3: the language model learns to answer all tasks' questions about training scans.
//!
//! A resumed training draws the earlier batches again and skips them. The sampler's position is its
//! whole state, so nothing has to be saved.

use std::collections::BTreeSet;

use boldface::{Result, Scan, Sequence, Window};
use serde::Serialize;

use super::StageContext;
use super::alignment::Teacher;
use super::config::{ByName, TaughtTask};
use super::counted::{Counted, is_about_the_same};
use super::forms::FactValues;
use super::lessons::{self, Course};
use super::packing::Deck;
use super::taught::Taught;
use super::windows::Windows;
use crate::spec::{FactRecipe, Instruction};
use crate::study::Study;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 6;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct InstructionConfig<'a> {
    /// The section. The stage has its seed.
    pub table: Instruction,
    /// The tasks that it teaches, in order. Never empty.
    pub tasks: ByName<TaughtTask<'a>>,
    /// How facts are asked in rehearsal.
    recipe: FactRecipe,
}

impl<'a> InstructionConfig<'a> {
    /// Takes what the stage reads from a study. `None` without `[instruction]` or without a task to teach.
    pub fn new(study: &'a Study) -> Option<InstructionConfig<'a>> {
        let table = study.experiment.instruction.as_ref()?;
        let taught = study.tasks.iter().filter(|task| task.asking.teaches());
        let tasks: ByName<TaughtTask<'_>> = taught.map(|task| TaughtTask::new(study, task)).collect();
        let recipe = FactRecipe::new(study.experiment.alignment.as_ref());
        let table = Instruction { seed: None, ..table.clone() };
        (!tasks.is_empty()).then_some(InstructionConfig { table, tasks, recipe })
    }
}

/// Trains the language model and saves it.
pub fn run(work: &mut StageContext<'_, InstructionConfig<'_>>) -> Result<()> {
    let config = &work.config.table;
    let mut model = work.inputs.language_model(&mut work.fit())?;
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let has_facts = |scan: &Scan| !FactValues::collect(scan, Window::first(scan.series.trs())).is_empty();
    if config.forms.values > 0.0 && !scans.iter().any(has_facts) {
        let message =
            "`instruction.forms.values`: no corpus asks about facts that training may see; remove `values`";
        return Err(message.into());
    }
    let mut windows = Windows::open(work.inputs)?;
    let training = config.training();
    let draws = training.steps * training.accumulate as u64 * config.batch_size as u64;
    let draws = (draws, work.seed);
    let courses = lessons::courses(
        (work.config, work.inputs.context()),
        &*model,
        &mut windows,
        (&scans, &split),
        draws,
    )?;
    let mut teacher = match config.rehearsal {
        0 => None,
        _ => Teacher::open(work, work.config.recipe, &*model)?,
    };
    if let Some(teacher) = &mut teacher {
        let context = work.inputs.context();
        let batches = training.steps * training.accumulate as u64;
        teacher.put_into_forms(&*model, &config.forms, context, (batches, config.rehearsal))?;
    }
    let learned = courses.iter().flat_map(|course| &course.scans);
    work.fitted_on(learned.chain(teacher.iter().flat_map(Teacher::learned)).collect::<BTreeSet<_>>())?;
    let mut taught = Taught::default();
    let of_courses = courses.iter().map(|course| course.taught.clone());
    of_courses.chain(teacher.iter().map(Teacher::taught)).for_each(|other| taught.extend(other));
    work.write_taught(taught)?;
    let deck = |course: Course| {
        let purpose = format!("instruction.{}", course.name);
        let deck = Deck::new(course.lessons.len(), work.seed, &purpose);
        (course.lessons, deck)
    };
    let tasks: Vec<_> = courses.into_iter().map(deck).collect();
    if tasks.is_empty() && teacher.is_none() {
        return Err("no task has an example among the training scans; nothing can be learned".into());
    }
    let (size, questions, rehearsal) = (config.batch_size, config.questions, config.rehearsal);
    let size = if tasks.is_empty() { 0 } else { size };
    let mut batches = Batches { tasks, turn: 0, size, questions, teacher, rehearsal, next: 0 };
    let mut batches = Counted { batches: &mut batches, tokens: work.recorder.tokens() };
    model.train(&training, &mut batches, &mut work.fit())?;
    model.save(&work.folder("model")?)
}

/// Endless micro-batches. Courses take turns, and each goes through its lessons round by round, with
/// one wording per round. With several `questions`, up to that many consecutive lessons are about the
/// same scan, as long as the course whose turn it is has one left in this round. This changes only the
/// order within a round. Lessons in a form without the scan are about no scan.
struct Batches {
    tasks: Vec<(Vec<Vec<Sequence>>, Deck)>,
    turn: usize,
    size: usize,
    questions: usize,
    /// Questions about facts between the tasks' lessons, so that the model does not forget them.
    teacher: Option<Teacher>,
    /// Scans per batch for questions about facts.
    rehearsal: usize,
    /// Number of the next batch.
    next: u64,
}

impl Iterator for Batches {
    type Item = Result<Vec<Sequence>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch: Vec<Sequence> = Vec::new();
        let mut asked = 0;
        for _ in 0..self.size {
            let turn = self.turn % self.tasks.len();
            let (lessons, deck) = &mut self.tasks[turn];
            let worded = |lesson: usize, round: usize| &lessons[lesson][round % lessons[lesson].len()];
            let same = batch.last().filter(|_| asked < self.questions).and_then(|last| {
                deck.draw_wanted(|lesson, round| is_about_the_same(last, worded(lesson, round)))
            });
            asked = if same.is_some() { asked + 1 } else { 1 };
            let drawn = same.or_else(|| deck.draw());
            batch.extend(drawn.map(|(lesson, round)| worded(lesson, round).clone()));
            self.turn += 1;
        }
        if let Some(teacher) = &mut self.teacher {
            match teacher.batch(self.next, self.rehearsal) {
                Ok(asked) => batch.extend(asked),
                Err(error) => return Some(Err(error)),
            }
        }
        self.next += 1;
        Some(Ok(batch))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use boldface::FmriBlock;

    use super::super::letters::block;
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
        let tasks = vec![task(&[0, 1, 2, 3]), task(&[9])];
        let batches = Batches { tasks, turn: 0, size: 3, questions: 1, teacher: None, rehearsal: 0, next: 0 };
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
        // Two lessons in two wordings. The third round uses the first wording again.
        let lessons = vec![vec![lesson(10), lesson(11)], vec![lesson(20), lesson(21)]];
        let tasks = vec![(lessons, Deck::new(2, 0, "test"))];
        let batches = Batches { tasks, turn: 0, size: 2, questions: 1, teacher: None, rehearsal: 0, next: 0 };
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

    #[test]
    fn questions_about_one_scan_stand_side_by_side_and_every_lesson_comes_as_often() {
        let blocks: Vec<FmriBlock> = (0..6).map(|_| block()).collect();
        // Three tasks with questions about six scans: the second has two about each, the third only
        // about the first four.
        let lessons = |task: u32, scans: usize, each: u32| -> Vec<Vec<Sequence>> {
            let ask = |(scan, question): (usize, u32)| {
                let tokens = vec![task, u32::try_from(scan).unwrap(), question];
                vec![Sequence::prompt(tokens, Some(blocks[scan].clone()), Vec::new())]
            };
            (0..scans).flat_map(|scan| (0..each).map(move |question| (scan, question))).map(ask).collect()
        };
        let dealt = |tasks: [Vec<Vec<Sequence>>; 3], size: usize, questions: usize| {
            let tasks = tasks.into_iter().zip(0..).map(|(lessons, seed)| {
                let deck = Deck::new(lessons.len(), seed, "test");
                (lessons, deck)
            });
            Batches { tasks: tasks.collect(), turn: 0, size, questions, teacher: None, rehearsal: 0, next: 0 }
        };
        let batches = |questions| dealt([lessons(0, 6, 1), lessons(1, 6, 2), lessons(2, 4, 1)], 4, questions);
        // 36 draws: 12 per task, complete rounds of each.
        let drawn = |questions| -> Vec<Vec<Sequence>> {
            batches(questions).take(9).map(|batch| batch.unwrap()).collect()
        };
        let counts = |drawn: &[Vec<Sequence>]| {
            let mut counts: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
            drawn.iter().flatten().for_each(|lesson| *counts.entry(lesson.before.clone()).or_default() += 1);
            counts
        };
        let scans =
            |batch: &[Sequence]| batch.iter().map(|lesson| lesson.before[1]).collect::<BTreeSet<_>>().len();
        let (apart, together) = (drawn(1), drawn(4));
        assert_eq!(counts(&together), counts(&apart));
        let [many, few] =
            [&apart, &together].map(|drawn| drawn.iter().map(|batch| scans(batch)).sum::<usize>());
        assert!(few * 3 < many * 2, "{few} scans are read, and {many} without");
        assert!(together.iter().any(|batch| scans(batch) == 1));
        // At most two each, so a batch of four covers at least two scans.
        assert!(drawn(2).iter().all(|batch| scans(batch) >= 2));
        // If every task asks once about every scan, each batch covers one scan in every round.
        let equal = dealt([0, 1, 2].map(|task| lessons(task, 6, 1)), 3, 3);
        assert!(equal.take(12).all(|batch| scans(&batch.unwrap()) == 1));
    }
}
