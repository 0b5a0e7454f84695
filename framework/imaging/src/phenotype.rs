//! Joins `participants.tsv`, `sessions.tsv` and `scans.tsv` into the phenotype of each scan.

mod own;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Result, ScanId};

use self::own::SubjectTables;
use crate::link;
use crate::names::{label, same_run};
use crate::table::{TableRow, TextTable};

/// The phenotype tables of a dataset.
#[derive(Debug)]
pub struct Phenotypes {
    sources: Vec<Source>,
    own: SubjectTables,
}

/// Locations of the tables of a BIDS dataset.
#[derive(Clone, Debug)]
pub struct PhenotypePaths {
    /// The participants table. Sessions and scans tables of all subjects may be in the same folder.
    pub participants: PathBuf,
    /// The folder whose `sub-..` folders may contain tables of one subject.
    pub root: PathBuf,
}

/// A table and the columns that identify the scans of a row.
#[derive(Debug)]
struct Source {
    file: String,
    table: TextTable,
    /// Column of the subjects.
    id_column: &'static str,
    /// Entity and its column, such as `run` and `run`, or `ses` and `session_id`.
    keys: Vec<(&'static str, String)>,
    /// Row numbers of each subject.
    rows: BTreeMap<String, Vec<usize>>,
}

/// The tables, each with the entities besides the subject that may identify a row.
const TABLES: [(&str, &[&str]); 3] =
    [("participants.tsv", &[]), ("sessions.tsv", &["ses"]), ("scans.tsv", &["ses", "task", "run"])];

/// Accepted names of the column of subjects, BIDS' first.
pub const ID_COLUMNS: [&str; 6] = ["participant_id", "participant", "subject_id", "subject", "sub", "SUB_ID"];

/// Accepted column names of each entity.
const COLUMNS: [(&str, &[&str]); 3] =
    [("ses", &["session_id", "session", "ses"]), ("task", &["task_id", "task"]), ("run", &["run_id", "run"])];

impl Phenotypes {
    /// Returns the tables that exist in `root`, sorted.
    pub fn files(root: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = TABLES.iter().map(|(file, _)| root.join(file)).collect();
        files.retain(|file| link::is_listed(file));
        files.sort();
        files
    }

    /// Reads the tables in `root`.
    ///
    /// # Errors
    /// If `participants.tsv` is missing or has a participant twice, or a table is damaged or lacks
    /// `participant_id`.
    pub fn read(root: &Path) -> Result<Phenotypes> {
        let mut sources = Vec::new();
        for (file, entities) in TABLES {
            let path = root.join(file);
            if link::is_listed(&path) {
                let source = Source::read(file, &path, entities);
                sources.push(source.map_err(|error| format!("table `{}`: {error}", path.display()))?);
            } else if file == "participants.tsv" {
                let path = path.display();
                return Err(format!(
                    "there is no `{path}`; write one with a column `participant_id` and one row per subject"
                )
                .into());
            }
        }
        Ok(Phenotypes { sources, own: SubjectTables::default() })
    }

    /// Returns the tables that exist at `places` for `scans`, sorted.
    pub fn files_at(places: &PhenotypePaths, scans: &[ScanId]) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            places.tables().into_iter().map(|(path, _)| path).filter(|path| link::is_listed(path)).collect();
        files.extend(own::files(&places.root, scans.iter()));
        files.sort();
        files
    }

    /// Reads the tables that exist at `places` for `scans`. All of them are optional.
    ///
    /// # Errors
    /// As [`Phenotypes::read`], and if a table of one subject lacks `session_id` or `filename`.
    pub fn read_at(places: &PhenotypePaths, scans: &[ScanId]) -> Result<Phenotypes> {
        let mut sources = Vec::new();
        for (path, entities) in places.tables().into_iter().filter(|(path, _)| link::is_listed(path)) {
            let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let source = Source::read(&file, &path, entities);
            sources.push(source.map_err(|error| format!("table `{}`: {error}", path.display()))?);
        }
        Ok(Phenotypes { sources, own: SubjectTables::read(&places.root, scans.iter())? })
    }

    /// Returns every column in which a scan may have a value, sorted.
    pub fn columns(&self) -> Vec<String> {
        let of_all = self.sources.iter().flat_map(Source::values);
        let mut columns: Vec<_> = of_all.chain(self.own.columns()).map(str::to_owned).collect();
        columns.sort();
        columns.dedup();
        columns
    }

    /// Returns the values of a scan in all tables; a missing value has no entry.
    ///
    /// # Errors
    /// If a table has no row or two rows for the scan, or two tables disagree.
    pub fn values_of(&self, scan: &ScanId) -> Result<BTreeMap<String, String>> {
        let mut known = Known::default();
        for source in &self.sources {
            let row = source.row(scan)?;
            known.add(scan, &source.file, row.cells().filter(|(column, _)| source.is_value(column)))?;
        }
        self.own.add(scan, &mut known)?;
        Ok(known.0.into_iter().map(|(column, (value, _))| (column.to_owned(), value.to_owned())).collect())
    }
}

