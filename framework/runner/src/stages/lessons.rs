//! Lessons of instruction tuning: every task's training examples, asked in its paradigm.

use std::collections::BTreeMap;

use boldface::{
    Answer, Decoding, Example, LanguageModel, Result, Scan, ScanId, Sequence, Split, Window, seed,
};
use rand_chacha::ChaCha8Rng;

use super::cases;
use super::naming::named;
use super::packing::{extent, fits, lesson, lesson_of_many, options};
use super::windows::Windows;
use crate::plan::{Asking, Plan};
use crate::spec::Paradigm;

/// Most wordings of one example. With more rounds they repeat.
const WORDINGS: usize = 64;

/// A course, which takes turns with others: one task, or all `multi` tasks together.
#[derive(Debug)]
pub struct Course {
    /// The task's name; `multi` for several.
    pub name: String,
    /// The scan of each lesson.
    pub scans: Vec<ScanId>,
    /// Every lesson in one wording, or in one per round.
    pub lessons: Vec<Vec<Sequence>>,
}

/// The examples of a course. Each lesson asks one or several questions about one window of a scan.
struct Material<'a> {
    name: String,
    lessons: Vec<(ScanId, Vec<(&'a Asking, Example)>)>,
}

/// Makes all courses with lessons, for `draws` lessons in total. Tasks that are held out, probed, or
/// answered by ridge regression have none.
///
/// # Errors
/// If an example cannot be turned into a lesson, or does not fit the backbone.
pub fn courses(
    plan: &Plan,
    model: &dyn LanguageModel,
    windows: &mut Windows,
    (scans, split): (&[Scan], &Split),
    (draws, seed): (u64, u64),
) -> Result<Vec<Course>> {
    let material = material(plan, scans, split)?;
    let turns = usize::try_from(draws).unwrap_or(usize::MAX).div_ceil(material.len().max(1));
    let context = plan.backbone.config.context();
    let mut courses = Vec::new();
    for Material { name, lessons } in &material {
        let in_task =
            |error: boldface::Error| -> boldface::Error { format!("task `{name}`: {error}").into() };
        let mut places = Vec::new();
        for (scan, examples) in lessons {
            let (window, horizon) = extent(&examples[0].1, windows.patch()).map_err(in_task)?;
            places.push((scan.clone(), window, horizon));
        }
        let is_forecast = places.iter().any(|(_, _, horizon)| *horizon > 0);
        let blocks =
            if is_forecast { windows.blocks(&places)? } else { windows.behind_questions(&places)? };
        let rounds = turns.div_ceil(lessons.len()).clamp(1, WORDINGS);
        let mut rng = seed::stream(seed, &format!("prompts.{name}"));
        let mut worded = Vec::new();
        for ((_, examples), block) in lessons.iter().zip(blocks) {
            let is_multi = examples.iter().any(|(asking, _)| asking.keys.paradigm == Paradigm::Multi);
            let has_wordings = examples.iter().any(|(asking, _)| asking.grammar.is_some());
            let mut wordings = Vec::new();
            for _ in 0..if has_wordings { rounds } else { 1 } {
                let examples: Vec<Example> = examples
                    .iter()
                    .map(|(asking, example)| wording(asking, example, &mut rng))
                    .collect::<Result<_>>()
                    .map_err(in_task)?;
                let sequence = match &examples[..] {
                    [only] if !is_multi => lesson(model, only, block.clone(), windows.patch()),
                    several => lesson_of_many(model, several, block.clone()),
                };
                let sequence = sequence.map_err(in_task)?;
                fits(&sequence, context, &format!("an example of task `{name}`"))?;
                wordings.push(sequence);
            }
            worded.push(wordings);
        }
        let scans = lessons.iter().map(|(scan, _)| scan.clone()).collect();
        courses.push(Course { name: name.clone(), scans, lessons: worded });
    }
    Ok(courses)
}

/// Name of the course of all `multi` tasks.
const MULTI: &str = "multi";

/// Whether an answer consists of facts, whose questions [`super::alignment::Teacher`] asks.
fn is_taught_by_asking(answer: &Answer) -> bool {
    matches!(answer, Answer::Band { .. } | Answer::Text { decoding: Decoding::Asked, .. })
}

/// Collects the training examples of every course that has any, in the order of the tasks.
fn material<'a>(plan: &'a Plan, scans: &[Scan], split: &Split) -> Result<Vec<Material<'a>>> {
    let mut courses: Vec<Material<'a>> = Vec::new();
    let mut together: BTreeMap<(ScanId, Window), Vec<(&Asking, Example)>> = BTreeMap::new();
    let mut place = None;
    for task in plan.tasks.iter().filter(|task| task.asking.teaches()) {
        let mut cases = cases::training(plan, task, scans, split)?;
        cases.retain(|case| !is_taught_by_asking(&case.example.answer));
        let examples = cases.into_iter().map(|case| (case.scan.info.id.clone(), case.example));
        if task.asking.keys.paradigm == Paradigm::Multi {
            place.get_or_insert(courses.len());
            for (scan, example) in examples {
                together.entry((scan, example.window)).or_default().push((&task.asking, example));
            }
        } else {
            let lessons = examples.map(|(scan, example)| (scan, vec![(&task.asking, example)]));
            courses.push(Material { name: task.name.clone(), lessons: lessons.collect() });
        }
    }
    if let Some(place) = place {
        let lessons = together.into_iter().map(|((scan, _), examples)| (scan, examples)).collect();
        courses.insert(place, Material { name: MULTI.to_owned(), lessons });
    }
    courses.retain(|course| !course.lessons.is_empty());
    Ok(courses)
}

/// Paraphrases an example's question. For open tasks the answer becomes a sentence.
fn wording(asking: &Asking, example: &Example, rng: &mut ChaCha8Rng) -> Result<Example> {
    let Some(grammar) = &asking.grammar else { return Ok(example.clone()) };
    let question = grammar.question(&example.question, &asking.slots, rng);
    let mut answer = example.answer.clone();
    if asking.keys.paradigm == Paradigm::Open {
        let (options, right) = options(&example.answer)?;
        let reference = grammar.answer(&options[right], &asking.slots, rng);
        if named(&reference, &options) != Some(right) {
            let class = &options[right];
            return Err(format!(
                "the sentence `{reference}` should name `{class}`, which cannot be read in it"
            )
            .into());
        }
        answer = Answer::Text { reference, facts: Vec::new(), decoding: Decoding::Free };
    }
    Ok(Example { question, answer, ..*example })
}
