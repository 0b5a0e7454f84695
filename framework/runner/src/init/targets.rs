//! Columns about people that a first spec can ask for.

use std::collections::{BTreeMap, BTreeSet};

use boldface::ScanInfo;

/// A column to predict.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// The column.
    pub(super) column: String,
    /// Its values, if they are classes. `None` for a number.
    pub(super) classes: Option<Vec<String>>,
}

/// Fewest people of each class. Three parts need one each, and one more to learn from.
const PEOPLE: usize = 4;
/// Most classes of a column.
const CLASSES: usize = 5;
/// Fewest values of a number.
const NUMBERS: usize = 10;

/// Columns that studies ask for first. Others follow by name.
const FIRST: [&str; 10] =
    ["diagnosis", "dx", "dx_group", "group", "patient", "condition", "sex", "gender", "age", "age_at_scan"];

/// Columns that tell how a scan was made, not who was scanned.
const NUISANCES: [&str; 12] = [
    "site",
    "site_id",
    "scanner",
    "mean_fd",
    "func_mean_fd",
    "tr",
    "repetitiontime",
    "manufacturer",
    "session",
    "run",
    "task",
    "acq",
];

impl Target {
    /// Says what will be asked, for the reader of the command.
    pub(super) fn said(&self) -> String {
        match &self.classes {
            Some(classes) => format!("task: column `{}`, {} classes", self.column, classes.len()),
            None => format!("task: column `{}`, a number", self.column),
        }
    }
}

/// Returns the columns with few values or with many numbers, in the order in which they should be asked for.
pub(super) fn targets(scans: &[ScanInfo]) -> Vec<Target> {
    let columns: BTreeSet<&String> = scans.iter().flat_map(|scan| scan.phenotype.keys()).collect();
    let mut found: Vec<Target> = columns.into_iter().filter_map(|column| target(scans, column)).collect();
    let place = |target: &Target| {
        let column = target.column.to_lowercase();
        FIRST.iter().position(|first| *first == column).unwrap_or(FIRST.len())
    };
    found.sort_by_key(|target| (place(target), target.column.clone()));
    found
}

fn target(scans: &[ScanInfo], column: &String) -> Option<Target> {
    if NUISANCES.contains(&column.to_lowercase().as_str()) {
        return None;
    }
    let mut people: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for scan in scans {
        if let Some(value) = scan.phenotype.get(column) {
            people.entry(value).or_default().insert(scan.id.person());
        }
    }
    let smallest = people.values().map(BTreeSet::len).min()?;
    let is_number = people.keys().all(|value| value.parse::<f64>().is_ok_and(f64::is_finite));
    let column = column.clone();
    if (2..=CLASSES).contains(&people.len()) && smallest >= PEOPLE {
        let classes = people.keys().map(|value| (*value).to_owned()).collect();
        return Some(Target { column, classes: Some(classes) });
    }
    (is_number && people.len() >= NUMBERS).then_some(Target { column, classes: None })
}

#[cfg(test)]
mod tests {
    use boldface::testing;

    use super::*;

    #[test]
    fn few_values_are_classes_and_many_numbers_a_number() {
        let scan = |nth: usize| {
            let age = (20 + nth).to_string();
            let columns = [
                ("zygosity", if nth.is_multiple_of(2) { "a" } else { "b" }),
                ("dx", if nth < 6 { "1" } else { "2" }),
                ("rare", if nth < 2 { "x" } else { "y" }),
                ("site", if nth < 6 { "p" } else { "q" }),
                ("age", &age),
                ("name", &format!("n{nth}")),
            ];
            testing::scan(&format!("{nth:02}"), &columns).info.as_ref().clone()
        };
        let scans: Vec<ScanInfo> = (0..12).map(scan).collect();
        let found: Vec<(String, Option<Vec<String>>)> =
            targets(&scans).into_iter().map(|target| (target.column, target.classes)).collect();
        let classes = |classes: [&str; 2]| Some(classes.map(str::to_owned).to_vec());
        let expected = [("dx", classes(["1", "2"])), ("age", None), ("zygosity", classes(["a", "b"]))];
        assert_eq!(found, expected.map(|(column, classes)| (column.to_owned(), classes)));
    }
}
