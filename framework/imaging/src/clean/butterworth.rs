//! Designs the Butterworth filter of order 5 as second-order sections, as `scipy.signal.butter` does.

use std::f64::consts::PI;

use faer::c64;

/// Order of the analogue prototype, the same as nilearn's.
const ORDER: i32 = 5;

/// A second-order section: `(b0 + b1/z + b2/z²) / (1 + a1/z + a2/z²)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Section {
    pub b: [f64; 3],
    pub a: [f64; 2],
}

/// The frequency band that passes, in Hz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PassBand {
    /// Frequencies below the cut-off.
    Low(f64),
    /// Frequencies above the cut-off.
    High(f64),
    /// Frequencies between the two cut-offs.
    Between(f64, f64),
}

impl PassBand {
    pub(super) fn from_limits(high_pass: Option<f64>, low_pass: Option<f64>) -> Option<PassBand> {
        match (high_pass, low_pass) {
            (None, None) => None,
            (None, Some(low)) => Some(PassBand::Low(low)),
            (Some(high), None) => Some(PassBand::High(high)),
            (Some(high), Some(low)) => Some(PassBand::Between(high, low)),
        }
    }
}

/// A filter as zeros, poles and gain.
struct Roots {
    zeros: Vec<c64>,
    poles: Vec<c64>,
    gain: f64,
}

/// Designs the filter for a TR in seconds. Every cut-off must be between 0 and the Nyquist frequency.
pub(super) fn design(band: PassBand, tr: f64) -> Vec<Section> {
    // Warp as scipy does: frequencies relative to Nyquist become analogue frequencies at a sampling rate
    // of 2.
    let warp = |hz: f64| 4.0 * (PI * (2.0 * hz * tr) / 2.0).tan();
    let analogue = match band {
        PassBand::Low(cut) => low_pass(warp(cut)),
        PassBand::High(cut) => high_pass(warp(cut)),
        PassBand::Between(from, to) => band_pass(warp(from), warp(to)),
    };
    sections(bilinear(analogue))
}

/// Poles of the analogue low-pass with cut-off 1. All its zeros are at infinity, and its gain is 1.
fn prototype() -> Vec<c64> {
    let steps = (1 - ORDER..ORDER).step_by(2);
    steps
        .map(|m| -c64::from_polar(1.0, PI * f64::from(m) / f64::from(2 * ORDER)))
        .map(real_if_close)
        .collect()
}

/// Makes the middle pole exactly -1, however the cosine and sine are rounded.
fn real_if_close(pole: c64) -> c64 {
    if pole.im.abs() < 1e-15 { c64::new(pole.re, 0.0) } else { pole }
}

fn low_pass(cut: f64) -> Roots {
    let poles = prototype().into_iter().map(|pole| pole * cut).collect();
    Roots { zeros: Vec::new(), poles, gain: cut.powi(ORDER) }
}

fn high_pass(cut: f64) -> Roots {
    let poles: Vec<c64> = prototype().into_iter().map(|pole| c64::new(cut, 0.0) / pole).collect();
    Roots { zeros: vec![c64::new(0.0, 0.0); poles.len()], poles, gain: 1.0 }
}

fn band_pass(from: f64, to: f64) -> Roots {
    let (width, centre) = (to - from, (from * to).sqrt());
    let half = prototype().into_iter().map(|pole| pole * (width / 2.0));
    let split = |pole: c64| (pole, (pole * pole - centre * centre).sqrt());
    let (plus, minus): (Vec<c64>, Vec<c64>) =
        half.map(split).map(|(pole, root)| (pole + root, pole - root)).unzip();
    let zeros = vec![c64::new(0.0, 0.0); plus.len()];
    Roots { zeros, poles: [plus, minus].concat(), gain: width.powi(ORDER) }
}

/// Maps the analogue plane to the unit disc (bilinear transform). Zeros at infinity map to -1.
fn bilinear(analogue: Roots) -> Roots {
    let map = |root: &c64| (*root + 4.0) / (-*root + 4.0);
    let product =
        |roots: &[c64]| roots.iter().fold(c64::new(1.0, 0.0), |product, root| product * (-*root + 4.0));
    let gain = analogue.gain * (product(&analogue.zeros) / product(&analogue.poles)).re;
    let poles: Vec<c64> = analogue.poles.iter().map(map).collect();
    let mut zeros: Vec<c64> = analogue.zeros.iter().map(map).collect();
    zeros.resize(poles.len(), c64::new(-1.0, 0.0));
    Roots { zeros, poles, gain }
}

/// Pairs poles with their nearest zeros into sections, as scipy's `pairing = "nearest"`. The poles
/// closest to the unit circle come last.
fn sections(mut filter: Roots) -> Vec<Section> {
    if filter.poles.len() % 2 == 1 {
        filter.poles.push(c64::new(0.0, 0.0));
        filter.zeros.push(c64::new(0.0, 0.0));
    }
    let count = filter.poles.len() / 2;
    // Keep one root of each conjugate pair.
    let (mut zeros, mut poles) = (upper_half(&filter.zeros), upper_half(&filter.poles));
    let mut sections = Vec::with_capacity(count);
    for _ in 0..count {
        let pole = take_nearest(&mut poles, |pole| (1.0 - pole.norm()).abs(), |_| true);
        let other = match pole.im == 0.0 {
            true => take_nearest(&mut poles, |pole| (1.0 - pole.norm()).abs(), |other| other.im == 0.0),
            false => pole.conj(),
        };
        // All zeros of a Butterworth filter are real: at 1, at -1, and at 0 to match an odd pole.
        let first = take_nearest(&mut zeros, |zero| (zero - pole).norm(), |_| true);
        let second = take_nearest(&mut zeros, |zero| (zero - pole).norm(), |_| true);
        sections.push(Section {
            b: [1.0, -(first.re + second.re), first.re * second.re],
            a: [-(pole + other).re, (pole * other).re],
        });
    }
    sections.reverse();
    sections[0].b.iter_mut().for_each(|b| *b *= filter.gain);
    sections
}

/// Returns the real roots and the complex roots above the real axis. The order is scipy's, which decides
/// ties: complex roots first, each group by real part.
fn upper_half(roots: &[c64]) -> Vec<c64> {
    let real = |root: &c64| root.im.abs() <= 100.0 * f64::EPSILON * root.norm();
    let mut upper: Vec<c64> = roots.iter().copied().filter(|root| !real(root) && root.im > 0.0).collect();
    let mut reals: Vec<c64> =
        roots.iter().filter(|root| real(root)).map(|root| c64::new(root.re, 0.0)).collect();
    upper.sort_by(|a, b| a.re.total_cmp(&b.re).then(a.im.total_cmp(&b.im)));
    reals.sort_by(|a, b| a.re.total_cmp(&b.re));
    [upper, reals].concat()
}

/// Removes and returns the root with the smallest distance; the first one wins a tie.
fn take_nearest(roots: &mut Vec<c64>, distance: impl Fn(c64) -> f64, may: impl Fn(c64) -> bool) -> c64 {
    let places = (0..roots.len()).filter(|&i| may(roots[i]));
    let nearest = places.min_by(|&a, &b| distance(roots[a]).total_cmp(&distance(roots[b])));
    roots.remove(nearest.expect("poles and zeros are as many, and real ones come in even numbers"))
}
