//! Finds people under two names, whom a split by subject would divide.

use std::collections::{BTreeMap, BTreeSet};

use boldface::ScanInfo;
use serde::Serialize;
use serde_json::{Value, json};

use super::predict::number;
use super::{Check, CheckStatus, named};

/// Words before the number in a label that names a visit, not a person.
const VISITS: [&str; 13] =
    ["ses", "session", "visit", "v", "run", "r", "t", "tp", "wave", "w", "y", "scan", "day"];

/// Suffixes of a label that names one of two visits.
const MOMENTS: [&str; 6] = ["pre", "post", "baseline", "followup", "before", "after"];

/// Largest probability that different people agree so well.
const CHANCE: f64 = 1e-3;

/// Checks the names of `scans` in all datasets.
pub fn checks(scans: &[ScanInfo]) -> Vec<Check> {
    let mut by_dataset: BTreeMap<&str, BTreeMap<&str, &ScanInfo>> = BTreeMap::new();
    for scan in scans {
        by_dataset.entry(&scan.id.dataset).or_default().entry(&scan.id.subject).or_insert(scan);
    }
    let mut checks = Vec::new();
    for (dataset, subjects) in &by_dataset {
        let labels: Vec<&str> = subjects.keys().copied().collect();
        checks.push(spellings(dataset, &labels));
        checks.push(visits(dataset, &labels));
    }
    let datasets: Vec<_> = by_dataset.iter().collect();
    for (place, (name, subjects)) in datasets.iter().enumerate() {
        for (earlier, others) in &datasets[..place] {
            checks.push(shared(name, subjects, earlier, others));
        }
    }
    checks
}

/// Finds datasets that occur twice under different names. `tables` has the plugin, config and hash of
/// files of each.
pub fn twice(tables: &serde_json::Map<String, Value>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (place, (name, table)) in tables.iter().enumerate() {
        let (id, key) = (format!("datasets.{name}.copy"), format!("datasets.{name}"));
        let check = match tables.iter().take(place).find(|(_, other)| *other == table) {
            None => Check::passed(id, key, "no other dataset has the same files read in the same way"),
            Some((other, _)) => {
                let found = format!(
                    "it has the same files as `{other}`, read the same way: every person is there twice"
                );
                Check::passed(id, key, found).but(CheckStatus::Failed, "remove one of the two")
            }
        };
        checks.push(check);
    }
    checks
}

/// Finds labels that differ only in leading zeros or capitals.
fn spellings(dataset: &str, labels: &[&str]) -> Check {
    let plain = |label: &str| label.trim_start_matches('0').to_lowercase();
    let twice = groups(labels, |label| Some(plain(label)));
    let (id, key) = (format!("datasets.{dataset}.spelling"), format!("datasets.{dataset}"));
    if twice.is_empty() {
        let found = format!("{} labels of subjects differ in more than zeros and capitals", labels.len());
        return Check::passed(id, key, found);
    }
    let found = format!("{} look like one person under two labels", pairs(&twice));
    let help = "give a person one label";
    Check::passed(id, key, found).but(CheckStatus::Failed, help).with(json!({ "labels": twice }))
}

/// Finds labels that end in a visit. The split would divide the visits of a person.
fn visits(dataset: &str, labels: &[&str]) -> Check {
    let twice = groups(labels, |label| stem(label).map(str::to_owned));
    let (id, key) = (format!("datasets.{dataset}.visits"), format!("datasets.{dataset}"));
    if twice.is_empty() {
        return Check::passed(id, key, "no two labels of subjects differ in a visit alone");
    }
    let found = format!("{} look like visits of one person, and would be divided", pairs(&twice));
    let help = "name the visit in `ses-`, as BIDS does, or keep people together with `[split] group`";
    Check::passed(id, key, found).but(CheckStatus::Failed, help).with(json!({ "labels": twice }))
}

/// Returns the part before the visit in a label such as `012v2` or `12pre`.
fn stem(label: &str) -> Option<&str> {
    let lower = label.to_ascii_lowercase();
    // ASCII text has as many bytes in lower case.
    let cut = |word: &str| label.get(..lower.len() - word.len()).filter(|stem| is_person(stem));
    if let Some(word) = MOMENTS.iter().find(|word| lower.ends_with(*word)) {
        return cut(word);
    }
    let rest = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    if rest.len() < lower.len() {
        let word = VISITS.iter().filter(|word| rest.ends_with(*word)).max_by_key(|word| word.len())?;
        let number = &lower[rest.len()..];
        return cut(&format!("{word}{number}"));
    }
    ["a", "b", "c"].iter().find(|letter| lower.ends_with(*letter)).and_then(|letter| cut(letter))
}

/// Whether a label without its visit names a person. People are numbered, so it must end in a digit.
fn is_person(stem: &str) -> bool {
    stem.ends_with(|c: char| c.is_ascii_digit())
}

/// Groups labels by `kind` and returns the groups with two or more.
fn groups<'a>(labels: &[&'a str], kind: impl Fn(&str) -> Option<String>) -> Vec<Vec<&'a str>> {
    let mut kinds: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for label in labels {
        if let Some(kind) = kind(label) {
            kinds.entry(kind).or_default().push(label);
        }
    }
    kinds.into_values().filter(|labels| labels.len() > 1).collect()
}

