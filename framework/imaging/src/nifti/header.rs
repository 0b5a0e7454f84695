//! Interprets the header of a NIfTI image: grid, volumes, datatype and time.

use std::path::Path;

use boldface::Result;

use super::affine::Affine;
use super::datatype::{ByteOrder, Datatype, IntensityScaling};
use super::fields::{Fields, product};
use super::grid::Grid;
use super::source::{ImageSource, at};

/// Header of a 3-D or 4-D image.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageHeader {
    /// Grid of one volume.
    pub grid: Grid,
    /// Number of volumes, 1 for an image without time.
    pub volumes: usize,
    /// Datatype of the stored voxels.
    pub datatype: Datatype,
    /// Byte order of the stored voxels.
    pub order: ByteOrder,
    /// Factor for stored numbers; 1 if the header has no usable one.
    pub slope: f64,
    /// Offset added after the factor.
    pub intercept: f64,
    /// Repetition time in seconds. `None` if the header has 0, a unit that is not time, or 1 without a
    /// unit. That 1 is a default that programs write when they do not know the TR; a true 1 s needs the
    /// unit, a sidecar or `tr`.
    pub tr: Option<f64>,
    /// Code of the meaning of the numbers (NIFTI_INTENT).
    pub intent: i32,
}

impl ImageHeader {
    /// Reads the header of a file and checks the file's length against it, without unpacking a
    /// compressed file.
    ///
    /// # Errors
    /// If the file cannot be read, is not a 3-D or 4-D NIfTI image, or is shorter than its header
    /// promises. The message names the file.
    pub fn read(path: &Path) -> Result<ImageHeader> {
        let source = ImageSource::open(path)?;
        let header = at(path, ImageHeader::new(&source.fields))?;
        let volume = header.grid.voxels() as u128 * header.datatype.size() as u128;
        source.check_length(volume * header.volumes as u128, volume)?;
        Ok(header)
    }

    /// Interprets the fields of a file.
    pub(crate) fn new(fields: &Fields) -> Result<ImageHeader, String> {
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
        let scaling = IntensityScaling::new(fields.slope, fields.intercept)?;
        Ok(ImageHeader {
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

/// Returns the sform or else the qform. Without both, centres voxels of the header's size and mirrors x,
/// as nibabel.
fn affine(fields: &Fields, shape: [usize; 3]) -> Result<Affine, String> {
    let (affine, form) = if fields.sform_code > 0 {
        (Affine(fields.srow), "sform")
    } else if fields.qform_code > 0 {
        (qform(fields, shape)?, "qform")
    } else {
        // The third pixdim of a 2-D image is meaningless.
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
            "its {form} ({:?}) has determinant zero or is not finite, so voxels have no position; \
             correct the header",
            affine.0
        )
    })
}

/// Builds the qform: the rotation of a unit quaternion times the voxel size (NIfTI-1, method 2).
fn qform(fields: &Fields, shape: [usize; 3]) -> Result<Affine, String> {
    let [b, c, d, x, y, z] = fields.quaternion;
    let rest = 1.0 - (b * b + c * c + d * d);
    // Rounding of 32-bit numbers may make the length slightly more than 1.
    if rest.is_nan() || rest < -1e-5 {
        return Err(format!("its qform has a quaternion longer than 1 ({b}, {c}, {d}); correct the header"));
    }
    let a = rest.max(0.0).sqrt();
    let [dx, dy, dz] = zooms(fields, shape);
    // pixdim[0] is the sign of the third axis. Old programs write 0, which means 1.
    let dz = if fields.pixdim[0] < 0.0 { -dz } else { dz };
    let rotation = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let rows = [(rotation[0], x), (rotation[1], y), (rotation[2], z)];
    Ok(Affine(rows.map(|(row, origin)| [row[0] * dx, row[1] * dy, row[2] * dz, origin])))
}

/// Voxel size in mm. An axis with one voxel may omit its size.
fn zooms(fields: &Fields, shape: [usize; 3]) -> [f64; 3] {
    [0, 1, 2].map(|axis| {
        let zoom = fields.pixdim[axis + 1].abs();
        if zoom == 0.0 && shape[axis] == 1 { 1.0 } else { zoom }
    })
}

/// Returns the repetition time in seconds, if the image has time and the header gives a usable TR.
fn tr(fields: &Fields) -> Option<f64> {
    let stored = fields.pixdim[4];
    if fields.dims.len() < 4 || !stored.is_finite() || stored <= 0.0 {
        return None;
    }
    match fields.units & 0o70 {
        8 => Some(stored),
        16 => Some(stored / 1e3),
        24 => Some(stored / 1e6),
        // Without a unit, programs mean seconds. A 1 is the default of programs that do not know the TR.
        0 if stored != 1.0 => Some(stored),
        _ => None,
    }
}
