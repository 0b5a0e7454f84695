//! Checks whether the general text, which the language model reads first, is about the scans.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, Result, ScanId, ScanInfo, Split};
use serde_json::json;

use super::asked::TaskExamples;
use super::described::task;
use super::subjects::bound;
use super::words::plain;
use super::{Check, CheckStatus, named};
use crate::stages::GeneralText;
use crate::study::Study;

const KEY: &str = "text.path";

/// Smallest number of words in a question to look for.
const WORDS: usize = 4;

/// Words before a number that make it the number of a person.
const PERSONS: [&str; 12] = [
    "participant",
    "participants",
    "subject",
    "subjects",
    "patient",
    "patients",
    "volunteer",
    "volunteers",
    "control",
    "controls",
    "proband",
    "sub",
];

/// Fewest sentences with a label and an answer that show that the text tells answers.
const TELLING: usize = 5;

/// Largest probability that a text about something else pairs labels and answers as well.
const CHANCE: f64 = 1e-3;

/// Reads the documents of the experiment's general text. Empty if it has none.
pub fn documents(study: &Study) -> Result<Vec<String>> {
    GeneralText::new(study).map_or(Ok(Vec::new()), |text| text.read())
}

/// Checks whether the text names scanned people, tells their answers or asks a task's questions.
pub fn checks(documents: &[String], scans: &[ScanInfo], asked: &[&TaskExamples]) -> Vec<Check> {
    let mut checks = vec![people(documents, scans)];
    // Somebody who is named was found already, with what is told of them.
    if checks[0].status != CheckStatus::Failed {
        checks.extend(asked.iter().filter_map(|asked| answers(documents, asked)));
    }
    checks.push(questions(documents, asked));
    checks
}

