//! Columns of the phenotype table that a spec names.

use boldface::{Problem, ScanInfo};

use super::suggest;

/// Returns a problem at `key` if no scan has a value in `column`.
pub fn missing_column(key: &str, column: &str, scans: &[ScanInfo]) -> Option<Problem> {
    if scans.iter().any(|scan| scan.column(column).is_some()) {
        return None;
    }
    let mut known: Vec<&str> =
        scans.iter().flat_map(|scan| scan.phenotype.keys().map(String::as_str)).collect();
    known.sort_unstable();
    known.dedup();
    let problem = Problem::at(key, format!("no scan has a column `{column}`"));
    Some(problem.help(suggest(column, known.iter().copied())))
}
