//! Gaussian smoothing of a volume, as in nilearn's `smooth_img`.

use crate::nifti::Grid;

/// Distance from the centre, in standard deviations, at which the filter is truncated, as in scipy.
const TRUNCATE: f64 = 4.0;

/// A separable Gaussian filter for volumes of one grid.
///
/// It follows `scipy.ndimage.gaussian_filter1d`, which nilearn 0.14 calls along x, y and z. Weights are
/// sampled at voxel centres up to 4 standard deviations and scaled to sum 1. Beyond its border the
/// volume is mirrored (`d c b a | a b c d | d c b a`). The width is in mm, so larger voxels get a filter
/// of fewer voxels. Values must be finite; the caller sets others to 0 first, as nilearn does. Written
/// here to work on one volume in reused buffers.
#[derive(Clone, Debug)]
pub struct Smoother {
    shape: [usize; 3],
    kernels: [Vec<f32>; 3],
    padded: Vec<f32>,
}

impl Smoother {
    /// Makes a filter of `fwhm` mm, full width at half maximum.
    pub fn new(grid: &Grid, fwhm: f64) -> Smoother {
        let spacing = grid.affine.spacing();
        let sigma = fwhm / (8.0 * 2.0_f64.ln()).sqrt();
        Smoother { shape: grid.shape, kernels: spacing.map(|size| kernel(sigma / size)), padded: Vec::new() }
    }

    /// Smooths a volume of the grid in place; x varies fastest.
    pub fn apply(&mut self, volume: &mut [f32]) {
        let [nx, ny, _] = self.shape;
        for (axis, kernel) in self.kernels.iter().enumerate() {
            // Neighbours along this axis are `step` values apart.
            let step = [1, nx, nx * ny][axis];
            if kernel.len() > 1 {
                let slabs = volume.chunks_exact_mut(step * self.shape[axis]);
                slabs.for_each(|slab| filter(slab, step, kernel, &mut self.padded));
            }
        }
    }
}

/// Filters interleaved lines: value `k` of every line is in `slab[k * step..][..step]`.
fn filter(slab: &mut [f32], step: usize, kernel: &[f32], padded: &mut Vec<f32>) {
    let (length, radius) = (slab.len() / step, kernel.len() / 2);
    padded.clear();
    for at in 0..length + 2 * radius {
        let from = mirrored(at, radius, length) * step;
        padded.extend_from_slice(&slab[from..from + step]);
    }
    slab.fill(0.0);
    for (at, &weight) in kernel.iter().enumerate() {
        // All lines at once, in one long loop over contiguous memory.
        slab.iter_mut().zip(&padded[at * step..]).for_each(|(out, &value)| *out += weight * value);
    }
}

/// Returns the position, in a line of `length` values, of value `at` of that line extended by `radius`
/// mirrored values at both ends.
fn mirrored(at: usize, radius: usize, length: usize) -> usize {
    let period = 2 * length;
    // Adding `radius` periods keeps the number positive and changes nothing else.
    let place = (at + radius * period - radius) % period;
    if place < length { place } else { period - 1 - place }
}

/// Weights of a Gaussian; `sigma` is in voxels.
fn kernel(sigma: f64) -> Vec<f32> {
    if sigma <= 0.0 {
        return vec![1.0];
    }
    let radius = (TRUNCATE * sigma + 0.5) as i64;
    let weights: Vec<f64> = (-radius..=radius).map(|at| (-0.5 * (at as f64 / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nifti::Affine;

    fn grid(shape: [usize; 3], spacing: [f64; 3]) -> Grid {
        let [x, y, z] = spacing;
        Grid { shape, affine: Affine([[-x, 0.0, 0.0, 9.0], [0.0, y, 0.0, 0.0], [0.0, 0.0, z, 0.0]]) }
    }

    #[test]
    fn the_documented_example_of_nilearn() {
        // Docstring of nilearn.image.smooth_img 0.14.1: shape (1, 3, 3), voxels of 1 mm, FWHM 2 mm.
        let mut volume = vec![0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0];
        Smoother::new(&grid([1, 3, 3], [1.0; 3]), 2.0).apply(&mut volume);
        let (corner, side, middle) = (0.209_436_92, 0.373_786_72, 0.667_106_46);
        let expected = [corner, side, corner, side, middle, side, corner, side, corner];
        let close = volume.iter().zip(expected).all(|(a, b): (&f32, f32)| (a - b).abs() < 2e-6);
        assert!(close, "{volume:?}");
    }

    #[test]
    fn ends_are_mirrored_as_often_as_the_filter_is_long() {
        // d c b a | a b c d | d c b a. A line of one voxel repeats that voxel.
        let at = |radius, length| {
            (0..length + 2 * radius).map(|at| mirrored(at, radius, length)).collect::<Vec<_>>()
        };
        assert_eq!(at(3, 2), [1, 1, 0, 0, 1, 1, 0, 0][..].to_vec());
        assert_eq!(at(2, 1), [0; 5]);
    }

    #[test]
    fn a_constant_stays_what_it_is_and_large_voxels_are_smoothed_less() {
        let grid = grid([4, 5, 6], [1.0, 2.0, 40.0]);
        let mut smoother = Smoother::new(&grid, 6.0);
        // 6 mm over voxels of 40 mm: sigma is .064 voxels and the radius 0, so z is unchanged.
        assert_eq!(smoother.kernels[2].len(), 1);
        let mut volume = vec![7.0; grid.voxels()];
        smoother.apply(&mut volume);
        assert!(volume.iter().all(|value| (value - 7.0).abs() < 1e-5));
    }
}
