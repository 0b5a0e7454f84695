//! Spectra of a signal: Welch's density, power in bands, ALFF and fALFF.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use crate::Missing;
use crate::signal::{alive, detrend};

/// Slow fluctuations, 0.01 to 0.10 Hz.
pub const LOW: Band = Band { low: 0.01, high: 0.10 };

/// Fast fluctuations, above 0.10 to 0.25 Hz.
pub const HIGH: Band = Band { low: 0.10, high: 0.25 };

/// The band that ALFF is usually of, 0.01 to 0.08 Hz (Zang et al. 2007).
pub const ALFF: Band = Band { low: 0.01, high: 0.08 };

/// Frequencies that differ by less, in Hz, are one: a frequency on the edge of a band is in it, whatever rounding says.
const SAME_FREQUENCY: f64 = 1e-9;

/// Longest segment of Welch's method in volumes, as in scipy.
const SEGMENT: usize = 256;

/// A range of frequencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Lower end in Hz, in the band.
    pub low: f64,
    /// Upper end in Hz, in the band.
    pub high: f64,
}

/// Power of each frequency from 0 to the Nyquist frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Hz from one frequency to the next.
    pub step: f64,
    /// Highest frequency that the TR can carry, 1 / (2 TR), in Hz.
    pub nyquist: f64,
    /// Density in squared units of the signal a Hz, at 0, `step`, 2 `step` and so on.
    pub density: Vec<f64>,
}

/// What [`Spectra::alff`] measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alff {
    /// Mean amplitude in the band, in units of the signal.
    pub alff: f64,
    /// Share of the band in the sum of amplitudes over all frequencies above 0.
    pub falff: f64,
}

/// Computes spectra of signals of one length and TR; made once a scan, used for each of its signals.
#[derive(Clone)]
pub struct Spectra {
    trs: usize,
    tr: f64,
    /// A periodic Hann window.
    window: Vec<f64>,
    segment: Arc<dyn RealToComplex<f64>>,
    padded: Arc<dyn RealToComplex<f64>>,
}

impl Spectra {
    /// For signals of `trs` volumes, `tr` seconds apart.
    pub fn new(trs: usize, tr: f64) -> Spectra {
        let mut planner = RealFftPlanner::new();
        let length = trs.clamp(1, SEGMENT);
        let window = (0..length).map(|t| 0.5 - 0.5 * (TAU * t as f64 / length as f64).cos()).collect();
        let padded = planner.plan_fft_forward(trs.max(1).next_power_of_two());
        Spectra { trs, tr, window, segment: planner.plan_fft_forward(length), padded }
    }

    /// Welch's power spectral density, as `scipy.signal.welch(signal, 1 / tr, nperseg=min(256, trs))` of scipy
    /// 1.17: periodic Hann window, segments that overlap by half, each without its mean, one-sided density,
    /// averaged.
    ///
    /// # Errors
    /// [`Missing::Dead`] for a signal with a value that is not finite, or without spread; [`Missing::Short`] for
    /// fewer than two volumes.
    pub fn welch(&self, signal: &[f64]) -> Result<Spectrum, Missing> {
        let length = self.window.len();
        if self.trs < 2 || signal.len() != self.trs {
            return Err(Missing::Short);
        }
        alive(signal, signal)?;
        let scale = self.tr / self.window.iter().map(|w| w * w).sum::<f64>();
        let segments = (self.trs - length) / (length - length / 2) + 1;
        let mut density = vec![0.0; length / 2 + 1];
        for segment in 0..segments {
            let start = segment * (length - length / 2);
            let values = &signal[start..start + length];
            let mean = values.iter().sum::<f64>() / length as f64;
            let input = values.iter().zip(&self.window).map(|(x, w)| (x - mean) * w).collect();
            let powers = amplitudes(&*self.segment, input);
            density.iter_mut().zip(powers).for_each(|(sum, amplitude)| *sum += amplitude * amplitude);
        }
        // All but 0 and, at an even length, the Nyquist frequency stand for two, the positive and the negative.
        let last = density.len() - 1;
        for (k, power) in density.iter_mut().enumerate() {
            let both = if k == 0 || (k == last && length.is_multiple_of(2)) { 1.0 } else { 2.0 };
            *power *= both * scale / segments as f64;
        }
        Ok(Spectrum { step: 1.0 / (length as f64 * self.tr), nyquist: 0.5 / self.tr, density })
    }

