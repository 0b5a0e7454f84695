//! Finds the same people in two datasets by what the tables say about them, whatever their labels are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use boldface::ScanInfo;
use serde_json::json;

use super::super::cuts::number;
use super::agreement::{bound, names};
use super::{Check, CheckStatus, Subjects};
use crate::label::is_telling;

/// Largest probability that different people agree so well.
const CHANCE: f64 = 1e-5;

/// Fewest people who must agree.
const FEWEST: usize = 5;

/// Largest probability that a value of one dataset occurs in the other by chance. Ages in whole years
/// say little about a person, dates of birth a lot.
const RARE: f64 = 0.3;

/// Numbers that are so dense that they may count people from first to last: possible values per person.
const DENSE: f64 = 3.0;

/// Most columns to compare, those with the most values.
const COLUMNS: usize = 16;

/// Values of one column, or of two, by label.
type Values<'a> = BTreeMap<&'a str, String>;

/// Finds values, or pairs of values, that hardly two people share and that occur in both datasets.
pub(super) fn check(name: &str, subjects: &Subjects<'_>, earlier: &str, others: &Subjects<'_>) -> Check {
    let (id, key) = (format!("datasets.{name}.values-of.{earlier}"), format!("datasets.{name}"));
    let columns = columns(subjects, others);
    let mut best: Option<Match> = None;
    for (place, one) in columns.iter().enumerate() {
        for other in &columns[place..] {
            let found = compare(one, other);
            if found.as_ref().is_some_and(|new| best.as_ref().is_none_or(|old| new.chance < old.chance)) {
                best = found;
            }
        }
    }
    let Some(best) = best.filter(|best| best.chance < CHANCE && best.equal >= FEWEST) else {
        let found = format!("its table and that of `{earlier}` share no values that only one person has");
        return Check::passed(id, key, found);
    };
    let Match { columns, equal, people, .. } = &best;
    let found = format!(
        "{equal} of {people} people have values of {columns} that also occur in `{earlier}`, and that hardly two \
         people share: the same people under other labels"
    );
    let help = "put all scans of a person into one dataset under one label, or keep them together by a column \
                that both have: `[split] group`";
    let is_most = 2 * equal >= *people;
    let status = if is_most { CheckStatus::Failed } else { CheckStatus::Warned };
    let evidence = json!({ "columns": columns, "equal": equal, "people": people, "chance": best.chance });
    Check::passed(id, key, found).but(status, help).with(evidence)
}

/// A column of both datasets.
struct Column<'a> {
    name: &'a str,
    ours: Values<'a>,
    theirs: Values<'a>,
    /// Whether its values may tell on their own who somebody is.
    tells_alone: bool,
}

struct Match {
    columns: String,
    equal: usize,
    people: usize,
    chance: f64,
}

fn columns<'a>(subjects: &Subjects<'a>, others: &Subjects<'a>) -> Vec<Column<'a>> {
    let names_of = |subjects: &Subjects<'a>| -> BTreeSet<&'a str> {
        subjects.values().flat_map(|scan| scan.phenotype.keys().map(String::as_str)).collect()
    };
    let common: BTreeSet<&str> = &names_of(subjects) & &names_of(others);
    let columns = common.into_iter().filter_map(|name| {
        let values = |subjects: &Subjects<'a>| -> Values<'a> {
            let value = |scan: &ScanInfo| scan.phenotype.get(name).map(|value| normal(value));
            subjects.iter().filter_map(|(label, scan)| Some((*label, value(scan)?))).collect()
        };
        let (ours, theirs) = (values(subjects), values(others));
        let is_label = |values: &Values<'a>| values.iter().all(|(label, value)| names(label, value));
        let all: Vec<&str> = ours.values().chain(theirs.values()).map(String::as_str).collect();
        let count = ours.len().max(theirs.len());
        let is_usable = ours.len().min(theirs.len()) >= FEWEST && !is_label(&ours) && !is_label(&theirs);
        let tells_alone = is_fine(&all, count)?;
        is_usable.then_some(Column { name, ours, theirs, tells_alone })
    });
    let mut columns: Vec<Column<'a>> = columns.collect();
    columns.sort_by_cached_key(|column| Reverse(column.ours.values().collect::<BTreeSet<_>>().len()));
    columns.truncate(COLUMNS);
    columns
}

/// Whether the values are fine enough to tell on their own who somebody is. Returns `None` for values
/// that say nothing even with others: words, and numbers that may only count people.
fn is_fine(values: &[&str], people: usize) -> Option<bool> {
    let numbers: Option<Vec<f64>> = values.iter().map(|value| number(value)).collect();
    let Some(numbers) = numbers else {
        let own = values.iter().filter(|value| is_telling(value, people)).count();
        return (10 * own >= 9 * values.len()).then_some(true);
    };
    let decimals =
        values.iter().map(|value| value.split_once('.').map_or(0, |(_, digits)| digits.len())).max()?;
    let (low, high) = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let possible = (high - low) * 10_f64.powi(decimals.min(9) as i32) + 1.0;
    let distinct = values.iter().collect::<BTreeSet<_>>().len();
    let is_dense = possible < DENSE * people as f64;
    // A number for each person, without gaps.
    let counts = is_dense && distinct >= people;
    (!counts).then_some(!is_dense)
}

/// Counts the people whose values in two columns, or in one, occur in the other dataset too. How often
/// that happens to different people is estimated within the datasets.
fn compare(one: &Column<'_>, other: &Column<'_>) -> Option<Match> {
    let is_one = one.name == other.name;
    if is_one && !one.tells_alone {
        return None;
    }
    let joined = |a: &Values<'_>, b: &Values<'_>| -> Vec<String> {
        a.iter().filter_map(|(label, value)| Some(format!("{value} {}", b.get(label)?))).collect()
    };
    let (ours, theirs) = (joined(&one.ours, &other.ours), joined(&one.theirs, &other.theirs));
    if ours.len().min(theirs.len()) < FEWEST {
        return None;
    }
    let pairs = |values: &[String]| values.len() * (values.len() - 1) / 2;
    let ties = ties(&ours) + ties(&theirs);
    // Three more than were found: there may be more among others.
    let tie = (ties as f64 + 3.0) / (pairs(&ours) + pairs(&theirs)) as f64;
    let chance = 1.0 - (-tie * theirs.len() as f64).exp();
    if chance > RARE {
        return None;
    }
    let there: BTreeSet<&String> = theirs.iter().collect();
    let equal = ours.iter().filter(|value| there.contains(value)).count();
    let share = equal as f64 / ours.len() as f64;
    let columns =
        if is_one { format!("`{}`", one.name) } else { format!("`{}` and `{}`", one.name, other.name) };
    let chance = bound(share, chance).powi(ours.len() as i32);
    Some(Match { columns, equal, people: ours.len(), chance })
}

/// Counts the pairs of equal values.
fn ties(values: &[String]) -> usize {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.values().map(|count| count * (count - 1) / 2).sum()
}

/// Returns a number or a word in one spelling.
fn normal(value: &str) -> String {
    number(value).map_or_else(|| value.trim().to_lowercase(), |number| number.to_string())
}
