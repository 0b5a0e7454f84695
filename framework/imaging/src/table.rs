//! Reads `.tsv` and `.csv` tables with a header, as BIDS writes them.

use std::path::Path;

use crate::link;

/// Reasons why a table cannot be read. Messages do not name the file; the caller does.
#[derive(Debug, thiserror::Error)]
pub enum TextTableError {
    /// The file could not be opened or read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The bytes are not UTF-8.
    #[error("line {0} is not UTF-8 text; save the table as UTF-8")]
    Encoding(u64),
    /// The file is empty and has no header.
    #[error("the table is empty; its first line names the columns")]
    Empty,
    /// A name occurs twice in the header.
    #[error("two columns are named `{0}`; rename one")]
    DuplicateColumn(String),
    /// A column with values has no name.
    #[error("column {0} has values but no name; name it or remove it")]
    Nameless(usize),
    /// A row differs in length from the header.
    #[error("line {line} has {found} cells, but the header has {expected}")]
    Ragged {
        /// Line in the file, from 1.
        line: u64,
        /// Number of cells in the header.
        expected: usize,
        /// Number of cells in the row.
        found: usize,
    },
    /// A required column is missing.
    #[error("no column is named `{column}`; the columns are {}", quoted(.columns))]
    NoColumn {
        /// The name of that column.
        column: String,
        /// The column names in the file.
        columns: Vec<String>,
    },
    /// Any other failure of the reader.
    #[error("{0}")]
    Csv(csv::Error),
}

/// A table in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextTable {
    columns: Vec<String>,
    rows: Vec<(u64, Vec<String>)>,
}

/// One row of a [`TextTable`].
#[derive(Clone, Copy, Debug)]
pub struct TableRow<'a> {
    table: &'a TextTable,
    /// Line in the file, from 1.
    pub line: u64,
    cells: &'a [String],
}

impl TextTable {
    /// Reads a file. Cells are separated by commas in a `.csv` and by tabs in any other file.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, has a column twice or a row whose length differs from the
    /// header.
    pub fn read(path: &Path) -> Result<TextTable, TextTableError> {
        let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        TextTable::parse(&link::read(path)?, if is_csv { b',' } else { b'\t' })
    }

    /// Parses the text of a table.
    ///
    /// # Errors
    /// As [`TextTable::read`].
    pub fn parse(text: &[u8], delimiter: u8) -> Result<TextTable, TextTableError> {
        let mut lines = records(text, delimiter)?.into_iter();
        let (_, columns) = lines.next().ok_or(TextTableError::Empty)?;
        for (at, column) in columns.iter().enumerate() {
            if !column.is_empty() && columns[..at].contains(column) {
                return Err(TextTableError::DuplicateColumn(column.clone()));
            }
        }
        let mut rows: Vec<_> = lines.collect();
        // Spreadsheets leave rows without a cell that holds anything. In between, such a row may be the
        // volume of a scan of which nothing is known.
        while rows.pop_if(|(_, cells)| cells.iter().all(String::is_empty)).is_some() {}
        let is_nameless = |(at, name): &(usize, &String)| {
            name.is_empty()
                && rows.iter().any(|(_, cells)| cells.get(*at).is_some_and(|cell| !cell.is_empty()))
        };
        if let Some((at, _)) = columns.iter().enumerate().find(is_nameless) {
            return Err(TextTableError::Nameless(at + 1));
        }
        match rows.iter().find(|(_, cells)| cells.len() != columns.len()) {
            Some((line, cells)) => {
                Err(TextTableError::Ragged { line: *line, expected: columns.len(), found: cells.len() })
            }
            None => Ok(TextTable::named(columns, rows)),
        }
    }

    /// Makes a table of the columns with a name. Spreadsheets leave columns without name and values.
    fn named(columns: Vec<String>, mut rows: Vec<(u64, Vec<String>)>) -> TextTable {
        if columns.iter().any(String::is_empty) {
            for (_, cells) in &mut rows {
                let mut names = columns.iter();
                cells.retain(|_| names.next().is_some_and(|name| !name.is_empty()));
            }
        }
        TextTable { columns: columns.into_iter().filter(|name| !name.is_empty()).collect(), rows }
    }

    /// Returns the column names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = TableRow<'_>> {
        (0..self.rows.len()).map(|at| self.row(at))
    }

    /// Returns the row at index `at`, from 0.
    pub fn row(&self, at: usize) -> TableRow<'_> {
        let (line, cells) = &self.rows[at];
        TableRow { table: self, line: *line, cells }
    }

    /// Checks that a column exists.
    ///
    /// # Errors
    /// [`TextTableError::NoColumn`] if it does not; the message lists the columns of the file.
    pub fn require(&self, column: &str) -> Result<(), TextTableError> {
        if self.columns.iter().any(|name| name == column) {
            return Ok(());
        }
        Err(TextTableError::NoColumn { column: column.to_owned(), columns: self.columns.clone() })
    }
}

