//! Reads the confounds of one scan, one row per volume.

use std::path::{Path, PathBuf};

use boldface::Result;

use super::components::Sidecar;
use super::headerless;
use super::names::{DERIVATIVE, DERIVATIVE_SQUARE, MOTION, SQUARE, todays};
use crate::link;
use crate::table::{TextTable, TextTableError};

/// The confounds of one scan.
///
/// Read from fMRIPrep's tables since 1.0, whose old camel-case names are translated (`RotX` to `rot_x`),
/// from any other `.tsv` or `.csv` with a header, and from the motion files of FSL (`.par`: rotations
/// first), SPM (`rp_*.txt`) and HCP (`Movement_Regressors*.txt`: degrees, converted to radians).
/// Translations are in mm, rotations in radians.
#[derive(Clone, Debug)]
pub struct ConfoundTable {
    path: PathBuf,
    /// Column names as written in the file.
    columns: Vec<String>,
    /// Current fMRIPrep name of each column.
    names: Vec<String>,
    /// Values of each column, NaN if missing.
    values: Vec<Vec<f64>>,
    /// Line of each row in the file, from 1.
    lines: Vec<u64>,
    sidecar: Option<Sidecar>,
}

impl ConfoundTable {
    /// Reads a file, and the `.json` of the same name if there is one.
    ///
    /// # Errors
    /// If the file cannot be read, a column occurs twice, a row differs in length from the header, a cell
    /// is neither a number nor `n/a`, `nan` or empty, or displacement or motion is infinite. The message
    /// names file, line and column.
    pub fn read(path: &Path) -> Result<ConfoundTable> {
        let named = |error: &dyn std::fmt::Display| format!("confounds `{}`: {error}", path.display());
        let text = link::read(path).map_err(|error| named(&error))?;
        let sidecar = Sidecar::beside(path)?;
        let table = parse(path, &text).map_err(|error| named(&error))?;
        Ok(ConfoundTable { sidecar, ..table })
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of volumes, one per row.
    pub fn trs(&self) -> usize {
        self.lines.len()
    }

    /// Column names as written in the file.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns a column by its name in the file or its current fMRIPrep name, NaN where a value is
    /// missing.
    ///
    /// If the file lacks a derivative (`trans_x_derivative1`: the difference from the volume before, NaN
    /// for the first), a square (`trans_x_power2`) or the square of a derivative, it is computed from
    /// the base column.
    pub fn column(&self, name: &str) -> Option<Vec<f64>> {
        if let Some(values) = self.written(name) {
            return Some(values.to_vec());
        }
        let squares = |values: Vec<f64>| values.into_iter().map(|x| x * x).collect();
        if let Some(base) = name.strip_suffix(DERIVATIVE_SQUARE) {
            return self.column(&format!("{base}{DERIVATIVE}")).map(squares);
        }
        if let Some(base) = name.strip_suffix(SQUARE) {
            return self.written(base).map(|values| squares(values.to_vec()));
        }
        let values = self.written(name.strip_suffix(DERIVATIVE)?)?;
        let differences = values.windows(2).map(|pair| pair[1] - pair[0]);
        Some(std::iter::once(f64::NAN).chain(differences).collect())
    }

    /// Checks that the table is as long as its scan.
    ///
    /// # Errors
    /// If the lengths differ. The message names both files and both lengths.
    pub fn check_length(&self, trs: usize, bold: &Path) -> Result<()> {
        if self.trs() == trs {
            return Ok(());
        }
        let (path, bold) = (self.path.display(), bold.display());
        Err(format!(
            "confounds `{path}` have {} rows, but `{bold}` has {trs} volumes; \
             are they of the same run, with the same volumes removed?",
            self.trs()
        )
        .into())
    }

    /// Returns the volumes marked as not yet in a steady state, from 0 and in order.
    pub fn dummy_scans(&self) -> Vec<usize> {
        let marked = self.names.iter().zip(&self.values);
        let marked: Vec<_> =
            marked.filter(|(name, _)| name.starts_with("non_steady_state_outlier")).collect();
        (0..self.trs()).filter(|&volume| marked.iter().any(|(_, values)| values[volume] > 0.0)).collect()
    }

    /// Returns a column of the file, without computing expansions.
    pub(super) fn written(&self, name: &str) -> Option<&[f64]> {
        let at = self.names.iter().position(|own| own == name);
        let at = at.or_else(|| self.columns.iter().position(|own| own == name))?;
        Some(&self.values[at])
    }

    /// Current fMRIPrep name of each column.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn sidecar(&self) -> Option<&Sidecar> {
        self.sidecar.as_ref()
    }

