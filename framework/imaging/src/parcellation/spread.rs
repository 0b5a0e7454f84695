//! Accumulates each voxel's mean, spread, changes and coverage over the volumes.

/// Number of volumes added together. Sums of so few are accurate in 32 bits, and twice as fast.
const BLOCK: usize = 8;

/// Number of voxels whose sums stay in the L1 cache while a block is added.
const TILE: usize = 512;

/// Running means and squares over volumes, of voxels in a fixed order.
///
/// A voxel's mean is large relative to its spread, so plain sums of squares would lose the spread.
/// Squares are therefore of differences from the first volume of a block, and blocks are combined in 64
/// bits by their means (Chan 1979).
#[derive(Debug, Default)]
pub(super) struct Spread {
    /// Volumes to be added, in order.
    block: Vec<f32>,
    /// Number of voxels per volume.
    voxels: usize,
    /// Number of volumes included in `mean` and `squares`.
    added: usize,
    /// The volume before the block.
    last: Vec<f32>,
    mean: Vec<f64>,
    /// Sums of squared differences from the mean.
    squares: Vec<f64>,
    /// Number of counted volumes in which a voxel was not finite.
    broken: Vec<u32>,
    /// Number of counted volumes so far.
    counted: usize,
    /// Volumes so far.
    seen: usize,
    /// The first counted volume without a finite voxel, from 0.
    empty: Option<usize>,
    /// Sum over voxels of the squared change since the volume before, one value per volume.
    jumps: Vec<f64>,
}

/// Results of [`Spread`] over the voxels with a signal. Both are independent of the scanner's units.
#[derive(Debug, PartialEq)]
pub(super) struct SpreadSummary {
    /// DVARS in percent of the mean signal, one value per volume; empty if the signal is centred at 0.
    pub dvars: Vec<f32>,
    /// Median over the voxels of mean over standard deviation; `None` if the signal is centred at 0.
    pub tsnr: Option<f32>,
}

impl Spread {
    /// Adds a volume. Non-finite values are set to 0 and counted. If `counts` is false, because the volume
    /// will be removed, they are set to those of the volume before and not counted.
    pub fn add(&mut self, values: &mut [f32], counts: bool) {
        if self.last.is_empty() {
            self.voxels = values.len();
            self.mean = vec![0.0; values.len()];
            self.squares = vec![0.0; values.len()];
            self.broken = vec![0; values.len()];
        }
        // A branchless check first, because nearly all volumes are finite.
        if !values.iter().fold(true, |all, value| all & value.is_finite()) {
            if counts && self.empty.is_none() && !values.iter().any(|value| value.is_finite()) {
                self.empty = Some(self.seen);
            }
            let before = match self.block.len().checked_sub(self.voxels) {
                Some(start) => &self.block[start..],
                None => self.last.as_slice(),
            };
            for (at, (value, broken)) in values.iter_mut().zip(&mut self.broken).enumerate() {
                if !value.is_finite() {
                    *value = before.get(at).copied().filter(|_| !counts).unwrap_or(0.0);
                    *broken += u32::from(counts);
                }
            }
        }
        self.seen += 1;
        self.counted += usize::from(counts);
        if self.last.is_empty() {
            self.last = values.to_vec();
        }
        self.block.extend_from_slice(values);
        if self.block.len() == BLOCK * self.voxels {
            self.flush();
        }
    }

    /// Adds the volumes of the block to the sums.
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

    /// Number of volumes added, without those still in the block.
    pub fn trs(&self) -> usize {
        self.added
    }

    /// Returns the first counted volume without a finite voxel, from 0.
    pub fn empty(&self) -> Option<usize> {
        self.empty
    }

    /// Returns which voxels have a signal: finite in every counted volume, and not 0 in all volumes.
    pub fn covered(&self) -> Vec<bool> {
        let voxels = self.mean.iter().zip(&self.squares).zip(&self.broken);
        voxels.map(|((&mean, &squares), &broken)| broken == 0 && (mean != 0.0 || squares > 0.0)).collect()
    }

    /// Whether some voxel was finite in some counted volumes but not in others.
    pub fn is_partly_broken(&self) -> bool {
        self.broken.iter().any(|&broken| broken > 0 && (broken as usize) < self.counted)
    }

    /// Computes DVARS and tSNR over the voxels with a signal, as defined in
    /// [`Parcellated`](super::Parcellated).
    ///
    /// A signal whose mean does not exceed its spread was centred before. Ratios to its mean are then
    /// meaningless, so it gets neither number.
    pub fn measured(&self) -> SpreadSummary {
        let trs = self.trs() as f64;
        let covered: Vec<usize> =
            self.covered().iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| at).collect();
        let voxels = covered.len() as f64;
        let variance = |at: usize| self.squares[at] / trs;
        let grand_mean = covered.iter().map(|&at| self.mean[at]).sum::<f64>() / voxels;
        let spread = (covered.iter().map(|&at| variance(at)).sum::<f64>() / voxels).sqrt();
        let dvars: Vec<f32> =
            self.jumps.iter().map(|jumps| (100.0 * (jumps / voxels).sqrt() / grand_mean) as f32).collect();
        // DVARS is not finite if values are so large that their squares overflow.
        if covered.is_empty() || grand_mean <= spread || !dvars.iter().all(|number| number.is_finite()) {
            return SpreadSummary { dvars: Vec::new(), tsnr: None };
        }
        let varying = covered.iter().filter(|&&at| variance(at) > 0.0);
        SpreadSummary {
            dvars,
            tsnr: median(varying.map(|&at| self.mean[at] / variance(at).sqrt()).collect()),
        }
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
        // Voxel k alternates between 20,000 + k + 1 and 20,000 + k - 1 (+3 and -3 for odd k). The first
        // volume is twice as bright, as before a steady state. There are more voxels than a tile, and
        // the last block is incomplete.
        let (voxels, trs) = (TILE + 9, 8 * BLOCK + 3);
        let value = |k: usize, t: usize| {
            let swing = [1.0, 3.0][k % 2] * [1.0, -1.0][t % 2];
            (20_000.0 + k as f64) * if t == 0 { 2.0 } else { 1.0 } + swing
        };
        let mut spread = Spread::default();
        for t in 0..trs {
            spread.add(&mut (0..voxels).map(|k| value(k, t) as f32).collect::<Vec<_>>(), true);
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
        // From volume 1 on, voxels of even k (half of them, rounded up) change by 2 and the others by 6.
        let fours = voxels.div_ceil(2);
        let jumps = (4 * fours + 36 * (voxels - fours)) as f64;
        assert_eq!((spread.trs(), spread.jumps[0]), (trs, 0.0));
        assert!(spread.jumps[2..].iter().all(|&sum| sum == jumps));
    }
}
