//! Exports tables as CSV, TSV or Parquet for other programs: full precision and one type per column.

use std::path::Path;

use polars::prelude::{Column, NamedFrom, Series};

use crate::{TableError, TableResult, frame};

/// Columns of equal length, each with a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    columns: Vec<(String, ColumnValues)>,
}

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValues {
    /// Text.
    Text(Vec<Option<String>>),
    /// Numbers. NaN is stored as missing.
    Number(Vec<Option<f64>>),
    /// Counts.
    Count(Vec<Option<u64>>),
}

impl ColumnValues {
    /// Number of values, including missing ones.
    pub fn len(&self) -> usize {
        match self {
            ColumnValues::Text(values) => values.len(),
            ColumnValues::Number(values) => values.len(),
            ColumnValues::Count(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn field(&self, row: usize) -> Option<String> {
        match self {
            ColumnValues::Text(values) => values[row].clone(),
            ColumnValues::Number(values) => {
                values[row].filter(|value| !value.is_nan()).map(|value| value.to_string())
            }
            ColumnValues::Count(values) => values[row].map(|value| value.to_string()),
        }
    }
}

impl Sheet {
    /// Creates a table without columns.
    pub fn new() -> Sheet {
        Sheet::default()
    }

    /// Adds a column.
    ///
    /// # Panics
    /// If the column's length differs from that of the others, or its name is taken.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, values: ColumnValues) -> Sheet {
        let name = name.into();
        assert!(self.columns.is_empty() || values.len() == self.rows(), "`{name}` has another length");
        assert!(self.columns.iter().all(|(known, _)| *known != name), "two columns are called `{name}`");
        self.columns.push((name, values));
        self
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, values)| values.len())
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[(String, ColumnValues)] {
        &self.columns
    }
}

/// Formats the table as CSV with a header (RFC 4180). Missing values are empty fields. Text that a spreadsheet
/// would compute as a formula begins with an apostrophe.
pub fn csv(sheet: &Sheet) -> String {
    delimited(sheet, b',', "", without_formula)
}

/// Formats the table as tab-separated text with a header, as in BIDS. Missing values are `n/a`.
pub fn tsv(sheet: &Sheet) -> String {
    delimited(sheet, b'\t', "n/a", |text| text)
}

/// Escapes text for the cell of a spreadsheet. A number stays as it is.
fn without_formula(text: String) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text }
}

fn delimited(sheet: &Sheet, delimiter: u8, missing: &str, escape: fn(String) -> String) -> String {
    const WHOLE: &str = "writing into memory cannot fail";
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(sheet.columns.iter().map(|(name, _)| escape(name.clone()))).expect(WHOLE);
    for row in 0..sheet.rows() {
        let field = |values: &ColumnValues| values.field(row).map_or_else(|| missing.to_owned(), escape);
        let fields = sheet.columns.iter().map(|(_, values)| field(values));
        writer.write_record(fields).expect(WHOLE);
    }
    String::from_utf8(writer.into_inner().expect(WHOLE)).expect("every field was UTF-8")
}

/// Writes the table to `path` as Parquet. The file is complete or absent.
///
/// # Errors
/// If the file cannot be written.
pub fn parquet(path: &Path, sheet: &Sheet) -> TableResult<()> {
    let column = |(name, values): &(String, ColumnValues)| -> Column {
        let name = name.as_str().into();
        match values {
            ColumnValues::Text(values) => {
                Series::new(name, values.iter().map(Option::as_deref).collect::<Vec<_>>()).into()
            }
            ColumnValues::Number(values) => {
                let known = values.iter().map(|value| value.filter(|value| !value.is_nan()));
                Series::new(name, known.collect::<Vec<_>>()).into()
            }
            ColumnValues::Count(values) => Series::new(name, values.clone()).into(),
        }
    };
    if sheet.columns.is_empty() {
        return Err(TableError::Encode { path: path.to_owned(), reason: "it has no column".to_owned() });
    }
    frame::write(path, sheet.rows(), sheet.columns.iter().map(column).collect())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::frame::ParquetTable;

    fn sheet() -> Sheet {
        let text = |value: &str| Some(value.to_owned());
        Sheet::new()
            .with("arm", ColumnValues::Text(vec![text("a, \"b\"\nc"), None, text("=é")]))
            .with("value", ColumnValues::Number(vec![Some(0.1 + 0.2), Some(f64::NAN), Some(f64::INFINITY)]))
            .with("n", ColumnValues::Count(vec![Some(u64::MAX), None, Some(0)]))
    }

    #[test]
    fn csv_quotes_what_must_be_and_keeps_every_digit() {
        expect![[r#"
            arm,value,n
            "a, ""b""
            c",0.30000000000000004,18446744073709551615
            ,,
            '=é,inf,0
        "#]]
        .assert_eq(&csv(&sheet()));
    }

    #[test]
    fn no_cell_is_a_formula() {
        let hostile = ["=1+1", "+cmd", "-x", "@SUM(A1)", "\t=1", "\r=1", "-0.5", "+1e3", "a=b"];
        let texts = ColumnValues::Text(hostile.map(|text| Some(text.to_owned())).to_vec());
        let table = csv(&Sheet::new().with("=name", texts));
        let mut cells = ::csv::Reader::from_reader(table.as_bytes());
        assert_eq!(cells.headers().unwrap(), vec!["'=name"]);
        let cells: Vec<String> = cells.records().map(|record| record.unwrap()[0].to_owned()).collect();
        let expected = ["'=1+1", "'+cmd", "'-x", "'@SUM(A1)", "'\t=1", "'\r=1", "-0.5", "+1e3", "a=b"]
            .map(str::to_owned);
        assert_eq!(cells, expected);
    }

    #[test]
    fn tsv_says_what_is_missing() {
        let text = |value: &str| Some(value.to_owned());
        let sheet = Sheet::new()
            .with("scan", ColumnValues::Text(vec![text("sub-1"), None]))
            .with("value", ColumnValues::Number(vec![None, Some(0.5)]));
        assert_eq!(tsv(&sheet), "scan\tvalue\nsub-1\tn/a\nn/a\t0.5\n");
    }

    #[test]
    fn parquet_keeps_types_and_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.parquet");
        parquet(&path, &sheet()).unwrap();
        let table = ParquetTable::read(&path).unwrap();
        assert_eq!(
            table.columns(),
            [("arm", "str"), ("value", "f64"), ("n", "u64")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(table.floats("value").unwrap(), [Some(0.1 + 0.2), None, Some(f64::INFINITY)]);
        assert_eq!(table.strings("arm").unwrap()[1], None);
        let error = parquet(&path, &Sheet::new()).unwrap_err().to_string();
        assert!(error.ends_with("table.parquet` as Parquet: it has no column"), "{error}");
    }
}
