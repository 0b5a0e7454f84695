//! Reads documents of general text from a Parquet column.

use std::path::Path;

use crate::TableResult;
use crate::frame::ParquetTable;

/// Reads the texts of one column in the table's order and skips missing values.
///
/// # Errors
/// If the file is not Parquet, or has no such text column. The error lists the existing columns.
pub fn column(path: &Path, name: &str) -> TableResult<Vec<String>> {
    let values = ParquetTable::read_text(path, name)?.strings(name)?;
    Ok(values.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use polars::prelude::{NamedFrom, Series};

    use super::*;
    use crate::frame;

    fn check(name: &str, expected: &Expect) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("books.parquet");
        let text = Series::new("text".into(), [Some("First."), None, Some("Second,\nlonger.")]);
        let year = Series::new("year".into(), [1901i64, 1902, 1903]);
        frame::write(&path, 3, vec![text.into(), year.into()]).unwrap();
        let found = match column(&path, name) {
            Ok(texts) => format!("{texts:?}"),
            Err(error) => error.to_string().replace(&dir.path().display().to_string(), "DIR"),
        };
        expected.assert_eq(&found);
    }

    #[test]
    fn texts_are_read_and_wrong_columns_explained() {
        check("text", &expect![[r#"["First.", "Second,\nlonger."]"#]]);
        check("body", &expect!["`DIR/books.parquet` has no column `body`; it has `text`, `year`"]);
        check("year", &expect!["column `year` of `DIR/books.parquet` has the type Int64; expected text"]);
    }
}
