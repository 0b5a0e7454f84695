//! Spectra of a signal: Welch's density, power in bands, ALFF and fALFF.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use crate::Missing;
use crate::signal::{alive, detrend};

/// Slow fluctuations, 0.01 to 0.10 Hz.
pub const LOW: FrequencyBand = FrequencyBand { low: 0.01, high: 0.10 };

/// Fast fluctuations, from 0.10 (excluded) to 0.25 Hz.
pub const HIGH: FrequencyBand = FrequencyBand { low: 0.10, high: 0.25 };

/// The usual band of ALFF, 0.01 to 0.08 Hz (Zang et al. 2007).
pub const ALFF: FrequencyBand = FrequencyBand { low: 0.01, high: 0.08 };

/// Largest difference in Hz between equal frequencies: rounding must not move a frequency off the edge
/// of its band.
const SAME_FREQUENCY: f64 = 1e-9;

/// Longest segment of Welch's method in volumes, as in scipy.
const SEGMENT: usize = 256;

/// A range of frequencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrequencyBand {
    /// Lower end in Hz, included.
    pub low: f64,
    /// Upper end in Hz, included.
    pub high: f64,
}

/// Power of each frequency from 0 to the Nyquist frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Difference in Hz between neighbouring frequencies.
    pub step: f64,
    /// Highest frequency that the TR can carry, 1 / (2 TR), in Hz.
    pub nyquist: f64,
    /// Density in squared units of the signal per Hz, at 0, `step`, 2 `step` and so on.
    pub density: Vec<f64>,
}

/// Result of [`Spectra::alff`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alff {
    /// Mean amplitude in the band, in units of the signal.
    pub alff: f64,
    /// Sum of the amplitudes in the band over the sum at all frequencies above 0.
    pub falff: f64,
}

