//! Reads whole images: one volume of numbers or labels, or several maps.

use std::path::Path;

use boldface::Result;

use super::grid::Grid;
use super::header::ImageHeader;
use super::source::{ImageSource, at};
use super::voxels::Voxels;

/// Rounding of a float in a label image, as a share of it: a few units in the last place of 32 bits.
const FLOAT_ROUNDING: f64 = 1e-6;

/// Largest such rounding.
const MOST_ROUNDING: f64 = 0.01;

/// An image of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// The voxel grid.
    pub grid: Grid,
    /// The value of voxel (x, y, z) at `x + nx * (y + ny * z)`, slope and intercept applied.
    pub values: Vec<f32>,
}

/// An image of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelImage {
    /// The voxel grid.
    pub grid: Grid,
    /// The label of voxel (x, y, z) at `x + nx * (y + ny * z)`; 0 is background.
    pub values: Vec<i32>,
}

/// Reads an image of one volume.
///
/// # Errors
/// If the file cannot be read, is damaged, or holds several volumes. The message names the file.
pub fn read_volume(path: &Path) -> Result<Volume> {
    let (header, mut voxels) = open(path)?;
    if header.volumes != 1 {
        return at(path, Err(format!("{} volumes; an image of one volume is needed here", header.volumes)));
    }
    let mut values = Vec::new();
    voxels.append_f32(header.grid.voxels(), || "the image".to_owned(), &mut values)?;
    voxels.finish()?;
    Ok(Volume { grid: header.grid, values })
}

/// Reads an image of labels: whole numbers of any datatype. NaN is background, as in nilearn.
///
/// Values are rounded if the difference is only that of the storage: half a step of whole numbers that
/// the header scales, or the rounding of floats.
///
/// # Errors
/// As [`read_volume`], and if a value is not whole, infinite or beyond 32 bits. The message names the
/// voxel.
pub fn read_labels(path: &Path) -> Result<LabelImage> {
    let (header, mut voxels) = open(path)?;
    if header.volumes != 1 {
        let volumes = header.volumes;
        return at(
            path,
            Err(format!("{volumes} volumes; a label image has one, probabilistic maps have several")),
        );
    }
    let (mut values, mut plane) = (Vec::new(), Vec::new());
    let [nx, ny, nz] = header.grid.shape;
    for z in 0..nz {
        plane.clear();
        voxels.append_f64(nx * ny, || format!("plane {z} of the label image"), &mut plane)?;
        for (place, &value) in plane.iter().enumerate() {
            let label = label(value, voxels.half_step()).map_err(|why| {
                let (x, y) = (place % nx, place / nx);
                format!("voxel ({x}, {y}, {z}) is {value}, {why}")
            });
            values.push(at(path, label)?);
        }
    }
    voxels.finish()?;
    Ok(LabelImage { grid: header.grid, values })
}

/// Returns the label that a value stands for. `half_step` is half the difference of two stored numbers.
fn label(value: f64, half_step: f64) -> Result<i32, String> {
    if value.is_nan() {
        return Ok(0);
    }
    let label = value.round();
    if label.abs() > f64::from(i32::MAX) {
        return Err(format!("and the largest label is {}", i32::MAX));
    }
    let rounding = (label.abs().max(1.0) * FLOAT_ROUNDING).min(MOST_ROUNDING);
    if (value - label).abs() > half_step + rounding {
        return Err(
            "and labels are whole numbers; was the image resampled without nearest neighbour, or is it \
                    a map?"
                .to_owned(),
        );
    }
    Ok(label as i32)
}

/// Reads a 4-D image of probabilistic maps, one volume per region.
///
/// # Errors
/// If the file cannot be read or is damaged. The message names the file.
pub fn read_maps(path: &Path) -> Result<(Grid, Vec<Vec<f32>>)> {
    let (header, mut voxels) = open(path)?;
    let mut maps = Vec::new();
    for map in 1..=header.volumes {
        let mut values = Vec::new();
        voxels.append_f32(
            header.grid.voxels(),
            || format!("map {map} of {}", header.volumes),
            &mut values,
        )?;
        maps.push(values);
    }
    voxels.finish()?;
    Ok((header.grid, maps))
}

fn open(path: &Path) -> Result<(ImageHeader, Voxels)> {
    let source = ImageSource::open(path)?;
    let header = at(path, ImageHeader::new(&source.fields))?;
    let voxels = Voxels::new(source, header.volumes, header.grid.voxels())?;
    Ok((header, voxels))
}
