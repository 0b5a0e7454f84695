//! Reads two-dimensional `.npy` arrays of little-endian floats.
//!
//! Follows the format's description in numpy's manual (`numpy.lib.format`, versions 1 to 3). Both memory
//! orders are read, as in numpy, since many tools store series transposed. Written here rather than
//! taken from a crate, so that float16 works and the file's length is checked before anything is
//! allocated.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use half::f16;

/// Reasons why an array cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The file could not be opened or read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file does not start with the magic bytes of `.npy`.
    #[error("not a .npy file: it does not start with `\\x93NUMPY`")]
    Magic,
    /// The version is above 3.
    #[error("unknown .npy version {0}; save it again with numpy")]
    Version(u8),
    /// The header cannot be parsed.
    #[error("damaged .npy header: {0}")]
    Header(String),
    /// Unsupported type: integers, complex numbers, strings or big-endian numbers.
    #[error(
        "values of type `{0}`; save it as float16, float32 or float64, little-endian (`x.astype('<f4')`)"
    )]
    Dtype(String),
    /// The array is not a matrix.
    #[error("an array of {0} dimensions; a time series has 2, time by region")]
    Dimensions(usize),
    /// The file is shorter or longer than its header promises.
    #[error(
        "{rows} x {cols} values of {dtype} take {expected} bytes, but {found} follow the header; \
             the file is damaged or its copy was cut short"
    )]
    Length {
        /// Rows in the header.
        rows: u64,
        /// Columns in the header.
        cols: u64,
        /// Type in the header.
        dtype: Dtype,
        /// Bytes announced by the header.
        expected: u128,
        /// Bytes after the header.
        found: u64,
    },
}

/// Type of the stored numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// `<f2`
    F16,
    /// `<f4`
    F32,
    /// `<f8`
    F64,
}

impl Dtype {
    /// Bytes per number.
    fn size(self) -> usize {
        match self {
            Dtype::F16 => 2,
            Dtype::F32 => 4,
            Dtype::F64 => 8,
        }
    }
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Dtype::F16 => "float16",
            Dtype::F32 => "float32",
            Dtype::F64 => "float64",
        })
    }
}

/// Header of a `.npy` file whose shape matches the length of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NpyHeader {
    /// First dimension.
    pub rows: usize,
    /// Second dimension.
    pub cols: usize,
    /// Type of the numbers.
    pub dtype: Dtype,
    /// Whether the file stores column by column rather than row by row.
    pub fortran_order: bool,
}

/// Reads only the header and checks it against the length of the file.
///
/// # Errors
/// If the file cannot be read, is not a matrix of floats, or its length does not match its header.
pub fn header(path: &Path) -> Result<NpyHeader, NpyError> {
    Ok(open(path)?.0)
}

/// Reads a matrix, row by row whatever the order in the file. 64-bit numbers are rounded to 32.
///
/// # Errors
/// As [`header`].
pub fn read(path: &Path) -> Result<(NpyHeader, Vec<f32>), NpyError> {
    let (header, mut file) = open(path)?;
    // Safe to allocate: `open` compared this number with the length of the file.
    let mut bytes = vec![0; header.rows * header.cols * header.dtype.size()];
    file.read_exact(&mut bytes)?;
    let stored = decode(&bytes, header.dtype);
    if !header.fortran_order {
        return Ok((header, stored));
    }
    let (rows, cols) = (header.rows, header.cols);
    let in_rows = (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col)));
    Ok((header, in_rows.map(|(row, col)| stored[col * rows + row]).collect()))
}

fn decode(bytes: &[u8], dtype: Dtype) -> Vec<f32> {
    match dtype {
        Dtype::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
        Dtype::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        Dtype::F64 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
    }
}

