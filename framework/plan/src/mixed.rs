//! Finds the cell that would turn a column of numbers into one of categories, such as `89+` among ages.

use std::collections::BTreeSet;

use boldface::{Problem, ScanInfo};

/// Least number of different numbers in a column of numbers.
const NUMBERS: usize = 5;

/// Returns a problem at `key` if most values of `column` are numbers and some are not.
pub(super) fn check(key: &str, column: &str, scans: &[ScanInfo]) -> Option<Problem> {
    let number = |value: &str| value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let cells: Vec<(&ScanInfo, &str)> =
        scans.iter().filter_map(|scan| Some((scan, scan.column(column)?))).collect();
    let (numbers, words): (Vec<_>, Vec<_>) = cells.iter().partition(|(_, value)| number(value).is_some());
    let distinct: BTreeSet<&str> = numbers.iter().map(|(_, value)| *value).collect();
    let (scan, value) = words.first()?;
    if distinct.len() < NUMBERS || words.len() >= numbers.len() {
        return None;
    }
    let more = match words.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more cells are none)"),
    };
    let message = format!(
        "`{column}` of `{}` is `{value}`, not a number{more}; {} other scans have numbers, which would all become \
         categories",
        scan.id,
        numbers.len()
    );
    Some(Problem::at(key, message).help("correct the cell, or leave it empty and the scan out"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use boldface::ScanId;

    use super::*;

    fn said(values: &[&str]) -> Option<String> {
        let scan = |(i, value): (usize, &&str)| ScanInfo {
            id: ScanId::new("d", i.to_string()),
            tr: 2.0,
            trs: 10,
            rois: 1,
            phenotype: BTreeMap::from([("age".to_owned(), (*value).to_owned())]),
            events: Vec::new(),
            cuts: Vec::new(),
        };
        let scans: Vec<ScanInfo> = values.iter().enumerate().map(scan).collect();
        check("adjust", "age", &scans).map(|problem| problem.message)
    }

    #[test]
    fn the_cell_is_named() {
        let found = said(&["70", "71", "72.5", "73", "89+", "80"]).unwrap();
        assert!(found.starts_with("`age` of `d/sub-4` is `89+`, not a number; 5 other scans"), "{found}");
        assert_eq!(said(&["70", "71", "72", "73", "74"]), None);
        // Grades are categories, though some are written as numbers.
        assert_eq!(said(&["1", "2", "3a", "3b", "1"]), None);
    }
}