    /// Returns the line of a row in the file.
    pub(super) fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }
}

fn parse(path: &Path, text: &[u8]) -> Result<ConfoundTable> {
    if let Ok(text) = std::str::from_utf8(text)
        && let Some(parameters) = headerless::read(path, text)?
    {
        let column = |place: usize| parameters.rows.iter().map(|(_, row)| row[place]).collect();
        return Ok(ConfoundTable {
            path: path.to_owned(),
            values: (0..parameters.columns.len()).map(column).collect(),
            names: parameters.columns.clone(),
            columns: parameters.columns,
            lines: parameters.rows.iter().map(|(line, _)| *line).collect(),
            sidecar: None,
        });
    }
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let table = TextTable::parse(text, if is_csv { b',' } else { b'\t' })?;
    check_header(&table, is_csv)?;
    let names: Vec<String> = table.columns().iter().map(|column| todays(column)).collect();
    for (at, name) in names.iter().enumerate() {
        if let Some(before) = names[..at].iter().position(|other| other == name) {
            let (first, second) = (&table.columns()[before], &table.columns()[at]);
            return Err(format!("columns `{first}` and `{second}` are the same confound; remove one").into());
        }
    }
    let mut values = vec![Vec::with_capacity(table.rows().len()); names.len()];
    for row in table.rows() {
        for (((column, cell), name), values) in row.cells().zip(&names).zip(&mut values) {
            // Displacement is part of every scan's quality, other columns only of the settings that name
            // them.
            let is_used = MOTION.contains(&name.as_str()) || *name == "framewise_displacement";
            let value = number(cell).filter(|value| !(is_used && value.is_infinite()));
            values.push(value.ok_or_else(|| {
                let cell = cell.unwrap_or_default();
                format!(
                    "line {}, column `{column}`: `{cell}` is not a number; write `n/a` for a missing value",
                    row.line
                )
            })?);
        }
    }
    Ok(ConfoundTable {
        path: path.to_owned(),
        columns: table.columns().to_vec(),
        names,
        values,
        lines: table.rows().map(|row| row.line).collect(),
        sidecar: None,
    })
}

/// Refuses a header that consists of numbers, or whose separator does not match the extension.
fn check_header(table: &TextTable, is_csv: bool) -> Result<()> {
    let first = table.columns().first().ok_or(TextTableError::Empty)?;
    if table.columns().iter().all(|name| name.split_whitespace().all(|cell| cell.parse::<f64>().is_ok())) {
        return Err("the first line holds numbers, not the names of columns; write them above, or, if the \
                    file is FSL's, SPM's or HCP's, name it `.par`, `rp_*.txt` or `Movement_Regressors*.txt`"
            .into());
    }
    let (other, separator, wanted) = if is_csv { ('\t', "tabs", "tsv") } else { (',', "commas", "csv") };
    if table.columns().len() == 1 && first.contains(other) {
        return Err(format!("its cells are separated by {separator}; name the file `.{wanted}`").into());
    }
    if table.columns().len() == 1 && first.contains(char::is_whitespace) {
        return Err("its cells are separated by spaces; separate them by tabs".into());
    }
    Ok(())
}

/// Parses a cell: NaN if there is no value, `None` if it is not a number. `inf` is one: fMRIPrep writes it
/// where a measure divides by 0.
fn number(cell: Option<&str>) -> Option<f64> {
    match cell {
        None => Some(f64::NAN),
        Some(cell) if cell.eq_ignore_ascii_case("nan") => Some(f64::NAN),
        Some(cell) => cell.parse::<f64>().ok(),
    }
}
