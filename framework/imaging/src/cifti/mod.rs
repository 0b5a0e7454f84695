//! CIFTI-2 files: signals, labels and scalars of the cortical surface and of voxels below it.

mod model;

pub use model::{BrainModel, Places};