impl PhenotypePaths {
    /// Returns the tables of all subjects, each with the entities that may identify a row.
    fn tables(&self) -> Vec<(PathBuf, &'static [&'static str])> {
        let folder = self.participants.parent().unwrap_or(Path::new(""));
        let table = |(file, entities): (&str, &'static [&'static str])| match entities {
            [] => (self.participants.clone(), entities),
            _ => (folder.join(file), entities),
        };
        TABLES.map(table).into()
    }
}

/// Values found so far: value and file of each column.
#[derive(Debug, Default)]
struct Known<'a>(BTreeMap<&'a str, (&'a str, &'a str)>);

impl<'a> Known<'a> {
    /// Adds a file's values of a scan.
    ///
    /// # Errors
    /// If another file has a different value.
    fn add(
        &mut self,
        scan: &ScanId,
        file: &'a str,
        cells: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<()> {
        for (column, value) in cells {
            let Some(value) = value else { continue };
            match self.0.insert(column, (value, file)) {
                Some((other, before)) if other != value => {
                    return Err(format!(
                        "`{column}` of scan `{scan}` is `{other}` in `{before}` and `{value}` in `{file}`; \
                         rename or remove one"
                    )
                    .into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Source {
    fn read(file: &str, path: &Path, entities: &[&'static str]) -> Result<Source> {
        let table = TextTable::read(path)?;
        let has = |name: &&&str| table.columns().iter().any(|column| column == **name);
        let Some(id_column) = ID_COLUMNS.iter().find(has) else {
            return Err(table.require(ID_COLUMNS[0]).expect_err("it was looked for").into());
        };
        let mut keys = Vec::new();
        for (entity, columns) in COLUMNS.iter().filter(|(entity, _)| entities.contains(entity)) {
            let column = columns.iter().find(|&&column| table.columns().iter().any(|name| name == column));
            keys.extend(column.map(|&column| (*entity, column.to_owned())));
        }
        if !entities.is_empty() && keys.is_empty() {
            let known = COLUMNS.iter().filter(|(entity, _)| entities.contains(entity));
            let known: Vec<_> = known.map(|(_, columns)| format!("`{}`", columns[0])).collect();
            return Err(format!("beside `participant_id` it needs a column {}", known.join(" or ")).into());
        }
        let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, row) in table.rows().enumerate() {
            if row.cells().all(|(_, value)| value.is_none()) {
                continue;
            }
            let Some(id) = row.get(id_column) else {
                return Err(format!("line {} has no `{id_column}`", row.line).into());
            };
            let places = rows.entry(label("sub", id).to_owned()).or_default();
            places.push(at);
            if entities.is_empty() && places.len() > 1 {
                return Err(format!("`{id}` has two rows, the second on line {}", row.line).into());
            }
        }
        Ok(Source { file: file.to_owned(), table, id_column, keys, rows })
    }

    /// Whether a column holds a value of the scan rather than identifying it.
    fn is_value(&self, column: &str) -> bool {
        column != self.id_column && self.keys.iter().all(|(_, key)| key != column)
    }

    fn values(&self) -> impl Iterator<Item = &str> {
        self.table.columns().iter().map(String::as_str).filter(|column| self.is_value(column))
    }

    fn row(&self, scan: &ScanId) -> Result<TableRow<'_>> {
        let places = self.rows.get(&scan.subject).map_or(&[][..], Vec::as_slice);
        let mut rows = places.iter().map(|&at| self.table.row(at)).filter(|row| self.is_about(*row, scan));
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            (Some(first), Some(second)) => Err(format!(
                "`{}` has two rows for scan `{scan}`, on lines {} and {}; remove one",
                self.file, first.line, second.line
            )
            .into()),
            (None, _) => Err(self.missing(scan).into()),
        }
    }

    /// Says that a scan has no row, and whether a spreadsheet took the zeros of its subject's label.
    fn missing(&self, scan: &ScanId) -> String {
        let (file, subject) = (&self.file, &scan.subject);
        let bare = subject.trim_start_matches('0');
        if !self.rows.contains_key(subject) && self.rows.contains_key(bare) {
            return format!(
                "`{file}` has no row for scan `{scan}`, but one for `{bare}`: a spreadsheet took the zeros; write \
                 `sub-{subject}`"
            );
        }
        format!(
            "`{file}` has no row for scan `{scan}`; add one for `sub-{subject}`, with `n/a` for what is not known"
        )
    }

    fn is_about(&self, row: TableRow<'_>, scan: &ScanId) -> bool {
        self.keys.iter().all(|(entity, column)| {
            let written = row.get(column).map(|written| label(entity, written));
            match *entity {
                "ses" => written == scan.session.as_deref(),
                "task" => written == scan.task.as_deref(),
                _ => match (written, scan.run.as_deref()) {
                    (Some(written), Some(run)) => same_run(written, run),
                    (written, run) => written == run,
                },
            }
        })
    }
}

#[cfg(test)]
mod tests;