/// Opens a file and returns its checked header; the file is then at its first value.
fn open(path: &Path) -> Result<(NpyHeader, File), NpyError> {
    let mut file =
        boldface::files::open_regular(path).map_err(|error| crate::link::explained(path, error))?;
    let length = file.metadata()?.len();
    let mut start = [0; 8];
    take(&mut file, &mut start)?;
    let [magic @ .., major, _minor] = start;
    if magic != *b"\x93NUMPY" {
        return Err(NpyError::Magic);
    }
    let (prefix, text) = match major {
        1 => {
            let mut size = [0; 2];
            take(&mut file, &mut size)?;
            (10, usize::from(u16::from_le_bytes(size)))
        }
        2 | 3 => {
            let mut size = [0; 4];
            take(&mut file, &mut size)?;
            (12, u32::from_le_bytes(size) as usize)
        }
        _ => return Err(NpyError::Version(major)),
    };
    let Some(found) = length.checked_sub(prefix + text as u64) else {
        return Err(NpyError::Header("the file ends inside it".into()));
    };
    // Safe to allocate: the file is at least this long.
    let mut header = vec![0; text];
    take(&mut file, &mut header)?;
    let header = String::from_utf8(header).map_err(|_| NpyError::Header("it is not text".into()))?;
    Ok((parse(&header, found)?, file))
}

fn take(file: &mut File, into: &mut [u8]) -> Result<(), NpyError> {
    file.read_exact(into).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => NpyError::Header("the file ends inside it".into()),
        _ => NpyError::Io(error),
    })
}

