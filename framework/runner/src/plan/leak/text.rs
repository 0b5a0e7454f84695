//! Checks whether the general text, which the language model reads first, is about the scans.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, ScanId, ScanInfo, Split};
use serde_json::json;

use super::asked::TaskExamples;
use super::words::plain;
use super::{Check, CheckStatus, named};

const KEY: &str = "text.path";

/// Smallest number of words in a question to look for.
const WORDS: usize = 4;

/// Checks whether the text names scanned people or asks a task's questions.
pub fn checks(documents: &[String], scans: &[ScanInfo], asked: &[&TaskExamples]) -> Vec<Check> {
    vec![people(documents, scans), questions(documents, asked)]
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
        let words = document.split(|c: char| !c.is_ascii_alphanumeric());
        found.extend(words.filter(|word| is_identifier(word)).filter_map(|word| labels.get(word)));
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
