//! Resamples a recording to another TR without aliasing.

use std::f64::consts::PI;

use boldface::Result;

use crate::matrix::Matrix;

/// Zero crossings of the kernel on each side and shape of its Kaiser window, as in
/// `scipy.signal.resample_poly`.
const CROSSINGS: f64 = 10.0;
const BETA: f64 = 5.0;

/// Resamples a recording to volumes at 0, `to`, 2 `to` ... seconds, up to its last volume.
///
/// `signal` is volumes x regions, one volume every `tr` seconds. The kernel is that of
/// `scipy.signal.resample_poly`, applied at exact target times for any ratio: a sinc of cut-off
/// `0.5 / max(tr, to)` Hz (half the amplitude there) in a Kaiser window (beta 5) of ten zero crossings
/// on each side, with weights scaled to sum 1. Frequencies above 1.16 of the cut-off are reduced to 0.3%
/// or less, and those below 0.84 of it change by at most 0.3%. There is no delay. The ends are extended
/// by the mirror image of the recording without its linear trend, and the trend is added back. A
/// constant therefore stays exactly constant, a line stays a line, and the ends do not ring.
///
/// A region with a non-finite value is NaN throughout. With `to == tr` nothing changes.
///
/// # Errors
/// If a TR is not a positive number, `to` is below `tr / 2` (which would more than double the volumes),
/// or fewer than two volumes would be left.
pub fn resample(signal: &Matrix, tr: f64, to: f64) -> Result<Matrix> {
    for tr in [tr, to] {
        if !(tr.is_finite() && tr > 0.0) {
            return Err(format!("the TR is `{tr}` s; it must be a positive number").into());
        }
    }
    if to == tr {
        return Ok(signal.clone());
    }
    if to < 0.5 * tr {
        return Err(format!(
            "resampling from a TR of {tr} s to {to} s would more than double the volumes: {} s is the shortest",
            0.5 * tr
        )
        .into());
    }
    let last = signal.rows.saturating_sub(1) as f64;
    let rows = resampled_volumes(signal.rows, tr, to);
    if rows < 2 {
        let trs = signal.rows;
        return Err(format!("{trs} volumes with a TR of {tr} s are too few to resample to {to} s").into());
    }
    let (lines, residues) = split_lines(signal);
    let mut resampled = Matrix::zeros(rows, signal.columns);
    let mut weights = vec![0.0; signal.rows];
    for t in 0..rows {
        let place = (t as f64 * to / tr).min(last);
        let used = weigh(&mut weights, place, (to / tr).max(1.0));
        let row = resampled.row_mut(t);
        for (from, weight) in used.clone().zip(&weights[used]) {
            row.iter_mut().zip(residues.row(from)).for_each(|(y, x)| *y += weight * x);
        }
        for ((y, first), slope) in row.iter_mut().zip(lines.row(0)).zip(lines.row(1)) {
            *y += first + slope * place;
        }
    }
    Ok(resampled)
}

/// Number of volumes after [`resample`] of a recording of `trs` volumes: those up to the time of its
/// last volume.
pub fn resampled_volumes(trs: usize, tr: f64, to: f64) -> usize {
    // Keep a last volume that is late only by rounding.
    (trs.saturating_sub(1) as f64 * tr / to + 1e-9).floor() as usize + 1
}

