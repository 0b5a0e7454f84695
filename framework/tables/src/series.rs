//! Regional time series as Parquet: one float32 column per region, one row per volume.

use std::path::Path;

use polars::prelude::{Column, NamedFrom, Series};

use crate::frame::ParquetTable;
use crate::{TableError, TableResult, frame};

/// Writes a series of `values[volume * names.len() + region]`. NaN is stored as missing. Parquet needs
/// unique column names, so a repeated name gets its position appended.
///
/// # Errors
/// If there is no region, the number of values is not a multiple of the regions, or the file cannot be
/// written.
pub fn write(path: &Path, names: &[String], values: &[f32]) -> TableResult<()> {
    let rois = names.len();
    if rois == 0 || !values.len().is_multiple_of(rois) {
        let reason = format!("{} values cannot be split into rows of {rois} regions", values.len());
        return Err(TableError::Encode { path: path.to_owned(), reason });
    }
    let column = |(roi, name): (usize, String)| -> Column {
        let known = values.iter().skip(roi).step_by(rois).map(|&x| Some(x).filter(|x| !x.is_nan()));
        Series::new(name.as_str().into(), known.collect::<Vec<Option<f32>>>()).into()
    };
    frame::write(path, values.len() / rois, columns(names).into_iter().enumerate().map(column).collect())
}

/// Returns the column names that [`write()`] uses for these regions.
pub fn columns(names: &[String]) -> Vec<String> {
    let column = |(roi, name): (usize, &String)| {
        if names[..roi].contains(name) { format!("{name} ({})", roi + 1) } else { name.clone() }
    };
    names.iter().enumerate().map(column).collect()
}

/// Reads a series: its column names and `values[volume * names + region]`. Missing values are NaN.
///
/// # Errors
/// If the file is not a Parquet table, or a column does not contain floating-point numbers.
pub fn read(path: &Path) -> TableResult<(Vec<String>, Vec<f32>)> {
    let table = ParquetTable::read(path)?;
    let columns = table.numbers()?;
    let (names, columns): (Vec<String>, Vec<Vec<f32>>) = columns.into_iter().unzip();
    let rows = (0..table.rows()).flat_map(|row| columns.iter().map(move |column| column[row]));
    Ok((names, rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_a_region() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("series.parquet");
        let names = ["A", "B", "A"].map(str::to_owned);
        write(&path, &names, &[0.1, f32::NAN, 2.0, 3.0, f32::NAN, f32::INFINITY]).unwrap();
        let table = ParquetTable::read(&path).unwrap();
        let columns = ["A", "B", "A (3)"].map(|name| (name.to_owned(), "f32".to_owned()));
        assert_eq!(table.columns(), columns);
        let (read, values) = super::read(&path).unwrap();
        assert_eq!((read, values.len()), (super::columns(&names), 6));
        assert_eq!((values[0], values[2], values[3], values[5]), (0.1, 2.0, 3.0, f32::INFINITY));
        assert!(values[1].is_nan() && values[4].is_nan());
        let columns = table.into_columns();
        let read = columns.iter().map(|column| column.f32().unwrap().iter().collect::<Vec<_>>());
        let expected = [vec![Some(0.1), Some(3.0)], vec![None, None], vec![Some(2.0), Some(f32::INFINITY)]];
        assert_eq!(read.collect::<Vec<_>>(), expected);
        assert!(write(&path, &names, &[0.0; 4]).is_err());
    }
}
