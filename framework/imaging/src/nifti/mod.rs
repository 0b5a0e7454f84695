//! NIfTI-1 and NIfTI-2 files: their headers, and their voxels volume by volume.
//!
//! The `nifti` crate parses the header of version 1. It has no version 2, panics on legal forms, knows a
//! compressed file by its name, fails on gzip of several members and holds a whole image in memory, so the
//! rest is ours.

mod affine;
mod datatype;
mod fields;
mod grid;
mod header;
mod source;
mod volume;
mod voxels;

#[cfg(test)]
mod tests;

pub use affine::Affine;
pub use datatype::{ByteOrder, Datatype, Scaling};
pub use grid::Grid;
pub use header::Header;
pub use volume::{Labels, Volume, read_labels, read_maps, read_volume};

pub(crate) use fields::product;
pub(crate) use source::{Source, at};
pub(crate) use voxels::Voxels;
