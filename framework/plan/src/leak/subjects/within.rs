//! Finds people under two labels of one dataset: other spellings, visits, and the same number in two
//! series of labels.

use std::collections::{BTreeMap, BTreeSet};

use boldface::ScanInfo;
use serde_json::json;

use super::agreement::{IdentityVerdict, agreement, verdict};
use super::{Check, CheckStatus, Subjects, named, pair};
use crate::label::{Visit, numbered, plain, visit};

/// Most visits per person if few people have several. More are numbers of people.
const VISITS: usize = 4;

/// Fewest numbers that two series of labels must share before they are compared.
const SERIES: usize = 5;

/// Checks the labels of a dataset.
pub(super) fn checks(dataset: &str, subjects: &Subjects<'_>) -> Vec<Check> {
    let known = visits(subjects);
    let [words, letters] = [true, false].map(|is_sure| {
        known.iter().filter(|group| group.is_sure == is_sure).map(|group| group.labels.clone()).collect()
    });
    vec![spellings(dataset, subjects), by_word(dataset, subjects, words, letters), series(dataset, subjects)]
}

/// Finds labels that differ only in leading zeros, capitals or separators.
fn spellings(dataset: &str, subjects: &Subjects<'_>) -> Check {
    let mut spelled: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for label in subjects.keys() {
        spelled.entry(plain(label)).or_default().push(label);
    }
    let twice: Vec<Vec<&str>> = spelled.into_values().filter(|labels| labels.len() > 1).collect();
    let (id, key) = (format!("datasets.{dataset}.spelling"), format!("datasets.{dataset}"));
    if twice.is_empty() {
        let found = format!("{} labels of subjects differ in more than zeros and capitals", subjects.len());
        return Check::passed(id, key, found);
    }
    let found = format!("{} look like one person under two labels", listed(&twice));
    let help = "give a person one label";
    Check::passed(id, key, found).but(CheckStatus::Failed, help).with(json!({ "labels": twice }))
}

/// Labels that differ in a visit alone.
struct Visits<'a> {
    is_sure: bool,
    labels: Vec<&'a str>,
}

/// Groups labels that differ in a visit alone. Visits recur from person to person; what does not is a
/// number of a person, as in `01V123` of site 1.
fn visits<'a>(subjects: &Subjects<'a>) -> Vec<Visits<'a>> {
    let mut people: BTreeMap<(bool, String), BTreeMap<String, &'a str>> = BTreeMap::new();
    for label in subjects.keys() {
        if let Some(Visit { person, visit, is_sure }) = visit(label) {
            people.entry((is_sure, person)).or_default().insert(visit, label);
        }
    }
    people.retain(|_, visits| visits.len() > 1);
    let mut found = Vec::new();
    for is_sure in [true, false] {
        let groups: Vec<_> = people.iter().filter(|((sure, _), _)| *sure == is_sure).collect();
        let distinct: BTreeSet<&String> = groups.iter().flat_map(|(_, visits)| visits.keys()).collect();
        if distinct.len() <= VISITS.max(groups.len()) {
            let labels = |visits: &BTreeMap<String, &'a str>| visits.values().copied().collect();
            found.extend(groups.iter().map(|(_, visits)| Visits { is_sure, labels: labels(visits) }));
        }
    }
    found
}

/// Reports visits under labels of their own. The split would divide the visits of a person.
fn by_word(dataset: &str, subjects: &Subjects<'_>, words: Vec<Vec<&str>>, letters: Vec<Vec<&str>>) -> Check {
    let (id, key) = (format!("datasets.{dataset}.visits"), format!("datasets.{dataset}"));
    let help = "name the visit in `ses-`, as BIDS does, or keep people together with `[split] group`";
    if !words.is_empty() {
        let found = format!("{} look like visits of one person, and would be divided", listed(&words));
        return Check::passed(id, key, found).but(CheckStatus::Failed, help).with(json!({ "labels": words }));
    }
    if letters.is_empty() {
        return Check::passed(id, key, "no two labels of subjects differ in a visit alone");
    }
    let evidence = json!({ "labels": letters });
    let firsts: Vec<(&ScanInfo, &ScanInfo)> =
        letters.iter().map(|labels| (subjects[labels[0]], subjects[labels[1]])).collect();
    let check = match verdict(&agreement(&firsts)) {
        IdentityVerdict::Same(same) => {
            let found = format!(
                "{} look like visits of one person, and would be divided: {}",
                listed(&letters),
                same.said()
            );
            Check::passed(id, key, found).but(CheckStatus::Failed, help)
        }
        IdentityVerdict::Other(_) | IdentityVerdict::Unknown => {
            let found = format!(
                "{} may be visits of one person, or people who belong together, and would be divided",
                listed(&letters)
            );
            Check::passed(id, key, found).but(CheckStatus::Warned, help)
        }
    };
    check.with(evidence)
}

/// Finds people whom two series of labels number alike, such as `01` and `P01`.
fn series(dataset: &str, subjects: &Subjects<'_>) -> Check {
    let (id, key) = (format!("datasets.{dataset}.series"), format!("datasets.{dataset}"));
    let mut series: BTreeMap<String, BTreeMap<String, &str>> = BTreeMap::new();
    for label in subjects.keys() {
        if let Some((letters, number)) = numbered(&plain(label)) {
            series.entry(letters.to_owned()).or_default().insert(number.to_owned(), label);
        }
    }
    let series: Vec<_> = series.iter().collect();
    let mut alike: Vec<(CheckStatus, String, String)> = Vec::new();
    for (place, (letters, labels)) in series.iter().enumerate() {
        for (earlier, others) in &series[..place] {
            let common = labels.iter().filter_map(|(number, label)| Some((*others.get(number)?, *label)));
            let common: Vec<(&str, &str)> = common.collect();
            if common.len() < SERIES {
                continue;
            }
            let people: Vec<_> = common.iter().map(|(one, other)| (subjects[one], subjects[other])).collect();
            let shown: Vec<String> = common.iter().map(|(one, other)| pair(one, other)).collect();
            let shown = named(&shown);
            match verdict(&agreement(&people)) {
                IdentityVerdict::Same(same) => {
                    alike.push((
                        CheckStatus::Failed,
                        shown,
                        format!("{}: the same people twice", same.said()),
                    ));
                }
                // Patients and controls have letters of their own. A bare number may be short for any.
                IdentityVerdict::Unknown if earlier.is_empty() && !letters.is_empty() => {
                    let unknown = "no column tells whether these are the same people".to_owned();
                    alike.push((CheckStatus::Warned, shown, unknown));
                }
                IdentityVerdict::Unknown | IdentityVerdict::Other(_) => {}
            }
        }
    }
    let Some(worst) = alike.iter().map(|(status, _, _)| *status).max() else {
        return Check::passed(id, key, "no two series of labels number the same people");
    };
    let of_worst = alike.iter().filter(|(status, _, _)| *status == worst);
    let found: Vec<String> = of_worst.map(|(_, shown, why)| format!("{shown}: {why}")).collect();
    let help = "give a person one label, or keep the two together with `[split] group`";
    Check::passed(id, key, found.join("; ")).but(worst, help)
}

fn listed(groups: &[Vec<&str>]) -> String {
    let mut said: Vec<String> =
        groups.iter().map(|labels| format!("sub-{}", labels.join("` and `sub-"))).collect();
    said.sort();
    named(&said)
}