fn people(documents: &[String], scans: &[ScanInfo]) -> Check {
    let labels: BTreeSet<&str> = scans.iter().map(|scan| scan.id.subject.as_str()).collect();
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for document in documents {
        for (at, prefix) in document.match_indices("sub-") {
            let rest = &document[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            found.extend(labels.get(&rest[..end]));
        }
        let words: Vec<&str> =
            document.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let is_person = |place: usize| {
            let before = place.checked_sub(1).map(|before| words[before].to_ascii_lowercase());
            is_number_of_person(words[place], before.as_deref())
        };
        let named = (0..words.len()).filter(|&place| is_identifier(words[place]) || is_person(place));
        found.extend(named.filter_map(|place| labels.get(words[place])));
    }
    let id = "text.people";
    if found.is_empty() {
        let found = format!("none of {} documents names one of {} people", documents.len(), labels.len());
        return Check::passed(id, KEY, found);
    }
    let said: Vec<String> = found.iter().map(|label| format!("sub-{label}")).collect();
    let message = format!("the general text names {}", named(&said));
    let help = "general text must know nothing of the scans: remove what was written about them";
    Check::passed(id, KEY, message).but(CheckStatus::Failed, help).with(json!({ "labels": found }))
}

/// Whether a word looks like a subject label and not like an everyday word or number.
fn is_identifier(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    word.len() >= 5 && digits >= 3 && (digits < word.len() || digits >= 7)
}

/// Whether a number is written as no quantity is, with leading zeros or many digits, and comes after a
/// word for a person.
fn is_number_of_person(word: &str, before: Option<&str>) -> bool {
    let is_label = word.len() >= 3 || word.starts_with('0');
    is_label
        && word.contains(|c: char| c.is_ascii_digit())
        && before.is_some_and(|word| PERSONS.contains(&word))
}

/// Checks whether sentences with the label of a person, however short, have that person's answer.
fn answers(documents: &[String], asked: &TaskExamples) -> Option<Check> {
    let mut answer_of: BTreeMap<String, Option<String>> = BTreeMap::new();
    for ((info, _), answer) in asked.examples.iter().zip(asked.answers()) {
        let (label, answer) = (number_or_word(&info.id.subject), plain(&answer?));
        // Whoever has several answers cannot be told by one.
        answer_of
            .entry(label)
            .and_modify(|known| *known = known.take().filter(|known| *known == answer))
            .or_insert(Some(answer));
    }
    let of_people: Vec<&String> = answer_of.values().flatten().collect();
    let options: BTreeSet<&String> = of_people.iter().copied().collect();
    let (mut right, mut told) = (0, Vec::new());
    for sentence in documents.iter().flat_map(|document| document.split(['.', '!', '?', ';', '\n'])) {
        let words = plain(sentence);
        let mut labels = words.split(' ').filter_map(|word| answer_of.get(&number_or_word(word))?.as_ref());
        let mut said = options.iter().filter(|option| words.contains(**option));
        // Only a sentence about one person and one answer says something.
        if let (Some(own), None, Some(said), None) = (labels.next(), labels.next(), said.next(), said.next())
        {
            right += usize::from(own == *said);
            told.push(*said);
        }
    }
    let (id, n) = (format!("text.answers.{}", task(asked)), told.len());
    let share = |of: &[&String], option: &String| {
        of.iter().filter(|said| **said == option).count() as f64 / of.len().max(1) as f64
    };
    let chance: f64 = options.iter().map(|option| share(&told, option) * share(&of_people, option)).sum();
    let is_telling = n >= TELLING && bound(right as f64 / n as f64, chance).powf(n as f64) <= CHANCE;
    if !is_telling {
        let found = format!(
            "{n} sentences hold a label and an answer to `{}`, no more of them right than by chance",
            asked.key
        );
        return Some(Check::passed(id, KEY, found));
    }
    let found = format!(
        "{right} of {n} sentences of the general text with the label of a person and an answer to `{}` have that \
         person's, by chance {:.0}%",
        asked.key,
        100.0 * chance
    );
    let help = "general text must know nothing of the scans: remove what was written about them";
    Some(Check::passed(id, KEY, found).but(CheckStatus::Failed, help))
}

/// Returns a label as a number without leading zeros, or as lower-case words.
fn number_or_word(label: &str) -> String {
    let is_number = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    match label.trim_start_matches('0') {
        "" if is_number => "0".to_owned(),
        digits if is_number => digits.to_owned(),
        _ => label.to_lowercase(),
    }
}

fn questions(documents: &[String], asked: &[&TaskExamples]) -> Check {
    let mut questions: BTreeMap<String, &str> = BTreeMap::new();
    for (_, example) in asked.iter().flat_map(|asked| &asked.examples) {
        let words = plain(&example.question);
        if words.split_whitespace().count() >= WORDS {
            questions.insert(words, &example.question);
        }
    }
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for document in documents.iter().map(|document| plain(document)) {
        found.extend(questions.iter().filter(|(words, _)| document.contains(*words)).map(|(_, said)| *said));
    }
    let id = "text.questions";
    if found.is_empty() {
        let found = format!("no document asks one of {} questions of the tasks", questions.len());
        return Check::passed(id, KEY, found);
    }
    let said: Vec<&str> = found.into_iter().collect();
    let message = format!("the general text asks what a task asks: {}", named(&said));
    let help = "remove questions and answers from it: tasks are learned from training scans alone";
    Check::passed(id, KEY, message).but(CheckStatus::Failed, help)
}

/// Checks whether the text contains descriptions of held-out scans: two of their sentences in a row.
pub fn descriptions(documents: &[String], sentences: &BTreeMap<ScanId, Vec<String>>, split: &Split) -> Check {
    let documents: Vec<String> = documents.iter().map(|document| plain(document)).collect();
    let mut found: Vec<&ScanId> = Vec::new();
    let mut held_out = 0;
    for (scan, sentences) in sentences {
        if split.parts.get(&scan.person()) == Some(&Part::Train) {
            continue;
        }
        held_out += 1;
        let pairs = sentences.windows(2).map(|pair| plain(&pair.join(" ")));
        let mut pairs = pairs.filter(|pair| pair.len() > 2);
        if pairs.any(|pair| documents.iter().any(|document| document.contains(&pair))) {
            found.push(scan);
        }
    }
    let id = "text.descriptions";
    if found.is_empty() {
        let found = format!("no document holds the description of one of {held_out} held-out scans");
        return Check::passed(id, KEY, found).in_run();
    }
    let message = format!("the general text holds the descriptions of held-out scans: {}", named(&found));
    let help = "remove them: a description gives away what a model should find in the scan";
    Check::passed(id, KEY, message).but(CheckStatus::Failed, help).in_run()
}
