//! Fluctuations of regions (strength, slowness and persistence), as means over networks.

use boldface::{Cut, TimeSeries};

use super::stretches::longest;
use crate::signal::{alive, lag1};
use crate::spectrum::{FrequencyBand, Spectra};
use crate::{Feature, Measurement, Missing, Networks};

/// Unit of amplitudes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amplitude {
    /// Unit of the series.
    Units,
    /// Percent of the region's mean.
    Percent,
}

/// Settings of the measures of regions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fluctuations {
    /// Band of ALFF and fALFF.
    pub band: FrequencyBand,
    /// Unit of the amplitude.
    pub amplitude: Amplitude,
}

/// Minimum number of volumes for the spread of a signal.
const LEAST_TRS: usize = 10;

/// Largest distance from 1 of a z-scored region's SD: part of a z-scored run need not have exactly 1.
const OFF_ONE: f64 = 0.25;

/// Measures of one region, in the order of [`Fluctuations::measure`].
type OfRegion = [Result<f64, Missing>; 4];

impl Fluctuations {
    /// Measures `amplitude.N`, `alff.N`, `falff.N` and `persistence.N` for each network N: means over
    /// its regions.
    ///
    /// - amplitude: SD over time (ddof 1) of all volumes.
    /// - ALFF, fALFF: [`Spectra::alff`]. Persistence: [`lag1`].
    ///
    /// Spectra and persistence use the longest stretch between `cuts`, as they need a series without
    /// gaps. ALFF and fALFF need one that lasts a cycle of the band's lower end. The amplitude of noise
    /// at a frequency falls with the square root of the length, so ALFF is scaled to that of the whole
    /// series: by `sqrt(stretch / volumes)`, which is 1 without cuts.
    ///
    /// Regions without a value are left out. If they are more than half of a network, its value is
    /// missing for the reason of the first of them, such as [`Missing::Dead`].
    pub fn measure(&self, series: &TimeSeries, networks: &Networks, cuts: &[Cut]) -> Vec<Measurement> {
        let stretch = longest(cuts, series.trs(), series.tr());
        let spectra = Spectra::new(stretch.len(), series.tr());
        let of_region = |roi: usize| -> OfRegion {
            let signal: Vec<f64> = series.roi(roi).map(f64::from).collect();
            let part = &signal[stretch.clone()];
            let whole = (stretch.len() as f64 / signal.len() as f64).sqrt();
            let cycle = stretch.len() as f64 * series.tr() * self.band.low >= 1.0 - 1e-9;
            let alff = if cycle { spectra.alff(part, self.band) } else { Err(Missing::Short) };
            [
                self.amplitude.measure(&signal),
                alff.map(|both| both.alff * whole),
                alff.map(|both| both.falff),
                lag1(part),
            ]
        };
        let regions: Vec<OfRegion> = (0..networks.of_roi.len().min(series.rois())).map(of_region).collect();
        let mut measured = Vec::new();
        for (place, measure) in ["amplitude", "alff", "falff", "persistence"].into_iter().enumerate() {
            for (name, members) in &networks.members {
                let values = members.iter().filter_map(|&roi| Some(regions.get(roi)?[place]));
                measured.push(Feature::new(measure, &[name]).is(mean(values)));
            }
        }
        measured
    }
}

impl Amplitude {
    /// Returns the SD of a signal (ddof 1) in this unit.
    ///
    /// # Errors
    /// [`Missing::Short`] for fewer than ten volumes; [`Missing::Dead`] without spread; in percent
    /// [`Missing::Undefined`] if the mean is not above the SD, and therefore not a level around which
    /// the signal fluctuates.
    fn measure(self, signal: &[f64]) -> Result<f64, Missing> {
        if signal.len() < LEAST_TRS {
            return Err(Missing::Short);
        }
        alive(signal, signal)?;
        let trs = signal.len() as f64;
        let mean = signal.iter().sum::<f64>() / trs;
        let sd = (signal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (trs - 1.0)).sqrt();
        match self {
            Amplitude::Units => Ok(sd),
            Amplitude::Percent if mean > sd => Ok(100.0 * sd / mean),
            Amplitude::Percent => Err(Missing::Undefined),
        }
    }
}

/// Returns whether the series was z-scored before: nine of ten regions with a signal have an SD of about
/// 1. Amplitudes then depend on which part of the run is left, not on the brain.
pub fn is_standardized(series: &TimeSeries) -> bool {
    let sds = (0..series.rois())
        .filter_map(|roi| Amplitude::Units.measure(&series.roi(roi).map(f64::from).collect::<Vec<_>>()).ok());
    let (mut about_one, mut all) = (0, 0);
    for sd in sds {
        all += 1;
        about_one += usize::from((sd - 1.0).abs() <= OFF_ONE);
    }
    all > 0 && 10 * about_one >= 9 * all
}

/// Returns the mean of the present values if they are half or more, or else the reason of the first
/// missing one.
fn mean(values: impl Iterator<Item = Result<f64, Missing>>) -> Result<f64, Missing> {
    let (mut sum, mut there, mut missing, mut reason) = (0.0, 0usize, 0usize, Missing::Dead);
    for value in values {
        match value {
            Ok(value) => {
                sum += value;
                there += 1;
            }
            Err(why) => {
                reason = if missing == 0 { why } else { reason };
                missing += 1;
            }
        }
    }
    if there > 0 && there >= missing { Ok(sum / there as f64) } else { Err(reason) }
}

#[cfg(test)]
#[path = "fluctuations_tests.rs"]
mod tests;
