//! Checks a split before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Problem, ScanInfo};
use serde_json::Value;

use super::divide::divide;
use crate::spec::{MOST_VARIANTS, SplitTable, missing_column};

/// Most names in a message.
const SHOWN: usize = 3;

/// Fewest values that make numbers more than codes of classes.
const NUMBERS: usize = 10;

/// Fewest people per stratum, one for each part.
const PER_STRATUM: usize = 3;

/// Finds everything wrong with a `[split]`. With `scans`, also whether they can be split.
pub fn check(table: &SplitTable, seed: u64, scans: &[ScanInfo]) -> Vec<Problem> {
    let mut problems = contradictions(table);
    ranges(table, &mut problems);
    if scans.is_empty() || table.file.is_some() {
        return problems;
    }
    let stratify = table.stratify.iter().enumerate();
    let stratify =
        stratify.filter_map(|(i, column)| missing_column(&format!("split.stratify[{i}]"), column, scans));
    problems.extend(stratify);
    problems.extend(table.stratify.iter().enumerate().filter_map(|(i, column)| strewn(i, column, scans)));
    for (key, column) in [("group", &table.group), ("leave-out", &table.leave_out)] {
        problems.extend(column.as_ref().and_then(|column| gaps(key, column, scans)));
    }
    if !problems.is_empty() {
        return problems.into_iter().map(|problem| worded(problem, table)).collect();
    }
    let infos: Vec<&ScanInfo> = scans.iter().collect();
    let mut variants = table.variants(scans);
    if variants.is_empty() {
        variants.push(BTreeMap::new());
    }
    // A problem of one fold is often a problem of all, so the first one is enough.
    variants
        .iter()
        .find_map(|settings| divide(&infos, &chosen(table, settings), seed).err())
        .into_iter()
        .collect()
}

/// Names the unit of the split in a problem.
fn worded(problem: Problem, table: &SplitTable) -> Problem {
    Problem { message: table.unit.worded(&problem.message), ..problem }
}

/// Applies a variant's settings to the split.
fn chosen(table: &SplitTable, settings: &BTreeMap<String, Value>) -> SplitTable {
    let place =
        |key: &str| settings.get(key).and_then(Value::as_u64).and_then(|place| usize::try_from(place).ok());
    SplitTable {
        fold: place("split.fold").or(table.fold),
        repeat: place("split.repeat").or(table.repeat),
        ..table.clone()
    }
}

/// Finds keys that contradict each other.
fn contradictions(table: &SplitTable) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut refuse = |is_wrong: bool, key: &str, message: &str, help: &str| {
        if is_wrong {
            problems.push(Problem::at(key, message).help(help).below("split"));
        }
    };
    if table.file.is_some() {
        let others = [
            ("validation", table.validation.is_some()),
            ("test", table.test.is_some()),
            ("stratify", !table.stratify.is_empty()),
            ("group", table.group.is_some()),
            ("folds", table.folds.is_some()),
            ("leave-out", table.leave_out.is_some()),
            ("fold", table.fold.is_some()),
            ("repeats", table.repeats.is_some()),
            ("repeat", table.repeat.is_some()),
        ];
        for (key, is_there) in others {
            refuse(
                is_there,
                key,
                &format!("`file` already says who is in which part, so `{key}` has no effect"),
                "leave one of them out",
            );
        }
        return problems;
    }
    let is_folded = table.folds.is_some() || table.leave_out.is_some();
    let both = table.folds.is_some() && table.leave_out.is_some();
    refuse(both, "leave-out", "`folds` and `leave-out` both decide the test part", "leave one of them out");
    let help = "the fold is the test part: leave `test` out";
    let by = if table.folds.is_some() { "folds" } else { "leave-out" };
    let message = format!("`{by}` and `test` both decide how large the test part is");
    refuse(is_folded && table.test.is_some(), "test", &message, help);
    refuse(
        !is_folded && table.fold.is_some(),
        "fold",
        "there are no folds to choose from",
        "add `folds` or `leave-out`",
    );
    refuse(
        table.repeats.is_none() && table.repeat.is_some(),
        "repeat",
        "there are no repetitions to choose from",
        "add `repeats`",
    );
    problems
}

