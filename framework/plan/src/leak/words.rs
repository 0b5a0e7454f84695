//! Checks whether questions or texts contain a task's answer.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Answer, ScanId, seed};
use serde_json::json;

use super::asked::TaskExamples;
use super::cuts::categories;
use super::predict::{People, RELABELINGS};
use super::{Check, CheckStatus, named};

/// Smallest share of answers in their own texts that counts as a leak.
const OFTEN: f64 = 0.5;

/// Smallest difference of that share to chance that counts as a leak.
const MORE: f64 = 0.25;

/// Largest p of a leak.
const SURE: f64 = 0.001;

/// Returns the lower-case words of a text, each with a space on both sides, to search for whole words.
pub fn plain(text: &str) -> String {
    let mut words = String::from(" ");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words.extend(word.chars().flat_map(char::to_lowercase));
        words.push(' ');
    }
    words
}

/// How often texts contain their own answer.
struct Said {
    /// Share of the texts that contain their own answer.
    own: f64,
    /// Expected share if texts and answers were paired at random.
    expected: f64,
    /// Share of random pairings with as many matches.
    p: f64,
}

/// Compares texts with answers, one per example, both as [`plain`] returns them.
fn said(texts: &[&String], answers: &[String], people: &[usize]) -> Said {
    let number = categories(answers);
    let mut distinct: Vec<&String> = Vec::new();
    for (answer, &number) in answers.iter().zip(&number) {
        if number == distinct.len() {
            distinct.push(answer);
        }
    }
    let says: Vec<Vec<bool>> =
        texts.iter().map(|text| distinct.iter().map(|answer| text.contains(*answer)).collect()).collect();
    let count = |pairing: &[usize]| pairing.iter().zip(&says).filter(|(answer, says)| says[**answer]).count();
    let n = texts.len().max(1) as f64;
    let own = count(&number);
    let mut expected = 0.0;
    for (answer, _) in distinct.iter().enumerate() {
        let texts = says.iter().filter(|says| says[answer]).count() as f64;
        let share = number.iter().filter(|&&other| other == answer).count() as f64 / n;
        expected += share * texts / n;
    }
    let mut p = 1.0;
    if own as f64 / n >= OFTEN && own as f64 / n >= expected + MORE {
        let people = People::group(people);
        let mut rng = seed::stream(0, "leakage.pairings");
        let as_many = |_: &usize| count(&people.dealt(&number, &mut rng)) >= own;
        p = (1 + (0..RELABELINGS).filter(as_many).count()) as f64 / (1 + RELABELINGS) as f64;
    }
    Said { own: own as f64 / n, expected, p }
}

/// Checks whether `texts` by scan, as [`plain`] words, contain the answers to `asked`. Returns `None` if
/// there are no such answers.
pub fn check(
    id: String,
    key: &str,
    what: &str,
    texts: &BTreeMap<ScanId, String>,
    asked: &TaskExamples,
    help: &str,
) -> Option<Check> {
    let (mut of_texts, mut answers, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for (((info, _), answer), person) in asked.examples.iter().zip(asked.answers()).zip(asked.people()) {
        if let (Some(text), Some(answer)) = (texts.get(&info.id), answer) {
            of_texts.push(text);
            answers.push(plain(&answer));
            people.push(person);
        }
    }
    if answers.is_empty() {
        return None;
    }
    let found = said(&of_texts, &answers, &people);
    let said = format!(
        "{what} contains the answer to `{}` in {:.0}% of {} examples, by chance {:.0}%",
        asked.key,
        100.0 * found.own,
        answers.len(),
        100.0 * found.expected
    );
    let evidence = json!({ "own": found.own, "expected": found.expected, "p": found.p });
    let check = Check::passed(id, key, said).with(evidence);
    let leaks = found.own >= OFTEN && found.own >= found.expected + MORE && found.p <= SURE;
    Some(if leaks { check.but(CheckStatus::Failed, help) } else { check })
}

/// Checks whether a task's question contains its own answer, or names only some of its options.
pub fn question(asked: &TaskExamples) -> Vec<Check> {
    let key = &asked.key;
    let mut texts: BTreeMap<ScanId, String> = BTreeMap::new();
    for (info, example) in &asked.examples {
        *texts.entry(info.id.clone()).or_default() += &plain(&example.question);
    }
    let help = "ask every scan the same";
    let distinct: BTreeSet<&String> = texts.values().collect();
    let id = format!("{key}.question");
    // A few wordings are checked as a nuisance.
    let is_worth_it = distinct.len() > 1 && 2 * distinct.len() > asked.people().len();
    let says = if is_worth_it { check(id, key, "the question", &texts, asked, help) } else { None };
    let mut checks: Vec<Check> = says.into_iter().collect();
    let Some((_, example)) = asked.examples.first() else { return checks };
    if let Answer::Choice { options, .. } = &example.answer {
        checks.push(leaning(key, options, &asked.wordings));
    }
    checks
}

/// Checks whether a wording names some of the options but not the others.
fn leaning(key: &str, options: &[String], wordings: &[String]) -> Check {
    let id = format!("{key}.leaning");
    for wording in wordings {
        let words = plain(wording);
        let named_options: Vec<&String> =
            options.iter().filter(|option| words.contains(&plain(option))).collect();
        if !named_options.is_empty() && named_options.len() < options.len() {
            let found = format!("`{wording}` names {} and not the other options", named(&named_options));
            return Check::passed(id, key, found).but(CheckStatus::Warned, "name all options or none");
        }
    }
    Check::passed(
        id,
        key,
        match wordings.len() {
            1 => "the wording names all of the options or none".to_owned(),
            n => format!("{n} wordings name all of the options or none"),
        },
    )
}

/// Checks whether the reference texts of one task contain the answers of another.
pub fn references(asked: &TaskExamples, others: &[&TaskExamples]) -> Vec<Check> {
    let mut texts: BTreeMap<ScanId, String> = BTreeMap::new();
    for (info, example) in &asked.examples {
        if let Answer::Text { reference, .. } = &example.answer {
            *texts.entry(info.id.clone()).or_default() += &plain(reference);
        }
    }
    let name = |key: &str| key.strip_prefix("tasks.").unwrap_or(key).to_owned();
    let one = |other: &&TaskExamples| {
        let id = format!("{}.says.{}", asked.key, name(&other.key));
        let help = "leave it out of the reference text, or do not ask both";
        check(id, &asked.key, "the reference text", &texts, other, help)
    };
    if texts.is_empty() {
        Vec::new()
    } else {
        others.iter().copied().filter_map(|other| one(&other)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        assert_eq!(plain("Regulate-up, (z=+1.20)!"), " regulate up z 1 20 ");
        assert!(!plain("markedly lower").contains(&plain("low")));
        assert!(plain("It was LOW.").contains(&plain("low")));
    }

    #[test]
    fn own_answers_are_told_from_those_of_others() {
        let people: Vec<usize> = (0..20).collect();
        let answers: Vec<String> = people.iter().map(|person| plain(["up", "down"][person % 2])).collect();
        let texts: Vec<String> = answers.iter().map(|answer| plain(&format!("a patient {answer}"))).collect();
        let told = said(&texts.iter().collect::<Vec<_>>(), &answers, &people);
        // Each of two answers is in half of the texts.
        assert_eq!((told.own, told.expected, told.p), (1.0, 0.5, 0.001));
        let both = plain("up or down");
        let told = said(&[&both; 20], &answers, &people);
        assert_eq!((told.own, told.expected, told.p), (1.0, 1.0, 1.0));
    }
}
