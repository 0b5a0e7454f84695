//! Checks that facts held out of training reach no stage that learns.
//!
//! A stage cannot read such facts from the corpus ([`crate::stages::Inputs`]). But other texts may tell
//! them: general text, a task's questions, an export. So stages write down what they teach, and these
//! checks compare that with the patterns.

use std::collections::BTreeSet;

use boldface::{Describer, FactQuestion, Result};
use serde_json::json;

use super::words::plain;
use super::{Check, CheckStatus, named};
use crate::stages::Taught;
use crate::store::export::Export;

const KEY: &str = "facts.held-out";

/// Name of the check of the general text.
pub const OF_TEXT: &str = "text.held-out-facts";

/// Name of the check of the export that an experiment starts from.
const OF_START: &str = "start.held-out-facts";

/// The facts that are held out, among the questions of all corpora.
pub struct HeldOut<'a> {
    patterns: &'a [String],
    /// Wordings of all questions as [`plain`] words, the longest first, and whether they are held out.
    wordings: Vec<(String, bool)>,
}

/// Returns the name of the check of a stage or a task.
pub fn id(key: &str) -> String {
    format!("{key}.held-out-facts")
}

impl<'a> HeldOut<'a> {
    /// Takes all questions of the corpora.
    pub fn new<'q>(patterns: &'a [String], asked: impl IntoIterator<Item = &'q FactQuestion>) -> HeldOut<'a> {
        let of_question = |asked: &'q FactQuestion| {
            let is_held_out = is_held_out(patterns, &asked.feature);
            asked.wordings.iter().map(move |wording| (plain(wording), is_held_out))
        };
        let mut wordings: Vec<(String, bool)> = asked.into_iter().flat_map(of_question).collect();
        wordings.retain(|(words, _)| words.len() > 1);
        wordings.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        HeldOut { patterns, wordings }
    }

    /// Checks what a stage taught.
    pub fn check(&self, stage: &str, taught: &Taught) -> Check {
        let (facts, asked) = (taught.features.len(), taught.questions.len());
        let found = format!(
            "`{stage}` taught facts about {facts} features and asked {asked} questions; none is held out"
        );
        let check = Check::passed(id(stage), KEY, found);
        let check = check.with(json!({ "features": facts, "questions": asked }));
        let questions = taught.questions.iter().filter(|asked| self.is_asked_in(asked)).map(String::as_str);
        self.verdict(check, &format!("`{stage}` taught"), &taught.features, &questions.collect::<Vec<_>>())
    }

    /// Checks the questions of the task at `key`, which is taught.
    pub fn check_task(&self, key: &str, questions: &BTreeSet<&str>) -> Check {
        let found = format!("none of {} questions asks for a fact that is held out", questions.len());
        let asked: Vec<&str> = questions.iter().copied().filter(|asked| self.is_asked_in(asked)).collect();
        self.verdict(Check::passed(id(key), key, found), "it teaches", &BTreeSet::new(), &asked)
    }

    /// Checks the general text. Without describers, only for questions.
    ///
    /// # Errors
    /// See [`Taught::read_texts`].
    pub fn check_text(&self, documents: &[String], describers: &[Box<dyn Describer>]) -> Result<Check> {
        let mut taught = Taught { texts: documents.iter().cloned().collect(), ..Taught::default() };
        taught.read_texts(describers)?;
        let lines = documents.iter().flat_map(|document| lines(document));
        let asked: BTreeSet<&str> = lines.filter(|line| self.is_asked_in(line)).map(str::trim).collect();
        let found =
            format!("none of {} documents tells or asks for a fact that is held out", documents.len());
        let (check, asked) = (Check::passed(OF_TEXT, "text.path", found), Vec::from_iter(asked));
        Ok(self.verdict(check, "the general text tells", &taught.features, &asked))
    }

    fn verdict(&self, check: Check, who: &str, features: &BTreeSet<String>, questions: &[&str]) -> Check {
        let features: Vec<&String> =
            features.iter().filter(|feature| is_held_out(self.patterns, feature)).collect();
        let mut found = Vec::new();
        if !features.is_empty() {
            found.push(format!("facts about {}", named(&features)));
        }
        if !questions.is_empty() {
            found.push(format!("the question {}", named(questions)));
        }
        if found.is_empty() {
            return check;
        }
        let found = format!("{who} {}, which is held out", found.join(" and "));
        let help =
            "remove it from what is learned, or from `[facts] held-out`: scores of it are not zero-shot";
        Check { found, ..check }.but(CheckStatus::Failed, help)
    }

    /// Whether a line of a text ends with a question about a held-out fact. The longest question counts: that
    /// about `A-B` may end with that about `B`.
    fn is_asked_in(&self, text: &str) -> bool {
        lines(text).map(plain).any(|words| {
            let asked = self.wordings.iter().find(|(wording, _)| words.ends_with(wording));
            asked.is_some_and(|(_, is_held_out)| *is_held_out)
        })
    }
}

