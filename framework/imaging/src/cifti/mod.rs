//! CIFTI-2 files: signals, labels and scalars of the cortical surface and of voxels below it.
//!
//! A CIFTI file is a NIfTI-2 file with an XML description of its matrix in a header extension. The
//! reader follows the specification (CIFTI-2, 1 March 2014). Signals are read by [`crate::bold`].

mod dimension;
mod file;
mod maps;
mod model;

#[cfg(test)]
mod tests;

pub use dimension::Label;
pub use maps::{LabelMap, ScalarMaps, read_labels, read_scalars};
pub use model::{BrainModel, StructurePlaces};

pub(crate) use dimension::Dimension;
pub(crate) use file::Cifti;
pub(crate) use maps::{kinds, space};
