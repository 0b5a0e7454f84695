//! Inner products of long vectors, and the principal axes of such vectors.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use rayon::prelude::*;

/// Vectors per block of the products and coordinates per step: their 64-bit copies stay in the cache.
const ROWS: usize = 64;
const DEPTH: usize = 512;

/// Returns the inner product of each of `a` with each of `b`, in 64 bits; the same on any number of
/// cores.
pub fn inner_products<A: AsRef<[f32]> + Sync, B: AsRef<[f32]> + Sync>(a: &[A], b: &[B]) -> Vec<Vec<f64>> {
    let depth = a.first().map_or(0, |point| point.as_ref().len());
    let blocks = a.par_chunks(ROWS).map(|a| {
        let mut products = vec![0.0; a.len() * b.len()];
        let mut out = MatMut::from_row_major_slice_mut(&mut products, a.len(), b.len());
        for first in (0..depth).step_by(DEPTH) {
            let last = (first + DEPTH).min(depth);
            let (left, right) = (wide(a, first, last), wide(b, first, last));
            let left = MatRef::from_row_major_slice(&left, a.len(), last - first);
            let right = MatRef::from_row_major_slice(&right, b.len(), last - first);
            matmul(out.as_mut(), Accum::Add, left, right.transpose(), 1.0, Par::Seq);
        }
        let row = |i: usize| products[i * b.len()..(i + 1) * b.len()].to_vec();
        (0..a.len()).map(row).collect::<Vec<_>>()
    });
    blocks.flatten().collect()
}

/// Copies some coordinates of all vectors to 64 bits, vector after vector.
fn wide<P: AsRef<[f32]>>(points: &[P], first: usize, last: usize) -> Vec<f64> {
    points.iter().flat_map(|point| &point.as_ref()[first..last]).copied().map(f64::from).collect()
}

/// Returns the eigenvalues above `share` of the largest, in descending order, with eigenvectors of
/// length 1. The matrix is symmetric without negative eigenvalues, and only its lower half is read. None
/// if the eigenvalues are not found.
pub fn axes(matrix: &[Vec<f64>], share: f64) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    let size = matrix.len();
    let matrix = Mat::from_fn(size, size, |i, j| matrix[i.max(j)][i.min(j)]);
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let values = eigen.S().column_vector();
    let enough = share * (0..size).map(|i| values[i]).fold(0.0, f64::max);
    let kept: Vec<usize> = (0..size).rev().filter(|&i| values[i] > enough).collect();
    let vector = |&i: &usize| (0..size).map(|row| eigen.U()[(row, i)]).collect();
    Some((kept.iter().map(|&i| values[i]).collect(), kept.iter().map(vector).collect()))
}

#[cfg(test)]
mod tests {
    use boldface::seed;
    use rand::RngExt;

    use super::*;

    #[test]
    fn products_are_sums_of_products() {
        // More vectors and coordinates than one block holds.
        let mut rng = seed::stream(0, "test");
        let mut points = |n: usize| -> Vec<Vec<f32>> {
            (0..n).map(|_| (0..DEPTH + 9).map(|_| rng.random::<f32>() - 0.5).collect()).collect()
        };
        let (a, b) = (points(ROWS + 3), points(5));
        let found = inner_products(&a, &b);
        assert_eq!(found.len(), a.len());
        for (a, row) in a.iter().zip(&found) {
            for (b, found) in b.iter().zip(row) {
                let sum: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                assert!((sum - found).abs() < 1e-10, "{sum} and {found}");
            }
        }
        let none: [Vec<f32>; 0] = [];
        assert_eq!(inner_products(&none, &b), Vec::<Vec<f64>>::new());
        assert_eq!(inner_products(&b[..2], &none), [Vec::<f64>::new(), Vec::new()]);
    }

    #[test]
    fn axes_by_hand() {
        // [2 1 0; 1 2 0; 0 0 0] has 3 along (1, 1, 0), 1 along (1, -1, 0), and 0.
        let matrix = [vec![2.0], vec![1.0, 2.0], vec![0.0, 0.0, 0.0]];
        let (values, vectors) = axes(&matrix, 1e-10).unwrap();
        assert!((values[0] - 3.0).abs() < 1e-12 && (values[1] - 1.0).abs() < 1e-12 && values.len() == 2);
        assert!(
            (vectors[0][0] - vectors[0][1]).abs() < 1e-12 && (vectors[1][0] + vectors[1][1]).abs() < 1e-12
        );
        assert_eq!(axes(&[], 1e-10), Some((vec![], vec![])));
    }
}
