//! How good a recording is: what is measured of a scan besides its signal, and why one was left out.

use serde::{Deserialize, Serialize};

use crate::{ScanId, TimeSeries};

/// What was measured of a scan while it was read. Empty where the dataset cannot tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Framewise displacement (Power 2012) in mm, one a volume on disk; the first is 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fd: Vec<f32>,
    /// DVARS in percent of the mean signal, one a volume on disk; the first is 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dvars: Vec<f32>,
    /// Whether each volume on disk was kept by scrubbing; empty if nothing was scrubbed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<bool>,
    /// Temporal signal to noise: mean over standard deviation of a voxel, median over the voxels read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsnr: Option<f32>,
    /// Share of each region's voxels that hold a signal, 0 to 1, in the order of the regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<f32>,
    /// What a reader should know, each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A scan's signal and what was measured of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The whole signal; a region that the scan does not cover is NaN throughout.
    pub series: TimeSeries,
    /// What was measured of it.
    pub quality: Quality,
}

/// A scan that is in the dataset and not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Which scan.
    pub scan: ScanId,
    /// Why, such as `96 s are left after scrubbing, 240 s are asked for`.
    pub reason: String,
}
