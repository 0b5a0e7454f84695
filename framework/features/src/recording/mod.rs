//! Compares recordings: whether two scans show one stretch of brain activity, however it was shifted,
//! reversed, cropped or cleaned.
//!
//! Regions are standardised, and the mean over regions is removed from each volume: global fluctuations
//! are what recordings of different people share, and cleaning may have removed them from one copy.
//! Measured on ABIDE and ds000140, copies correlate with .8 to 1.0 after shifts, reversal, noise, cuts,
//! global signal regression, high-pass filters and spatial smoothing. Band-pass filters, temporal smoothing
//! over several volumes and many confounds leave .5 to .9. Scans of different people reach .38 at the best
//! of all lags.

mod couplings;
mod lags;

use boldface::TimeSeries;

pub use couplings::{Likeness, regions};
pub use lags::{Lags, Trace};

/// Longest recording in volumes. Longer ones are averaged to it, which bounds the time per pair.
const LONGEST: usize = 512;

/// Fewest regions whose mean is removed. Below it, the mean is most of the signal.
const FEW: usize = 4;

/// Smallest spread, relative to the mean, of a region with a signal. Rounding gives a constant region a
/// small spread.
const DEAD: f64 = 1e-6;

/// A standardised scan.
#[derive(Clone, Debug)]
pub struct Recording {
    volumes: usize,
    regions: usize,
    /// Values, volume by volume. 0 in regions without a signal.
    values: Vec<f32>,
    /// Whether each region has a signal.
    live: Vec<bool>,
}

/// Position of one recording in another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Volume of the other recording at the first volume of this one, or at its last volume if reversed.
    pub lag: isize,
    /// Whether the other recording runs backwards.
    pub reversed: bool,
}

/// How well two recordings agree at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Correlation over all common volumes and regions.
    pub correlation: f64,
    /// Fisher's z of the correlation in standard errors: independent recordings reach 7 by chance in
    /// fewer than one of 10^11 places.
    pub surprise: f64,
}

/// Returns the seconds per volume in which scans can be compared: the longest repetition time, or more
/// for long scans.
pub fn seconds<'a>(scans: impl IntoIterator<Item = &'a TimeSeries>) -> f64 {
    let longest = |scan: &TimeSeries| scan.tr().max(scan.tr() * scan.trs() as f64 / LONGEST as f64);
    scans.into_iter().map(longest).fold(0.0, f64::max)
}

/// Returns the number of volumes of a scan at `seconds` per volume.
pub fn volumes(scan: &TimeSeries, seconds: f64) -> usize {
    let span = seconds / scan.tr();
    if is_as_it_is(span) { scan.trs() } else { ((scan.trs() as f64 / span).floor() as usize).max(1) }
}

impl Recording {
    /// Standardises a scan, averaged to volumes of `seconds` if its own are shorter.
    pub fn new(scan: &TimeSeries, seconds: f64) -> Recording {
        let regions = scan.rois();
        let mut columns: Vec<Vec<f64>> = (0..regions)
            .map(|region| {
                let signal: Vec<f64> = scan.roi(region).map(f64::from).collect();
                averaged(signal, seconds / scan.tr(), volumes(scan, seconds))
            })
            .map(|mut signal| {
                standardize(&mut signal);
                signal
            })
            .collect();
        let volumes = columns.first().map_or(0, Vec::len);
        let live: Vec<bool> = columns.iter().map(|signal| signal.iter().any(|value| *value != 0.0)).collect();
        let count = live.iter().filter(|live| **live).count();
        if count >= FEW {
            for volume in 0..volumes {
                let mean = columns.iter().map(|signal| signal[volume]).sum::<f64>() / count as f64;
                let alive = columns.iter_mut().zip(&live).filter(|(_, live)| **live);
                alive.for_each(|(signal, _)| signal[volume] -= mean);
            }
            columns.iter_mut().for_each(|signal| standardize(signal));
        }
        let values = (0..volumes).flat_map(|volume| columns.iter().map(move |signal| signal[volume] as f32));
        let values = values.collect();
        Recording { volumes, regions, values, live }
    }

    fn volume(&self, volume: usize) -> &[f32] {
        &self.values[volume * self.regions..(volume + 1) * self.regions]
    }

