//! Reads a single signal file: its values, and its column names if it has any.

use std::path::Path;

use boldface::Result;

use crate::recording::{has_words, numbers, read_array, table_lines};
use crate::table::TextTableError;

/// The content of a signal file, volumes x regions.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixFile {
    /// Names of the columns; `None` for an array, or a table without a header.
    pub names: Option<Vec<String>>,
    /// Number of volumes.
    pub trs: usize,
    /// Number of regions.
    pub rois: usize,
    /// `values[t * rois + roi]`; NaN if the file has no number there.
    pub values: Vec<f32>,
}

impl MatrixFile {
    /// Reads a `.npy`, `.mat`, `.tsv`, `.csv`, `.txt` or `.1D` file with one row per volume and one column per region.
    ///
    /// A first line of numbers is a volume, unless it equals `names`: some atlases name their regions 1,
    /// 2, 3.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged. The message does not name the file.
    pub fn read(path: &Path, names: &[String]) -> Result<MatrixFile> {
        if let Some((trs, rois, values)) = read_array(path)? {
            return Ok(MatrixFile { names: None, trs, rois, values });
        }
        let mut lines = table_lines(path, &crate::link::read(path)?)?;
        let (_, first) = lines.first().ok_or(TextTableError::Empty)?;
        let rois = first.len();
        let is_named = first == names || has_words(first);
        let names = is_named.then(|| lines.remove(0).1);
        let values = numbers(&lines, rois)?;
        Ok(MatrixFile { names, trs: lines.len(), rois, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str, names: &[&str]) -> Result<MatrixFile> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        MatrixFile::read(&path, &names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_first_line_is_names_or_a_volume() {
        let named = read("x.tsv", "A\tB\n1\tn/a\n3\t4\n", &["A", "B"]).unwrap();
        assert_eq!(
            (named.names.unwrap(), named.trs, named.rois),
            (vec!["A".to_owned(), "B".to_owned()], 2, 2)
        );
        assert!(named.values[1].is_nan());
        let bare = read("x.csv", "1,n/a\n3,4\n", &["A", "B"]).unwrap();
        assert_eq!((bare.names, bare.trs, bare.rois), (None, 2, 2));
        let numbered = read("x.tsv", "1\t2\n3\t4\n", &["1", "2"]).unwrap();
        assert_eq!((numbered.trs, numbered.values), (1, vec![3.0, 4.0]));
    }

    #[test]
    fn damage_is_placed() {
        let message = |text| read("x.tsv", text, &[]).unwrap_err().to_string();
        assert_eq!(message("A\tB\n1\t2\n3\n"), "line 3 has 1 cells, but the header has 2");
        assert_eq!(message("A\tB\n1\tx\n"), "`x` on line 2, column 2 is not a number");
        assert_eq!(message(""), "the table is empty; its first line names the columns");
    }
}
