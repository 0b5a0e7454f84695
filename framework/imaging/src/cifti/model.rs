//! Which place of the brain each row of a CIFTI file is.

use crate::nifti::Grid;

/// The grayordinates of one structure.
#[derive(Clone, Debug, PartialEq)]
pub struct BrainModel {
    /// The structure's name, such as `CIFTI_STRUCTURE_CORTEX_LEFT`.
    pub structure: String,
    /// Place of its first grayordinate among all of the file.
    pub first: usize,
    /// Where its grayordinates lie.
    pub places: Places,
}

/// Where the grayordinates of a structure lie, in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Places {
    /// On a surface.
    Surface {
        /// Vertices of the whole surface, the medial wall included.
        vertices: usize,
        /// The vertices that have a grayordinate, from 0.
        indices: Vec<u32>,
    },
    /// In a volume.
    Voxels {
        /// The volume's grid.
        grid: Grid,
        /// Voxel (i, j, k) of each grayordinate, from 0.
        indices: Vec<[u32; 3]>,
    },
}

impl BrainModel {
    /// Number of grayordinates.
    pub fn len(&self) -> usize {
        match &self.places {
            Places::Surface { indices, .. } => indices.len(),
            Places::Voxels { indices, .. } => indices.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
