//! Reads and writes data frames as whole Parquet files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use boldface::{ScanId, files};
use polars::prelude::{
    ArrowDataType, Column, CompatLevel, DataFrame, DataType, NamedFrom, PolarsResult, SchemaExt, Series,
};
use polars_io::SerReader;
use polars_io::parquet::read::{ParallelStrategy, ParquetReader};
use polars_io::parquet::write::{KeyValueMetadata, ParquetCompression, ParquetWriter};
use polars_parquet::write::schema_to_metadata_key;

use crate::{TableError, TableResult, checksum};

/// Metadata key of the checksum of the file's values.
const CHECKSUM: &str = "boldface.crc32c";

/// A table that was read, with the file for error messages.
#[derive(Debug)]
pub(crate) struct ParquetTable {
    path: PathBuf,
    frame: DataFrame,
}

impl ParquetTable {
    /// Reads all columns.
    pub(crate) fn read(path: &Path) -> TableResult<ParquetTable> {
        // These tables are small, so passing columns to threads would cost more than reading them.
        let mut reader = open(path)?.read_parallel(ParallelStrategy::None);
        let written = whole(|| written_checksum(&mut reader)).map_err(|reason| parquet(path, reason))?;
        let table = ParquetTable::finish(path, reader)?;
        // Files written by other programs have no checksum.
        if written.is_some() && written != checksum::of_table(&table.frame) {
            return Err(parquet(path, "its values do not match their checksum".to_owned()));
        }
        Ok(table)
    }

    /// Reads one text column and ignores the others.
    pub(crate) fn read_text(path: &Path, column: &str) -> TableResult<ParquetTable> {
        let mut reader = open(path)?;
        let schema = whole(|| reader.schema()).map_err(|reason| parquet(path, reason))?;
        let field = schema.get(column).ok_or_else(|| TableError::NoColumn {
            path: path.to_owned(),
            column: column.to_owned(),
            columns: schema.iter_names().map(ToString::to_string).collect(),
        })?;
        // The type is checked before reading, because polars panics at types that are not compiled in.
        if !matches!(field.dtype(), ArrowDataType::Utf8 | ArrowDataType::LargeUtf8 | ArrowDataType::Utf8View)
        {
            let found = format!("{:?}", field.dtype());
            return Err(TableError::Type {
                path: path.to_owned(),
                column: column.to_owned(),
                found,
                wanted: "text",
            });
        }
        ParquetTable::finish(path, reader.with_columns(Some(vec![column.to_owned()])))
    }

    fn finish(path: &Path, reader: ParquetReader<File>) -> TableResult<ParquetTable> {
        let frame = whole(|| reader.finish()).map_err(|reason| parquet(path, reason))?;
        // The reader accepts a damaged row count.
        if frame.columns().iter().any(|column| column.len() != frame.height()) {
            return Err(parquet(path, format!("not all of its columns have {} rows", frame.height())));
        }
        Ok(ParquetTable { path: path.to_owned(), frame })
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.frame.height()
    }

    /// Whether a column exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.frame.column(name).is_ok()
    }

    /// Name and type of each column, in order.
    #[cfg(test)]
    pub(crate) fn columns(&self) -> Vec<(String, String)> {
        let named = |column: &Column| (column.name().to_string(), column.dtype().to_string());
        self.frame.columns().iter().map(named).collect()
    }

    /// The columns themselves.
    #[cfg(test)]
    pub(crate) fn into_columns(self) -> Vec<Column> {
        self.frame.columns().to_vec()
    }

    /// Reads a text column. Missing values are `None`.
    pub(crate) fn strings(&self, name: &str) -> TableResult<Vec<Option<String>>> {
        let column = self.column(name)?;
        let values = column.str().map_err(|_| self.wrong(column, "text"))?;
        Ok(values.iter().map(|value| value.map(str::to_owned)).collect())
    }

    /// Reads the column of [`others`], if the table has one.
    pub(crate) fn others(&self) -> TableResult<Vec<Option<String>>> {
        if self.has("others") { self.strings("others") } else { Ok(vec![None; self.rows()]) }
    }

    /// Reads a column of numbers. Missing values are `None`.
    pub(crate) fn floats(&self, name: &str) -> TableResult<Vec<Option<f64>>> {
        let column = self.column(name)?;
        let values = column.f64().map_err(|_| self.wrong(column, "a 64-bit number"))?;
        Ok(values.iter().collect())
    }

    /// Reads all columns of a table of 32- or 64-bit floats, with their names. Missing values are NaN.
    pub(crate) fn numbers(&self) -> TableResult<Vec<(String, Vec<f32>)>> {
        let numbers = |column: &Column| -> TableResult<(String, Vec<f32>)> {
            let wide = |value: Option<f64>| value.map_or(f32::NAN, |value| value as f32);
            let values = match (column.f32(), column.f64()) {
                (Ok(values), _) => values.iter().map(|value| value.unwrap_or(f32::NAN)).collect(),
                (_, Ok(values)) => values.iter().map(wide).collect(),
                _ => return Err(self.wrong(column, "floating-point numbers")),
            };
            Ok((column.name().to_string(), values))
        };
        self.frame.columns().iter().map(numbers).collect()
    }

    /// Reads a column of counts. Missing values are `None`.
    pub(crate) fn counts(&self, name: &str) -> TableResult<Vec<Option<u64>>> {
        let column = self.column(name)?;
        let values = column.u64().map_err(|_| self.wrong(column, "a 64-bit count"))?;
        Ok(values.iter().collect())
    }

    /// Reads a boolean column. Missing values are `None`.
    pub(crate) fn flags(&self, name: &str) -> TableResult<Vec<Option<bool>>> {
        let column = self.column(name)?;
        let values = column.bool().map_err(|_| self.wrong(column, "true or false"))?;
        Ok(values.iter().collect())
    }

    /// Unwraps the values of a column that may not have missing values.
    pub(crate) fn required<T>(&self, name: &str, values: Vec<Option<T>>) -> TableResult<Vec<T>> {
        let missing = |row| TableError::Missing { path: self.path.clone(), column: name.to_owned(), row };
        let filled = values.into_iter().enumerate();
        filled.map(|(row, value)| value.ok_or_else(|| missing(row + 1))).collect()
    }

    fn column(&self, name: &str) -> TableResult<&Column> {
        self.frame.column(name).map_err(|_| TableError::NoColumn {
            path: self.path.clone(),
            column: name.to_owned(),
            columns: self.frame.get_column_names().iter().map(ToString::to_string).collect(),
        })
    }

    fn wrong(&self, column: &Column, wanted: &'static str) -> TableError {
        let found = match column.dtype() {
            DataType::String => "text".to_owned(),
            other => other.to_string(),
        };
        TableError::Type { path: self.path.clone(), column: column.name().to_string(), found, wanted }
    }
}

