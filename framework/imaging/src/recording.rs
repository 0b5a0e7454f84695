//! Reads the signal of one scan from an array or a table, and checks it against its regions.

use std::path::Path;

use boldface::JsonSchema;
use boldface::{Deserialize, Regions, Result, Serialize, TimeSeries};

use crate::labels::swap;
use crate::link;
use crate::npy;
use crate::table::{TextTableError, records};

/// Format of signal files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalFormat {
    /// Orientation of the matrix.
    pub layout: SignalLayout,
    /// Whether the first line of a `.tsv` or `.csv` has the region names.
    pub header: bool,
}

/// Orientation of a matrix of signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
#[schemars(rename = "Layout")]
pub enum SignalLayout {
    /// One row per volume, one column per region, as in BIDS derivatives, nilearn and XCP-D.
    #[default]
    TimeByRegion,
    /// One row per region, one column per volume.
    RegionByTime,
}

/// Counts the volumes of a signal file, from its header or its lines. Its regions must match `regions`.
///
/// # Errors
/// If the file cannot be read, or its regions differ in number, name or order. The message names the
/// file.
pub fn volumes(path: &Path, form: SignalFormat, regions: &Regions) -> Result<usize> {
    let volumes = || -> Result<usize> {
        if is_array(path) {
            let header = npy::header(path)?;
            return Ok(oriented(header.rows, header.cols, form.layout, regions)?.0);
        }
        let text = link::read(path)?;
        let first = text.split_inclusive(|&byte| byte == b'\n').find(|line| !is_blank(line));
        let first = records(first.ok_or(TextTableError::Empty)?, delimiter(path))?;
        let (_, cells) = first.first().ok_or(TextTableError::Empty)?;
        check_first_line(cells, form, regions)?;
        let lines = text.split(|&byte| byte == b'\n').filter(|line| !is_blank(line)).count();
        let lines = lines - usize::from(form.header);
        Ok(oriented(lines, cells.len(), form.layout, regions)?.0)
    };
    named(path, volumes())
}

/// Reads a whole signal file. `tr` is its repetition time in seconds.
///
/// A region without a value in any volume stays missing (NaN): `boldface parcellate` and XCP-D write one
/// without coverage so.
///
/// # Errors
/// As [`volumes`], and if the file is damaged, no region has a value, or a value is missing, NaN or
/// infinite in a region that has others.
pub fn read(path: &Path, form: SignalFormat, regions: &Regions, tr: f64) -> Result<TimeSeries> {
    let read = || -> Result<TimeSeries> {
        let (rows, cols, values) = if is_array(path) {
            let (header, values) = npy::read(path)?;
            (header.rows, header.cols, values)
        } else {
            read_table(path, form, regions)?
        };
        let (trs, rois) = oriented(rows, cols, form.layout, regions)?;
        let values = match form.layout {
            SignalLayout::TimeByRegion => values,
            SignalLayout::RegionByTime => {
                let places = (0..trs).flat_map(|t| (0..rois).map(move |roi| roi * trs + t));
                places.map(|place| values[place]).collect()
            }
        };
        check_finite(&values, regions)?;
        TimeSeries::new(trs, rois, tr, values)
    };
    named(path, read())
}

fn named<T>(path: &Path, result: Result<T>) -> Result<T> {
    result.map_err(|error| format!("file `{}`: {error}", path.display()).into())
}

pub(crate) fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "npy")
}

