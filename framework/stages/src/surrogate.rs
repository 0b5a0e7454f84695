//! Altered scans. Shuffled ones keep their connectivity and lose their spectra; phase-randomised ones
//! do the reverse. A model that scores as well on an altered scan relies only on what it keeps.
//!
//! The Fourier transform is written by hand: series are short, and SIMD code could differ between
//! machines in the last bits.

use std::f64::consts::TAU;

use boldface::{Result, TimeSeries};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Puts the volumes into a random order, the same for all regions. Keeps mean, variance and (up to
/// rounding) every correlation between regions; destroys spectra and autocorrelations.
pub fn shuffled(series: &TimeSeries, rng: &mut ChaCha8Rng) -> Result<TimeSeries> {
    let mut order: Vec<usize> = (0..series.trs()).collect();
    order.shuffle(rng);
    series.with_values(order.into_iter().flat_map(|t| series.volume(t)).copied().collect())
}

/// Randomises the phases of each region independently. Keeps each region's mean, variance, spectrum and
/// autocorrelation; destroys every correlation between regions (Theiler et al. 1992).
pub fn phase_randomized(series: &TimeSeries, rng: &mut ChaCha8Rng) -> Result<TimeSeries> {
    let (trs, rois) = (series.trs(), series.rois());
    let roots: Vec<Complex> = (0..trs).map(|k| at(-TAU * k as f64 / trs as f64)).collect();
    let mut values = vec![0.0; trs * rois];
    for roi in 0..rois {
        let signal: Vec<Complex> = series.roi(roi).map(|x| (f64::from(x), 0.0)).collect();
        let mut spectrum = fourier(&signal, &roots);
        // The mean and, for an even number of volumes, the highest frequency have no phase to change.
        for k in 1..trs.div_ceil(2) {
            let turned = times(spectrum[k], at(rng.random::<f64>() * TAU));
            spectrum[k] = turned;
            spectrum[trs - k] = (turned.0, -turned.1);
        }
        // The inverse transform, computed as the transform of the conjugate.
        let conjugate: Vec<Complex> = spectrum.iter().map(|&(re, im)| (re, -im)).collect();
        for (t, (re, _)) in fourier(&conjugate, &roots).into_iter().enumerate() {
            values[t * rois + roi] = (re / trs as f64) as f32;
        }
    }
    series.with_values(values)
}

type Complex = (f64, f64);

fn at(angle: f64) -> Complex {
    (angle.cos(), angle.sin())
}

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// Computes the discrete Fourier transform of `n` values, by recursive division by the smallest factor
/// of `n`. `roots` are the powers of a root of unity whose order is a multiple of `n`.
fn fourier(values: &[Complex], roots: &[Complex]) -> Vec<Complex> {
    let n = values.len();
    let Some(factor) = (2..=n).find(|factor| n.is_multiple_of(*factor)) else { return values.to_vec() };
    let (stride, size) = (roots.len() / n, n / factor);
    let parts: Vec<Vec<Complex>> = (0..factor)
        .map(|first| {
            let every: Vec<Complex> = values.iter().skip(first).step_by(factor).copied().collect();
            fourier(&every, roots)
        })
        .collect();
    let one = |k: usize| {
        parts.iter().enumerate().fold((0.0, 0.0), |sum: Complex, (first, part)| {
            let term = times(part[k % size], roots[first * k % n * stride]);
            (sum.0 + term.0, sum.1 + term.1)
        })
    };
    (0..n).map(one).collect()
}

#[cfg(test)]
mod tests {
    use boldface::{scores::pearson_r, seed};

    use super::*;

    #[test]
    fn a_transform_is_its_definition() {
        // Lengths with several factors, with one, and 1.
        for n in [1, 12, 7, 30] {
            let values: Vec<Complex> = (0..n).map(|t| ((t * t % 5) as f64, (t % 3) as f64)).collect();
            let roots: Vec<Complex> = (0..n).map(|k| at(-TAU * k as f64 / n as f64)).collect();
            for (k, (re, im)) in fourier(&values, &roots).into_iter().enumerate() {
                let (mut sum_re, mut sum_im) = (0.0, 0.0);
                for (t, &value) in values.iter().enumerate() {
                    let term = times(value, at(-TAU * (k * t) as f64 / n as f64));
                    (sum_re, sum_im) = (sum_re + term.0, sum_im + term.1);
                }
                assert!((re - sum_re).abs() < 1e-9 && (im - sum_im).abs() < 1e-9, "{n} {k}");
            }
        }
    }

    #[test]
    fn spectra_stay_and_couplings_go() {
        // Three regions. The first two are equal except for a little noise.
        for trs in [120, 121] {
            let mut rng = seed::stream(0, "test");
            let mut last = 0.0;
            let mut values = Vec::new();
            for _ in 0..trs {
                last = 0.7 * last + rng.random::<f32>() - 0.5;
                values.extend([last + 2.0, last + 0.1 * rng.random::<f32>(), rng.random::<f32>()]);
            }
            let series = TimeSeries::new(trs, 3, 2.0, values).unwrap();
            let surrogate = phase_randomized(&series, &mut seed::stream(1, "test")).unwrap();
            let power = |series: &TimeSeries, roi: usize, k: usize| {
                let turned =
                    |(t, x): (usize, f32)| times((f64::from(x), 0.0), at(-TAU * (k * t) as f64 / trs as f64));
                let sum =
                    series.roi(roi).enumerate().map(turned).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
                sum.0.hypot(sum.1)
            };
            for k in [0, 1, 17, 60] {
                let (before, after) = (power(&series, 1, k), power(&surrogate, 1, k));
                assert!((before - after).abs() < 1e-3 * (1.0 + before), "{k}: {before} and {after}");
            }
            let coupling = |series: &TimeSeries| {
                let of = |roi| series.roi(roi).map(f64::from).collect::<Vec<_>>();
                pearson_r(&of(0), &of(1))
            };
            assert!(coupling(&series) > 0.95 && coupling(&surrogate).abs() < 0.4, "{}", coupling(&surrogate));
        }
    }

    #[test]
    fn shuffling_keeps_what_a_surrogate_loses_and_loses_what_it_keeps() {
        // Two slow regions that share most of their signal, and an independent one.
        let trs = 400;
        let mut rng = seed::stream(0, "test");
        let (mut shared, mut apart) = (0.0, 0.0);
        let mut values = Vec::new();
        for _ in 0..trs {
            shared = 0.9 * shared + rng.random::<f32>() - 0.5;
            apart = 0.9 * apart + rng.random::<f32>() - 0.5;
            values.extend([shared, shared + 0.2 * apart, apart]);
        }
        let series = TimeSeries::new(trs, 3, 2.0, values).unwrap();
        let of = |series: &TimeSeries, roi| series.roi(roi).map(f64::from).collect::<Vec<_>>();
        let fc = |series: &TimeSeries, i, j| pearson_r(&of(series, i), &of(series, j));
        let lag = |series: &TimeSeries, roi| {
            let signal = of(series, roi);
            pearson_r(&signal[1..], &signal[..trs - 1])
        };
        let shuffled = shuffled(&series, &mut seed::stream(1, "test")).unwrap();
        let surrogate = phase_randomized(&series, &mut seed::stream(1, "test")).unwrap();
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            assert!((fc(&shuffled, i, j) - fc(&series, i, j)).abs() < 1e-5, "{i} {j}");
        }
        assert!(fc(&series, 0, 1) > 0.9 && fc(&surrogate, 0, 1).abs() < 0.6, "{}", fc(&surrogate, 0, 1));
        for roi in 0..3 {
            // The SD of a lag-1 autocorrelation of 400 independent volumes is 1 / sqrt(400) = 0.05.
            assert!(
                lag(&series, roi) > 0.8 && lag(&shuffled, roi).abs() < 0.2,
                "{roi}: {}",
                lag(&shuffled, roi)
            );
            // The surrogate is periodic, so the window's two ends count as neighbours.
            assert!((lag(&surrogate, roi) - lag(&series, roi)).abs() < 0.05, "{roi}");
        }
    }

    #[test]
    fn couplings_go_without_a_side() {
        // The mean correlation of 200 surrogates. A single one has an SD of about .15 at this
        // autocorrelation.
        let trs = 80;
        let wave = |t: usize| (0.9 * t as f32).sin() + (0.31 * t as f32).cos() + 0.4 * (t * t % 7) as f32;
        let series =
            TimeSeries::new(trs, 2, 2.0, (0..trs).flat_map(|t| [wave(t), wave(t)]).collect()).unwrap();
        let one = |seed| {
            let surrogate = phase_randomized(&series, &mut seed::stream(seed, "test")).unwrap();
            let of = |roi| surrogate.roi(roi).map(f64::from).collect::<Vec<_>>();
            pearson_r(&of(0), &of(1))
        };
        let all: Vec<f64> = (0..200).map(one).collect();
        let (mean, spread) =
            (all.iter().sum::<f64>() / 200.0, all.iter().map(|r| r * r).sum::<f64>() / 200.0);
        assert!(mean.abs() < 4.0 * (spread / 200.0).sqrt() && spread.sqrt() < 0.7, "{mean} {spread}");
    }
}
