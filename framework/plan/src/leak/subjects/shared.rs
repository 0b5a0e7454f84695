//! Finds the same people in two datasets, by labels that may be spelled differently.

use std::collections::BTreeMap;

use boldface::ScanInfo;
use serde_json::json;

use super::agreement::{IdentityVerdict, agreement, verdict};
use super::{Check, CheckStatus, Subjects, named, pair};
use crate::label::{is_telling, numbered, person, plain};

/// Fewest labels with different letters before the same number that are compared.
const SERIES: usize = 5;

/// How the labels of a person in two datasets correspond, from the same to the least alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `01` and `1`, or `002S4000bl` and `002S4000m12`.
    Spelling,
    /// `01` and `P01`.
    Number,
    /// `S01` and `P01`, which are often two people.
    Letters,
}

/// What labels of one person have in common, if a label has it.
type LabelKey = fn(&str) -> Option<String>;

/// Finds the same people in two datasets. Their labels are too unusual to occur in two studies, or they
/// agree in a column that distinguishes people.
pub(super) fn check(name: &str, subjects: &Subjects<'_>, earlier: &str, others: &Subjects<'_>) -> Check {
    let (id, key) = (format!("datasets.{name}.people-of.{earlier}"), format!("datasets.{name}"));
    let mut pairs: BTreeMap<Form, Vec<(&str, &str)>> = BTreeMap::new();
    for (form, one, other) in pairs_of(subjects, others) {
        pairs.entry(form).or_default().push((one, other));
    }
    let passed = || {
        let found = format!("it shares no subject label with `{earlier}`");
        Check::passed(id.clone(), key.clone(), found)
    };
    let judged = pairs.iter().filter_map(|(form, pairs)| {
        let people: Vec<(&ScanInfo, &ScanInfo)> =
            pairs.iter().map(|(one, other)| (subjects[one], others[other])).collect();
        judge(*form, pairs, &people, earlier, subjects.len().max(others.len()))
    });
    // The first of equally bad ones has the most similar labels.
    let worst = judged.reduce(|worst, next| if next.0 > worst.0 { next } else { worst });
    let Some((status, found, evidence)) = worst else { return passed() };
    let check = Check::passed(id.clone(), key.clone(), found).with(evidence);
    let help = "put all scans of a person into one dataset, or keep them together by a column that both \
                have: `[split] group`";
    if status == CheckStatus::Passed { check } else { check.but(status, help) }
}

/// Pairs the labels of two datasets, each in the most similar form.
fn pairs_of<'a>(subjects: &Subjects<'a>, others: &Subjects<'a>) -> Vec<(Form, &'a str, &'a str)> {
    let forms: [(Form, LabelKey); 3] = [
        (Form::Spelling, |label| Some(plain(label))),
        (Form::Spelling, |label| Some(person(label))),
        (Form::Number, |label| numbered(&plain(label)).map(|(_, number)| number.to_owned())),
    ];
    let mut found: Vec<(Form, &str, &str)> = Vec::new();
    for (form, key) in forms {
        let left = |labels: &Subjects<'a>, is_paired: &dyn Fn(&str) -> bool| {
            let mut left: BTreeMap<String, Vec<&'a str>> = BTreeMap::new();
            for label in labels.keys().filter(|label| !is_paired(label)) {
                if let Some(key) = key(label) {
                    left.entry(key).or_default().push(label);
                }
            }
            left
        };
        let ours = left(subjects, &|label| found.iter().any(|(_, one, _)| *one == label));
        let theirs = left(others, &|label| found.iter().any(|(_, _, other)| *other == label));
        for (key, labels) in ours {
            let Some(same) = theirs.get(&key) else { continue };
            // Several people with one number have it in series of their own.
            if form == Form::Number && labels.len().max(same.len()) > 1 {
                continue;
            }
            let bare = |label: &str| plain(label) == key;
            let form =
                if form == Form::Number && !bare(labels[0]) && !bare(same[0]) { Form::Letters } else { form };
            // Visits of a person are paired in order.
            found.extend(
                labels
                    .iter()
                    .enumerate()
                    .map(|(place, label)| (form, *label, same[place.min(same.len() - 1)])),
            );
        }
    }
    found
}

/// Judges pairs of labels. Returns `None` if there is nothing to say.
fn judge(
    form: Form,
    pairs: &[(&str, &str)],
    people: &[(&ScanInfo, &ScanInfo)],
    earlier: &str,
    most: usize,
) -> Option<(CheckStatus, String, serde_json::Value)> {
    let mut shown: Vec<String> = pairs.iter().map(|(one, other)| pair(one, other)).collect();
    shown.sort();
    let also =
        format!("{} {} also in `{earlier}`", named(&shown), if shown.len() == 1 { "is" } else { "are" });
    let columns = agreement(people);
    let is_telling = |(one, other): &&(&str, &str)| is_telling(one, most) && is_telling(other, most);
    let telling = pairs.iter().filter(is_telling).count();
    let evidence = json!({ "labels": pairs, "columns": columns, "unusual-labels": telling });
    let (status, found) = match verdict(&columns) {
        IdentityVerdict::Same(same) => {
            (CheckStatus::Failed, format!("{also}, and {}: the same people under two names", same.said()))
        }
        _ if form == Form::Letters => return None,
        _ if telling > 0 => (
            CheckStatus::Failed,
            format!("{also}, and two studies would not share such labels: the same people under two names"),
        ),
        IdentityVerdict::Other(other) => (CheckStatus::Passed, format!("{also}, but only {}", other.said())),
        IdentityVerdict::Unknown => {
            (CheckStatus::Warned, format!("{also}; no column tells whether these are the same people"))
        }
    };
    (form != Form::Letters || pairs.len() >= SERIES).then_some((status, found, evidence))
}
