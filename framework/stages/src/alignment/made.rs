//! Made scans: training scans with randomly coupled, uncoupled or slowed networks.
//!
//! A few dozen people show a narrow range of every fact, and a model memorises their scans. A made scan
//! has its own facts, measured on it. It belongs to nobody and never gets a person's label. It costs
//! realism: z-scores of made scans spread wider than those of real ones.

use boldface::{Regions, Result, TimeSeries};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// Probability that a network takes part in a change.
const TAKES_PART: f64 = 0.35;

/// Number of volumes over which artificial signals are smoothed.
const SMOOTH: usize = 5;

/// Makes a scan with the regions, length and amplitudes of `series`, but other coupling and speed.
///
/// One to three signals are added to random networks, each with a random sign and strength: networks of
/// equal sign become coupled, the others anticorrelated. In half of all scans, some networks are
/// uncoupled by noise that differs between their regions. In half of all scans, some networks become
/// slower or faster. A constant region stays constant.
///
/// # Errors
/// If `regions` are not those of the series.
pub fn made(series: &TimeSeries, regions: &Regions, rng: &mut impl Rng) -> Result<TimeSeries> {
    let (trs, rois) = (series.trs(), series.rois());
    if regions.networks.len() != rois {
        return Err(format!("{rois} regions with {} networks", regions.networks.len()).into());
    }
    let names = regions.network_names();
    let network: Vec<usize> = (regions.networks.iter())
        .map(|own| names.iter().position(|name| name == own).unwrap_or_default())
        .collect();
    let mut signals: Vec<Vec<f64>> = (0..rois).map(|roi| series.roi(roi).map(f64::from).collect()).collect();
    let scales: Vec<(f64, f64)> = signals.iter_mut().map(|signal| standardize(signal)).collect();

    for _ in 0..rng.random_range(1..=3) {
        let shared = made_up(trs, rng);
        let strengths: Vec<f64> = names.iter().map(|_| strength(rng)).collect();
        for (signal, &network) in signals.iter_mut().zip(&network) {
            add(signal, &shared, strengths[network] * rng.random_range(0.75..1.25));
        }
    }
    if rng.random_bool(0.5) {
        let strengths: Vec<f64> = names.iter().map(|_| 1.5 * strength(rng)).collect();
        for (signal, &network) in signals.iter_mut().zip(&network) {
            if strengths[network] != 0.0 {
                add(signal, &made_up(trs, rng), strengths[network]);
            }
        }
    }
    if rng.random_bool(0.5) {
        let takes_part = |rng: &mut _| Rng::next_u32(rng) as f64 / f64::from(u32::MAX) < TAKES_PART;
        let speeds: Vec<f64> =
            (names.iter()).map(|_| if takes_part(rng) { rng.random_range(-0.3..0.5) } else { 0.0 }).collect();
        for (signal, &network) in signals.iter_mut().zip(&network) {
            for t in 1..trs {
                signal[t] += speeds[network] * signal[t - 1];
            }
        }
    }

    let mut values = vec![0f32; trs * rois];
    for (roi, (mut signal, (mean, sd))) in signals.into_iter().zip(scales).enumerate() {
        if sd > 0.0 {
            standardize(&mut signal);
        } else {
            signal.fill(0.0);
        }
        for (t, value) in signal.into_iter().enumerate() {
            values[t * rois + roi] = (mean + sd * value) as f32;
        }
    }
    series.with_values(values)
}

/// Draws the strength of an artificial signal in a network: usually zero, otherwise normal with an SD
/// of 0.5.
fn strength(rng: &mut impl Rng) -> f64 {
    let normal: f64 = StandardNormal.sample(rng);
    if rng.random_bool(TAKES_PART) { 0.5 * normal } else { 0.0 }
}

/// Draws smoothed noise with mean 0 and SD 1.
fn made_up(trs: usize, rng: &mut impl Rng) -> Vec<f64> {
    let noise: Vec<f64> = (0..trs + SMOOTH - 1).map(|_| StandardNormal.sample(rng)).collect();
    let mut signal: Vec<f64> = noise.windows(SMOOTH).map(|around| around.iter().sum()).collect();
    standardize(&mut signal);
    signal
}

fn add(signal: &mut [f64], other: &[f64], strength: f64) {
    signal.iter_mut().zip(other).for_each(|(x, y)| *x += strength * y);
}

/// Standardises a signal in place and returns its former mean and SD. A constant signal becomes 0, with
/// SD 0.
fn standardize(signal: &mut [f64]) -> (f64, f64) {
    let n = signal.len().max(1) as f64;
    let mean = signal.iter().sum::<f64>() / n;
    let square = signal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let sd = if square > 1e-12 * mean.abs().max(1e-12) { square.sqrt() } else { 0.0 };
    signal.iter_mut().for_each(|x| *x = if sd > 0.0 { (*x - mean) / sd } else { 0.0 });
    (mean, sd)
}

#[cfg(test)]
mod tests {
    use boldface::seed::stream;
    use boldface_features::fc;

    use super::*;

    fn regions() -> Regions {
        let networks: Vec<String> = ["A", "A", "B", "B", "C"].map(str::to_owned).to_vec();
        Regions { names: (0..5).map(|roi| format!("r{roi}")).collect(), networks }
    }

    fn noise(seed: u64) -> TimeSeries {
        let mut rng = stream(seed, "noise");
        let values = (0..80 * 5).map(|place| match place % 5 {
            4 => 3.0,
            roi => 10.0 + (roi + 1) as f32 * Distribution::<f32>::sample(&StandardNormal, &mut rng),
        });
        TimeSeries::new(80, 5, 2.0, values.collect()).unwrap()
    }

    #[test]
    fn coupling_changes_and_means_and_amplitudes_stay() {
        let series = noise(0);
        let (mut lowest, mut highest) = (1.0f64, -1.0f64);
        for seed in 0..40 {
            let made = made(&series, &regions(), &mut stream(seed, "made")).unwrap();
            for roi in 0..5 {
                let scale = |series: &TimeSeries| {
                    let mut signal: Vec<f64> = series.roi(roi).map(f64::from).collect();
                    standardize(&mut signal)
                };
                let ((mean, sd), (other, spread)) = (scale(&series), scale(&made));
                assert!((mean - other).abs() < 1e-4 && (sd - spread).abs() < 1e-4, "{roi}: {mean} {other}");
            }
            let r = fc(&made).at(0, 2);
            (lowest, highest) = (lowest.min(r), highest.max(r));
        }
        assert!(lowest < -0.1 && highest > 0.2, "{lowest} to {highest}");
    }

    #[test]
    fn the_same_stream_makes_the_same_scan() {
        let make = |seed| made(&noise(1), &regions(), &mut stream(seed, "made")).unwrap();
        assert_eq!(make(3), make(3));
        assert_ne!(make(3), make(4));
    }
}
