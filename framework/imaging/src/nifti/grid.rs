//! The grid of voxels an image lies on.

use super::affine::Affine;

/// How many voxels there are along each axis, and where they lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Voxels along x, y and z of the file; x changes fastest.
    pub shape: [usize; 3],
    /// From voxel indices to millimetres; it has an inverse.
    pub affine: Affine,
}

/// Farther apart than this, in mm, two corners are two places.
const SAME: f64 = 1e-4;

impl Grid {
    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether both have the same voxels: the same shape, and corners within 1e-4 mm.
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
        // 100 voxels on, a difference of 1e-6 mm a voxel is 1e-4 mm; one of 2e-6 is more.
        let stretched = |by: f64| {
            let mut other = grid.clone();
            other.affine.0[0][0] += by;
            other
        };
        assert!(grid.is_same(&stretched(0.9e-6)) && !grid.is_same(&stretched(2e-6)));
        assert!(!grid.is_same(&Grid { shape: [101, 3, 2], ..grid.clone() }));
    }
}
