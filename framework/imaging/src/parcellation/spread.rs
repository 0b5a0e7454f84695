//! What is measured of every voxel while volumes go by: its mean, its spread, its jumps, whether it has a signal.

/// Volumes that are added together: sums of so few are good in 32 bits, and twice as fast.
const BLOCK: usize = 8;

/// Voxels whose sums stay in the processor's nearest cache while a block is added.
const TILE: usize = 512;

/// Running means and squares over volumes, of voxels in a fixed order.
///
/// The mean of a voxel is large against its spread, so that sums of squares would lose it: squares are of
/// differences from the first volume of a block, and blocks are put together by their means (Chan 1979), in 64 bits.
#[derive(Debug, Default)]
pub(super) struct Spread {
    /// Volumes that wait to be added, one after the other.
    block: Vec<f32>,
    /// Voxels of a volume.
    voxels: usize,
    /// Volumes in `mean` and `squares`.
    added: usize,
    /// The volume before the block.
    last: Vec<f32>,
    mean: Vec<f64>,
    /// Sums of squared differences from the mean.
    squares: Vec<f64>,
    /// Volumes in which a voxel was not finite.
    broken: Vec<u32>,
    /// Sum over voxels of the squared change since the volume before, one a volume.
    jumps: Vec<f64>,
}

/// What [`Spread`] comes to. Of the voxels with a signal, in no unit of the scanner.
#[derive(Debug, PartialEq)]
pub(super) struct Measured {
    /// DVARS in percent of the mean signal, one a volume; empty if the mean is no signal.
    pub dvars: Vec<f32>,
    /// Median over the voxels of mean over standard deviation; none if the mean is no signal.
    pub tsnr: Option<f32>,
}

impl Spread {
    /// Adds a volume. Values that are not finite are set to 0 and counted.
    pub fn add(&mut self, values: &mut [f32]) {
        if self.last.is_empty() {
            self.voxels = values.len();
            self.mean = vec![0.0; values.len()];
            self.squares = vec![0.0; values.len()];
            self.broken = vec![0; values.len()];
        }
        // Looked at without a branch first: nearly all volumes are finite.
        if !values.iter().fold(true, |all, value| all & value.is_finite()) {
            for (value, broken) in values.iter_mut().zip(&mut self.broken) {
                if !value.is_finite() {
                    *value = 0.0;
                    *broken += 1;
                }
            }
        }
        if self.last.is_empty() {
            self.last = values.to_vec();
        }
        self.block.extend_from_slice(values);
        if self.block.len() == BLOCK * self.voxels {
            self.flush();
        }
    }

    /// Adds the volumes that wait.
    pub fn flush(&mut self) {
        if self.block.is_empty() {
            return;
        }
        let count = self.block.len() / self.voxels;
        let (rows, before, both) = (count as f64, self.added as f64, (self.added + count) as f64);
        let mut jumps = [0.0; BLOCK];
        for start in (0..self.voxels).step_by(TILE) {
            let tile = start..self.voxels.min(start + TILE);
            let row = |at: usize| &self.block[at * self.voxels..][tile.clone()];
            let (mut sums, mut squares) = ([0.0_f32; TILE], [0.0_f32; TILE]);
            let mut last = &self.last[tile.clone()];
            for (at, jumps) in jumps.iter_mut().enumerate().take(count) {
                *jumps += squared_distance(row(at), last);
                last = row(at);
                let sums = sums.iter_mut().zip(&mut squares);
                for ((sum, square), (&value, &base)) in sums.zip(row(at).iter().zip(row(0))) {
                    let difference = value - base;
                    *sum += difference;
                    *square += difference * difference;
                }
            }
            let own = sums.iter().zip(&squares).zip(row(0));
            let all = self.mean[tile.clone()].iter_mut().zip(&mut self.squares[tile.clone()]);
            for ((mean, all), ((&sum, &square), &base)) in all.zip(own) {
                let (sum, square) = (f64::from(sum), f64::from(square));
                let apart = f64::from(base) + sum / rows - *mean;
                *all += (square - sum * sum / rows).max(0.0) + apart * apart * before * rows / both;
                *mean += apart * rows / both;
            }
        }
        self.jumps.extend_from_slice(&jumps[..count]);
        self.last.copy_from_slice(&self.block[(count - 1) * self.voxels..]);
        self.added += count;
        self.block.clear();
    }

