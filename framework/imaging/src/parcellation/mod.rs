//! Parcellations: which voxels make which region, and the signal of every region of a scan.
//!
//! A [`Parcellation`] is read once, brought [`on`](Parcellation::on) the voxels of a scan, which makes
//! [`Weights`], and [`parcellate`] then reads the scan volume by volume.

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

pub use extract::{ParcellateOptions, Parcellated, parcellate};
pub use weights::Weights;

/// A parcellation: which files it is in, and how they are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ParcellationFiles {
    /// Image of labels (NIfTI, or a CIFTI dlabel for dtseries), of probabilistic maps, or a mask; see `kind`.
    pub volume: PathBuf,
    /// Region table: columns `index`, `name`, the networks, and `label` where a region's label is not its index.
    #[serde(default)]
    pub regions: Option<PathBuf>,
    /// Column of the region table with each region's network.
    #[serde(default = "network")]
    pub networks: String,
    /// What the values of `volume` are.
    #[serde(default)]
    pub kind: Kind,
}

fn network() -> String {
    "network".to_owned()
}

/// What the values of a parcellation's image are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The label of each voxel's region, 0 of none.
    #[default]
    Labels,
    /// Weights, one volume a region, in the order of the labels from 1; signals are fitted by least squares.
    Maps,
    /// A mask of which every voxel is a region of its own, named by its index; at most 20,000.
    Voxels,
}

/// The regions of an atlas and where they lie.
#[derive(Clone, Debug)]
pub struct Parcellation {
    /// What a reader should know of the files, each a sentence.
    pub warnings: Vec<String>,
    path: PathBuf,
    regions: Regions,
    /// Label of each region.
    labels: Vec<i32>,
    places: Places,
}

/// Where the regions lie.
#[derive(Clone, Debug)]
enum Places {
    /// A label for each voxel.
    Labels(Grid, Vec<i32>),
    /// A map for each region, in their order.
    Maps(Grid, Vec<Vec<f32>>),
    /// A label for each grayordinate.
    Grayordinates(Vec<BrainModel>, Vec<i32>),
    /// Nowhere: the regions are parcels, found by their names.
    Parcels,
}

impl Parcellation {
    /// The regions, in the order of the signals' columns.
    pub fn regions(&self) -> &Regions {
        &self.regions
    }

    /// Label of each region, in their order: the value of its voxels, or the number of its map from 1.
    pub fn labels(&self) -> &[i32] {
        &self.labels
    }

    /// The file with the labels or maps.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The parcellation on the voxels of a scan, inside `mask` where there is one.
    ///
    /// Labels and mask go to the scan's grid by nearest neighbour, maps linearly, as with nilearn's maskers. A dlabel
    /// goes on a dtseries by structure and vertex or voxel. The parcels of a ptseries are found by the regions' names.
    ///
    /// # Errors
    /// If the scan is of another kind than the parcellation, no region is on it, or the mask cannot be read or is
    /// empty. The message names the file.
    pub fn on(&self, space: &Space, mask: Option<&Path>) -> Result<Weights> {
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
                Err("it is a CIFTI ptseries and the scan is none; give the atlas's volume or dlabel".into())
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
