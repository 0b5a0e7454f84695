//! Lessons of instruction tuning: every task's training examples, asked in its paradigm.

use std::collections::BTreeMap;

use boldface::{
    Answer, Decoding, Example, FmriBlock, LanguageModel, Result, Scan, ScanId, Sequence, Split, Window, seed,
};
use rand_chacha::ChaCha8Rng;

use super::cases::{self, AnswerForm};
use super::config::{Named, TaughtTask};
use super::forms::{FactValues, PromptForm, longest_answers};
use super::instruction::InstructionConfig;
use super::naming::named;
use super::nearby::with_drawn_answer;
use super::packing::{extent, fits, lesson, lesson_of_many, options, questions};
use super::taught::Taught;
use super::windows::Windows;
use crate::spec::Paradigm;
use crate::study::is_taught_by_asking;

/// Most versions of one example: wordings of the question, draws of the answer. With more rounds they repeat.
const WORDINGS: usize = 64;

/// A course, which takes turns with others: one task, or all `multi` tasks together.
#[derive(Debug)]
pub struct Course {
    /// The task's name; `multi` for several.
    pub name: String,
    /// The scan of each lesson.
    pub scans: Vec<ScanId>,
    /// Every lesson in one wording and form, or in one per round.
    pub lessons: Vec<Vec<Sequence>>,
    /// Facts and texts in the lessons.
    pub taught: Taught,
}

/// The examples of a course. Each lesson asks one or several questions about one window of a scan.
struct Material<'a> {
    name: String,
    lessons: Vec<(ScanId, Vec<(&'a TaughtTask<'a>, Example)>)>,
}

/// Makes all courses with lessons, for `draws` lessons in total. Tasks that are held out, probed, or
/// answered by ridge regression have none.
///
/// # Errors
/// If an example cannot be turned into a lesson, or does not fit the backbone.
pub fn courses(
    (config, context): (&InstructionConfig<'_>, Option<usize>),
    model: &dyn LanguageModel,
    windows: &mut Windows,
    (scans, split): (&[Scan], &Split),
    (draws, seed): (u64, u64),
) -> Result<Vec<Course>> {
    let material = material(config, scans, split)?;
    let turns = usize::try_from(draws).unwrap_or(usize::MAX).div_ceil(material.len().max(1));
    let forms = config.table.forms;
    let known: BTreeMap<&ScanId, &Scan> = scans.iter().map(|scan| (&scan.info.id, scan)).collect();
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
        let mut form_rng = seed::stream(seed, &format!("forms.{name}"));
        // A forecast without its scan would have nothing to continue.
        let has_forms = !forms.is_none() && !is_forecast;
        let mut answers = seed::stream(seed, &format!("answers.{name}"));
        let (mut worded, mut taught) = (Vec::new(), Taught::default());
        for ((scan, examples), block) in lessons.iter().zip(blocks) {
            if forms.values > 0.0 {
                let values = FactValues::collect(known[scan], examples[0].1.window);
                taught.features.extend(values.features().map(str::to_owned));
            }
            let put = Put { model, scan: known[scan], block, patch: windows.patch(), context };
            let is_multi = examples.iter().any(|(task, _)| task.worded.paradigm == Paradigm::Multi);
            let changes =
                examples.iter().any(|(task, _)| task.worded.grammar.is_some() || task.answer_sd.is_some());
            let mut wordings = Vec::new();
            for _ in 0..if changes || has_forms { rounds } else { 1 } {
                let examples: Vec<Example> = examples
                    .iter()
                    .map(|(task, example)| {
                        wording(task, &with_drawn_answer(task.answer_sd, example, &mut answers), &mut rng)
                    })
                    .collect::<Result<_>>()
                    .map_err(in_task)?;
                examples.iter().for_each(|example| note(&mut taught, example));
                let form = match has_forms {
                    true => PromptForm::draw(&forms, &mut form_rng),
                    false => PromptForm::Scan,
                };
                let sequence = put.sequence(examples, form, is_multi).map_err(in_task)?;
                fits(&sequence, context, &format!("an example of task `{name}`"))?;
                wordings.push(sequence);
            }
            worded.push(wordings);
        }
        let scans = lessons.iter().map(|(scan, _)| scan.clone()).collect();
        courses.push(Course { name: name.clone(), scans, lessons: worded, taught });
    }
    Ok(courses)
}