/// Splits a text behind question marks and lines, where a question ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['?', '\n'])
}

/// Checks on the plan whether the export that an experiment starts from may have learned facts that are held
/// out. `known` has the features of the corpora, as far as they are known.
pub fn of_start(patterns: &[String], known: &[&str], export: &Export) -> Option<Check> {
    if patterns.is_empty() {
        return None;
    }
    let theirs = &export.held_out;
    let mut learned: Vec<&str> =
        patterns.iter().filter(|own| !is_held_out(theirs, own)).map(String::as_str).collect();
    let mut own = known.iter().copied().filter(|feature| is_held_out(patterns, feature)).peekable();
    if own.peek().is_some() {
        learned = own.filter(|own| !is_held_out(theirs, own)).collect();
    }
    let check = Check::passed(OF_START, KEY, "the export has not learned the facts that are held out here");
    if learned.is_empty() {
        return Some(check);
    }
    let found =
        format!("the export did not hold out {}: it may have learned facts about it", named(&learned));
    let help = "start from an export of an experiment with the same `[facts] held-out`, or remove `[start]`";
    Some(Check { found, ..check }.but(CheckStatus::Failed, help))
}

fn is_held_out(patterns: &[String], feature: &str) -> bool {
    patterns.iter().any(|pattern| FactQuestion::is_named(pattern, feature))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_out(patterns: &[String]) -> HeldOut<'_> {
        let asked = |feature: &str, wording: &str| FactQuestion {
            feature: feature.to_owned(),
            wordings: vec![wording.to_owned()],
            bands: Vec::new(),
        };
        let all = [
            asked("coupling.A-B", "A-B coupling?"),
            asked("coupling.Long_A-B", "Long_A-B coupling?"),
            asked("coupling.B-C", "B-C coupling?"),
        ];
        HeldOut::new(patterns, &all)
    }

    #[test]
    fn a_fact_or_a_question_that_is_held_out_is_a_leak() {
        let patterns = ["coupling.A-*".to_owned()];
        let status = |features: &[&str], questions: &[&str]| {
            let strings = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
            let taught =
                Taught { features: strings(features), questions: strings(questions), ..Taught::default() };
            let check = held_out(&patterns).check("alignment", &taught);
            assert_eq!(check.id, "alignment.held-out-facts");
            check.status
        };
        let others = ["B-C coupling?", "Long_A-B coupling?", "A-B coupling in C?"];
        assert_eq!(status(&["coupling.B-C"], &others), CheckStatus::Passed);
        assert_eq!(status(&["coupling.B-C", "coupling.A-C"], &[]), CheckStatus::Failed);
        assert_eq!(status(&[], &["Look. a-b Coupling"]), CheckStatus::Failed);
        assert_eq!(status(&[], &["A-B coupling?\nAnswer in one word."]), CheckStatus::Failed);
    }

    #[test]
    fn general_text_may_not_ask_for_it() {
        let patterns = ["coupling.A-B".to_owned()];
        let check = |text: &str| held_out(&patterns).check_text(&[text.to_owned()], &[]).unwrap();
        assert_eq!(check("A and B are letters. Long_A-B coupling?").status, CheckStatus::Passed);
        let leak = check("Q: A-B coupling?\nA: typical\nOr so.");
        assert_eq!(leak.status, CheckStatus::Failed);
        assert!(leak.found.contains("`Q: A-B coupling?`"), "{}", leak.found);
    }
}