    /// Power of slow over power of fast fluctuations ([`LOW`], [`HIGH`]; 0.10 Hz counts as slow) by
    /// [`Spectra::welch`] of the signal without its linear trend. It has no unit and does not depend on the
    /// signal's scale.
    ///
    /// # Errors
    /// As [`Spectrum::sum`]; [`Missing::Dead`] for a signal without spread.
    pub fn ratio(&self, signal: &[f64]) -> Result<f64, Missing> {
        let spectrum = self.welch(&straight(signal)?)?;
        let above = Band { low: HIGH.low + 2.0 * SAME_FREQUENCY, ..HIGH };
        let ratio = spectrum.sum(LOW)? / spectrum.sum(above)?;
        if ratio.is_finite() { Ok(ratio) } else { Err(Missing::Undefined) }
    }

    /// Amplitude of low-frequency fluctuations in `band` and their share, as DPABI (and REST before it) define them
    /// in `y_alff_falff`: the signal without its linear trend, zeros after it up to a power of two, amplitude
    /// `2 |FFT| / trs`; its mean over the band, and the band's sum over the sum of all frequencies above 0 up to
    /// Nyquist. So the share depends on the TR, which decides where the range ends.
    ///
    /// # Errors
    /// [`Missing::SlowTr`] if the Nyquist frequency is below the band's upper end; [`Missing::Short`] if no
    /// frequency that goes a whole number of times into the scan is in the band; [`Missing::Dead`] for a
    /// signal without spread.
    pub fn alff(&self, signal: &[f64], band: Band) -> Result<Alff, Missing> {
        if signal.len() != self.trs {
            return Err(Missing::Short);
        }
        // The padding makes frequencies that the scan cannot tell apart: whether there is one in the band goes by
        // the scan's own.
        band.of(1.0 / (self.trs as f64 * self.tr), 0.5 / self.tr, self.trs / 2 + 1)?;
        let mut padded = straight(signal)?;
        padded.resize(self.padded.len(), 0.0);
        let step = 1.0 / (self.padded.len() as f64 * self.tr);
        let range = band.of(step, 0.5 / self.tr, self.padded.len() / 2 + 1)?;
        let mut amplitudes = amplitudes(&*self.padded, padded);
        amplitudes.iter_mut().for_each(|amplitude| *amplitude *= 2.0 / self.trs as f64);
        let sum: f64 = amplitudes[range.clone()].iter().sum();
        let falff = sum / amplitudes[1..].iter().sum::<f64>();
        Ok(Alff { alff: sum / range.len() as f64, falff })
    }
}

impl fmt::Debug for Spectra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spectra").field("trs", &self.trs).field("tr", &self.tr).finish_non_exhaustive()
    }
}

impl Spectrum {
    /// The sum of the densities in `band`, ends included.
    ///
    /// # Errors
    /// [`Missing::SlowTr`] if the Nyquist frequency is below the band's upper end: part of a band is another
    /// band. [`Missing::Short`] if no frequency of the spectrum is in the band.
    pub fn sum(&self, band: Band) -> Result<f64, Missing> {
        let range = band.of(self.step, self.nyquist, self.density.len())?;
        Ok(self.density[range].iter().sum())
    }

    /// The mean of the densities in `band`, ends included.
    ///
    /// # Errors
    /// As [`Spectrum::sum`].
    pub fn mean(&self, band: Band) -> Result<f64, Missing> {
        let range = band.of(self.step, self.nyquist, self.density.len())?;
        Ok(self.density[range.clone()].iter().sum::<f64>() / range.len() as f64)
    }
}

impl Band {
    /// Places of the frequencies `0, step, 2 step ..` that are in the band; there are `count`.
    fn of(self, step: f64, nyquist: f64, count: usize) -> Result<std::ops::Range<usize>, Missing> {
        if nyquist < self.high - SAME_FREQUENCY {
            return Err(Missing::SlowTr);
        }
        let first = ((self.low - SAME_FREQUENCY) / step).ceil().max(0.0) as usize;
        let past = (((self.high + SAME_FREQUENCY) / step).floor().max(-1.0) + 1.0) as usize;
        let past = past.min(count);
        if first < past { Ok(first..past) } else { Err(Missing::Short) }
    }
}

/// The signal without its linear trend.
///
/// # Errors
/// [`Missing::Dead`] if nothing else is in it; [`Missing::Short`] for two volumes, which are a line, or fewer.
fn straight(signal: &[f64]) -> Result<Vec<f64>, Missing> {
    if signal.len() < 3 {
        return Err(Missing::Short);
    }
    let mut straight = signal.to_vec();
    detrend(&mut straight);
    alive(&straight, signal)?;
    Ok(straight)
}

/// Absolute values of the Fourier transform of `input`, from frequency 0 to the highest.
fn amplitudes(fft: &dyn RealToComplex<f64>, mut input: Vec<f64>) -> Vec<f64> {
    let mut output = fft.make_output_vec();
    fft.process(&mut input, &mut output).expect("input and output are as long as the plan says");
    output.iter().map(|c| c.norm()).collect()
}

#[cfg(test)]
#[path = "spectrum_tests.rs"]
mod tests;
