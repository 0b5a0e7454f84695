//! Lessons of instruction tuning: every task's training examples, asked in its paradigm.

use std::collections::BTreeMap;

use boldface::{
    Answer, Decoding, Example, LanguageModel, Result, Scan, ScanId, Sequence, Split, Window, seed,
};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::cases::{self, Form};
use super::naming::named;
use super::packing::{extent, fits, lesson, lesson_of_many, options};
use super::windows::Windows;
use crate::plan::{Asking, Plan};
use crate::spec::Paradigm;

/// Most versions of one example: wordings of the question, draws of the answer. With more rounds they repeat.
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
        let mut answers = seed::stream(seed, &format!("answers.{name}"));
        let mut worded = Vec::new();
        for ((_, examples), block) in lessons.iter().zip(blocks) {
            let is_multi = examples.iter().any(|(asking, _)| asking.keys.paradigm == Paradigm::Multi);
            let changes = examples
                .iter()
                .any(|(asking, _)| asking.grammar.is_some() || asking.keys.answer_sd.is_some());
            let mut wordings = Vec::new();
            for _ in 0..if changes { rounds } else { 1 } {
                let examples: Vec<Example> = examples
                    .iter()
                    .map(|(asking, example)| {
                        wording(asking, &with_drawn_answer(asking, example, &mut answers), &mut rng)
                    })
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
pub(crate) fn is_taught_by_asking(answer: &Answer) -> bool {
    matches!(answer, Answer::Band { .. } | Answer::Text { decoding: Decoding::Asked, .. })
}

/// Collects the training examples of every course that has any, in the order of the tasks.
fn material<'a>(plan: &'a Plan, scans: &[Scan], split: &Split) -> Result<Vec<Material<'a>>> {
    let mut courses: Vec<Material<'a>> = Vec::new();
    let mut together: BTreeMap<(ScanId, Window), Vec<(&Asking, Example)>> = BTreeMap::new();
    let mut place = None;
    for task in plan.tasks.iter().filter(|task| task.asking.teaches()) {
        let mut cases = cases::training(plan, task, scans, split)?;
        if task.asking.keys.answer_sd.is_some() && cases::form(&cases)?.is_some_and(|form| form != Form::Bins)
        {
            let name = &task.name;
            return Err(format!(
                "`tasks.{name}.answer-sd` is for numbers among bins, which it does not ask for"
            )
            .into());
        }
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

/// Replaces the number that an example asks for by one drawn around it, if the task has `answer-sd`. The bin of the
/// drawn number is the answer to learn, so a bin is learned as often as a normal distribution around the true number
/// has mass in it. What lies beyond the edges counts for the nearest bin.
///
/// On average this is the cross-entropy with soft labels, and no backbone has to know about it.
fn with_drawn_answer(asking: &Asking, example: &Example, rng: &mut ChaCha8Rng) -> Example {
    let mut drawn = example.clone();
    if let (Some(sd), Answer::Value { value, .. }) = (asking.keys.answer_sd, &mut drawn.answer) {
        let noise: f64 = StandardNormal.sample(rng);
        *value += sd * noise;
    }
    drawn
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

#[cfg(test)]
mod tests {
    use super::super::baselines::majority::frequencies;
    use super::*;

    const EDGES: [f64; 4] = [20.0, 30.0, 40.0, 60.0];

    fn example(value: f64) -> Example {
        let answer = Answer::Value { value, unit: "years".into(), edges: EDGES.to_vec() };
        Example { window: Window::first(20), question: "Age?".into(), answer }
    }

    fn asking(answer_sd: Option<f64>) -> Asking {
        let mut asking = Asking::default();
        asking.keys.answer_sd = answer_sd;
        asking
    }

    /// How often each bin is the answer to learn, over many draws.
    fn shares(value: f64, sd: f64) -> Vec<f64> {
        let (asking, mut rng) = (asking(Some(sd)), seed::stream(0, "test"));
        let mut bins = Vec::new();
        for _ in 0..100_000 {
            let drawn = with_drawn_answer(&asking, &example(value), &mut rng);
            bins.push(options(&drawn.answer).unwrap().1);
        }
        frequencies(&bins, 3)
    }

    #[test]
    fn bins_are_learned_as_often_as_a_normal_distribution_has_mass_in_them() {
        // P(30 + 5 N < 30) = 0.5 and P(30 + 5 N > 40) = P(N > 2) = 0.02275.
        // P(32 + 10 N < 30) = P(N < -0.2) = 0.42074 and P(32 + 10 N > 40) = P(N > 0.8) = 0.21186.
        let by_hand = [((30.0, 5.0), [0.5, 0.47725, 0.02275]), ((32.0, 10.0), [0.42074, 0.36740, 0.21186])];
        for ((value, sd), expected) in by_hand {
            for (found, expected) in shares(value, sd).into_iter().zip(expected) {
                // Four standard errors of a share over 100 000 draws are at most 0.0063.
                assert!((found - expected).abs() < 0.0063, "{value} {sd}: {found} and not {expected}");
            }
        }
    }

    #[test]
    fn a_narrow_distribution_always_names_the_true_bin() {
        assert_eq!(shares(30.1, 1e-6), [0.0, 1.0, 0.0]);
        assert_eq!(shares(20.1, 1e-6), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn only_numbers_of_tasks_that_say_so_are_drawn() {
        let mut rng = seed::stream(0, "test");
        assert_eq!(with_drawn_answer(&asking(None), &example(25.0), &mut rng), example(25.0));
        let answer = Answer::Choice { options: vec!["no".into(), "yes".into()], correct: 1 };
        let choice = Example { answer, ..example(0.0) };
        assert_eq!(with_drawn_answer(&asking(Some(5.0)), &choice, &mut rng), choice);
    }
}
