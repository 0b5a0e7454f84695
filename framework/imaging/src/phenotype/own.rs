//! Reads the tables of one subject in raw BIDS folders: `sub-01_sessions.tsv`, `sub-01_ses-1_scans.tsv`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Result, ScanId};

use super::Known;
use crate::link;
use crate::names::{Name, label, same_run};
use crate::table::TextTable;

/// The tables of all subjects that have their own.
#[derive(Debug, Default)]
pub(super) struct SubjectTables {
    /// By subject: one row per session.
    sessions: BTreeMap<String, OwnTable>,
    /// By subject and session: one row per file.
    scans: BTreeMap<(String, Option<String>), OwnTable>,
}

#[derive(Debug)]
struct OwnTable {
    /// Name of the file, for messages.
    file: String,
    table: TextTable,
    /// The scan in each row's `filename`; empty for sessions.
    rows: Vec<Option<ScanId>>,
}

/// Paths of the sessions and scans tables of a scan's subject below `root`, whether or not they exist.
fn places(root: &Path, scan: &ScanId) -> (PathBuf, PathBuf) {
    let subject = format!("sub-{}", scan.subject);
    let folder = root.join(&subject);
    let sessions = folder.join(format!("{subject}_sessions.tsv"));
    let scans = match &scan.session {
        Some(session) => {
            folder.join(format!("ses-{session}")).join(format!("{subject}_ses-{session}_scans.tsv"))
        }
        None => folder.join(format!("{subject}_scans.tsv")),
    };
    (sessions, scans)
}

/// Returns the tables that exist below `root` for `scans`, sorted.
pub(super) fn files<'a>(root: &Path, scans: impl Iterator<Item = &'a ScanId>) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = scans.map(|scan| places(root, scan)).flat_map(|(a, b)| [a, b]).collect();
    files.sort();
    files.dedup();
    files.retain(|file| link::is_listed(file));
    files
}

impl SubjectTables {
    /// Reads the tables below `root` of the subjects of `scans`.
    ///
    /// # Errors
    /// If a table cannot be read, or lacks `session_id` or `filename`.
    pub fn read<'a>(root: &Path, scans: impl Iterator<Item = &'a ScanId>) -> Result<SubjectTables> {
        let mut own = SubjectTables::default();
        for scan in scans {
            let (sessions, files) = places(root, scan);
            if !own.sessions.contains_key(&scan.subject) && link::is_listed(&sessions) {
                own.sessions.insert(scan.subject.clone(), OwnTable::read(&sessions, "session_id")?);
            }
            let key = (scan.subject.clone(), scan.session.clone());
            if !own.scans.contains_key(&key) && link::is_listed(&files) {
                own.scans.insert(key, OwnTable::read(&files, "filename")?);
            }
        }
        Ok(own)
    }

    /// Returns every column that holds values.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let tables = self.sessions.values().chain(self.scans.values());
        tables.flat_map(|own| own.table.columns()).map(String::as_str).filter(|column| is_value(column))
    }

    /// Adds the tables' values of a scan.
    ///
    /// # Errors
    /// If a session has no row or two rows, or tables or rows contradict one another.
    pub fn add<'a>(&'a self, scan: &ScanId, known: &mut Known<'a>) -> Result<()> {
        if let (Some(own), Some(session)) = (self.sessions.get(&scan.subject), &scan.session) {
            let is_it = |written: Option<&str>| written.map(|written| label("ses", written)) == Some(session);
            let mut rows = own.table.rows().filter(|row| is_it(row.get("session_id")));
            let row = rows.next().ok_or_else(|| {
                format!("`{}` has no row for `ses-{session}` of scan `{scan}`; add one", own.file)
            })?;
            if let Some(second) = rows.next() {
                let (file, lines) = (&own.file, (row.line, second.line));
                return Err(format!(
                    "`{file}` has two rows for `ses-{session}`, on lines {} and {}; remove one",
                    lines.0, lines.1
                )
                .into());
            }
            known.add(scan, &own.file, row.cells().filter(|(column, _)| is_value(column)))?;
        }
        // BIDS does not require a row for every file, and a run may have several files (echoes).
        if let Some(own) = self.scans.get(&(scan.subject.clone(), scan.session.clone())) {
            for (at, _) in
                own.rows.iter().enumerate().filter(|(_, id)| id.as_ref().is_some_and(|id| same(id, scan)))
            {
                let row = own.table.row(at);
                let cells = row.cells().filter(|(column, _)| is_value(column));
                known.add(scan, &own.file, cells)?;
            }
        }
        Ok(())
    }
}

impl OwnTable {
    fn read(path: &Path, key: &str) -> Result<OwnTable> {
        let read = || -> Result<OwnTable> {
            let table = TextTable::read(path)?;
            table.require(key)?;
            let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let rows = table.rows().map(|row| row.get("filename").and_then(of_bold)).collect();
            Ok(OwnTable { file, table, rows })
        };
        read().map_err(|error| format!("table `{}`: {error}", path.display()).into())
    }
}

/// Returns the run recorded in a `filename` such as `func/sub-01_task-rest_bold.nii.gz`.
fn of_bold(filename: &str) -> Option<ScanId> {
    let name = Name::parse(filename.rsplit('/').next()?).ok()?;
    name.scan("").filter(|_| name.suffix == "bold")
}

fn same(one: &ScanId, other: &ScanId) -> bool {
    let same_label = match (&one.run, &other.run) {
        (Some(a), Some(b)) => same_run(a, b),
        (a, b) => a == b,
    };
    same_label && (&one.subject, &one.session, &one.task) == (&other.subject, &other.session, &other.task)
}

/// Whether a column holds a value of the scan rather than identifying it.
fn is_value(column: &str) -> bool {
    !["participant_id", "session_id", "filename"].contains(&column)
}
