//! Paraphrases of questions and answers: a small grammar in a TOML file.

use std::collections::{BTreeMap, BTreeSet};

use boldface::Problem;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::{parse_all, suggest};

/// A file of paraphrases. `{name}` in a sentence is a slot. It stands for one of `words`, for
/// `{question}` (the task's own question), for `{answer}` (the right answer, only in answers), or for
/// any key of the task's table, such as `{target}` or `{classes}`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    /// Forms of the question. Evaluation asks the first.
    question: Option<Vec<String>>,
    /// Forms of the answer of an `open` task.
    answer: Option<Vec<String>>,
    /// Words with alternatives. Alternatives may contain slots themselves.
    words: BTreeMap<String, Vec<String>>,
}

/// Forms of questions and answers. All their slots are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grammar {
    question: Vec<Form>,
    answer: Vec<Form>,
    words: BTreeMap<String, Vec<Form>>,
}

/// Values of the slots in one task's sentences.
pub type Slots = BTreeMap<String, String>;

/// A sentence in pieces.
type Form = Vec<Piece>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(String),
}

/// The task's own question.
const QUESTION: &str = "question";
/// The right answer.
const ANSWER: &str = "answer";

impl Grammar {
    /// Parses a grammar file for a task with these slots.
    ///
    /// # Errors
    /// Returns every problem, each at its key in the file.
    pub fn parse(text: &str, slots: &Slots) -> Result<Grammar, Vec<Problem>> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            vec![Problem::at("", format!("line {line}: {}", error.message()))]
        })?;
        let value = serde_json::to_value(table).map_err(|error| vec![Problem::at("", error.to_string())])?;
        let File { question, answer, words } = parse_all(&value, boldface::registry::parse::<File>)?;
        let mut reader = Reader { problems: Vec::new() };
        let grammar = Grammar {
            question: reader.forms(QUESTION, question.unwrap_or_else(|| vec!["{question}".to_owned()])),
            answer: reader.forms(ANSWER, answer.unwrap_or_else(|| default_answers(slots))),
            words: words
                .into_iter()
                .map(|(name, forms)| (name.clone(), reader.forms(&format!("words.{name}"), forms)))
                .collect(),
        };
        let mut problems = reader.problems;
        grammar.check(slots, &mut problems);
        if problems.is_empty() { Ok(grammar) } else { Err(problems) }
    }

    /// Returns the grammar used without a file: the task's own question and a few plain answers.
    pub fn plain(slots: &Slots) -> Grammar {
        Grammar::parse("", slots).expect("the sentences that come with the framework have known slots")
    }

    /// Returns the question that evaluation asks: the first form, with the first alternative of every
    /// word.
    pub fn first_question(&self, question: &str, slots: &Slots) -> String {
        self.fill(&self.question[0], (QUESTION, question), slots, &mut |_| 0)
    }

    /// Draws a question for training.
    pub fn question(&self, question: &str, slots: &Slots, rng: &mut ChaCha8Rng) -> String {
        let form = &self.question[rng.random_range(0..self.question.len())];
        self.fill(form, (QUESTION, question), slots, &mut |n| rng.random_range(0..n))
    }

    /// Draws an answer for training.
    pub fn answer(&self, answer: &str, slots: &Slots, rng: &mut ChaCha8Rng) -> String {
        let form = &self.answer[rng.random_range(0..self.answer.len())];
        self.fill(form, (ANSWER, answer), slots, &mut |n| rng.random_range(0..n))
    }

    /// Returns every form of the answer, with the first alternative of every word.
    pub fn answers(&self, answer: &str, slots: &Slots) -> Vec<String> {
        self.answer.iter().map(|form| self.fill(form, (ANSWER, answer), slots, &mut |_| 0)).collect()
    }

    /// Counts the different questions that can be drawn.
    pub fn questions(&self) -> u64 {
        self.count(&self.question)
    }

    fn count(&self, forms: &[Form]) -> u64 {
        let of_slot = |name: &String| self.words.get(name).map_or(1, |forms| self.count(forms));
        let of_form = |form: &Form| {
            let slots = form.iter().filter_map(|piece| match piece {
                Piece::Slot(name) => Some(of_slot(name)),
                Piece::Text(_) => None,
            });
            slots.fold(1u64, u64::saturating_mul)
        };
        forms.iter().map(of_form).fold(0u64, u64::saturating_add)
    }

    /// Fills the slots of a sentence. `choose` takes the number of a word's alternatives and returns an
    /// index.
    fn fill(
        &self,
        form: &Form,
        own: (&str, &str),
        slots: &Slots,
        choose: &mut impl FnMut(usize) -> usize,
    ) -> String {
        let mut text = String::new();
        for piece in form {
            match piece {
                Piece::Text(words) => text.push_str(words),
                Piece::Slot(name) if name == own.0 => text.push_str(own.1),
                Piece::Slot(name) => match self.words.get(name) {
                    Some(forms) => {
                        let chosen = choose(forms.len());
                        text.push_str(&self.fill(&forms[chosen], own, slots, choose));
                    }
                    None => text.push_str(slots.get(name).map_or("", String::as_str)),
                },
            }
        }
        text
    }

    fn check(&self, slots: &Slots, problems: &mut Vec<Problem>) {
        for name in self.words.keys().filter(|name| is_taken(name, slots)) {
            let message = format!("`{name}` is already a slot of the task");
            problems.push(Problem::at(format!("words.{name}"), message).help("give the word another name"));
        }
        let sections = [(QUESTION, &self.question, Some(QUESTION)), (ANSWER, &self.answer, Some(ANSWER))];
        let sections = sections.into_iter().map(|(key, forms, own)| (key.to_owned(), forms, own));
        let words = self.words.iter().map(|(name, forms)| (format!("words.{name}"), forms, None));
        for (key, forms, own) in sections.chain(words) {
            for (index, form) in forms.iter().enumerate() {
                for name in slots_of(form) {
                    let at = || format!("{key}[{index}]");
                    if !(self.words.contains_key(name) || slots.contains_key(name) || own == Some(name)) {
                        let mut known: BTreeSet<&str> = slots.keys().map(String::as_str).collect();
                        known.extend(self.words.keys().map(String::as_str));
                        known.extend(own);
                        let help = match name {
                            ANSWER => "a question must not give the answer away".to_owned(),
                            _ => suggest(name, known.iter().copied()),
                        };
                        problems.push(Problem::at(at(), format!("unknown slot `{{{name}}}`")).help(help));
                    }
                }
                if key == ANSWER && !slots_of(form).any(|name| name == ANSWER) {
                    let problem =
                        Problem::at(format!("{key}[{index}]"), "this sentence does not contain the answer");
                    problems.push(problem.help("put `{answer}` into it"));
                }
            }
        }
        for name in self.words.keys().filter(|name| self.reaches(name, name, &mut BTreeSet::new())) {
            let message = format!("`{{{name}}}` refers to itself");
            problems.push(Problem::at(format!("words.{name}"), message).help("break the circle of slots"));
        }
    }

    /// Whether the word `from` leads to the word `to`.
    fn reaches<'a>(&'a self, from: &str, to: &str, seen: &mut BTreeSet<&'a str>) -> bool {
        let slots = self.words.get(from).into_iter().flatten().flat_map(slots_of);
        slots.into_iter().any(|name| name == to || (seen.insert(name) && self.reaches(name, to, seen)))
    }
}

