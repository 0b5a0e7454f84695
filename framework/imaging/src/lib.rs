//! Scans in, regional time series out.
//!
//! Files are read here and nowhere else: arrays ([`npy`]), tables ([`table`]), and the BIDS conventions
//! that tie them together ([`names`], [`folder`], [`phenotype`], [`regions`]). What is computed from a
//! series alone is here too: [`standardize()`] and functional [`connectivity`].

pub mod bold;
pub mod cifti;
pub mod clean;
pub mod combat;
pub mod confounds;
pub mod events;
pub mod export;
pub mod folder;
mod gaps;
pub mod labels;
pub mod matrix;
mod matrix_file;
pub mod names;
pub mod nifti;
pub mod npy;
pub mod parcellation;
pub mod pattern;
pub mod phenotype;
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
pub use standardize::{Scaling, Standardize, standardize};
