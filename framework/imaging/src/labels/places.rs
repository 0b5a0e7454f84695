//! Locates the regions of an atlas: voxels, centroid and side of every label in its volume.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;

use super::{Hemisphere, LabelEntry, hemisphere};
use crate::bold::Space;
use crate::cifti::{self, LabelMap};
use crate::nifti::{ImageSource, LabelImage, read_labels};

/// Location of the voxels of one label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelLocation {
    /// Number of voxels.
    pub voxels: usize,
    /// Number of vertices, in a surface atlas.
    pub vertices: usize,
    /// Mean of the voxels' centres in mm. It may be outside a region that is curved or on both sides.
    /// `None` for a region with vertices, because a CIFTI file does not hold their coordinates.
    pub centroid: Option<[f64; 3]>,
    /// The side with at least nine in ten of the voxels or vertices; both if neither side has that many.
    pub hemisphere: Option<Hemisphere>,
    /// CIFTI structures, such as `CORTEX_LEFT`, in the order of the file.
    pub structures: Vec<String>,
}

/// Accumulates the points of one label.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    place: LabelLocation,
    sum: [f64; 3],
    left: usize,
    right: usize,
}

impl Gathered {
    /// Adds a voxel by its centre in mm.
    pub(super) fn voxel(&mut self, at: [f64; 3]) {
        self.place.voxels += 1;
        self.sum.iter_mut().zip(at).for_each(|(sum, at)| *sum += at);
        // A voxel on the midline counts for neither side.
        self.left += usize::from(at[0] < 0.0);
        self.right += usize::from(at[0] > 0.0);
    }

    /// Adds a vertex on the surface of a side.
    pub(super) fn vertex(&mut self, side: Option<Hemisphere>) {
        self.place.vertices += 1;
        self.left += usize::from(side == Some(Hemisphere::Left));
        self.right += usize::from(side == Some(Hemisphere::Right));
    }

    /// Records the structure of the points that follow.
    pub(super) fn structure(&mut self, name: &str) {
        if self.place.structures.last().is_none_or(|last| last != name) {
            self.place.structures.push(name.to_owned());
        }
    }

    pub(super) fn finish(self) -> LabelLocation {
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

/// Locates every label of a volume except the background, 0.
pub fn places(labels: &LabelImage) -> BTreeMap<i32, LabelLocation> {
    let [nx, ny, _] = labels.grid.shape;
    let mut gathered: BTreeMap<i32, Gathered> = BTreeMap::new();
    for (at, &label) in labels.values.iter().enumerate().filter(|(_, label)| **label != 0) {
        let index = [at % nx, at / nx % ny, at / (nx * ny)].map(|i| i as f64);
        gathered.entry(label).or_default().voxel(labels.grid.affine.apply(index));
    }
    gathered.into_iter().map(|(label, gathered)| (label, gathered.finish())).collect()
}

/// Locates every label of a CIFTI file except 0. A vertex is on the side of its structure.
///
/// # Errors
/// If the labels belong to parcels, which have no location.
fn cifti_places(map: &LabelMap) -> Result<BTreeMap<i32, LabelLocation>> {
    let Space::Grayordinates(models) = &map.space else {
        return Err("its labels are of parcels; give the dlabel, which has one for every grayordinate".into());
    };
    let mut gathered: BTreeMap<i32, Gathered> = BTreeMap::new();
    for model in models {
        let structure = model.structure.trim_start_matches("CIFTI_STRUCTURE_");
        let side = hemisphere(structure);
        let labels = &map.values[model.first..model.first + model.len()];
        for (at, &label) in labels.iter().enumerate().filter(|(_, label)| **label != 0) {
            let gathered = gathered.entry(label).or_default();
            gathered.structure(structure);
            match &model.places {
                cifti::StructurePlaces::Surface { .. } => gathered.vertex(side),
                cifti::StructurePlaces::Voxels { grid, indices } => {
                    gathered.voxel(grid.affine.apply(indices[at].map(f64::from)));
                }
            }
        }
    }
    Ok(gathered.into_iter().map(|(label, gathered)| (label, gathered.finish())).collect())
}

/// Returns the entries of a CIFTI label table except 0, the background.
fn cifti_entries(map: &LabelMap) -> Vec<LabelEntry> {
    let named = map.table.iter().filter(|label| label.key != 0);
    let byte = |share: f32| (share.clamp(0.0, 1.0) * 255.0).round() as u8;
    let entry = |label: &cifti::Label| {
        let [r, g, b, _] = label.rgba.map(byte);
        LabelEntry { rgb: Some([r, g, b]), ..LabelEntry::new(label.key, label.name.clone()) }
    };
    named.map(entry).collect()
}

/// The labels in an atlas's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Atlas {
    /// Location of each label except 0.
    pub places: BTreeMap<i32, LabelLocation>,
    /// Label names, if the file has any: a CIFTI dlabel does.
    pub entries: Option<Vec<LabelEntry>>,
}

/// Locates the labels of an atlas, and reads their names if the file has them.
///
/// # Errors
/// If the file cannot be read, or is not a label image. The message names the file.
pub fn atlas(path: &Path) -> Result<Atlas> {
    let named = |error: boldface::Error| format!("`{}`: {error}", path.display());
    let (places, entries) = if ImageSource::open(path)?.fields.is_cifti() {
        let map = cifti::read_labels(path)?;
        (cifti_places(&map).map_err(named)?, Some(cifti_entries(&map)))
    } else {
        (places(&read_labels(path)?), None)
    };
    if places.is_empty() {
        return Err(format!("`{}` has no label: it is 0 everywhere", path.display()).into());
    }
    Ok(Atlas { places, entries })
}