/// Splits each column into a straight line and the rest. The first matrix has each line's value at
/// volume 0 (NaN if the column is not finite) and its slope per volume.
fn split_lines(signal: &Matrix) -> (Matrix, Matrix) {
    let middle = (signal.rows as f64 - 1.0) / 2.0;
    let length: f64 = (0..signal.rows).map(|t| (t as f64 - middle).powi(2)).sum();
    let first = signal.row(0);
    // With the first value subtracted, a constant is exactly zero.
    let (mut sums, mut slopes) = (vec![0.0; signal.columns], vec![0.0; signal.columns]);
    for t in 0..signal.rows {
        let index = (t as f64 - middle) / length;
        for (c, (x, first)) in signal.row(t).iter().zip(first).enumerate() {
            sums[c] += x - first;
            slopes[c] += index * (x - first);
        }
    }
    let mut lines = Matrix::zeros(2, signal.columns);
    for c in 0..signal.columns {
        let start = sums[c] / signal.rows as f64 - slopes[c] * middle;
        let finite = start.is_finite() && slopes[c].is_finite();
        lines.row_mut(0)[c] = if finite { first[c] + start } else { f64::NAN };
        lines.row_mut(1)[c] = slopes[c];
        sums[c] = start;
    }
    let mut residues = Matrix::zeros(signal.rows, signal.columns);
    for t in 0..signal.rows {
        let (row, line) = (signal.row(t).iter().zip(first), sums.iter().zip(&slopes));
        for ((residue, (x, first)), (start, slope)) in residues.row_mut(t).iter_mut().zip(row).zip(line) {
            *residue = x - first - (start + slope * t as f64);
        }
    }
    (lines, residues)
}

