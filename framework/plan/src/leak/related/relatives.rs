//! Checks that the split keeps related people together.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, ScanInfo, Split};
use serde_json::json;

use super::columns::{Known, is_missing, recognise};
use crate::label::is_telling;
use crate::leak::{Check, CheckStatus, named};

/// People by the value that they share.
type Groups<'a> = BTreeMap<(Option<&'a str>, &'a str), BTreeMap<String, Option<Part>>>;

/// Checks every column that groups related people, except the one that the split keeps together.
pub(super) fn checks(scans: &[ScanInfo], split: &Split, kept: Option<&str>) -> Vec<Check> {
    let columns: BTreeSet<&String> = scans.iter().flat_map(|scan| scan.phenotype.keys()).collect();
    let columns = columns.into_iter().filter(|column| kept != Some(column.as_str()));
    columns
        .filter_map(|column| {
            let people: BTreeMap<String, &str> =
                scans.iter().filter_map(|scan| Some((scan.id.person(), value_of(scan, column)?))).collect();
            Some(check(column, recognise(column, &people)?, scans, split))
        })
        .collect()
}

fn value_of<'a>(scan: &'a ScanInfo, column: &str) -> Option<&'a str> {
    scan.phenotype.get(column).map(String::as_str)
}

fn check(column: &str, known: Known, scans: &[ScanInfo], split: &Split) -> Check {
    let groups = groups(column, scans, split);
    let several = groups.values().filter(|people| people.len() > 1).count();
    let divided: Vec<String> = groups
        .iter()
        .filter(|(_, people)| people.values().collect::<BTreeSet<_>>().len() > 1)
        .map(|((_, value), people)| {
            format!("{value}` ({}) of `{column}", people.keys().cloned().collect::<Vec<_>>().join(", "))
        })
        .collect();
    let id = format!("split.related.{column}");
    if divided.is_empty() {
        let found = format!("`{column}` holds {several} groups of several people, and none is divided");
        return Check::passed(id, "split", found);
    }
    let evidence = json!({ "column": column, "groups": several, "divided": divided.len() });
    let (status, found) = match known {
        Known::Name => (CheckStatus::Failed, format!("{} is in more than one part", named(&divided))),
        Known::Values => {
            let found = format!(
                "{} is in more than one part, and `{column}` looks like an id that people share",
                named(&divided)
            );
            (CheckStatus::Warned, found)
        }
    };
    let help = format!("keep them together: `[split] group = \"{column}\"`");
    Check::passed(id, "split", found).but(status, help).with(evidence)
}

/// Groups people by their value. Two datasets number their families alike, so that a value is one of its
/// dataset unless it is unusual.
fn groups<'a>(column: &str, scans: &'a [ScanInfo], split: &Split) -> Groups<'a> {
    let mut groups: Groups<'a> = BTreeMap::new();
    for scan in scans {
        if let Some(value) = value_of(scan, column) {
            let person = scan.id.person();
            let part = split.parts.get(&person).copied();
            let dataset = (!is_telling(value, scans.len())).then_some(scan.id.dataset.as_str());
            groups.entry((dataset, value)).or_default().insert(person, part);
        }
    }
    let sizes: Vec<((Option<&str>, &str), usize)> =
        groups.iter().map(|(key, people)| (*key, people.len())).collect();
    groups.retain(|key, people| {
        let others = sizes.iter().filter(|(other, _)| other != key).map(|(_, size)| *size);
        !is_missing(key.1, people.len(), others.max().unwrap_or(0))
    });
    groups
}

#[cfg(test)]
mod tests {
    use boldface::ScanId;

    use super::*;

    /// Returns the status of the column's check for people of dataset, value and part.
    fn status(column: &str, people: &[(&str, &str, Part)]) -> Option<CheckStatus> {
        let mut parts = BTreeMap::new();
        let mut scans = Vec::new();
        for (i, (dataset, value, part)) in people.iter().enumerate() {
            let id = ScanId::new(*dataset, i.to_string());
            parts.insert(id.person(), *part);
            let phenotype = [(column.to_owned(), (*value).to_owned())].into();
            scans.push(ScanInfo { id, tr: 2.0, trs: 9, rois: 1, phenotype, events: vec![], cuts: vec![] });
        }
        checks(&scans, &Split { parts }, None).first().map(|check| check.status)
    }

    #[test]
    fn a_family_is_divided_only_within_what_its_number_means() {
        use Part::{Test, Train};
        let divided = [("d", "F1", Train), ("d", "F1", Test), ("d", "F2", Test)];
        assert_eq!(status("Mother_ID", &divided), Some(CheckStatus::Failed));
        let kept = [("d", "F1", Train), ("d", "F1", Train), ("d", "F2", Test)];
        assert_eq!(status("Mother_ID", &kept), Some(CheckStatus::Passed));
        // Two studies count their families from 1; a GUID is one person's everywhere.
        let counted = [("d", "7", Train), ("e", "7", Test), ("d", "8", Train)];
        assert_eq!(status("family_id", &counted), Some(CheckStatus::Passed));
        let unusual = [("d", "NDAR_INV004", Train), ("e", "NDAR_INV004", Test), ("d", "NDAR_INV1", Train)];
        assert_eq!(status("subjectkey", &unusual), Some(CheckStatus::Failed));
    }

    #[test]
    fn mothers_who_are_unknown_are_not_one() {
        let people: Vec<(String, Part)> = (0..30)
            .map(|i| {
                let value = if i < 8 { "-9".to_owned() } else { (i / 2).to_string() };
                (value, if i / 2 % 2 == 0 { Part::Train } else { Part::Test })
            })
            .collect();
        let people: Vec<(&str, &str, Part)> =
            people.iter().map(|(value, part)| ("d", value.as_str(), *part)).collect();
        assert_eq!(status("Mother_ID", &people), Some(CheckStatus::Passed));
    }
}
