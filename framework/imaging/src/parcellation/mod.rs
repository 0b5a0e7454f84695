//! Parcellations: which voxels make up each region, and the signal of every region of a scan.
//!
//! A [`Parcellation`] is read once. [`Parcellation::on`] places it on the voxels of a scan, as
//! [`ParcellationWeights`]. [`parcellate`] then reads the scan volume by volume.

mod extract;
mod grayordinates;
mod parcels;
mod read;
mod resample;
mod smooth;
mod solve;
mod spread;
#[cfg(test)]
mod tests;
mod told;
mod volume;
mod weights;

use std::path::{Path, PathBuf};

use boldface::{Regions, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bold::Space;
use crate::cifti::BrainModel;
use crate::nifti::Grid;

pub use extract::{ParcellateOptions, Parcellated, parcellate, parcellate_kept};
pub use weights::ParcellationWeights;

/// The files of a parcellation and how to read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ParcellationFiles {
    /// Image of labels (NIfTI, or a CIFTI dlabel for dtseries), of probabilistic maps, or a mask; see
    /// `kind`.
    pub volume: PathBuf,
    /// Region table: columns `index`, `name`, the networks, and `label` if a region's label is not its
    /// index.
    #[serde(default)]
    pub regions: Option<PathBuf>,
    /// Column of the region table with each region's network.
    #[serde(default = "network")]
    pub networks: String,
    /// Meaning of the values of `volume`.
    #[serde(default)]
    pub kind: ParcellationKind,
}

fn network() -> String {
    "network".to_owned()
}

/// Meaning of the values of a parcellation's image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Kind")]
pub enum ParcellationKind {
    /// Label of each voxel's region; 0 is background.
    #[default]
    Labels,
    /// Weights, one volume per region, in the order of the labels from 1. Signals are fitted by least
    /// squares.
    Maps,
    /// A mask in which every voxel is its own region, named by its index; at most 20,000.
    Voxels,
}

/// The regions of an atlas and their locations.
#[derive(Clone, Debug)]
pub struct Parcellation {
    /// Warnings about the files, each a sentence.
    pub warnings: Vec<String>,
    path: PathBuf,
    regions: Regions,
    /// Label of each region.
    labels: Vec<i32>,
    places: Places,
}

/// Locations of the regions.
#[derive(Clone, Debug)]
enum Places {
    /// One label per voxel.
    Labels(Grid, Vec<i32>),
    /// One map per region, in the order of the regions.
    Maps(Grid, Vec<Vec<f32>>),
    /// One label per grayordinate.
    Grayordinates(Vec<BrainModel>, Vec<i32>),
    /// No locations: the regions are parcels, found by their names.
    Parcels,
}

impl Parcellation {
    /// Returns the regions, in the order of the signals' columns.
    pub fn regions(&self) -> &Regions {
        &self.regions
    }

    /// Label of each region, in the same order: the value of its voxels, or the number of its map from
    /// 1.
    pub fn labels(&self) -> &[i32] {
        &self.labels
    }

    /// Path of the file with the labels or maps.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Places the parcellation on the voxels of a scan, restricted to `mask` if given.
    ///
    /// Labels and mask are resampled to the scan's grid by nearest neighbour and maps linearly, as in
    /// nilearn's maskers. A dlabel is matched to a dtseries by structure and vertex or voxel. Parcels of
    /// a ptseries are matched by the regions' names.
    ///
    /// # Errors
    /// If the scan does not match the parcellation's file type, no region is on it, or the mask cannot
    /// be read or is empty. The message names the file.
    pub fn on(&self, space: &Space, mask: Option<&Path>) -> Result<ParcellationWeights> {
        let on = match (&self.places, space) {
            (_, Space::Parcels(names)) => parcels::by_name(self, names),
            (Places::Labels(grid, labels), Space::Volume(scan)) => {
                volume::labels(self, grid, labels, scan, mask)
            }
            (Places::Maps(grid, maps), Space::Volume(scan)) => volume::maps(self, grid, maps, scan, mask),
            (Places::Grayordinates(models, labels), Space::Grayordinates(scan)) => {
                grayordinates::labels(self, models, labels, scan)
            }
            (Places::Parcels, _) => {
                Err("it is a CIFTI ptseries and the scan is not; give the atlas's volume or dlabel".into())
            }
            (Places::Grayordinates(..), Space::Volume(_)) => {
                Err("it is a CIFTI dlabel and the scan is a volume; give the atlas's volume".into())
            }
            (_, Space::Grayordinates(_)) => {
                Err("it is a volume and the scan is a CIFTI dtseries; give the atlas's dlabel".into())
            }
        };
        on.map_err(|error| format!("parcellation `{}`: {error}", self.path.display()).into())
    }
}
