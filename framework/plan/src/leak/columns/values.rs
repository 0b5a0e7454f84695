//! Values that are codes for missing ones, several spellings of one value, and scans that a task skips.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{ScanId, ScanInfo};
use serde_json::json;

use super::counted;
use crate::leak::asked::TaskExamples;
use crate::leak::cuts::number;
use crate::leak::missing::{is_code, is_word};
use crate::leak::words::plain;
use crate::leak::{Check, CheckStatus};
use crate::store::CAUTION_ENDING;

/// Share of the scans from which skipped ones are reported.
const MANY: f64 = 1.0 / 3.0;

/// Least number of other values to compare a code with.
const OTHERS: usize = 5;

/// Reports codes and spellings in the `used` columns, and tasks that leave out many scans.
pub fn cautions(scans: &[ScanInfo], used: &BTreeMap<String, String>, asked: &[&TaskExamples]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (column, key) in used {
        let counts = counted(scans, column);
        let said: Vec<String> =
            codes(column, &counts).into_iter().chain(spellings(column, &counts)).collect();
        if !said.is_empty() {
            let check = Check::passed(format!("columns.{column}{CAUTION_ENDING}"), key, said.join("; "));
            let help = "correct the table; leave the cell of a missing value empty, or write `n/a`";
            checks.push(check.but(CheckStatus::Warned, help).with(json!(counts)));
        }
    }
    checks.extend(asked.iter().filter_map(|asked| skipped(scans, asked)));
    checks
}

/// Describes values that look like codes for a missing one: `-999` among numbers, `unknown` among words.
fn codes(column: &str, counts: &BTreeMap<&str, usize>) -> Vec<String> {
    let scans: usize = counts.values().sum();
    let numbers: Vec<(f64, &str, usize)> =
        counts.iter().filter_map(|(value, &count)| Some((number(value)?, *value, count))).collect();
    let known: Vec<f64> = numbers.iter().filter(|(x, ..)| !is_code(*x)).map(|(x, ..)| *x).collect();
    let mut said = Vec::new();
    let (low, high) =
        known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    for (x, value, count) in numbers.iter().filter(|(x, ..)| is_code(*x) && known.len() >= OTHERS) {
        let is_far = *x > high + (high - low) || *x < low - (high - low) || (*x < 0.0 && low >= 0.0);
        if is_far {
            said.push(format!(
                "`{column}` is `{value}` in {count} of {scans} scans and from {low} to {high} in others: \
                 `{value}` looks like a code for a missing value"
            ));
        }
    }
    let is_missing =
        |value: &str| is_word(value) || (counts.len() > 1 && ["?", "-", "."].contains(&value.trim()));
    for (value, count) in counts.iter().filter(|(value, _)| is_missing(value)) {
        said.push(format!(
            "`{column}` is `{value}` in {count} of {scans} scans, which looks like a missing value"
        ));
    }
    said
}