impl<'a> TableRow<'a> {
    /// Returns the cell of a column; `None` if it is `n/a` or empty, or there is no such column.
    pub fn get(&self, column: &str) -> Option<&'a str> {
        let at = self.table.columns.iter().position(|name| name == column)?;
        present(&self.cells[at])
    }

    /// Returns all cells with their columns; `None` for a cell that is `n/a` or empty.
    pub fn cells(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let columns = self.table.columns.iter().map(String::as_str);
        columns.zip(self.cells.iter().map(|cell| present(cell)))
    }
}

/// Splits every non-blank line into trimmed cells, and returns them with the line number from 1.
///
/// # Errors
/// If the text is not UTF-8.
pub(crate) fn records(text: &[u8], delimiter: u8) -> Result<Vec<(u64, Vec<String>)>, TextTableError> {
    // Spreadsheet programs start a UTF-8 file with a byte-order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.delimiter(delimiter).has_headers(false).flexible(true).trim(csv::Trim::All);
    let mut records = Vec::new();
    for record in reader.from_reader(text).records() {
        let record = record.map_err(|error| match (error.kind(), error.position()) {
            (csv::ErrorKind::Utf8 { .. }, Some(position)) => TextTableError::Encoding(position.line()),
            _ => TextTableError::Csv(error),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        records.push((line, record.iter().map(str::to_owned).collect()));
    }
    Ok(records)
}

/// Returns the place of the first value that is no number in a column that otherwise holds numbers, such
/// as `89+` among ages: one such cell would turn the column into categories, with an effect per age.
///
/// Most values must be numbers, of three or more amounts. A column of a few codes and a word is one of
/// categories.
pub fn stray_text(values: &[&str]) -> Option<usize> {
    let number = |value: &&str| value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let mut numbers: Vec<f64> = values.iter().filter_map(number).collect();
    let most = 2 * numbers.len() > values.len();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let stray = values.iter().position(|value| number(value).is_none());
    stray.filter(|_| most && numbers.len() >= 3)
}

/// Returns a cell unless its value is missing: `n/a` in BIDS, or empty in other programs.
fn present(cell: &str) -> Option<&str> {
    Some(cell).filter(|cell| !cell.is_empty() && *cell != "n/a")
}

/// Lists the names in backticks, separated by commas.
pub(crate) fn quoted(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, message: Expect) {
        message.assert_eq(&TextTable::parse(text.as_bytes(), b'\t').unwrap_err().to_string());
    }

    #[test]
    fn cells_are_found_by_column_and_missing_ones_have_no_value() {
        let text = "\u{feff}participant_id\tage\tsex\r\nsub-01\tn/a\tF\r\n\r\nsub-02\t31\t\r\n";
        let table = TextTable::parse(text.as_bytes(), b'\t').unwrap();
        assert_eq!(table.columns(), ["participant_id", "age", "sex"]);
        let rows: Vec<_> = table.rows().collect();
        assert_eq!((rows[0].get("age"), rows[0].get("sex")), (None, Some("F")));
        assert_eq!((rows[1].get("age"), rows[1].get("sex")), (Some("31"), None));
        assert_eq!((rows[1].get("participant_id"), rows[1].get("height")), (Some("sub-02"), None));
    }

    #[test]
    fn what_spreadsheets_leave_is_skipped() {
        let text = "participant_id\tsex\t\t\nsub-01\tF\t\t\nsub-02\tM\t\t\n\t\t\t\n\t\t\t\n";
        let table = TextTable::parse(text.as_bytes(), b'\t').unwrap();
        assert_eq!(table.columns(), ["participant_id", "sex"]);
        let rows: Vec<_> = table.rows().map(|row| (row.line, row.get("sex").unwrap())).collect();
        assert_eq!(rows, [(2, "F"), (3, "M")]);
        assert_eq!(table.row(0).cells().count(), 2);
        check("a\t\tb\n1\t\t2\n3\t4\t5\n", expect!["column 2 has values but no name; name it or remove it"]);
    }

    #[test]
    fn a_word_among_numbers_is_a_stray() {
        assert_eq!(stray_text(&["61", "72.5", "89+", "40"]), Some(2));
        assert_eq!(stray_text(&["61", "72.5", "89", "40"]), None);
        // Codes with a word, and words with a few numbers, are categories.
        assert_eq!(stray_text(&["1", "2", "1", "2", "unknown"]), None);
        assert_eq!(stray_text(&["A", "B", "3", "C", "4", "5"]), None);
    }

    #[test]
    fn commas_separate_csv() {
        let table = TextTable::parse(b"name,network\n\"Cerebellum, left\",CER\n", b',').unwrap();
        assert_eq!(table.rows().next().unwrap().get("name"), Some("Cerebellum, left"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("", expect!["the table is empty; its first line names the columns"]);
        check("a\tb\ta\n", expect!["two columns are named `a`; rename one"]);
        check("a\tb\n1\t2\n3\n", expect!["line 3 has 1 cells, but the header has 2"]);
        let table = TextTable::parse(b"index\tname\n", b'\t').unwrap();
        expect!["no column is named `network`; the columns are `index`, `name`"]
            .assert_eq(&table.require("network").unwrap_err().to_string());
        let latin1 = TextTable::parse(b"name\nM\xfcller\n", b'\t').unwrap_err();
        expect!["line 2 is not UTF-8 text; save the table as UTF-8"].assert_eq(&latin1.to_string());
    }
}
