//! Finds the lag at which two recordings agree best, forwards and backwards, by fast Fourier transform.

use std::sync::Arc;

use boldface::seed;
use rand::RngExt;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::{Place, Recording};

/// Most signals per recording. Regions are mixed to so many.
const SIGNALS: usize = 16;

/// Fewest volumes that two recordings must share. Fewer agree by chance.
const OVERLAP: usize = 20;

/// Compares recordings of up to a number of volumes at all lags.
pub struct Lags {
    size: usize,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

/// A recording's signals, transformed.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Spectrum of each signal, one after another.
    spectra: Vec<Complex32>,
    /// Sum of squares of all signals up to each volume, from 0.
    energy: Vec<f64>,
}

impl Lags {
    /// Prepares comparisons of recordings of up to `longest` volumes.
    pub fn new(longest: usize) -> Lags {
        let size = (2 * longest).next_power_of_two().max(2);
        let mut planner = RealFftPlanner::new();
        Lags { size, forward: planner.plan_fft_forward(size), inverse: planner.plan_fft_inverse(size) }
    }

    /// Transforms a recording. More than a few regions are mixed with random signs, which keeps lagged
    /// correlations as they are, but for some noise.
    pub fn trace(&self, recording: &Recording) -> Trace {
        let Recording { volumes, regions, .. } = *recording;
        let signals = SIGNALS.min(regions);
        let mut rng = seed::stream(0, "recording.signs");
        let mut spectra = Vec::new();
        let mut energy = vec![0.0; volumes + 1];
        for signal in 0..signals {
            let sign = |region: usize| if regions <= SIGNALS { f32::from(region == signal) } else { 1.0 };
            let signs: Vec<f32> = (0..regions)
                .map(|region| if rng.random::<bool>() { sign(region) } else { -sign(region) })
                .collect();
            let mut padded = vec![0.0; self.size];
            for (volume, value) in padded.iter_mut().enumerate().take(volumes) {
                *value = recording.volume(volume).iter().zip(&signs).map(|(x, sign)| x * sign).sum();
                energy[volume + 1] += f64::from(*value * *value);
            }
            let mut spectrum = self.forward.make_output_vec();
            // The buffers come from the plan, so their lengths fit.
            let _ = self.forward.process(&mut padded, &mut spectrum);
            spectra.extend(spectrum);
        }
        for volume in 1..=volumes {
            energy[volume] += energy[volume - 1];
        }
        Trace { spectra, energy }
    }

    /// Returns the place of `a` in `b` with the strongest correlation, for its number of common volumes,
    /// and that correlation.
    pub fn best(&self, a: &Trace, b: &Trace) -> (f64, Place) {
        let bins = self.size / 2 + 1;
        let (mut along, mut back) = (vec![Complex32::default(); bins], vec![Complex32::default(); bins]);
        for (a, b) in a.spectra.chunks(bins).zip(b.spectra.chunks(bins)) {
            for (((a, b), along), back) in a.iter().zip(b).zip(&mut along).zip(&mut back) {
                let (rr, ii, ri, ir) = (a.re * b.re, a.im * b.im, a.re * b.im, a.im * b.re);
                *along += Complex32::new(rr + ii, ri - ir);
                *back += Complex32::new(rr - ii, ri + ir);
            }
        }
        let (mut best, mut most) = ((0.0, Place::default()), 0.0);
        let (ours, theirs) = (a.energy.len().cast_signed() - 1, b.energy.len().cast_signed() - 1);
        let enough = OVERLAP.cast_signed().min(ours).min(theirs).max(1);
        for (mut spectrum, reversed) in [(along, false), (back, true)] {
            for end in [0, bins - 1] {
                // Rounding leaves an imaginary part, which the inverse transform refuses.
                spectrum[end].im = 0.0;
            }
            let mut sums = self.inverse.make_output_vec();
            let _ = self.inverse.process(&mut spectrum, &mut sums);
            let lags = if reversed {
                enough - 1..ours + theirs - enough
            } else {
                enough - ours..theirs - enough + 1
            };
            for lag in lags {
                let sum = f64::from(sums[lag.rem_euclid(self.size.cast_signed()).cast_unsigned()]);
                // The common volumes of `a`, and where they lie in `b`.
                let (from, to, start) = if reversed {
                    let (from, to) = ((lag + 1 - theirs).max(0), ours.min(lag + 1));
                    (from, to, lag + 1 - to)
                } else {
                    let (from, to) = ((-lag).max(0), ours.min(theirs - lag));
                    (from, to, from + lag)
                };
                let between = |energy: &[f64], from: isize, to: isize| {
                    energy[to.cast_unsigned()] - energy[from.cast_unsigned()]
                };
                let norm = between(&a.energy, from, to) * between(&b.energy, start, start + to - from);
                // Rounding leaves small sums where nothing is.
                if norm < 1e-6 {
                    continue;
                }
                let correlation = sum / self.size as f64 / norm.sqrt();
                let weighted = correlation * ((to - from) as f64).sqrt();
                if weighted.abs() > most {
                    (best, most) = ((correlation, Place { lag, reversed }), weighted.abs());
                }
            }
        }
        best
    }
}