    /// Compares the recording with another at one place.
    pub fn agreement(&self, other: &Recording, place: Place) -> Agreement {
        let common: Vec<usize> =
            (0..self.regions.min(other.regions)).filter(|&r| self.live[r] && other.live[r]).collect();
        let (mut both, mut own, mut others, mut volumes) = (0.0, 0.0, 0.0, 0);
        for volume in 0..self.volumes {
            let Some(there) = place.volume(volume).filter(|there| *there < other.volumes) else { continue };
            let (a, b) = (self.volume(volume), other.volume(there));
            for &region in &common {
                let (a, b) = (f64::from(a[region]), f64::from(b[region]));
                both += a * b;
                own += a * a;
                others += b * b;
            }
            volumes += 1;
        }
        let norm = (own * others).sqrt();
        let correlation = if norm > 0.0 { (both / norm).clamp(-1.0, 1.0) } else { 0.0 };
        let persistence = self.persistence() * other.persistence();
        let times = volumes as f64 * (1.0 - persistence) / (1.0 + persistence);
        let degrees = times * self.dimensions(&common).min(other.dimensions(&common));
        let z = correlation.clamp(-0.999_999, 0.999_999).atanh();
        Agreement { correlation, surprise: z * (degrees - 3.0).max(0.0).sqrt() }
    }

    /// Returns the mean autocorrelation at a lag of one volume.
    fn persistence(&self) -> f64 {
        let (mut lagged, mut all) = (0.0, 0.0);
        for volume in 1..self.volumes {
            for (a, b) in self.volume(volume - 1).iter().zip(self.volume(volume)) {
                lagged += f64::from(a * b);
                all += f64::from(b * b);
            }
        }
        if all > 0.0 { (lagged / all).clamp(0.0, 0.999) } else { 0.0 }
    }

    /// Returns the number of independent signals in `regions`: with eigenvalues v of the correlations,
    /// (sum of v)² / sum of v².
    fn dimensions(&self, regions: &[usize]) -> f64 {
        let signals: Vec<Vec<f32>> = regions
            .iter()
            .map(|&region| (0..self.volumes).map(|volume| self.volume(volume)[region]).collect())
            .collect();
        let products = crate::inner_products(&signals, &signals);
        let trace: f64 = (0..regions.len()).map(|i| products[i][i]).sum();
        let squares: f64 = products.iter().flatten().map(|product| product * product).sum();
        if squares > 0.0 { trace * trace / squares } else { 0.0 }
    }
}

impl Place {
    /// Returns the volume of the other recording at a volume of this one. It may lie behind the end.
    fn volume(self, volume: usize) -> Option<usize> {
        let volume = volume.cast_signed();
        usize::try_from(if self.reversed { self.lag - volume } else { self.lag + volume }).ok()
    }
}

/// Averages a signal over spans of `span` volumes. Spans of one volume leave it as it is.
fn averaged(signal: Vec<f64>, span: f64, count: usize) -> Vec<f64> {
    if is_as_it_is(span) {
        return signal;
    }
    let mean = |place: usize| {
        let (from, to) = (place as f64 * span, (place as f64 + 1.0) * span);
        let last = (to.ceil() as usize).min(signal.len());
        let (mut sum, mut weight) = (0.0, 0.0);
        for (volume, value) in signal.iter().enumerate().take(last).skip(from as usize) {
            let share = (to.min(volume as f64 + 1.0) - from.max(volume as f64)).max(0.0);
            sum += share * value;
            weight += share;
        }
        if weight > 0.0 { sum / weight } else { f64::NAN }
    };
    (0..count).map(mean).collect()
}

/// Whether spans of `span` volumes are volumes, but for rounding.
fn is_as_it_is(span: f64) -> bool {
    span < 1.01 || !span.is_finite()
}

/// Gives a signal mean 0 and standard deviation 1. Missing values become 0, and a constant signal
/// becomes all 0.
fn standardize(signal: &mut [f64]) {
    let count = signal.iter().filter(|value| value.is_finite()).count().max(1) as f64;
    let finite =
        |signal: &[f64]| signal.iter().copied().filter(|value| value.is_finite()).collect::<Vec<_>>();
    let mean = finite(signal).iter().sum::<f64>() / count;
    let spread = (finite(signal).iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    let scale = if spread > DEAD * mean.abs().max(f64::MIN_POSITIVE) { 1.0 / spread } else { 0.0 };
    for value in signal {
        *value = if value.is_finite() { (*value - mean) * scale } else { 0.0 };
    }
}

#[cfg(test)]
mod tests;