    /// Number of volumes added, those that wait not counted.
    pub fn trs(&self) -> usize {
        self.added
    }

    /// Which voxels hold a signal: finite in every volume, and not 0 in all of them.
    pub fn covered(&self) -> Vec<bool> {
        let voxels = self.mean.iter().zip(&self.squares).zip(&self.broken);
        voxels.map(|((&mean, &squares), &broken)| broken == 0 && (mean != 0.0 || squares > 0.0)).collect()
    }

    /// Whether a voxel was finite in some volumes and not in others.
    pub fn is_partly_broken(&self) -> bool {
        self.broken.iter().any(|&broken| broken > 0 && (broken as usize) < self.trs())
    }

    /// What the sums come to for the voxels with a signal.
    ///
    /// [`Parcellated`](super::Parcellated) says how they are defined. A signal whose mean is not above its spread was
    /// centred before, so a ratio to its mean says nothing: it has neither number.
    pub fn measured(&self) -> Measured {
        let trs = self.trs() as f64;
        let covered: Vec<usize> =
            self.covered().iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| at).collect();
        let voxels = covered.len() as f64;
        let variance = |at: usize| self.squares[at] / trs;
        let grand_mean = covered.iter().map(|&at| self.mean[at]).sum::<f64>() / voxels;
        let spread = (covered.iter().map(|&at| variance(at)).sum::<f64>() / voxels).sqrt();
        let dvars: Vec<f32> =
            self.jumps.iter().map(|jumps| (100.0 * (jumps / voxels).sqrt() / grand_mean) as f32).collect();
        // Also where numbers are so large that their squares overflow.
        if covered.is_empty() || grand_mean <= spread || !dvars.iter().all(|number| number.is_finite()) {
            return Measured { dvars: Vec::new(), tsnr: None };
        }
        let varying = covered.iter().filter(|&&at| variance(at) > 0.0);
        Measured { dvars, tsnr: median(varying.map(|&at| self.mean[at] / variance(at).sqrt()).collect()) }
    }
}

/// Sum of squared differences, in eight partial sums.
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let mut partial = [0.0_f32; 8];
    let (eights, others) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = eights.remainder().iter().zip(others.remainder());
    let rest: f32 = rest.map(|(a, b)| (a - b) * (a - b)).sum();
    for (a, b) in eights.zip(others) {
        for (sum, (a, b)) in partial.iter_mut().zip(a.iter().zip(b)) {
            *sum += (a - b) * (a - b);
        }
    }
    partial.iter().map(|&sum| f64::from(sum)).sum::<f64>() + f64::from(rest)
}

fn median(mut values: Vec<f64>) -> Option<f32> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(((low + high) / 2.0) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_volumes_of_a_large_mean_keep_their_spread() {
        // Voxel k is 20,000 + k and +1 or -1 in turns (3, -3 for odd k); the first volume is twice as bright, as
        // before a steady state. More voxels than a tile, and no whole number of blocks.
        let (voxels, trs) = (TILE + 9, 8 * BLOCK + 3);
        let value = |k: usize, t: usize| {
            let swing = [1.0, 3.0][k % 2] * [1.0, -1.0][t % 2];
            (20_000.0 + k as f64) * if t == 0 { 2.0 } else { 1.0 } + swing
        };
        let mut spread = Spread::default();
        for t in 0..trs {
            spread.add(&mut (0..voxels).map(|k| value(k, t) as f32).collect::<Vec<_>>());
        }
        spread.flush();
        let exact = |k: usize| {
            let mean = (0..trs).map(|t| value(k, t)).sum::<f64>() / trs as f64;
            (mean, (0..trs).map(|t| (value(k, t) - mean).powi(2)).sum::<f64>() / trs as f64)
        };
        for k in 0..voxels {
            let (mean, variance) = exact(k);
            assert!((spread.mean[k] - mean).abs() < 1e-9 * mean, "{k}");
            assert!((spread.squares[k] / trs as f64 - variance).abs() < 1e-5 * variance, "{k}");
        }
        // From volume 1 on, half the voxels (and one of an odd number) jump by 2 and the others by 6.
        let fours = voxels.div_ceil(2);
        let jumps = (4 * fours + 36 * (voxels - fours)) as f64;
        assert_eq!((spread.trs(), spread.jumps[0]), (trs, 0.0));
        assert!(spread.jumps[2..].iter().all(|&sum| sum == jumps));
    }
}
