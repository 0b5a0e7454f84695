//! Writes regional series for other programs: `.tsv` with a header, and `.npy`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use boldface::{TimeSeries, files};

/// Formats a series as tab-separated text: a line of region names, then one line per volume. A missing
/// value is `n/a`; other values have enough digits to restore the same 32 bits.
pub fn tsv(series: &TimeSeries, names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.replace(['\t', '\n', '\r'], " ")).collect();
    let mut text = names.join("\t") + "\n";
    for volume in series.values().chunks(series.rois().max(1)) {
        for (at, value) in volume.iter().enumerate() {
            text += if at == 0 { "" } else { "\t" };
            match value.is_nan() {
                true => text += "n/a",
                false => write!(text, "{value}").expect("writing into memory cannot fail"),
            }
        }
        text.push('\n');
    }
    text
}

/// Formats a series as a `.npy` array, volumes x regions; see [`npy_matrix`].
pub fn npy(series: &TimeSeries) -> Vec<u8> {
    npy_matrix(series.trs(), series.rois(), series.values())
}

/// Formats a matrix, row by row, as a `.npy` array of float32 (numpy's format, version 1).
pub fn npy_matrix(rows: usize, cols: usize, values: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    // Magic, version and length take 10 bytes. The data begin at a multiple of 64, after a line break.
    let padded = (header.len() + 11).next_multiple_of(64) - 10;
    let length = u16::try_from(padded).expect("two numbers make a short header");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = padded - 1).bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// Writes to a temporary file and renames it, so that nobody reads an incomplete file. Creates parent
/// folders.
///
/// # Errors
/// If the file cannot be written. The message does not name the file.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    files::replace(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npy as reader;

    fn series() -> TimeSeries {
        TimeSeries::new(2, 3, 2.0, vec![0.1, f32::NAN, -3.0, 1e-7, f32::NAN, 16_777_216.0]).unwrap()
    }

    #[test]
    fn a_table_has_names_and_every_digit() {
        let names = ["A", "B\tb", "C"].map(str::to_owned);
        assert_eq!(tsv(&series(), &names), "A\tB b\tC\n0.1\tn/a\t-3\n0.0000001\tn/a\t16777216\n");
    }

    #[test]
    fn an_array_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/x.npy");
        replace(&path, &npy(&series())).unwrap();
        let (header, values) = reader::read(&path).unwrap();
        assert_eq!((header.rows, header.cols, header.fortran_order), (2, 3, false));
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&values), bits(series().values()));
        // The data begin at a multiple of 64 bytes, and no other file is left in the folder.
        assert_eq!((fs::metadata(&path).unwrap().len() - 24) % 64, 0);
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("x.tsv")).unwrap();
        assert!(replace(&dir.path().join("x.tsv"), b"text").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
