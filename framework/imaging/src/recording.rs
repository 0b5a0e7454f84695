//! Reads the signal of one scan from an array or a table, and checks it against its regions.

use std::path::Path;

use boldface::JsonSchema;
use boldface::{Deserialize, Regions, Result, Serialize, TimeSeries};

use crate::labels::swap;
use crate::link;
use crate::mat;
use crate::npy;
use crate::table::{TextTableError, records};

/// Format of signal files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalFormat {
    /// Orientation of the matrix.
    pub layout: SignalLayout,
    /// Whether the first line of a table has the region names; `None` to decide by its cells.
    pub header: Option<bool>,
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
        if is_mat(path) {
            let (rows, cols, _) = mat::read(path)?;
            return Ok(oriented(rows, cols, form.layout, regions)?.0);
        }
        let text = link::read(path)?;
        let is_line = |line: &&[u8]| !(is_blank(line) || is_plain(path) && is_comment(line));
        let first = text.split_inclusive(|&byte| byte == b'\n').find(is_line);
        let first = table_lines(path, first.ok_or(TextTableError::Empty)?)?;
        let (_, cells) = first.first().ok_or(TextTableError::Empty)?;
        let has_header = check_first_line(cells, form, regions)?;
        let lines = text.split(|&byte| byte == b'\n').filter(is_line).count();
        Ok(oriented(lines - usize::from(has_header), cells.len(), form.layout, regions)?.0)
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
        let (rows, cols, values) = match read_array(path)? {
            Some(array) => array,
            None => read_table(path, form, regions)?,
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

/// Returns the names in the first line of a signal file and the number of its regions. An array, and a
/// table without such a line, has no names.
///
/// # Errors
/// If the file cannot be read. The message names it.
pub fn columns(path: &Path, form: SignalFormat) -> Result<(Option<Vec<String>>, usize)> {
    let read = || -> Result<(Option<Vec<String>>, usize)> {
        let (rows, cols) = if is_array(path) {
            let header = npy::header(path)?;
            (header.rows, header.cols)
        } else if is_mat(path) {
            let (rows, cols, _) = mat::read(path)?;
            (rows, cols)
        } else {
            let lines = table_lines(path, &link::read(path)?)?;
            let (_, first) = lines.first().ok_or(TextTableError::Empty)?;
            if form.header != Some(false) && has_words(first) {
                return Ok((Some(first.clone()), first.len()));
            }
            (lines.len(), first.len())
        };
        Ok((None, if form.layout == SignalLayout::TimeByRegion { cols } else { rows }))
    };
    named(path, read())
}

/// Reads an array: rows, columns and the values row by row. `None` if the file is a table.
pub(crate) fn read_array(path: &Path) -> Result<Option<(usize, usize, Vec<f32>)>> {
    if is_array(path) {
        let (header, values) = npy::read(path)?;
        return Ok(Some((header.rows, header.cols, values)));
    }
    if is_mat(path) { mat::read(path).map(Some) } else { Ok(None) }
}

fn is_array(path: &Path) -> bool {
    has_extension(path, &["npy"])
}

fn is_mat(path: &Path) -> bool {
    has_extension(path, &["mat"])
}

/// Whether a table is plain text as FSL, AFNI and DPABI write it: cells between blanks, comments after `#`.
fn is_plain(path: &Path) -> bool {
    has_extension(path, &["txt", "1D"])
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension))
}

fn is_comment(line: &[u8]) -> bool {
    line.trim_ascii().starts_with(b"#")
}

/// Splits the text of a table at `path` into lines of cells.
pub(crate) fn table_lines(path: &Path, text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, TextTableError> {
    if !is_plain(path) {
        return records(text, if has_extension(path, &["csv"]) { b',' } else { b'\t' });
    }
    let mut lines = Vec::new();
    for (at, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        if is_blank(line) || is_comment(line) {
            continue;
        }
        let line = std::str::from_utf8(line).map_err(|_| TextTableError::Encoding(at))?.trim();
        let cells: Vec<String> = match line.contains(',') {
            true => line.split(',').map(|cell| cell.trim().to_owned()).collect(),
            false => line.split_whitespace().map(str::to_owned).collect(),
        };
        lines.push((at, cells));
    }
    Ok(lines)
}

/// Whether a first line has a cell that is neither a number nor a missing value.
pub(crate) fn has_words(cells: &[String]) -> bool {
    cells.iter().any(|cell| !cell.is_empty() && cell != "n/a" && cell.parse::<f64>().is_err())
}

/// Whether cells count 0, 1, 2 or 1, 2, 3, as pandas names columns without a name.
fn are_counted(cells: &[String]) -> bool {
    let counts_from =
        |start: usize| cells.iter().enumerate().all(|(at, cell)| *cell == (start + at).to_string());
    cells.len() > 1 && (counts_from(0) || counts_from(1))
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// Reads a table: rows, columns and the values row by row; a missing value is NaN.
fn read_table(path: &Path, form: SignalFormat, regions: &Regions) -> Result<(usize, usize, Vec<f32>)> {
    let mut lines = table_lines(path, &link::read(path)?)?;
    let (_, first) = lines.first().ok_or(TextTableError::Empty)?;
    let has_header = check_first_line(first, form, regions)?;
    let cols = first.len();
    lines.drain(..usize::from(has_header));
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

/// Checks the first line of a table: region names in the order of the region table, or numbers. Returns
/// whether it is a header.
fn check_first_line(cells: &[String], form: SignalFormat, regions: &Regions) -> Result<bool> {
    let names = &regions.names;
    let numbers = cells.iter().all(|cell| cell.parse::<f64>().is_ok());
    match form.header {
        Some(false) if numbers => return Ok(false),
        Some(false) => {
            return Err("the first line is not numbers; with names in it, set `header = true`".into());
        }
        None if cells != names && are_counted(cells) => {
            return Err(format!(
                "its first line counts its columns from {}, as pandas does without names; set `header = true` if the \
                 columns are in the order of the regions, or `header = false` if that line is the first volume",
                cells[0]
            )
            .into());
        }
        None if cells != names && !has_words(cells) => return Ok(false),
        Some(true) if are_counted(cells) && cells.len() == names.len() => return Ok(true),
        _ => {}
    }
    if form.layout == SignalLayout::RegionByTime {
        return Err("a table with a header is time by region; set `header = false` or transpose it".into());
    }
    if cells == names {
        return Ok(true);
    }
    if numbers && cells.len() == names.len() {
        return Err(format!(
            "the first line holds numbers such as `{}`, not the names of the region table such as `{}`; name the \
             columns, or set `header = false` if that line is the first volume",
            cells[0], names[0]
        )
        .into());
    }
    if cells.len() == names.len() + 1 && &cells[1..] == names {
        return Err(format!(
            "its first column `{}` is no region but counts the volumes; write the table without it, in pandas with \
             `index=False`",
            cells[0]
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
