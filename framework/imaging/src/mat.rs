//! Reads a matrix of a MATLAB file of version 5, which SPM, CONN and DPABI write.

use std::path::Path;

use boldface::Result;
use matfile::{Array, MatFile, NumericData};

use crate::link;

/// First bytes of version 7.3, which is HDF5.
const HDF5: [&[u8]; 2] = [b"MATLAB 7.3", b"\x89HDF"];

/// Reads the only matrix of a file: rows, columns and the values row by row.
///
/// # Errors
/// If the file cannot be read, has another version, or has not exactly one real matrix with two rows and
/// two columns or more. The message does not name the file.
pub fn read(path: &Path) -> Result<(usize, usize, Vec<f32>)> {
    let bytes = link::read(path)?;
    if HDF5.iter().any(|start| bytes.starts_with(start)) {
        return Err(convert(path).into());
    }
    let file = MatFile::parse(&bytes[..])
        .map_err(|error| format!("it is damaged, or no MATLAB file of version 5 ({error:?})"))?;
    let is_matrix = |array: &&Array| array.size().len() == 2 && array.size().iter().all(|&side| side > 1);
    let matrices: Vec<&Array> = file.arrays().iter().filter(is_matrix).collect();
    let array = match &matrices[..] {
        [array] => array,
        [] => return Err("it has no matrix of numbers, such as volumes x regions".into()),
        [..] => {
            let names: Vec<String> = matrices.iter().map(|array| format!("`{}`", array.name())).collect();
            return Err(format!(
                "it has several matrices: {}; save the one with the series alone, such as `save('sub-01.mat', \
                 '{}')`",
                names.join(", "),
                matrices[0].name()
            )
            .into());
        }
    };
    let (rows, cols) = (array.size()[0], array.size()[1]);
    let values = real(array)?;
    if rows.checked_mul(cols) != Some(values.len()) {
        return Err(format!("its matrix `{}` is damaged", array.name()).into());
    }
    // MATLAB stores a matrix column by column.
    let places = (0..rows).flat_map(|row| (0..cols).map(move |col| col * rows + row));
    Ok((rows, cols, places.map(|place| values[place]).collect()))
}

/// Says how to convert a file of version 7.3.
fn convert(path: &Path) -> String {
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let array = Path::new(&file).with_extension("npy").display().to_string();
    format!(
        "it is a MATLAB file of version 7.3; convert it with Python, where `ROI` is the name of the matrix: \
         `import h5py, numpy; numpy.save(\"{array}\", h5py.File(\"{file}\")[\"ROI\"][:].T)`, or save it in MATLAB \
         with `-v7`"
    )
}

/// Returns the numbers of an array as float32, in the file's order.
fn real(array: &Array) -> Result<Vec<f32>> {
    macro_rules! cast {
        ($($kind:ident),*) => {
            match array.data() {
                $(NumericData::$kind { real, imag: None } => real.iter().map(|&x| x as f32).collect(),)*
                _ => return Err(format!("its matrix `{}` has complex numbers", array.name()).into()),
            }
        };
    }
    Ok(cast!(Int8, UInt8, Int16, UInt16, Int32, UInt32, Int64, UInt64, Single, Double))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 5 with matrices of doubles; each has a name of up to 4 letters, rows and columns.
    fn file(arrays: &[(&str, i32, i32, &[f64])]) -> Vec<u8> {
        let mut bytes = vec![b' '; 124];
        bytes.extend([0, 1, b'I', b'M']);
        for (name, rows, cols, values) in arrays {
            let mut body = Vec::new();
            let mut element = |kind: u32, data: &[u8]| {
                body.extend(kind.to_le_bytes());
                body.extend((data.len() as u32).to_le_bytes());
                body.extend(data);
                body.resize(body.len().next_multiple_of(8), 0);
            };
            element(6, &[6, 0, 0, 0, 0, 0, 0, 0]);
            element(5, &[rows.to_le_bytes(), cols.to_le_bytes()].concat());
            element(1, name.as_bytes());
            element(9, &values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
            bytes.extend(14_u32.to_le_bytes());
            bytes.extend((body.len() as u32).to_le_bytes());
            bytes.extend(body);
        }
        bytes
    }

    fn read_bytes(bytes: &[u8]) -> Result<(usize, usize, Vec<f32>)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub-01.mat");
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    }

    #[test]
    fn the_only_matrix_is_read_by_rows() {
        let bytes = file(&[("TR", 1, 1, &[2.0]), ("ROI", 2, 3, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0])]);
        assert_eq!(read_bytes(&bytes).unwrap(), (2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        for length in 0..bytes.len() {
            // A file that was cut short is an error or ends before the matrix, and never a panic.
            assert!(read_bytes(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let message = |bytes: &[u8]| read_bytes(bytes).unwrap_err().to_string();
        let two = file(&[("A", 2, 2, &[0.0; 4]), ("B", 2, 2, &[0.0; 4])]);
        assert!(
            message(&two).starts_with("it has several matrices: `A`, `B`; save the one"),
            "{}",
            message(&two)
        );
        let newer = message(b"MATLAB 7.3 MAT-file, Platform: GLNXA64");
        assert!(
            newer.contains(r#"numpy.save("sub-01.npy", h5py.File("sub-01.mat")["ROI"][:].T)"#),
            "{newer}"
        );
        assert!(message(&file(&[("TR", 1, 1, &[2.0])])).starts_with("it has no matrix"));
    }
}
