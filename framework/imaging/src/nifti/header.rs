//! What a NIfTI file says of its image: grid, volumes, numbers and time.

use std::path::Path;

use boldface::Result;

use super::affine::Affine;
use super::datatype::{ByteOrder, Datatype, Scaling};
use super::fields::{Fields, product};
use super::grid::Grid;
use super::source::{Source, at};

/// The header of an image of space, or of space and time.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Shape and place of one volume.
    pub grid: Grid,
    /// Volumes, 1 for an image without time.
    pub volumes: usize,
    /// The numbers the voxels are stored as.
    pub datatype: Datatype,
    /// Their order of bytes.
    pub order: ByteOrder,
    /// What a stored number is multiplied by; 1 where the header has no usable one.
    pub slope: f64,
    /// What is added then.
    pub intercept: f64,
    /// Repetition time in seconds, as the header says it. None if it says nothing: 0, a unit that is no time, or 1
    /// without a unit, which programs write that were not told.
    pub tr: Option<f64>,
    /// The code of what the numbers mean (NIFTI_INTENT).
    pub intent: i32,
}

impl Header {
    /// Reads the header of a file; its image must be as long as the header says, as far as that can be told
    /// without unpacking it.
    ///
    /// # Errors
    /// If the file cannot be read, is no NIfTI image of space and time, or is shorter than it says. The
    /// message names the file.
    pub fn read(path: &Path) -> Result<Header> {
        let source = Source::open(path)?;
        let header = at(path, Header::new(&source.fields))?;
        let volume = header.grid.voxels() as u128 * header.datatype.size() as u128;
        source.check_length(volume * header.volumes as u128, volume)?;
        Ok(header)
    }

    /// Of the fields of a file.
    pub(crate) fn new(fields: &Fields) -> Result<Header, String> {
        let dims = &fields.dims;
        if fields.is_cifti() {
            return Err("a CIFTI file; an image of voxels is needed here".to_owned());
        }
        if dims.iter().skip(4).any(|&length| length > 1) {
            let shape = product(dims);
            return Err(format!("an image of {shape}; only space and time (4 dimensions) can be read"));
        }
        let length = |at: usize| usize::try_from(dims.get(at).copied().unwrap_or(1));
        let too_large = |_| format!("an image of {}; that is too large for this machine", product(dims));
        let shape = [length(0), length(1), length(2)].map(|length| length.map_err(too_large));
        let [x, y, z] = shape;
        let shape = [x?, y?, z?];
        let volumes = length(3).map_err(too_large)?;
        shape
            .iter()
            .try_fold(volumes, |all, &length| all.checked_mul(length))
            .ok_or_else(|| format!("an image of {}; that is too large for this machine", product(dims)))?;
        let scaling = Scaling::new(fields.slope, fields.intercept)?;
        Ok(Header {
            grid: Grid { shape, affine: affine(fields, shape)? },
            volumes,
            datatype: Datatype::from_code(fields.datatype)?,
            order: fields.order,
            slope: scaling.slope,
            intercept: scaling.intercept,
            tr: tr(fields),
            intent: fields.intent,
        })
    }
}

/// The sform, else the qform, else voxels of the stated size about the middle with x mirrored, as nibabel has it.
fn affine(fields: &Fields, shape: [usize; 3]) -> Result<Affine, String> {
    let (affine, form) = if fields.sform_code > 0 {
        (Affine(fields.srow), "sform")
    } else if fields.qform_code > 0 {
        (qform(fields, shape)?, "qform")
    } else {
        // The third pixdim of a plane says nothing.
        let is_there = |axis: usize| axis < fields.dims.len();
        let sizes = zooms(fields, shape);
        let [x, y, z] = [0, 1, 2].map(|axis| if is_there(axis) { sizes[axis] } else { 1.0 });
        let middle = shape.map(|length| (length as f64 - 1.0) / 2.0);
        let rows =
            [[-x, 0.0, 0.0, x * middle[0]], [0.0, y, 0.0, -y * middle[1]], [0.0, 0.0, z, -z * middle[2]]];
        (Affine(rows), "voxel size")
    };
    affine.inverse().map(|_| affine).ok_or_else(|| {
        format!(
            "its {form} ({:?}) has determinant zero or is no number, so that voxels have no place; \
             correct the header",
            affine.0
        )
    })
}

/// The rotation of a unit quaternion, times the voxel size (NIfTI-1, method 2).
fn qform(fields: &Fields, shape: [usize; 3]) -> Result<Affine, String> {
    let [b, c, d, x, y, z] = fields.quaternion;
    let rest = 1.0 - (b * b + c * c + d * d);
    // Rounding of 32-bit numbers may leave a length a little over 1.
    if rest.is_nan() || rest < -1e-5 {
        return Err(format!("its qform has a quaternion longer than 1 ({b}, {c}, {d}); correct the header"));
    }
    let a = rest.max(0.0).sqrt();
    let [dx, dy, dz] = zooms(fields, shape);
    // The sign of the third axis; 0 stands in files of old programs and means 1.
    let dz = if fields.pixdim[0] < 0.0 { -dz } else { dz };
    let rotation = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let rows = [(rotation[0], x), (rotation[1], y), (rotation[2], z)];
    Ok(Affine(rows.map(|(row, origin)| [row[0] * dx, row[1] * dy, row[2] * dz, origin])))
}

/// Sizes of a voxel in mm. An axis of a single voxel may leave its size out.
fn zooms(fields: &Fields, shape: [usize; 3]) -> [f64; 3] {
    [0, 1, 2].map(|axis| {
        let zoom = fields.pixdim[axis + 1].abs();
        if zoom == 0.0 && shape[axis] == 1 { 1.0 } else { zoom }
    })
}

/// The repetition time in seconds, if the file has time and the header says it.
fn tr(fields: &Fields) -> Option<f64> {
    let stored = fields.pixdim[4];
    if fields.dims.len() < 4 || !stored.is_finite() || stored <= 0.0 {
        return None;
    }
    match fields.units & 0o70 {
        8 => Some(stored),
        16 => Some(stored / 1e3),
        24 => Some(stored / 1e6),
        // Without a unit, programs mean seconds; but 1 is what stands there when nobody filled it in.
        0 if stored != 1.0 => Some(stored),
        _ => None,
    }
}
