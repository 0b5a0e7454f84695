//! Checks of the tables' columns: those that tell an answer though no name says why, and values that are
//! codes or other spellings of values.

mod values;

use std::collections::{BTreeMap, BTreeSet};

use boldface::ScanInfo;
use serde_json::json;

use super::asked::{TaskExamples, strings};
use super::cuts::{cuts, number};
use super::nuisance::{LEAKS, SURE, said};
use super::predict::{TargetLabels, tell};
use super::related::is_related;
use super::words::plain;
use super::{Check, CheckStatus, named};
use crate::nuisances::recognize;
use crate::spec::Experiment;

pub use values::cautions;

/// Words in the names of columns that say what a person has. They may well tell a diagnosis.
const OF_PEOPLE: [&str; 38] = [
    "arm",
    "case",
    "category",
    "class",
    "clinical",
    "code",
    "condition",
    "control",
    "controls",
    "diag",
    "diagnosis",
    "disease",
    "disorder",
    "dose",
    "drug",
    "dsm",
    "dx",
    "gender",
    "grade",
    "group",
    "grp",
    "icd",
    "label",
    "med",
    "medication",
    "onset",
    "patient",
    "patients",
    "phenotype",
    "score",
    "severity",
    "sex",
    "stage",
    "status",
    "subtype",
    "symptom",
    "symptoms",
    "treatment",
];

/// Columns with more numbers than this are measures. A clinical score may tell a diagnosis.
const FEW: usize = 10;

/// Checks whether a column that is no nuisance by its name tells the answers of a task nearly alone. Such
/// a column may be about how scans were made, or it may be what the answers mean, such as a score. A
/// reader can tell, so it is no leak. `described` columns have a check of their own.
pub fn telling(asked: &TaskExamples, experiment: &Experiment, described: &[String]) -> Option<Check> {
    let (labels, people) = (asked.labels()?, asked.people());
    let mut known = described.to_vec();
    known.extend(experiment.nuisances.values().cloned());
    let split = &experiment.split;
    known.extend([&split.group, &split.leave_out].into_iter().flatten().cloned());
    strings(&json!(experiment.tasks), &mut known);
    let is_unknown = |column: &&String| {
        !asked.targets.contains(*column)
            && !known.contains(column)
            && !is_related(column, asked.examples.iter().map(|(info, _)| &**info))
            && recognize(column).is_none()
    };
    let columns: BTreeSet<&String> =
        asked.examples.iter().flat_map(|(info, _)| info.phenotype.keys()).filter(is_unknown).collect();
    let ways = |column: &str| cuts(&asked.column(column));
    let is_candidate = |column: &&&String| is_candidate(&asked.column(column), &labels, &people);
    let columns: Vec<&String> = columns.iter().filter(is_candidate).copied().collect();
    let tells = |column: &&&String| tell(&ways(column), &labels, &people, f64::INFINITY).skill >= LEAKS;
    let telling: Vec<&String> = columns.iter().filter(tells).copied().collect();
    let key = &asked.key;
    let id = format!("{key}.columns");
    // Of many columns, one may tell the answers by chance: the best of all must not do as well under
    // relabelling.
    let all: Vec<Vec<usize>> = columns.iter().flat_map(|column| ways(column)).collect();
    let told = (!telling.is_empty()).then(|| tell(&all, &labels, &people, LEAKS));
    let Some(told) = told.filter(|told| told.p.is_some_and(|p| p <= SURE)) else {
        let found = format!("none of {} other columns of the tables tells the answer", columns.len());
        return Some(Check::passed(id, key, found));
    };
    let verb = if telling.len() == 1 { "the column" } else { "each of the columns" };
    let what = format!("{verb} {}", named(&telling));
    let check =
        Check::passed(id, key, said(&what, &labels, &told)).with(json!({ "columns": telling, "told": told }));
    let unsaid = telling.iter().find(|column| !is_of_people(column, asked, &labels));
    match unsaid {
        Some(column) => {
            let help =
                format!("if it is about how scans were made, say so: `[nuisances] {column} = \"{column}\"`");
            Some(check.but(CheckStatus::Warned, help))
        }
        None => {
            let found = format!("{}, but no model is shown it", check.found);
            Some(Check { found, status: CheckStatus::Hidden, ..check })
        }
    }
}

/// Whether a column has few enough values to tell anything. A number may well be explained by another
/// number.
fn is_candidate(values: &[Option<&str>], labels: &TargetLabels, people: &[usize]) -> bool {
    let distinct: BTreeSet<&str> = values.iter().flatten().copied().collect();
    let are_numbers = distinct.iter().all(|value| number(value).is_some());
    let count = people.iter().collect::<BTreeSet<_>>().len();
    match labels {
        TargetLabels::Values(_) => !are_numbers && 4 * distinct.len() <= count,
        TargetLabels::Classes(_) => are_numbers || 4 * distinct.len() <= count,
    }
}

/// Whether a column probably says what a person is or has: by its name, because its values are those of
/// the answers in other words, because it is a measure, or because only some classes have it.
fn is_of_people(column: &str, asked: &TaskExamples, labels: &TargetLabels) -> bool {
    let words = plain(column);
    let has = |word: &str| words.contains(&plain(word));
    if OF_PEOPLE.into_iter().any(has) || asked.targets.iter().any(|target| has(target)) {
        return true;
    }
    let values = asked.column(column);
    let distinct: BTreeSet<&str> = values.iter().flatten().copied().collect();
    if distinct.iter().all(|value| number(value).is_some()) {
        // Either a measure, or classes as numbers.
        let classes = asked.answers().into_iter().flatten().collect::<BTreeSet<_>>().len();
        return distinct.len() > FEW || distinct.len() <= classes;
    }
    if let TargetLabels::Classes(classes) = labels {
        let mut there: BTreeMap<usize, usize> = BTreeMap::new();
        for (class, value) in classes.iter().zip(&values) {
            *there.entry(*class).or_default() += usize::from(value.is_some());
        }
        if there.values().any(|&count| count == 0) {
            return true;
        }
    }
    let answers = asked.answers();
    let alike = |(value, answer): (&Option<&str>, &Option<String>)| {
        let (Some(value), Some(answer)) = (value, answer) else { return true };
        let (value, answer) = (value.to_lowercase(), answer.to_lowercase());
        value.starts_with(&answer) || answer.starts_with(&value)
    };
    values.iter().zip(&answers).all(alike)
}

/// Returns the columns that a spec uses, each with the key that names it.
pub fn used(
    experiment: &Experiment,
    asked: &[&TaskExamples],
    described: impl Iterator<Item = String>,
) -> BTreeMap<String, String> {
    let mut used = BTreeMap::new();
    let mut add = |column: &String, key: String| {
        used.entry(column.clone()).or_insert(key);
    };
    for asked in asked {
        asked.targets.iter().for_each(|column| add(column, asked.key.clone()));
    }
    described.for_each(|column| add(&column, "corpora".to_owned()));
    experiment.nuisances.iter().for_each(|(name, column)| add(column, format!("nuisances.{name}")));
    let preserve = experiment.harmonization.iter().flat_map(|how| &how.preserve);
    preserve.for_each(|column| add(column, "harmonization.preserve".to_owned()));
    experiment.split.stratify.iter().for_each(|column| add(column, "split.stratify".to_owned()));
    used
}

/// The values of a column, each with the number of scans that have it.
fn counted<'a>(scans: &'a [ScanInfo], column: &str) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for value in scans.iter().filter_map(|scan| scan.column(column)) {
        *counts.entry(value).or_default() += 1;
    }
    counts
}
