//! The voxel grid of an image.

use super::affine::Affine;

/// A voxel grid: the number of voxels along each axis, and their positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Number of voxels along x, y and z of the file; x varies fastest.
    pub shape: [usize; 3],
    /// Map from voxel indices to millimetres; always invertible.
    pub affine: Affine,
}

/// Corners farther apart than this, in mm, are different places.
const SAME: f64 = 1e-4;

impl Grid {
    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether both grids have the same voxels: equal shapes, and corners within 1e-4 mm.
    pub fn is_same(&self, other: &Grid) -> bool {
        let near = |corner: usize| {
            let at = [0, 1, 2]
                .map(|axis| if corner >> axis & 1 == 1 { self.shape[axis] as f64 - 1.0 } else { 0.0 });
            let (a, b) = (self.affine.apply(at), other.affine.apply(at));
            a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME)
        };
        self.shape == other.shape && (0..8).all(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_decide() {
        let grid = Grid { shape: [101, 2, 3], affine: Affine::IDENTITY };
        assert_eq!(grid.voxels(), 606);
        // Over 100 voxels, 1e-6 mm per voxel add up to 1e-4 mm; 2e-6 mm exceed it.
        let stretched = |by: f64| {
            let mut other = grid.clone();
            other.affine.0[0][0] += by;
            other
        };
        assert!(grid.is_same(&stretched(0.9e-6)) && !grid.is_same(&stretched(2e-6)));
        assert!(!grid.is_same(&Grid { shape: [101, 3, 2], ..grid.clone() }));
    }
}
