//! What is measured of every voxel while volumes go by: its mean, its spread, its jumps, whether it has a signal.

/// Running sums over volumes, of voxels in a fixed order.
///
/// Sums are of differences from the first volume and in 64 bits: the mean of a voxel is large against its spread,
/// so that squares of the values themselves would lose it.
#[derive(Debug, Default)]
pub(super) struct Spread {
    first: Vec<f32>,
    last: Vec<f32>,
    sum: Vec<f64>,
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
        if self.first.is_empty() {
            self.sum = vec![0.0; values.len()];
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
        if self.first.is_empty() {
            self.first = values.to_vec();
            self.last = values.to_vec();
        }
        let mut jumps = 0.0;
        for (at, &value) in values.iter().enumerate() {
            let from_first = f64::from(value - self.first[at]);
            self.sum[at] += from_first;
            self.squares[at] += from_first * from_first;
            let jump = f64::from(value - self.last[at]);
            jumps += jump * jump;
            self.last[at] = value;
        }
        self.jumps.push(jumps);
    }

    /// Number of volumes added.
    pub fn trs(&self) -> usize {
        self.jumps.len()
    }

    /// Which voxels hold a signal: finite in every volume, and not 0 in all of them.
    pub fn covered(&self) -> Vec<bool> {
        let voxels = self.first.iter().zip(&self.squares).zip(&self.broken);
        voxels.map(|((&first, &squares), &broken)| broken == 0 && (first != 0.0 || squares > 0.0)).collect()
    }

    /// Whether a voxel was finite in some volumes and not in others.
    pub fn is_partly_broken(&self) -> bool {
        self.broken.iter().any(|&broken| broken > 0 && (broken as usize) < self.trs())
    }

    /// What the sums come to for the voxels with a signal.
    ///
    /// DVARS (Power 2012) is the root of the mean over voxels of the squared change since the volume before, as
    /// nipype's `ComputeDVARS` without standardisation (`dvars` of fMRIPrep) but for the scale: here percent of the
    /// mean over voxels and volumes, there the median set to 1000. The first volume is 0. tSNR is as nipype's `TSNR`:
    /// mean over standard deviation (of the population), drifts included. A signal whose mean is not above its
    /// spread was centred before, so a ratio to its mean says nothing: it has neither number.
    pub fn measured(&self) -> Measured {
        let trs = self.trs() as f64;
        let covered: Vec<usize> =
            self.covered().iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| at).collect();
        let voxels = covered.len() as f64;
        let mean = |at: usize| f64::from(self.first[at]) + self.sum[at] / trs;
        let variance = |at: usize| ((self.squares[at] - self.sum[at].powi(2) / trs) / trs).max(0.0);
        let grand_mean = covered.iter().map(|&at| mean(at)).sum::<f64>() / voxels;
        let spread = (covered.iter().map(|&at| variance(at)).sum::<f64>() / voxels).sqrt();
        if covered.is_empty() || grand_mean <= spread {
            return Measured { dvars: Vec::new(), tsnr: None };
        }
        let percent = |jumps: &f64| (100.0 * (jumps / voxels).sqrt() / grand_mean) as f32;
        let varying = covered.iter().filter(|&&at| variance(at) > 0.0);
        let ratios: Vec<f64> = varying.map(|&at| mean(at) / variance(at).sqrt()).collect();
        Measured { dvars: self.jumps.iter().map(percent).collect(), tsnr: median(ratios) }
    }
}

fn median(mut values: Vec<f64>) -> Option<f32> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(((low + high) / 2.0) as f32)
}
