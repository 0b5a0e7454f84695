//! Affine map from voxel indices to millimetres.

/// Affine map from voxel indices to millimetres, as three rows. x points right, y forward, z up (RAS+).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine(pub [[f64; 4]; 3]);

impl Affine {
    /// The identity map, for voxels of 1 mm.
    pub const IDENTITY: Affine = Affine([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);

    /// Maps a point.
    pub fn apply(&self, point: [f64; 3]) -> [f64; 3] {
        self.0.map(|row| row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + row[3])
    }

    /// Inverts the map; `None` if its axes do not span space or a number is not finite.
    pub fn inverse(&self) -> Option<Affine> {
        let [a, b, c] = self.0;
        // Rows of the inverse of the 3 x 3 part are cross products of its columns over the determinant.
        let column = |at: usize| [a[at], b[at], c[at]];
        let [x, y, z] = [column(0), column(1), column(2)];
        let determinant = dot(x, cross(y, z));
        let lengths = self.spacing();
        let is_flat = determinant.abs() <= 1e-9 * lengths[0] * lengths[1] * lengths[2];
        if is_flat || !self.0.iter().flatten().all(|number| number.is_finite()) || !determinant.is_finite() {
            return None;
        }
        let rows = [cross(y, z), cross(z, x), cross(x, y)].map(|row| row.map(|value| value / determinant));
        let origin = column(3);
        Some(Affine(rows.map(|row| [row[0], row[1], row[2], -dot(row, origin)])))
    }

    /// Composes two maps: this one first, then `next`.
    #[must_use]
    pub fn then(&self, next: &Affine) -> Affine {
        Affine(next.0.map(|row| {
            let mut out = [0.0, 0.0, 0.0, row[3]];
            for (at, value) in out.iter_mut().enumerate() {
                *value += (0..3).map(|k| row[k] * self.0[k][at]).sum::<f64>();
            }
            out
        }))
    }

    /// Distance in mm between neighbouring voxels along each axis.
    pub fn spacing(&self) -> [f64; 3] {
        [0, 1, 2].map(|at| self.0.iter().map(|row| row[at] * row[at]).sum::<f64>().sqrt())
    }
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_by_hand() {
        // 2 mm voxels with x mirrored: voxel (1, 2, 3) is at 90 - 2, -126 + 4, -72 + 6.
        let mni = Affine([[-2.0, 0.0, 0.0, 90.0], [0.0, 2.0, 0.0, -126.0], [0.0, 0.0, 2.0, -72.0]]);
        assert_eq!(mni.apply([1.0, 2.0, 3.0]), [88.0, -122.0, -66.0]);
        assert_eq!(mni.spacing(), [2.0; 3]);
        assert_eq!(mni.inverse().unwrap().apply([88.0, -122.0, -66.0]), [1.0, 2.0, 3.0]);
        // A quarter turn about z with voxels of 1 x 2 x 3 mm: the second axis points along -x.
        let turned = Affine([[0.0, -2.0, 0.0, 5.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]]);
        assert_eq!((turned.apply([1.0, 1.0, 1.0]), turned.spacing()), ([3.0, 1.0, 3.0], [1.0, 2.0, 3.0]));
        assert_eq!(turned.then(&mni).apply([1.0, 1.0, 1.0]), mni.apply([3.0, 1.0, 3.0]));
    }

    #[test]
    fn a_flat_map_has_no_way_back() {
        let mut flat = Affine::IDENTITY;
        flat.0[2][2] = 0.0;
        assert_eq!(flat.inverse(), None);
        // The second axis equals the first.
        assert_eq!(
            Affine([[1.0, 1.0, 0.0, 0.0], [2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]).inverse(),
            None
        );
        flat.0[2][2] = f64::NAN;
        assert_eq!(flat.inverse(), None);
    }

    proptest! {
        #[test]
        fn there_and_back(numbers in prop::array::uniform12(-9.0..9.0f64), point in prop::array::uniform3(-99.0..99.0f64)) {
            let [a, b, c, d, e, f, g, h, i, j, k, l] = numbers;
            let map = Affine([[a + 20.0, b, c, d], [e, f + 20.0, g, h], [i, j, k + 20.0, l]]);
            let back = map.then(&map.inverse().unwrap());
            let there = back.apply(point);
            prop_assert!(there.iter().zip(point).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }
}
