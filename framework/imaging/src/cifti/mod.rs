//! CIFTI-2 files: signals, labels and scalars of the cortical surface and of voxels below it.
//!
//! A NIfTI-2 file whose matrix is described by XML in a header extension. Written from the specification
//! (CIFTI-2, 1 March 2014); signals are read by [`crate::bold`].

mod dimension;
mod file;
mod maps;
mod model;

#[cfg(test)]
mod tests;

pub use dimension::Label;
pub use maps::{LabelMap, ScalarMaps, read_labels, read_scalars};
pub use model::{BrainModel, Places};

pub(crate) use dimension::Dimension;
pub(crate) use file::Cifti;
pub(crate) use maps::{kinds, space};
