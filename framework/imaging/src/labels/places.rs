//! Where the regions of an atlas lie: voxels, centroid and side of every label of its volume.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;

use super::{Hemisphere, LabelEntry};
use crate::nifti::{Labels, read_labels};

/// Where the voxels of one label are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Number of voxels.
    pub voxels: usize,
    /// Number of vertices, in an atlas of the surface.
    pub vertices: usize,
    /// Mean of the voxels' centres in mm. It may lie outside of a region that is curved or on both sides. None
    /// for a region with vertices, because a CIFTI file does not say where they are.
    pub centroid: Option<[f64; 3]>,
    /// The side that holds nine in ten of the voxels or vertices, both if none does.
    pub hemisphere: Option<Hemisphere>,
    /// Structures of CIFTI, such as `CORTEX_LEFT`, in the order of the file.
    pub structures: Vec<String>,
}

/// Adds up the points of one label.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    place: Place,
    sum: [f64; 3],
    left: usize,
    right: usize,
}

impl Gathered {
    /// Adds a voxel by its centre in mm.
    pub(super) fn voxel(&mut self, at: [f64; 3]) {
        self.place.voxels += 1;
        self.sum.iter_mut().zip(at).for_each(|(sum, at)| *sum += at);
        // The midline belongs to both.
        self.left += usize::from(at[0] < 0.0);
        self.right += usize::from(at[0] > 0.0);
    }

    /// Adds a vertex of one side's surface.
    pub(super) fn vertex(&mut self, side: Option<Hemisphere>) {
        self.place.vertices += 1;
        self.left += usize::from(side == Some(Hemisphere::Left));
        self.right += usize::from(side == Some(Hemisphere::Right));
    }

    /// Notes the structure that the points are of.
    pub(super) fn structure(&mut self, name: &str) {
        if self.place.structures.last().is_none_or(|last| last != name) {
            self.place.structures.push(name.to_owned());
        }
    }

    pub(super) fn finish(self) -> Place {
        let Gathered { mut place, sum, left, right } = self;
        let points = place.voxels + place.vertices;
        if place.vertices == 0 && place.voxels > 0 {
            place.centroid = Some(sum.map(|sum| sum / place.voxels as f64));
        }
        place.hemisphere = match (left, right) {
            (0, 0) => None,
            _ if left * 10 >= points * 9 => Some(Hemisphere::Left),
            _ if right * 10 >= points * 9 => Some(Hemisphere::Right),
            _ => Some(Hemisphere::Both),
        };
        place
    }
}

/// The place of every label of a volume but the background, 0.
pub fn places(labels: &Labels) -> BTreeMap<i32, Place> {
    let [nx, ny, _] = labels.grid.shape;
    let mut gathered: BTreeMap<i32, Gathered> = BTreeMap::new();
    for (at, &label) in labels.values.iter().enumerate().filter(|(_, label)| **label != 0) {
        let index = [at % nx, at / nx % ny, at / (nx * ny)].map(|i| i as f64);
        gathered.entry(label).or_default().voxel(labels.grid.affine.apply(index));
    }
    gathered.into_iter().map(|(label, gathered)| (label, gathered.finish())).collect()
}

/// The places of an atlas's labels, and the names that the file itself has (a CIFTI dlabel).
///
/// # Errors
/// If the file cannot be read, or is no image of labels.
pub fn atlas(path: &Path) -> Result<(BTreeMap<i32, Place>, Option<Vec<LabelEntry>>)> {
    let places = places(&read_labels(path)?);
    if places.is_empty() {
        return Err(format!("`{}` has no label: every voxel is 0", path.display()).into());
    }
    Ok((places, None))
}
