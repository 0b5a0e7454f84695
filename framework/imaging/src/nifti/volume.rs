//! Reads whole images: one volume of numbers or labels, or several maps.

use std::path::Path;

use boldface::Result;

use super::grid::Grid;
use super::header::Header;
use super::source::{Source, at};
use super::voxels::Voxels;

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
pub struct Labels {
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

/// Reads an image of labels: whole numbers of any datatype.
///
/// # Errors
/// As [`read_volume`], and if a value is not whole, not finite or beyond 32 bits. The message names the
/// voxel.
pub fn read_labels(path: &Path) -> Result<Labels> {
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
            if value.fract() != 0.0 || value.abs() > f64::from(i32::MAX) {
                let (x, y) = (place % nx, place / nx);
                return at(
                    path,
                    Err(format!(
                        "a label image of floats: voxel ({x}, {y}, {z}) is {value}, and labels are whole numbers; \
                     was it resampled without nearest neighbour, or is it a map?"
                    )),
                );
            }
            values.push(value as i32);
        }
    }
    voxels.finish()?;
    Ok(Labels { grid: header.grid, values })
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

fn open(path: &Path) -> Result<(Header, Voxels)> {
    let source = Source::open(path)?;
    let header = at(path, Header::new(&source.fields))?;
    let voxels = Voxels::new(source, header.volumes, header.grid.voxels())?;
    Ok((header, voxels))
}
