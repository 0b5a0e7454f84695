//! A user's list of scans to exclude.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Exclusion, Result, ScanId};
use boldface_imaging::names::{label, same_label, same_run};
use boldface_imaging::table::{TableRow, TextTable};

/// Returns the exclusions that the table `file` lists among the scans `found` of a dataset, sorted by scan. None
/// without a table.
///
/// # Errors
/// If the table cannot be read or a row matches no scan.
pub fn listed(
    file: Option<&Path>,
    root: &Path,
    dataset: &str,
    found: &[ScanId],
    only: &BTreeMap<String, String>,
) -> Result<Vec<Exclusion>> {
    let Some(file) = file else { return Ok(Vec::new()) };
    List::read(&root.join(file), dataset)?.exclusions(found, only)
}

/// Whether sorted exclusions have this scan.
pub fn has(excluded: &[Exclusion], scan: &ScanId) -> bool {
    excluded.binary_search_by(|out| out.scan.cmp(scan)).is_ok()
}

/// The rows of a list that are about one dataset.
#[derive(Debug)]
struct List {
    path: PathBuf,
    rows: Vec<Listed>,
}

/// A row of the list. A label that is left out matches any.
#[derive(Debug)]
struct Listed {
    line: u64,
    subject: String,
    labels: BTreeMap<&'static str, String>,
    reason: String,
}

/// Entities, and the names that a list may give their columns.
const COLUMNS: [(&str, &[&str]); 3] =
    [("ses", &["session_id", "session", "ses"]), ("task", &["task", "task_id"]), ("run", &["run", "run_id"])];

impl List {
    /// Reads a list. Rows whose column `dataset` names another dataset are skipped.
    ///
    /// # Errors
    /// If the file cannot be read, lacks `participant_id`, or has a row without a reason.
    fn read(path: &Path, dataset: &str) -> Result<List> {
        let read = || -> Result<Vec<Listed>> {
            let table = TextTable::read(path)?;
            table.require("participant_id")?;
            table.require("reason")?;
            let is_here = |row: &TableRow<'_>| row.get("dataset").is_none_or(|named| named == dataset);
            table.rows().filter(is_here).map(|row| parsed(&row)).collect()
        };
        let rows = read().map_err(|error| format!("list of exclusions `{}`: {error}", path.display()))?;
        Ok(List { path: path.to_owned(), rows })
    }

    /// Returns the scans of `found` that the list names, sorted. Rows whose labels contradict `only`
    /// need not match a scan.
    ///
    /// # Errors
    /// If a row matches no scan, because a typing error would keep a scan that should be left out.
    fn exclusions(&self, found: &[ScanId], only: &BTreeMap<String, String>) -> Result<Vec<Exclusion>> {
        let mut by_subject: BTreeMap<&str, Vec<&ScanId>> = BTreeMap::new();
        for id in found {
            by_subject.entry(&id.subject).or_default().push(id);
        }
        let mut excluded: BTreeMap<&ScanId, &str> = BTreeMap::new();
        for row in &self.rows {
            let of_subject = by_subject.get(row.subject.as_str()).map_or(&[][..], Vec::as_slice);
            let named: Vec<&&ScanId> = of_subject.iter().filter(|id| row.names(id)).collect();
            let is_passed_over = row.labels.iter().any(|(entity, label)| {
                only.get(*entity).is_some_and(|wanted| !same_label(entity, wanted, label))
            });
            if named.is_empty() && !is_passed_over {
                return Err(format!(
                    "list of exclusions `{}`: line {} names no scan of `sub-{}`; correct it or remove it",
                    self.path.display(),
                    row.line,
                    row.subject
                )
                .into());
            }
            for id in named {
                excluded.entry(id).or_insert(&row.reason);
            }
        }
        let exclusion =
            |(id, reason): (&ScanId, &str)| Exclusion { scan: id.clone(), reason: reason.to_owned() };
        Ok(excluded.into_iter().map(exclusion).collect())
    }
}

impl Listed {
    fn names(&self, id: &ScanId) -> bool {
        self.labels.iter().all(|(entity, label)| match *entity {
            "ses" => id.session.as_ref() == Some(label),
            "task" => id.task.as_ref() == Some(label),
            _ => id.run.as_deref().is_some_and(|run| same_run(run, label)),
        })
    }
}

fn parsed(row: &TableRow<'_>) -> Result<Listed> {
    let missing = |column: &str| format!("line {} has no `{column}`", row.line);
    let subject = row.get("participant_id").ok_or_else(|| missing("participant_id"))?;
    let reason = row.get("reason").ok_or_else(|| missing("reason"))?;
    let mut labels = BTreeMap::new();
    for (entity, columns) in COLUMNS {
        let written = columns.iter().find_map(|column| row.get(column));
        labels.extend(written.map(|written| (entity, label(entity, written).to_owned())));
    }
    Ok(Listed {
        line: row.line,
        subject: label("sub", subject).to_owned(),
        labels,
        reason: reason.to_owned(),
    })
}