pub(crate) fn delimiter(path: &Path) -> u8 {
    if path.extension().is_some_and(|extension| extension == "csv") { b',' } else { b'\t' }
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// Reads a table: rows, columns and the values row by row; a missing value is NaN.
fn read_table(path: &Path, form: SignalFormat, regions: &Regions) -> Result<(usize, usize, Vec<f32>)> {
    let mut lines = records(&link::read(path)?, delimiter(path))?;
    let (_, first) = lines.first().ok_or(TextTableError::Empty)?;
    check_first_line(first, form, regions)?;
    let cols = first.len();
    lines.drain(..usize::from(form.header));
    let values = numbers(&lines, cols)?;
    Ok((lines.len(), cols, values))
}

/// Parses lines of `cols` cells each; a missing value is NaN.
pub(crate) fn numbers(lines: &[(u64, Vec<String>)], cols: usize) -> Result<Vec<f32>> {
    let mut values = Vec::with_capacity(lines.len() * cols);
    for (line, cells) in lines {
        if cells.len() != cols {
            return Err(TextTableError::Ragged { line: *line, expected: cols, found: cells.len() }.into());
        }
        for (column, cell) in cells.iter().enumerate() {
            let missing = cell.is_empty() || cell == "n/a";
            let value = if missing { Ok(f32::NAN) } else { cell.parse() };
            let value =
                value.map_err(|_| format!("`{cell}` on line {line}, column {} is not a number", column + 1));
            values.push(value?);
        }
    }
    Ok(values)
}

/// Checks the first line of a table: region names in the order of the region table, or numbers.
fn check_first_line(cells: &[String], form: SignalFormat, regions: &Regions) -> Result<()> {
    let numbers = cells.iter().all(|cell| cell.parse::<f64>().is_ok());
    if !form.header {
        return match numbers {
            true => Ok(()),
            false => Err("the first line is not numbers; with names in it, set `header = true`".into()),
        };
    }
    if form.layout == SignalLayout::RegionByTime {
        return Err("a table with a header is time by region; set `header = false` or transpose it".into());
    }
    let names = &regions.names;
    if cells == names {
        return Ok(());
    }
    if numbers && cells.len() == names.len() {
        return Err(format!(
            "the first line holds numbers such as `{}`, not the names of the region table such as `{}`; name the \
             columns, or set `header = false` if that line is the first volume",
            cells[0], names[0]
        )
        .into());
    }
    if let Some(swap) = swap(cells, names) {
        return Err(format!("its columns and the region table differ: {swap}").into());
    }
    if let Some(unknown) = cells.iter().find(|cell| !names.contains(cell)) {
        return Err(format!("column `{unknown}` is not in the region table").into());
    }
    if let Some(lost) = names.iter().find(|name| !cells.contains(name)) {
        return Err(format!("region `{lost}` of the region table has no column").into());
    }
    let places = cells.iter().zip(names).enumerate().find(|(_, (cell, name))| cell != name);
    match places {
        Some((at, (cell, name))) => Err(format!(
            "column {} is `{cell}`, but region {} of the region table is `{name}`; bring both into one order",
            at + 1,
            at + 1
        )
        .into()),
        None => Err(format!("a region has two columns: {} for {} regions", cells.len(), names.len()).into()),
    }
}

/// Returns the volumes and regions of a matrix. It must have as many regions as the table.
fn oriented(rows: usize, cols: usize, layout: SignalLayout, regions: &Regions) -> Result<(usize, usize)> {
    let (trs, rois, other) = match layout {
        SignalLayout::TimeByRegion => (rows, cols, "region-by-time"),
        SignalLayout::RegionByTime => (cols, rows, "time-by-region"),
    };
    let known = regions.names.len();
    if rois != known {
        let hint = if trs == known {
            format!("its other side has {trs}: set `layout = \"{other}\"`")
        } else {
            "series and table must come from the same parcellation".to_owned()
        };
        return Err(format!("{rois} regions, but the region table has {known}; {hint}").into());
    }
    if trs == 0 {
        return Err("it has no volumes".into());
    }
    Ok((trs, rois))
}

fn check_finite(values: &[f32], regions: &Regions) -> Result<()> {
    let rois = regions.names.len();
    let is_missing: Vec<bool> =
        (0..rois).map(|roi| values.iter().skip(roi).step_by(rois).all(|x| x.is_nan())).collect();
    if !is_missing.contains(&false) {
        return Err("no region has a value".into());
    }
    let bad = |(place, x): &(usize, &f32)| !x.is_finite() && !is_missing[place % rois];
    let Some((first, _)) = values.iter().enumerate().find(bad) else { return Ok(()) };
    let count = values.iter().enumerate().filter(bad).count();
    Err(format!(
        "{count} of {} values are missing, NaN or infinite, the first in region `{}` at volume {} (from 0); \
         interpolate them, write `n/a` in every volume for a region without a signal, or move the scan out of \
         the folder",
        values.len(),
        regions.names[first % rois],
        first / rois
    )
    .into())
}

#[cfg(test)]
mod tests;