/// Returns the column `others` of scan ids, which a table has only if one of its scans has such labels, so
/// that all other tables stay as they are.
pub(crate) fn others<'a>(ids: impl Iterator<Item = &'a ScanId>) -> Option<Column> {
    let labels: Vec<Option<&str>> = ids.map(|id| id.others.as_deref()).collect();
    labels.iter().any(Option::is_some).then(|| Series::new("others".into(), labels).into())
}

/// Writes the columns as zstd Parquet beside `path` and then renames the file, so that readers never see
/// half a table.
pub(crate) fn write(path: &Path, rows: usize, columns: Vec<Column>) -> TableResult<()> {
    let encode = |reason: String| TableError::Encode { path: path.to_owned(), reason };
    files::check_replaceable(path).map_err(|source| io("write", path, source))?;
    let mut aside = path.as_os_str().to_owned();
    aside.push(".partial");
    let aside = PathBuf::from(aside);

    let mut frame = DataFrame::new(rows, columns).map_err(|error| encode(error.to_string()))?;
    let file = File::create(&aside).map_err(|source| io("write", path, source))?;
    // One thread and one row group, so that the same rows give the same bytes.
    let writer =
        ParquetWriter::new(&file).with_compression(ParquetCompression::Zstd(None)).set_parallel(false);
    let mut pairs = vec![declared(&frame)];
    pairs.extend(checksum::of_table(&frame).map(|sum| (CHECKSUM.to_owned(), sum)));
    let writer = writer.with_key_value_metadata(Some(KeyValueMetadata::from_static(pairs)));
    let written = whole(|| writer.with_row_group_size(Some(rows.max(1))).finish(&mut frame));
    let synced =
        written.map_err(encode).and_then(|_| file.sync_all().map_err(|source| io("write", path, source)));
    let placed = synced.and_then(|()| fs::rename(&aside, path).map_err(|source| io("write", path, source)));
    if placed.is_err() {
        // The first error is the one to report. A leftover file is overwritten next time.
        let _ = fs::remove_file(&aside);
    }
    placed
}

/// Returns the types that the file declares for Arrow. Text is Arrow's oldest layout of it: older readers do
/// not know views, and newer ones cannot filter or sort them. Without this, polars declares views.
fn declared(frame: &DataFrame) -> (String, String) {
    let pair = schema_to_metadata_key(&frame.schema().to_arrow(CompatLevel::oldest()));
    (pair.key, pair.value.unwrap_or_default())
}

fn written_checksum(reader: &mut ParquetReader<File>) -> PolarsResult<Option<String>> {
    let pairs = reader.get_metadata()?.key_value_metadata().iter().flatten();
    let mut sums = pairs.filter(|pair| pair.key == CHECKSUM).filter_map(|pair| pair.value.clone());
    Ok(sums.next())
}

fn open(path: &Path) -> TableResult<ParquetReader<File>> {
    files::open_regular(path).map(ParquetReader::new).map_err(|source| io("read", path, source))
}

fn parquet(path: &Path, reason: String) -> TableError {
    TableError::Parquet { path: path.to_owned(), reason }
}

/// Runs polars and returns its error, or the message of its panic, which damaged files can cause.
fn whole<T>(call: impl FnOnce() -> PolarsResult<T>) -> TableResult<T, String> {
    boldface::guard(|| Ok(call()?)).map_err(|error| error.to_string())
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> TableError {
    TableError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Views of text are newer than many readers: pyarrow 14 cannot open them, pandas cannot filter them.
    #[test]
    fn text_is_declared_as_every_reader_knows_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("text.parquet");
        let column: Column = Series::new("a".into(), vec![Some("x"), None]).into();
        let schema = DataFrame::new(2, vec![column.clone()]).unwrap().schema().clone();
        write(&path, 2, vec![column]).unwrap();
        let mut reader = open(&path).unwrap();
        let pairs = reader.get_metadata().unwrap().key_value_metadata().clone().unwrap();
        let declared = pairs.into_iter().find(|pair| pair.key == "ARROW:schema").unwrap().value;
        let at = |level| schema_to_metadata_key(&schema.to_arrow(level)).value;
        assert_eq!(declared, at(CompatLevel::oldest()));
        assert_ne!(declared, at(CompatLevel::newest()));
        assert_eq!(ParquetTable::read(&path).unwrap().strings("a").unwrap(), [Some("x".to_owned()), None]);
    }
}
