//! Reads motion parameters from text files without a header, as FSL, SPM and HCP write them.

use std::path::Path;

use boldface::Result;

use super::names::{DERIVATIVE, MOTION};

/// Columns with their current fMRIPrep names, and each row with its line; translations in mm, rotations
/// in radians.
pub(super) struct Parameters {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<(u64, Vec<f64>)>,
}

/// File format of one program, recognised by the file name.
struct Format {
    /// Allowed numbers of columns.
    widths: &'static [usize],
    /// Whether the rotations come first.
    rotations_first: bool,
    /// Radians per unit of rotation.
    unit: f64,
    /// Name of the program and its files, for messages.
    program: &'static str,
}

/// FSL's MCFLIRT, also in UK Biobank's `mc` folder: rotations in radians, then translations.
const FSL: Format = Format { widths: &[6], rotations_first: true, unit: 1.0, program: "FSL's `.par`" };

/// SPM's Realign: translations, then rotations in radians.
const SPM: Format = Format { widths: &[6], rotations_first: false, unit: 1.0, program: "SPM's `rp_*.txt`" };

/// HCP pipelines: translations, rotations in degrees, and in release files the derivatives of both.
const HCP: Format = Format {
    widths: &[6, 12],
    rotations_first: false,
    unit: std::f64::consts::PI / 180.0,
    program: "HCP's `Movement_Regressors*.txt`",
};

/// Reads a file without a header; returns `None` if its name matches no known program.
///
/// # Errors
/// If a cell is not a number, or the number of columns does not match the program.
pub(super) fn read(path: &Path, text: &str) -> Result<Option<Parameters>> {
    let Some(format) = format(path) else { return Ok(None) };
    let mut rows: Vec<(u64, Vec<f64>)> = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let number = |(column, cell): (usize, &str)| -> Result<f64> {
            let value = cell.parse::<f64>().ok().filter(|value| value.is_finite());
            value.ok_or_else(|| format!("line {line}, column {column}: `{cell}` is not a number").into())
        };
        let row: Vec<f64> = (1..).zip(text.split_whitespace()).map(number).collect::<Result<_>>()?;
        let expected = rows.first().map_or(row.len(), |(_, first)| first.len());
        if row.len() != expected || !format.widths.contains(&row.len()) {
            let widths: Vec<String> = format.widths.iter().map(usize::to_string).collect();
            let (found, widths, program) = (row.len(), widths.join(" or "), format.program);
            return Err(format!(
                "line {line} has {found} columns, but {program} has {widths}, the same in every line"
            )
            .into());
        }
        rows.push((line, row));
    }
    let width = rows.first().ok_or("the file is empty")?.1.len();
    let names: Vec<String> = (0..width).map(|place| name(place, format.rotations_first)).collect();
    for (_, row) in &mut rows {
        for (value, _) in row.iter_mut().zip(&names).filter(|(_, name)| name.starts_with("rot_")) {
            *value *= format.unit;
        }
    }
    Ok(Some(Parameters { columns: names, rows }))
}

fn format(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?;
    let is_text = name.ends_with(".txt");
    if name.ends_with(".par") {
        Some(FSL)
    } else if is_text && name.starts_with("rp_") {
        Some(SPM)
    } else if is_text && name.starts_with("Movement_Regressors") {
        Some(HCP)
    } else {
        None
    }
}

/// Returns the name of the column at a position.
fn name(place: usize, rotations_first: bool) -> String {
    let parameter = if rotations_first { (place + 3) % 6 } else { place % 6 };
    let suffix = if place < 6 { "" } else { DERIVATIVE };
    format!("{}{suffix}", MOTION[parameter])
}
