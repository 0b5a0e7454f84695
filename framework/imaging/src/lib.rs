//! Reads scans and turns them into regional time series.
//!
//! All reading of data files happens in this crate: images ([`nifti`], [`cifti`]), arrays ([`npy`]),
//! tables ([`table`]), and the BIDS conventions that connect them ([`names`], [`folder`], [`phenotype`],
//! [`regions`]). It also makes regional series ([`parcellation`]), cleans them ([`clean()`]) and scales
//! them ([`standardize()`]).

pub mod acquisition;
pub mod beside;
pub mod bold;
pub mod cifti;
pub mod clean;
pub mod combat;
pub mod confounds;
pub mod events;
pub mod export;
pub mod folder;
mod gaps;
mod json;
pub mod labels;
pub mod link;
mod mat;
pub mod matrix;
mod matrix_file;
pub mod names;
pub mod nifti;
pub mod npy;
pub mod parcellation;
pub mod pattern;
pub mod phenotype;
pub mod present;
pub mod recipe;
pub mod recording;
pub mod regions;
mod resample;
mod standardize;
pub mod table;
pub mod testing;
mod tr;
mod xml;

pub use clean::{Cleaning, clean};
pub use gaps::{kept_after, resample_kept};
pub use matrix::Matrix;
pub use matrix_file::MatrixFile;
pub use resample::{resample, resampled_volumes};
pub use standardize::{RegionScaling, SeriesStandardization, standardize};
