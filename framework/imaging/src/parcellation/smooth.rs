//! Gaussian smoothing of a volume, as nilearn's `smooth_img`.

use crate::nifti::Grid;

/// The filter is cut off this many standard deviations from its middle, as in scipy.
const TRUNCATE: f64 = 4.0;

/// A separable Gaussian filter for the volumes of one grid.
///
/// As `scipy.ndimage.gaussian_filter1d` does it, which nilearn 0.14 calls along x, y and z: weights sampled at
/// voxel centres up to 4 standard deviations and scaled to sum 1, and beyond the border the volume mirrored
/// (`d c b a | a b c d | d c b a`). The width is in mm, so the filter is narrower in voxels where voxels are
/// large. Values have to be finite: nilearn sets others to 0 first, and so does the caller here.
#[derive(Clone, Debug)]
pub struct Smoother {
    shape: [usize; 3],
    kernels: [Vec<f32>; 3],
    padded: Vec<f32>,
}

impl Smoother {
    /// A filter of `fwhm` mm, full width at half maximum.
    pub fn new(grid: &Grid, fwhm: f64) -> Smoother {
        let spacing = grid.affine.spacing();
        let sigma = fwhm / (8.0 * 2.0_f64.ln()).sqrt();
        Smoother { shape: grid.shape, kernels: spacing.map(|size| kernel(sigma / size)), padded: Vec::new() }
    }

    /// Smooths a volume of the grid in place; x changes fastest.
    pub fn apply(&mut self, volume: &mut [f32]) {
        let [nx, ny, _] = self.shape;
        for (axis, kernel) in self.kernels.iter().enumerate() {
            // Voxels next to each other along this axis are `step` apart.
            let step = [1, nx, nx * ny][axis];
            if kernel.len() > 1 {
                let slabs = volume.chunks_exact_mut(step * self.shape[axis]);
                slabs.for_each(|slab| filter(slab, step, kernel, &mut self.padded));
            }
        }
    }
}

/// Filters lines that lie side by side: value `k` of every line is in `slab[k * step..][..step]`.
fn filter(slab: &mut [f32], step: usize, kernel: &[f32], padded: &mut Vec<f32>) {
    let (length, radius) = (slab.len() / step, kernel.len() / 2);
    padded.clear();
    for at in 0..length + 2 * radius {
        let from = mirrored(at, radius, length) * step;
        padded.extend_from_slice(&slab[from..from + step]);
    }
    slab.fill(0.0);
    for (at, &weight) in kernel.iter().enumerate() {
        // All lines at once: one long loop over neighbours in memory.
        slab.iter_mut().zip(&padded[at * step..]).for_each(|(out, &value)| *out += weight * value);
    }
}

/// Place in a line of `length` of value `at` of a line that goes on for `radius` values at both ends, mirrored.
fn mirrored(at: usize, radius: usize, length: usize) -> usize {
    let period = 2 * length;
    // `radius` periods more keep the number positive and change nothing.
    let place = (at + radius * period - radius) % period;
    if place < length { place } else { period - 1 - place }
}

/// Weights of a Gaussian, `sigma` in voxels.
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
        // docstring of nilearn.image.smooth_img 0.14.1: shape (1, 3, 3), voxels of 1 mm, FWHM 2 mm.
        let mut volume = vec![0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0];
        Smoother::new(&grid([1, 3, 3], [1.0; 3]), 2.0).apply(&mut volume);
        let (corner, side, middle) = (0.209_436_92, 0.373_786_72, 0.667_106_46);
        let expected = [corner, side, corner, side, middle, side, corner, side, corner];
        let close = volume.iter().zip(expected).all(|(a, b): (&f32, f32)| (a - b).abs() < 2e-6);
        assert!(close, "{volume:?}");
    }

    #[test]
    fn ends_are_mirrored_as_often_as_the_filter_is_long() {
        // d c b a | a b c d | d c b a, and a line of one voxel is that voxel for ever.
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
        // 6 mm over voxels of 40 mm: sigma .064 voxels, radius 0, so z is left alone.
        assert_eq!(smoother.kernels[2].len(), 1);
        let mut volume = vec![7.0; grid.voxels()];
        smoother.apply(&mut volume);
        assert!(volume.iter().all(|value| (value - 7.0).abs() < 1e-5));
    }
}