/// Describes values that seem to be one value in several spellings: `F`, `f` and `female`.
fn spellings(column: &str, counts: &BTreeMap<&str, usize>) -> Vec<String> {
    // Among numbers, `30` and `30.0` are the same.
    if counts.keys().all(|value| number(value).is_some()) {
        return Vec::new();
    }
    let mut alike: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for value in counts.keys() {
        alike.entry(plain(value).trim().to_owned()).or_default().insert(value);
    }
    let words: Vec<String> = alike.keys().cloned().collect();
    for letter in words.iter().filter(|word| word.chars().count() == 1) {
        let begins = |word: &&String| word.chars().count() > 2 && word.starts_with(letter.as_str());
        let mut long = words.iter().filter(begins);
        if let (Some(only), None) = (long.next(), long.next()) {
            let own = alike.remove(letter).unwrap_or_default();
            alike.entry(only.clone()).or_default().extend(own);
        }
    }
    let several = alike.into_iter().filter(|(words, values)| values.len() > 1 && !words.is_empty());
    let one = |(_, values): (String, BTreeSet<&str>)| {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{value}` ({})", counts[*value])).collect();
        format!("`{column}` is {}: they look like one value", values.join(", "))
    };
    several.map(one).collect()
}

/// Reports a task about a column that asks nothing about many scans.
fn skipped(scans: &[ScanInfo], asked: &TaskExamples) -> Option<Check> {
    let answers = asked.answers();
    let is_answered = |column: &&String| {
        let mut values = asked.column(column).into_iter().zip(&answers);
        values.all(|(value, answer)| match (value, answer) {
            (Some(value), Some(answer)) => {
                value == answer || number(value).is_some_and(|x| number(answer) == Some(x))
            }
            _ => false,
        })
    };
    let column = asked.targets.iter().find(is_answered)?;
    let with: BTreeSet<&ScanId> = asked.examples.iter().map(|(info, _)| &info.id).collect();
    let without: Vec<&ScanInfo> = scans.iter().filter(|scan| !with.contains(&scan.id)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    without.iter().for_each(|scan| *counts.entry(scan.column(column).unwrap_or("n/a")).or_default() += 1);
    if (without.len() as f64) < MANY * scans.len() as f64 || counts.is_empty() {
        return None;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let values: Vec<String> =
        counts.iter().take(5).map(|(value, count)| format!("`{value}` ({count})")).collect();
    let more =
        if counts.len() > 5 { format!(" and {} more values", counts.len() - 5) } else { String::new() };
    let key = &asked.key;
    let found = format!(
        "`{key}` leaves out {} of {} scans: their `{column}` is {}{more}",
        without.len(),
        scans.len(),
        values.join(", ")
    );
    let check = Check::passed(format!("{key}.skipped{CAUTION_ENDING}"), key, found).with(json!(counts));
    Some(check.but(CheckStatus::Warned, "nothing to do if this is intended"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts<'a>(values: &[&'a str]) -> BTreeMap<&'a str, usize> {
        let mut counts = BTreeMap::new();
        values.iter().for_each(|value| *counts.entry(*value).or_default() += 1);
        counts
    }

    #[test]
    fn a_code_is_far_from_all_numbers() {
        let scores = ["70.5", "-999", "81", "92", "-999", "110", "130", "101"];
        let said = codes("score", &counts(&scores));
        assert_eq!(
            said,
            [
                "`score` is `-999` in 2 of 8 scans and from 70.5 to 130 in others: `-999` looks like a code for a missing value"
            ]
        );
        for (code, expected) in [("999", 1), ("9999.0", 1), ("-9", 1), ("99", 0), ("-88", 1), ("300", 0)] {
            let with: Vec<&str> =
                scores.iter().copied().filter(|score| *score != "-999").chain([code]).collect();
            assert_eq!(codes("score", &counts(&with)).len(), expected, "{code}");
        }
        // Differences may be negative.
        assert!(codes("change", &counts(&["-20", "-10", "-9", "0", "5", "7", "12"])).is_empty());
        assert_eq!(codes("sex", &counts(&["F", "M", "Unknown", "n/a"])).len(), 2);
        assert!(codes("drug", &counts(&["none", "drug"])).is_empty());
    }

    #[test]
    fn spellings_of_one_value_are_found_and_counted() {
        let said = spellings("sex", &counts(&["F", "f", "M", "female", "F"]));
        assert_eq!(said, ["`sex` is `F` (2), `f` (1), `female` (1): they look like one value"]);
        assert_eq!(spellings("site", &counts(&["Site A", "site_a", "B"])).len(), 1);
        for different in [
            &["F", "M"][..],
            &["low", "lower"],
            &["A", "B", "Asperger", "Autism"],
            &["30", "30.0"],
            &["T", "M"],
        ] {
            assert!(spellings("x", &counts(different)).is_empty(), "{different:?}");
        }
    }
}