fn ranges(table: &SplitTable, problems: &mut Vec<Problem>) {
    let mut report = |key: &str, message: String, help: &str| {
        problems.push(Problem::at(key, message).help(help).below("split"));
    };
    let (validation, test) = (table.validation_share(), table.test_share());
    let is_folded = table.folds.is_some() || table.leave_out.is_some();
    // With folds, the validation part may be empty, as long as nothing is chosen by it.
    let is_share = |key: &str, share: f64| {
        share < 1.0 && (share > 0.0 || (share == 0.0 && is_folded && key == "validation"))
    };
    let mut shares = [("validation", validation), ("test", test)].into_iter();
    if let Some((key, share)) = shares.find(|(key, share)| !is_share(key, *share)) {
        report(key, format!("`{key}` must lie between 0 and 1, is {share}"), "write a share such as 0.15");
    } else if table.folds.is_none() && table.leave_out.is_none() && validation + test >= 1.0 {
        let message = format!("`validation` {validation} and `test` {test} leave nobody to learn from");
        report("", message, "lower them to a sum below 1");
    }
    if let Some(folds) = table.folds.filter(|&folds| folds < 2) {
        report(
            "folds",
            format!("must be at least 2, is {folds}"),
            "one fold would leave nobody to learn from",
        );
    }
    let runs = table.folds.unwrap_or(1).saturating_mul(table.repeats.unwrap_or(1));
    if runs > MOST_VARIANTS && table.fold.is_none() && table.repeat.is_none() {
        let message = format!("`folds` and `repeats` make {runs} runs; at most {MOST_VARIANTS} are possible");
        report("", message, "lower one of them");
    }
    if table.repeats == Some(0) {
        report("repeats", "must be at least 1".to_owned(), "leave it out to divide once");
    }
    for (key, chosen, count, of) in
        [("fold", table.fold, table.folds, "folds"), ("repeat", table.repeat, table.repeats, "repetitions")]
    {
        if let (Some(chosen), Some(count)) = (chosen, count)
            && chosen >= count
            && count > 0
        {
            let message = format!("there is no {key} {chosen}: the {count} {of} are counted from 0");
            report(key, message, &format!("choose 0 to {}", count - 1));
        }
    }
}

/// Reports a column of numbers that nearly everybody has their own of: strata of one or two people cannot
/// be spread over three parts.
fn strewn(place: usize, column: &str, scans: &[ScanInfo]) -> Option<Problem> {
    let values: BTreeSet<&str> = scans.iter().filter_map(|scan| scan.column(column)).collect();
    let people: BTreeSet<String> =
        scans.iter().filter(|scan| scan.column(column).is_some()).map(|scan| scan.id.person()).collect();
    let are_numbers = values.iter().all(|value| value.trim().parse::<f64>().is_ok());
    if !are_numbers || values.len() < NUMBERS || people.len() >= PER_STRATUM * values.len() {
        return None;
    }
    let message = format!(
        "`{column}` has {} different numbers for {} {{subject}}s, so strata are too small to be spread over the parts",
        values.len(),
        people.len()
    );
    let help =
        format!("write ranges of `{column}` into a column of the table, such as `20-29`, and name that");
    Some(Problem::at(format!("split.stratify[{place}]"), message).help(help))
}

/// Reports scans without a value in a column that needs one.
fn gaps(key: &str, column: &str, scans: &[ScanInfo]) -> Option<Problem> {
    let key = format!("split.{key}");
    if let Some(problem) = missing_column(&key, column, scans) {
        return Some(problem);
    }
    let without: Vec<&ScanInfo> = scans.iter().filter(|scan| scan.column(column).is_none()).collect();
    let named: Vec<String> = without.iter().take(SHOWN).map(|scan| format!("`{}`", scan.id)).collect();
    let more = match without.len() - named.len() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let message =
        format!("{} of {} scans have no `{column}`: {}{more}", without.len(), scans.len(), named.join(", "));
    (!without.is_empty()).then(|| Problem::at(key, message).help("fill the column, or leave those scans out"))
}
