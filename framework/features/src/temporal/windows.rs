//! Coupling of networks in sliding windows.

use std::ops::Range;

use boldface::TimeSeries;

use crate::{Missing, Networks};

/// Weights of volumes within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowTaper {
    /// Equal weights.
    Square,
    /// Lower weights towards both ends: the square convolved with a Gaussian with an SD of three volumes
    /// (Allen et al. 2014), cut to the window's length.
    Tapered,
}

/// Windows of equal length at equal distances.
#[derive(Clone, Debug, PartialEq)]
pub struct Sliding {
    /// Volumes from one window to the next.
    pub step: usize,
    /// Seconds between two volumes.
    pub tr: f64,
    /// Weight of each volume of a window; they sum to 1.
    weights: Vec<f64>,
}

/// Coupling in one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Windowed {
    /// Index of the uncut stretch that contains the window.
    pub stretch: usize,
    /// Mean correlation of each of [`pairs`]; NaN if too many regions have no signal.
    pub coupling: Vec<f64>,
}

/// Minimum number of volumes per window: with fewer, its correlations are noise.
pub const LEAST_TRS: usize = 10;

/// SD of the Gaussian in volumes.
const TAPER: f64 = 3.0;

impl Sliding {
    /// Creates windows of `window` seconds, one every `step` seconds (at least one volume), both rounded
    /// to volumes.
    ///
    /// # Errors
    /// [`Missing::SlowTr`] if a window has fewer than [`LEAST_TRS`] volumes.
    pub fn new(window: f64, step: f64, shape: WindowTaper, tr: f64) -> Result<Sliding, Missing> {
        let length = (window / tr).round();
        if !(length >= LEAST_TRS as f64 && length <= 1e6) {
            return Err(Missing::SlowTr);
        }
        let length = length as usize;
        let weight = |t: usize| match shape {
            WindowTaper::Square => 1.0,
            WindowTaper::Tapered => {
                (0..length).map(|u| (t.abs_diff(u) as f64 / TAPER).powi(2)).map(|d| (-d / 2.0).exp()).sum()
            }
        };
        let weights: Vec<f64> = (0..length).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let step = (step / tr).round().clamp(1.0, 1e6) as usize;
        Ok(Sliding { step, tr, weights: weights.iter().map(|weight| weight / sum).collect() })
    }

    /// Returns the number of volumes of a window.
    pub fn length(&self) -> usize {
        self.weights.len()
    }

    /// Returns the number of seconds from one window to the next.
    pub fn step_seconds(&self) -> f64 {
        self.step as f64 * self.tr
    }

    /// Measures coupling in every window that is within one of `stretches`.
    ///
    /// # Errors
    /// [`Missing::Short`] if the stretches that can hold a window are together shorter than two windows.
    pub fn couplings(
        &self,
        series: &TimeSeries,
        networks: &Networks,
        stretches: &[Range<usize>],
    ) -> Result<Vec<Windowed>, Missing> {
        let usable = stretches.iter().map(Range::len).filter(|&length| length >= self.length());
        if usable.sum::<usize>() < 2 * self.length() {
            return Err(Missing::Short);
        }
        let signals: Vec<Vec<f64>> =
            (0..series.rois()).map(|roi| series.roi(roi).map(f64::from).collect()).collect();
        let mut windows = Vec::new();
        for (stretch, range) in stretches.iter().enumerate() {
            for start in
                range.clone().step_by(self.step).take_while(|start| start + self.length() <= range.end)
            {
                let coupling = self.coupling(&signals, networks, start);
                windows.push(Windowed { stretch, coupling });
            }
        }
        Ok(windows)
    }

    /// Measures coupling in the window that starts at volume `start`.
    ///
    /// For signals of length 1, the correlation of two regions is their inner product. The mean over the
    /// pairs of two networks is therefore the inner product of their summed signals, divided by the
    /// number of pairs, and needs no matrix of regions.
    fn coupling(&self, signals: &[Vec<f64>], networks: &Networks, start: usize) -> Vec<f64> {
        let sums: Vec<(Vec<f64>, usize)> =
            networks.members.iter().map(|(_, members)| self.sum(signals, members, start)).collect();
        let enough = |network: usize| 2 * sums[network].1 >= networks.members[network].1.len();
        let mean = |(a, b): (usize, usize)| {
            let ((sum_a, in_a), (sum_b, in_b)) = (&sums[a], &sums[b]);
            let product: f64 = sum_a.iter().zip(sum_b).map(|(x, y)| x * y).sum();
            let (in_a, in_b) = (*in_a as f64, *in_b as f64);
            let (product, count) =
                if a == b { (product - in_a, in_a * (in_a - 1.0)) } else { (product, in_a * in_b) };
            if enough(a) && enough(b) && count > 0.0 { product / count } else { f64::NAN }
        };
        pairs(networks).into_iter().map(mean).collect()
    }

    /// Returns the sum of the normalised signals of `members`, and the number of members with a signal.
    fn sum(&self, signals: &[Vec<f64>], members: &[usize], start: usize) -> (Vec<f64>, usize) {
        let (mut sum, mut count) = (vec![0.0; self.length()], 0);
        for &roi in members {
            let signal = &signals[roi][start..start + self.length()];
            if crate::signal::alive(signal, signal).is_err() {
                continue;
            }
            let mean: f64 = signal.iter().zip(&self.weights).map(|(x, w)| x * w).sum();
            let squares: f64 = signal.iter().zip(&self.weights).map(|(x, w)| w * (x - mean).powi(2)).sum();
            let length = squares.sqrt();
            for ((sum, x), w) in sum.iter_mut().zip(signal).zip(&self.weights) {
                *sum += w.sqrt() * (x - mean) / length;
            }
            count += 1;
        }
        (sum, count)
    }
}

/// Returns the pairs of networks whose coupling is measured, as indices in [`Networks::members`], in
/// alphabetical order: all pairs of different networks, and each network of at least two regions with
/// itself.
pub fn pairs(networks: &Networks) -> Vec<(usize, usize)> {
    let count = networks.members.len();
    let all = (0..count).flat_map(|a| (a..count).map(move |b| (a, b)));
    all.filter(|&(a, b)| a != b || networks.members[a].1.len() > 1).collect()
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;
