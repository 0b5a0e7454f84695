//! Opens a CIFTI-2 file: parses its two dimensions and prepares to read its matrix.

use std::path::Path;

use boldface::Result;

use super::dimension::Dimension;
use crate::nifti::{ImageSource, Voxels, at, product};
use crate::xml::Element;

/// Code of the NIfTI extension that holds a CIFTI file's XML.
const EXTENSION: i32 = 32;

/// An open CIFTI-2 file: a matrix stored row by row.
pub(crate) struct Cifti {
    /// Places along a row (CIFTI dimension 0).
    pub along: Dimension,
    /// The rows (CIFTI dimension 1).
    pub down: Dimension,
    pub voxels: Voxels,
}

impl Cifti {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Cifti> {
        let source = ImageSource::open(path)?;
        if !source.fields.is_cifti() {
            return at(path, Err("not a CIFTI-2 file: its NIfTI intent is not one of CIFTI's"));
        }
        Cifti::new(source)
    }

    /// Reads the XML of a CIFTI file whose header was already read.
    ///
    /// # Errors
    /// If the XML is missing or damaged, or does not match the shape of the matrix.
    pub fn new(mut source: ImageSource) -> Result<Cifti> {
        let text = source.extension(EXTENSION)?;
        let [along, down] = at(&source.path, describe(text, &source.fields.dims))?;
        let voxels = Voxels::new(source, down.len(), along.len())?;
        Ok(Cifti { along, down, voxels })
    }

    /// Reads the whole matrix: one vector per place along a row, or one per row.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn read_f64(mut self, is_along: bool) -> Result<Vec<Vec<f64>>> {
        let (along, down) = (self.along.len(), self.down.len());
        let mut matrix = Vec::new();
        self.voxels.append_f64(along * down, || "the matrix".to_owned(), &mut matrix)?;
        self.voxels.finish()?;
        if !is_along {
            return Ok(matrix.chunks_exact(along).map(<[f64]>::to_vec).collect());
        }
        Ok((0..along).map(|place| matrix.iter().skip(place).step_by(along).copied().collect()).collect())
    }
}

fn describe(text: Option<Vec<u8>>, dims: &[u64]) -> Result<[Dimension; 2], String> {
    let text = text.ok_or("a CIFTI file without its XML; it is damaged")?;
    let text = String::from_utf8(text).map_err(|_| "its CIFTI XML is not UTF-8; the file is damaged")?;
    // Extensions are padded to a multiple of 16 bytes.
    let root = Element::parse(text.trim_end_matches('\0'))
        .map_err(|error| format!("its CIFTI XML is damaged: {error}"))?;
    let version = root.attribute("Version").unwrap_or("?");
    if root.name != "CIFTI" || version.split('.').next() != Some("2") {
        return Err(format!(
            "its XML is `{}` version {version}, not CIFTI version 2; `wb_command -file-convert \
             -cifti-version-convert` converts older files",
            root.name
        ));
    }
    let matrix = root.first("Matrix").ok_or("its CIFTI XML has no `Matrix`")?;
    let dimension = |number: usize| -> Result<Dimension, String> {
        let dimension = Dimension::parse(matrix, number)?;
        // The first CIFTI dimension follows four NIfTI dimensions.
        match dims.get(number + 4) {
            Some(&length) if length == dimension.len() as u64 => Ok(dimension),
            _ => Err(format!(
                "its XML describes {} places along dimension {number}, but the header says {}; the file is damaged",
                dimension.len(),
                product(dims)
            )),
        }
    };
    if dims.len() > 6 && dims[6] > 1 {
        return Err(format!(
            "a CIFTI file of three dimensions ({}); only matrices can be read",
            product(dims)
        ));
    }
    Ok([dimension(0)?, dimension(1)?])
}