fn pairs(groups: &[Vec<&str>]) -> String {
    let said: Vec<String> =
        groups.iter().map(|labels| format!("sub-{}", labels.join("` and `sub-"))).collect();
    named(&said)
}

type Subjects<'a> = BTreeMap<&'a str, &'a ScanInfo>;

/// Finds the same people in two datasets. Their labels are too unusual to occur in two studies, or they
/// agree in a column that distinguishes people.
fn shared(name: &str, subjects: &Subjects<'_>, earlier: &str, others: &Subjects<'_>) -> Check {
    let labels: Vec<&str> = subjects.keys().filter(|label| others.contains_key(*label)).copied().collect();
    let (id, key) = (format!("datasets.{name}.people-of.{earlier}"), format!("datasets.{name}"));
    if labels.is_empty() {
        return Check::passed(id, key, format!("it shares no subject label with `{earlier}`"));
    }
    let people: Vec<String> = labels.iter().map(|label| format!("sub-{label}")).collect();
    let also =
        format!("{} {} also in `{earlier}`", named(&people), if labels.len() == 1 { "is" } else { "are" });
    let help = "put all scans of a person into one dataset, or keep them together by a column that both \
                have: `[split] group`";
    let columns = agreement(&labels, subjects, others);
    let telling = labels.iter().filter(|label| is_telling(label, subjects, others)).count();
    let evidence = json!({ "labels": labels, "columns": columns, "unusual-labels": telling });
    let (status, found) = match columns.iter().min_by(|a, b| a.chance.total_cmp(&b.chance)) {
        Some(same) if same.chance < CHANCE => {
            let Agreement { column, equal, both, .. } = same;
            (
                CheckStatus::Failed,
                format!(
                    "{also}, and {equal} of {both} agree there in `{column}`: the same people under two names"
                ),
            )
        }
        Some(other) if telling == 0 => {
            let Agreement { column, equal, both, .. } = other;
            (CheckStatus::Passed, format!("{also}, but only {equal} of {both} agree there in `{column}`"))
        }
        _ if telling > 0 => (
            CheckStatus::Failed,
            format!("{also}, and two studies would not share such labels: the same people under two names"),
        ),
        _ => (CheckStatus::Warned, format!("{also}; no column tells whether these are the same people")),
    };
    let check = Check::passed(id, key, found).with(evidence);
    if status == CheckStatus::Passed { check } else { check.but(status, help) }
}

/// Whether a label is more than a small number with a few letters before it.
fn is_telling(label: &str, subjects: &Subjects<'_>, others: &Subjects<'_>) -> bool {
    let digits = label.trim_start_matches(|c: char| !c.is_ascii_digit());
    let letters = label.len() - digits.len();
    let largest = 20 * subjects.len().max(others.len()) as u64;
    letters > 4 || digits.parse::<u64>().map_or(letters + digits.len() > 4, |n| n > largest.max(999))
}

/// Agreement of people with the same label in a column that distinguishes people.
#[derive(Serialize)]
struct Agreement<'a> {
    column: &'a str,
    /// Number of people with the same value in both datasets.
    equal: usize,
    /// Number of people with a value in both datasets.
    both: usize,
    /// Upper bound on the probability that different people agree as often.
    chance: f64,
}

/// Compares every column that both datasets have and that distinguishes people, such as age. A column
/// that repeats the label is skipped.
fn agreement<'a>(labels: &[&str], one: &Subjects<'a>, other: &Subjects<'a>) -> Vec<Agreement<'a>> {
    let columns: BTreeSet<&'a String> = one.values().flat_map(|scan| scan.phenotype.keys()).collect();
    let of = |subjects: &Subjects<'a>, label: &str, column: &str| -> Option<&'a str> {
        let scan: &'a ScanInfo = subjects.get(label)?;
        scan.phenotype.get(column).map(String::as_str)
    };
    let mut found = Vec::new();
    for column in columns {
        let mut both: Vec<(&str, &str, &str)> = Vec::new();
        for label in labels {
            both.extend(of(one, label, column).zip(of(other, label, column)).map(|(a, b)| (*label, a, b)));
        }
        let distinct: BTreeSet<&str> = both.iter().map(|(_, value, _)| *value).collect();
        let is_label = both.iter().all(|(label, value, _)| alike(label, value));
        if distinct.len() < 5.max(both.len() / 4) || is_label {
            continue;
        }
        let equal = both.iter().filter(|(_, a, b)| alike(a, b)).count();
        let matches: usize =
            both.iter().map(|(_, a, _)| both.iter().filter(|(_, _, b)| alike(a, b)).count()).sum();
        let strangers = matches as f64 / (both.len() * both.len()) as f64;
        let chance = bound(equal as f64 / both.len() as f64, strangers).powi(both.len() as i32);
        found.push(Agreement { column, equal, both: both.len(), chance });
    }
    found
}

/// Returns Chernoff's bound per event. Of n independent events with probability `p`, a share of at least
/// `q` occurs with a probability of at most the n-th power of the bound.
pub fn bound(q: f64, p: f64) -> f64 {
    if q <= p || p <= 0.0 {
        return 1.0;
    }
    let term = |q: f64, p: f64| if q > 0.0 { (p / q).powf(q) } else { 1.0 };
    term(q, p) * term(1.0 - q, 1.0 - p)
}

/// Whether two values are equal as numbers or as words.
fn alike(a: &str, b: &str) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.eq_ignore_ascii_case(b),
    }
}