/// Notes the question of an example, and the facts and texts of its answer.
fn note(taught: &mut Taught, example: &Example) {
    taught.questions.insert(example.question.clone());
    match &example.answer {
        Answer::Text { reference, facts, .. } => {
            taught.features.extend(facts.iter().map(|fact| fact.feature.clone()));
            taught.texts.insert(reference.clone());
        }
        Answer::Band { fact, .. } => drop(taught.features.insert(fact.feature.clone())),
        Answer::Choice { options, .. } => taught.texts.extend(options.iter().cloned()),
        Answer::Series { .. } | Answer::Value { .. } => {}
    }
}

/// Puts the questions of one lesson.
struct Put<'a> {
    model: &'a dyn LanguageModel,
    scan: &'a Scan,
    block: FmriBlock,
    /// Volumes per patch.
    patch: usize,
    context: Option<usize>,
}

impl Put<'_> {
    /// Makes the training sequence of `examples` in a form. A window of which no facts are known is shown
    /// as it is.
    fn sequence(&self, mut examples: Vec<Example>, form: PromptForm, is_multi: bool) -> Result<Sequence> {
        let mut block = (form != PromptForm::TextOnly).then(|| self.block.clone());
        if form == PromptForm::Values {
            let values = FactValues::collect(self.scan, examples[0].window);
            if !values.is_empty() {
                let answers = longest_answers(self.model, &examples)?;
                let asked = questions(&examples);
                let put = values.before(&asked, self.model, answers, self.context)?;
                // Further questions follow the first one, so the facts come before all of them.
                let facts = &put[..put.len() - asked.len()];
                examples[0].question.insert_str(0, facts);
                block = None;
            }
        }
        match &examples[..] {
            [only] if !is_multi => lesson(self.model, only, block, self.patch),
            several => lesson_of_many(self.model, several, block),
        }
    }
}

/// Name of the course of all `multi` tasks.
const MULTI: &str = "multi";