/// Plans for the spectra of signals of one length and TR, made once per scan and used for all its
/// signals.
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
    /// Plans spectra of signals of `trs` volumes, `tr` seconds apart.
    pub fn new(trs: usize, tr: f64) -> Spectra {
        let mut planner = RealFftPlanner::new();
        let length = trs.clamp(1, SEGMENT);
        let window = (0..length).map(|t| 0.5 - 0.5 * (TAU * t as f64 / length as f64).cos()).collect();
        let padded = planner.plan_fft_forward(trs.max(1).next_power_of_two());
        Spectra { trs, tr, window, segment: planner.plan_fft_forward(length), padded }
    }

    /// Computes Welch's power spectral density, as scipy 1.17 does with
    /// `scipy.signal.welch(signal, 1 / tr, nperseg=min(256, trs))`: periodic Hann window, segments that
    /// overlap by half and have mean 0, one-sided density, averaged.
    ///
    /// # Errors
    /// [`Missing::Dead`] for a signal with a value that is not finite, or without spread;
    /// [`Missing::Short`] for fewer than two volumes, or a signal of another length.
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
        // All frequencies but 0 and (for an even length) Nyquist stand for a positive and a negative
        // one.
        let last = density.len() - 1;
        for (k, power) in density.iter_mut().enumerate() {
            let both = if k == 0 || (k == last && length.is_multiple_of(2)) { 1.0 } else { 2.0 };
            *power *= both * scale / segments as f64;
        }
        Ok(Spectrum { step: 1.0 / (length as f64 * self.tr), nyquist: 0.5 / self.tr, density })
    }

    /// Returns the power of slow over that of fast fluctuations ([`LOW`], [`HIGH`]; 0.10 Hz counts as
    /// slow), by [`Spectra::welch`] of the detrended signal. The ratio has no unit and does not depend
    /// on the signal's scale.
    ///
    /// # Errors
    /// As [`Spectrum::sum`]; [`Missing::Dead`] for a signal without spread; [`Missing::Undefined`]
    /// without fast power.
    pub fn ratio(&self, signal: &[f64]) -> Result<f64, Missing> {
        let spectrum = self.welch(&straight(signal)?)?;
        let above = FrequencyBand { low: HIGH.low + 2.0 * SAME_FREQUENCY, ..HIGH };
        let ratio = spectrum.sum(LOW)? / spectrum.sum(above)?;
        if ratio.is_finite() { Ok(ratio) } else { Err(Missing::Undefined) }
    }

    /// Computes ALFF and fALFF in `band`, the amplitude of low-frequency fluctuations and its share.
    ///
    /// As `y_alff_falff` of DPABI (and REST before it): the signal is detrended and padded with zeros to
    /// a power of two, and amplitudes are `2 |FFT| / trs`. ALFF is their mean over the band; fALFF is
    /// the band's sum over the sum of all frequencies above 0 up to Nyquist, so it depends on the TR.
    ///
    /// # Errors
    /// [`Missing::SlowTr`] if the Nyquist frequency is below the band's upper end; [`Missing::Short`] if
    /// the band has no frequency with a whole number of cycles in the scan; [`Missing::Dead`] for a
    /// signal without spread.
    pub fn alff(&self, signal: &[f64], band: FrequencyBand) -> Result<Alff, Missing> {
        if signal.len() != self.trs {
            return Err(Missing::Short);
        }
        // Padding adds frequencies that the scan cannot resolve. The band must contain one of the scan's
        // own.
        band.places(1.0 / (self.trs as f64 * self.tr), 0.5 / self.tr, self.trs / 2 + 1)?;
        let mut padded = straight(signal)?;
        padded.resize(self.padded.len(), 0.0);
        let step = 1.0 / (self.padded.len() as f64 * self.tr);
        let range = band.places(step, 0.5 / self.tr, self.padded.len() / 2 + 1)?;
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
    /// Sums the densities in `band`, ends included.
    ///
    /// # Errors
    /// [`Missing::SlowTr`] if the Nyquist frequency is below the band's upper end, as part of a band is
    /// another band; [`Missing::Short`] if no frequency of the spectrum is in the band.
    pub fn sum(&self, band: FrequencyBand) -> Result<f64, Missing> {
        let range = band.places(self.step, self.nyquist, self.density.len())?;
        Ok(self.density[range].iter().sum())
    }

    /// Returns the mean of the densities in `band`, ends included.
    ///
    /// # Errors
    /// As [`Spectrum::sum`].
    pub fn mean(&self, band: FrequencyBand) -> Result<f64, Missing> {
        let range = band.places(self.step, self.nyquist, self.density.len())?;
        Ok(self.density[range.clone()].iter().sum::<f64>() / range.len() as f64)
    }
}

impl FrequencyBand {
    /// Returns the places in the band of the `count` frequencies `0, step, 2 step ..`.
    fn places(self, step: f64, nyquist: f64, count: usize) -> Result<std::ops::Range<usize>, Missing> {
        if nyquist < self.high - SAME_FREQUENCY {
            return Err(Missing::SlowTr);
        }
        let first = ((self.low - SAME_FREQUENCY) / step).ceil().max(0.0) as usize;
        let past = (((self.high + SAME_FREQUENCY) / step).floor().max(-1.0) + 1.0) as usize;
        let past = past.min(count);
        if first < past { Ok(first..past) } else { Err(Missing::Short) }
    }
}

/// Detrends the signal.
///
/// # Errors
/// [`Missing::Dead`] if it is only a trend; [`Missing::Short`] for fewer than three volumes, which are
/// always one.
fn straight(signal: &[f64]) -> Result<Vec<f64>, Missing> {
    if signal.len() < 3 {
        return Err(Missing::Short);
    }
    let mut straight = signal.to_vec();
    detrend(&mut straight);
    alive(&straight, signal)?;
    Ok(straight)
}

/// Returns the absolute values of the Fourier transform of `input`, from frequency 0 to the highest.
fn amplitudes(fft: &dyn RealToComplex<f64>, mut input: Vec<f64>) -> Vec<f64> {
    let mut output = fft.make_output_vec();
    fft.process(&mut input, &mut output).expect("input and output are as long as the plan says");
    output.iter().map(|c| c.norm()).collect()
}

#[cfg(test)]
#[path = "spectrum_tests.rs"]
mod tests;