fn is_taken(name: &str, slots: &Slots) -> bool {
    name == QUESTION || name == ANSWER || slots.contains_key(name)
}

fn slots_of(form: &Form) -> impl Iterator<Item = &str> {
    form.iter().filter_map(|piece| match piece {
        Piece::Slot(name) => Some(name.as_str()),
        Piece::Text(_) => None,
    })
}

/// Returns answers that fit any choice. With a target, most of them name it.
fn default_answers(slots: &Slots) -> Vec<String> {
    let sentences: &[&str] = if slots.contains_key("target") {
        &[
            "The {target} is {answer}.",
            "The {target} of this scan is {answer}.",
            "This scan's {target} is {answer}.",
            "It is {answer}.",
            "{target}: {answer}.",
        ]
    } else {
        &["It is {answer}.", "The answer is {answer}.", "This scan says {answer}."]
    };
    sentences.iter().map(|&sentence| sentence.to_owned()).collect()
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn forms(&mut self, key: &str, sentences: Vec<String>) -> Vec<Form> {
        if sentences.is_empty() {
            self.problems.push(Problem::at(key, "an empty list has nothing to choose from"));
        }
        let form = |(index, sentence): (usize, &String)| {
            self.form(sentence)
                .map_err(|problem| self.problems.push(problem.below(&format!("{key}[{index}]"))))
                .unwrap_or_default()
        };
        sentences.iter().enumerate().map(form).collect()
    }

    fn form(&self, sentence: &str) -> Result<Form, Problem> {
        let (mut form, mut rest) = (Vec::new(), sentence);
        if sentence.trim().is_empty() {
            return Err(Problem::at("", "an empty sentence says nothing"));
        }
        while let Some(open) = rest.find(['{', '}']) {
            let (text, from) = rest.split_at(open);
            let unpaired = || {
                let problem = Problem::at("", format!("a brace in `{sentence}` has no partner"));
                problem.help("a slot is `{name}`")
            };
            let inner = from.strip_prefix('{').ok_or_else(unpaired)?;
            let (name, after) = inner.split_once('}').ok_or_else(unpaired)?;
            if name.contains('{') {
                return Err(unpaired());
            }
            form.extend((!text.is_empty()).then(|| Piece::Text(text.to_owned())));
            form.push(Piece::Slot(name.to_owned()));
            rest = after;
        }
        form.extend((!rest.is_empty()).then(|| Piece::Text(rest.to_owned())));
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use boldface::seed;
    use expect_test::expect;

    use super::*;

    fn slots() -> Slots {
        [("target", "sex"), ("classes", "F or M")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    const SMALL: &str = r#"
        question = ["{question}", "Which {target}, {classes}, is {this}?", "{this}: {target}?"]
        answer = ["It is {answer}."]
        [words]
        this = ["this", "the {kind} one"]
        kind = ["shown", "given"]
    "#;

    #[test]
    fn the_first_form_is_canonical_and_all_are_drawn() {
        let grammar = Grammar::parse(SMALL, &slots()).unwrap();
        assert_eq!(grammar.first_question("Who is it?", &slots()), "Who is it?");
        // 1 + 3 + 3: `this` is one word or one of two kinds.
        assert_eq!(grammar.questions(), 7);
        let mut rng = seed::stream(0, "test");
        let drawn: BTreeSet<String> =
            (0..200).map(|_| grammar.question("Who is it?", &slots(), &mut rng)).collect();
        assert_eq!(drawn.len(), 7);
        assert!(drawn.contains("Which sex, F or M, is the given one?"), "{drawn:?}");
        assert_eq!(grammar.answer("F", &slots(), &mut rng), "It is F.");
        let draw = |seed| {
            let mut rng = seed::stream(seed, "test");
            (0..9).map(|_| grammar.question("?", &slots(), &mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn without_a_file_the_question_stays_and_answers_are_sentences() {
        let grammar = Grammar::plain(&slots());
        assert_eq!((grammar.questions(), grammar.first_question("Who?", &slots())), (1, "Who?".to_owned()));
        assert_eq!(grammar.answers("F", &slots())[0], "The sex is F.");
        assert!(
            Grammar::plain(&Slots::new()).answers("F", &Slots::new()).iter().all(|text| text.contains('F'))
        );
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        let said = |text: &str| {
            let problems = Grammar::parse(text, &slots()).unwrap_err();
            problems.iter().map(|problem| format!("{problem}\n")).collect::<String>()
        };
        expect![[r#"
            question[0]: unknown slot `{tagret}`; did you mean `target`?
            question[1]: unknown slot `{answer}`; a question must not give the answer away
        "#]]
        .assert_eq(&said(r#"question = ["{tagret}?", "{answer}?"]"#));
        expect![[r#"
            question: an empty list has nothing to choose from
        "#]]
        .assert_eq(&said(r#"question = []"#));
        expect![[r#"
            answer[0]: this sentence does not contain the answer; put `{answer}` into it
            words.a: `{a}` refers to itself; break the circle of slots
            words.b: `{b}` refers to itself; break the circle of slots
        "#]]
        .assert_eq(&said("answer = [\"It is F.\"]\n[words]\na = [\"{b}\"]\nb = [\"x\", \"{a}\"]"));
        expect![[r#"
            question[0]: a brace in `{this` has no partner; a slot is `{name}`
            question[1]: an empty sentence says nothing
            question[2]: a brace in `that}` has no partner; a slot is `{name}`
        "#]]
        .assert_eq(&said("question = [\"{this\", \"\", \"that}\"]"));
        expect![[r#"
            words.empty: an empty list has nothing to choose from
            words.target: `target` is already a slot of the task; give the word another name
        "#]]
        .assert_eq(&said("[words]\ntarget = [\"age\"]\nempty = []"));
        expect![[r#"
            questions: unknown field `questions`, expected one of `question`, `answer`, `words`; did you mean `question`?
        "#]].assert_eq(&said("questions = [\"?\"]"));
        expect![[r#"
            question: expected a list, found the text `?`
        "#]]
        .assert_eq(&said("question = \"?\""));
        expect![[r#"
            : line 1: unclosed array, expected `]`
        "#]]
        .assert_eq(&said("question = ["));
    }

    #[test]
    fn the_file_that_ships_has_many_forms() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/prompts/phenotype.toml");
        let text = std::fs::read_to_string(folder).unwrap();
        let grammar = Grammar::parse(&text, &slots()).unwrap();
        assert!(grammar.question.len() >= 20 && grammar.questions() > 200, "{}", grammar.questions());
        assert_eq!(grammar.first_question("Own?", &slots()), "Own?");
    }
}