/// Collects the training examples of every course that has any, in the order of the tasks.
fn material<'a>(
    config: &'a InstructionConfig<'a>,
    scans: &[Scan],
    split: &Split,
) -> Result<Vec<Material<'a>>> {
    let mut courses: Vec<Material<'a>> = Vec::new();
    let mut together: BTreeMap<(ScanId, Window), Vec<(&TaughtTask<'_>, Example)>> = BTreeMap::new();
    let mut place = None;
    for task in config.tasks.iter() {
        let name = task.name();
        let mut cases = cases::training(&task.worded.source, scans, split)?;
        if task.answer_sd.is_some() && cases::form(&cases)?.is_some_and(|form| form != AnswerForm::Bins) {
            return Err(format!(
                "`tasks.{name}.answer-sd` is for numbers among bins, which it does not ask for"
            )
            .into());
        }
        cases.retain(|case| !is_taught_by_asking(&case.example.answer));
        let examples = cases.into_iter().map(|case| (case.scan.info.id.clone(), case.example));
        if task.worded.paradigm == Paradigm::Multi {
            place.get_or_insert(courses.len());
            for (scan, example) in examples {
                together.entry((scan, example.window)).or_default().push((task, example));
            }
        } else {
            let lessons = examples.map(|(scan, example)| (scan, vec![(task, example)]));
            courses.push(Material { name: name.to_owned(), lessons: lessons.collect() });
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
fn wording(task: &TaughtTask<'_>, example: &Example, rng: &mut ChaCha8Rng) -> Result<Example> {
    let task = &task.worded;
    let Some(grammar) = task.grammar else { return Ok(example.clone()) };
    let question = grammar.question(&example.question, task.slots, rng);
    let mut answer = example.answer.clone();
    if task.paradigm == Paradigm::Open {
        let (options, right) = options(&example.answer)?;
        let reference = grammar.answer(&options[right], task.slots, rng);
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
    use std::sync::Arc;

    use boldface::{Descriptor, Fact, FactQuestion, testing};

    use super::super::letters::{Letters, block};
    use super::*;

    /// A scan of twelve volumes with one fact.
    fn scan() -> Scan {
        let made = testing::scan("01", &[]);
        let fact = Fact { feature: "a".into(), z: Some(-2.0), band: "lower".into(), ..Fact::default() };
        let asked = FactQuestion { feature: "a".into(), wordings: vec!["?".into()], bands: vec![] };
        let descriptor = Descriptor {
            window: Window::first(12),
            question: Some(Arc::new(asked)),
            ..Descriptor::new(&made.info.id, "a is lower.".into(), fact)
        };
        Scan { descriptors: vec![descriptor], ..made }
    }

    fn example(question: &str, trs: usize) -> Example {
        let answer = Answer::Choice { options: vec!["no".into(), "yes".into()], correct: 1 };
        Example { window: Window::first(trs), question: question.into(), answer }
    }

    /// Returns the text of a lesson's prompt with its answers, and whether it shows the scan.
    fn put(examples: &[Example], form: PromptForm, is_multi: bool) -> (String, bool) {
        let scan = scan();
        let put = Put { model: &Letters, scan: &scan, block: block(), patch: 4, context: None };
        let sequence = put.sequence(examples.to_vec(), form, is_multi).unwrap();
        let answers: Vec<u32> = sequence.text_targets().map(|(_, token)| token).collect();
        let expected = "yes\0".repeat(examples.len());
        assert_eq!(Letters.text(&answers).unwrap(), expected);
        (Letters.text(&sequence.after).unwrap(), sequence.fmri.is_some())
    }

    #[test]
    fn a_form_replaces_the_scan_and_nothing_else() {
        let whole = [example("Old?", 12)];
        let facts = "Measured in this scan, in standard deviations from the norm: a -2.00.\n";
        assert_eq!(put(&whole, PromptForm::Scan, false), (">Old?yes\0".into(), true));
        assert_eq!(put(&whole, PromptForm::TextOnly, false), ("Old?yes\0".into(), false));
        assert_eq!(put(&whole, PromptForm::Values, false), (format!("{facts}Old?yes\0"), false));
        let several = [example("Old?", 12), example("Well?", 12)];
        let expected = (format!("{facts}Old?\nWell?yes\0yes\0"), false);
        assert_eq!(put(&several, PromptForm::Values, true), expected);
        // No facts are measured in a part of the scan, so it is shown.
        assert_eq!(put(&[example("Old?", 8)], PromptForm::Values, false), (">Old?yes\0".into(), true));
    }
    #[test]
    fn facts_and_texts_of_lessons_are_noted() {
        let text = |reference: &str, feature: &str| Answer::Text {
            reference: reference.into(),
            facts: vec![Fact { feature: feature.into(), ..Fact::default() }],
            decoding: Decoding::Free,
        };
        let asked = |question: &str, answer| Example { answer, ..example(question, 12) };
        let mut taught = Taught::default();
        note(&mut taught, &asked("Unusual?", text("b is typical.", "b")));
        note(
            &mut taught,
            &asked("a?", Answer::Band { fact: scan().descriptors[0].fact.clone(), bands: vec![] }),
        );
        note(&mut taught, &example("Old?", 12));
        let strings = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        let expected = Taught {
            features: strings(&["a", "b"]),
            questions: strings(&["Old?", "Unusual?", "a?"]),
            texts: strings(&["b is typical.", "no", "yes"]),
        };
        assert_eq!(taught, expected);
    }
}