/// Computes the weights of the old volumes for a new one at `place` (in old volumes). `spacing` is the
/// distance of the kernel's zero crossings in old volumes. Writes `weights` and returns the range that
/// may be non-zero.
fn weigh(weights: &mut [f64], place: f64, spacing: f64) -> std::ops::Range<usize> {
    weights.fill(0.0);
    let reach = CROSSINGS * spacing;
    let last = weights.len() as i64 - 1;
    let (mut low, mut high, mut sum) = (last, 0, 0.0);
    for tap in (place - reach).ceil() as i64..=(place + reach).floor() as i64 {
        let distance = (tap as f64 - place) / spacing;
        let weight = sinc(distance) * kaiser(distance / CROSSINGS);
        // Mirror at the first and the last volume, repeatedly if needed.
        let folded = tap.rem_euclid(2 * last);
        let folded = folded.min(2 * last - folded);
        weights[folded as usize] += weight;
        sum += weight;
        (low, high) = (low.min(folded), high.max(folded));
    }
    let used = low as usize..high as usize + 1;
    weights[used.clone()].iter_mut().for_each(|weight| *weight /= sum);
    used
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Kaiser window from -1 to 1, up to a factor.
fn kaiser(x: f64) -> f64 {
    // Modified Bessel function I0 of y: the sum of ((y/2)^k / k!)^2.
    let quarter = BETA * BETA * (1.0 - x * x).max(0.0) / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1.. {
        term *= quarter / f64::from(k * k);
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(values: impl Iterator<Item = f64>) -> Matrix {
        let values: Vec<f64> = values.collect();
        Matrix::new(values.len(), 1, values).unwrap()
    }

    fn tone(hz: f64, trs: usize, tr: f64) -> Matrix {
        one((0..trs).map(|t| (2.0 * PI * hz * t as f64 * tr + 0.4).sin()))
    }

    fn amplitude(signal: &Matrix, skip: usize) -> f64 {
        let middle = &signal.values[skip..signal.rows - skip];
        (2.0 * middle.iter().map(|x| x * x).sum::<f64>() / middle.len() as f64).sqrt()
    }

    #[test]
    fn fast_signal_is_gone_and_slow_signal_stays_at_its_time() {
        // Without a filter, 81% of a 0.35 Hz sine would appear at 0.15 Hz: the new Nyquist frequency is
        // 0.25 Hz.
        let fast = resample(&tone(0.35, 490, 0.735), 0.735, 2.0).unwrap();
        assert_eq!(fast.rows, 180, "489 * 0.735 s = 359.4 s: volumes at 0, 2 .. 358");
        assert!(amplitude(&fast, 0) < 0.05, "{}", amplitude(&fast, 0));
        assert!(amplitude(&fast, 10) < 0.001, "{}", amplitude(&fast, 10));
        let slow = resample(&tone(0.05, 490, 0.735), 0.735, 2.0).unwrap();
        assert!((amplitude(&slow, 10) - 1.0).abs() < 0.01);
        let truth = tone(0.05, 180, 2.0);
        for t in 10..170 {
            assert!((slow.at(t, 0) - truth.at(t, 0)).abs() < 0.005, "at {t}");
        }
    }

    #[test]
    fn up_to_twice_the_volumes() {
        let signal = tone(0.05, 100, 2.0);
        let finer = resample(&signal, 2.0, 1.0).unwrap();
        let truth = tone(0.05, 199, 1.0);
        assert_eq!(finer.rows, 199);
        for t in 25..174 {
            assert!((finer.at(t, 0) - truth.at(t, 0)).abs() < 0.005, "at {t}");
        }
        let error = resample(&signal, 2.0, 0.9).unwrap_err().to_string();
        assert_eq!(
            error,
            "resampling from a TR of 2 s to 0.9 s would more than double the volumes: 1 s is the shortest"
        );
    }

    #[test]
    fn constants_lines_and_missing_regions_stay() {
        let (trs, slope) = (73, 0.25);
        let values = (0..trs).flat_map(|t| {
            [1234.567, 5.0 + slope * t as f64, f64::NAN, if t == 9 { f64::INFINITY } else { t as f64 }]
        });
        let signal = Matrix::new(trs, 4, values.collect()).unwrap();
        for to in [0.5, 0.7, 0.9, 2.0, 7.3] {
            let new = resample(&signal, 0.8, to).unwrap();
            for t in 0..new.rows {
                assert_eq!(new.at(t, 0), 1234.567);
                let line = 5.0 + slope * t as f64 * to / 0.8;
                assert!((new.at(t, 1) - line).abs() < 1e-9, "{to}: {} is not {line}", new.at(t, 1));
                assert!(new.at(t, 2).is_nan() && new.at(t, 3).is_nan());
            }
        }
        assert_eq!(resample(&one([1.0, 9.0, 2.0].into_iter()), 2.0, 2.0).unwrap().values, [1.0, 9.0, 2.0]);
    }

    #[test]
    fn what_cannot_be_resampled_is_refused() {
        let signal = tone(0.05, 4, 2.0);
        for (tr, to) in [(0.0, 2.0), (2.0, f64::NAN), (2.0, -1.0), (f64::INFINITY, 2.0)] {
            assert!(
                resample(&signal, tr, to).unwrap_err().to_string().contains("it must be a positive number")
            );
        }
        let error = resample(&signal, 2.0, 6.5).unwrap_err().to_string();
        assert_eq!(error, "4 volumes with a TR of 2 s are too few to resample to 6.5 s");
        assert!(resample(&Matrix::zeros(0, 3), 2.0, 3.0).is_err());
        assert!(resample(&Matrix::zeros(1, 3), 2.0, 3.0).is_err());
    }

    proptest! {
        #[test]
        fn resampling_is_linear_and_stays_within_bounds(
            values in prop::collection::vec(-100.0..100.0_f64, 8..60),
            ratio in 0.5..3.0_f64,
        ) {
            prop_assume!(values.len() as f64 > 2.0 * ratio + 2.0);
            let n = values.len();
            let reversed = one(values.iter().rev().copied());
            let signal = one(values.iter().copied());
            let both = one((0..n).map(|t| 2.0 * signal.at(t, 0) - 3.0 * reversed.at(t, 0)));
            let new = [&signal, &reversed, &both].map(|signal| resample(signal, 1.0, ratio).unwrap());
            for t in 0..new[0].rows {
                let sum = 2.0 * new[0].at(t, 0) - 3.0 * new[1].at(t, 0);
                prop_assert!((new[2].at(t, 0) - sum).abs() < 1e-8);
                // The absolute weights add up to about 2, and a line may add as much.
                prop_assert!(new[0].at(t, 0).abs() < 500.0);
            }
        }
    }
}