/// Parses a header such as `{'descr': '<f2', 'fortran_order': True, 'shape': (191, 122), }`. `found` is
/// the number of bytes after it.
fn parse(header: &str, found: u64) -> Result<NpyHeader, NpyError> {
    let value = |key: &str| {
        let place = header.find(&format!("'{key}':")).map(|at| at + key.len() + 3);
        let rest = place.map(|at| header[at..].trim_start());
        rest.ok_or_else(|| NpyError::Header(format!("it lacks `{key}`")))
    };
    let descr = value("descr")?;
    let descr = match descr.strip_prefix('\'').and_then(|rest| rest.split('\'').next()) {
        Some(descr) => descr,
        None => return Err(NpyError::Dtype("record".into())),
    };
    let dtype = match descr {
        "<f2" => Dtype::F16,
        "<f4" => Dtype::F32,
        "<f8" => Dtype::F64,
        other => return Err(NpyError::Dtype(other.to_owned())),
    };
    let order = value("fortran_order")?;
    let fortran_order = match order {
        _ if order.starts_with("True") => true,
        _ if order.starts_with("False") => false,
        _ => return Err(NpyError::Header("`fortran_order` is neither `True` nor `False`".into())),
    };
    let shape = value("shape")?;
    let shape = shape.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let (shape, _) = shape.ok_or_else(|| NpyError::Header("`shape` is not a tuple".into()))?;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let sizes: Result<Vec<u64>, _> = sizes.map(str::parse).collect();
    let sizes = sizes.map_err(|_| NpyError::Header(format!("`shape` is `({shape})`")))?;
    let [rows, cols] = sizes[..] else { return Err(NpyError::Dimensions(sizes.len())) };
    // Two u64 and a size of at most 8 can overflow even 128 bits, hence `saturating`.
    let expected = (u128::from(rows) * u128::from(cols)).saturating_mul(dtype.size() as u128);
    if expected != u128::from(found) {
        return Err(NpyError::Length { rows, cols, dtype, expected, found });
    }
    // If one size is 0, the other is unchecked, but then nothing is allocated.
    let fits = |size: u64| usize::try_from(size).map_err(|_| NpyError::Header(format!("a size of {size}")));
    Ok(NpyHeader { rows: fits(rows)?, cols: fits(cols)?, dtype, fortran_order })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Writes a file of this version, with a header and data.
    fn file(version: u8, header: &str, data: &[u8]) -> tempfile::NamedTempFile {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((header.len() as u16).to_le_bytes()),
            _ => bytes.extend((header.len() as u32).to_le_bytes()),
        }
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn check(header: &str, data: &[u8], message: Expect) {
        message.assert_eq(&read(file(1, header, data).path()).unwrap_err().to_string());
    }

    #[test]
    fn every_type_version_and_order_gives_the_same_matrix() {
        // 1 2 3
        // 4 5 6
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let columns = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
        for version in 1..=3 {
            for (order, stored) in [("False", rows), ("True", columns)] {
                let f2: Vec<u8> = stored.iter().flat_map(|&x| f16::from_f64(x).to_le_bytes()).collect();
                let f4: Vec<u8> = stored.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect();
                let f8: Vec<u8> = stored.iter().flat_map(|&x| x.to_le_bytes()).collect();
                for (descr, data) in [("<f2", f2), ("<f4", f4), ("<f8", f8)] {
                    let header =
                        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2, 3), }}  \n");
                    let (header, values) = read(file(version, &header, &data).path()).unwrap();
                    assert_eq!((header.rows, header.cols), (2, 3));
                    assert_eq!(values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "{descr} {order} {version}");
                }
            }
        }
    }

    #[test]
    fn a_wrong_array_says_what_it_is() {
        let shape = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        check(
            &shape("(2, 3)"),
            &[0; 20],
            expect![
                "2 x 3 values of float32 take 24 bytes, but 20 follow the header; the file is damaged or its copy was cut short"
            ],
        );
        check(
            &shape("(2, 3)"),
            &[0; 25],
            expect![
                "2 x 3 values of float32 take 24 bytes, but 25 follow the header; the file is damaged or its copy was cut short"
            ],
        );
        check(
            &shape("(2, 3, 1)"),
            &[0; 24],
            expect!["an array of 3 dimensions; a time series has 2, time by region"],
        );
        check(
            &shape("(6,)"),
            &[0; 24],
            expect!["an array of 1 dimensions; a time series has 2, time by region"],
        );
        check(
            &shape("()"),
            &[0; 4],
            expect!["an array of 0 dimensions; a time series has 2, time by region"],
        );
        check(&shape("(-1, 3)"), &[0; 4], expect!["damaged .npy header: `shape` is `(-1, 3)`"]);
        check(
            "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }",
            &[0; 8],
            expect![
                "values of type `<i8`; save it as float16, float32 or float64, little-endian (`x.astype('<f4')`)"
            ],
        );
        check(
            "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }",
            &[0; 4],
            expect![
                "values of type `>f4`; save it as float16, float32 or float64, little-endian (`x.astype('<f4')`)"
            ],
        );
        check(
            "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1, 1), }",
            &[0; 4],
            expect![
                "values of type `record`; save it as float16, float32 or float64, little-endian (`x.astype('<f4')`)"
            ],
        );
        check(
            "{'descr': '<f4', 'shape': (1, 1), }",
            &[0; 4],
            expect!["damaged .npy header: it lacks `fortran_order`"],
        );
    }

    #[test]
    fn a_header_that_claims_a_huge_shape_allocates_nothing() {
        let huge = "{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551615, 18446744073709551615), }";
        check(
            huge,
            &[0; 8],
            expect![
                "18446744073709551615 x 18446744073709551615 values of float64 take 340282366920938463463374607431768211455 bytes, but 8 follow the header; the file is damaged or its copy was cut short"
            ],
        );
        let start = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes(), b"{}"].concat();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), start).unwrap();
        expect!["damaged .npy header: the file ends inside it"]
            .assert_eq(&header(file.path()).unwrap_err().to_string());
    }

    #[test]
    fn other_files_are_not_arrays() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (bytes, message) in [
            (b"".as_slice(), "damaged .npy header: the file ends inside it"),
            (b"name\tnetwork\nA\tVis\n", "not a .npy file: it does not start with `\\x93NUMPY`"),
            (b"\x93NUMPY\x09\x00\x00\x00", "unknown .npy version 9; save it again with numpy"),
        ] {
            std::fs::write(file.path(), bytes).unwrap();
            assert_eq!(header(file.path()).unwrap_err().to_string(), message);
        }
    }
}
