//! Centred signals of length 1, and their inner products.

use boldface::TimeSeries;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

/// Signals in 64 bits, region after region, centred and of length 1; dead ones are zeros.
#[derive(Clone, Debug)]
pub(super) struct UnitSignals {
    trs: usize,
    values: Vec<f64>,
    /// Regions that are constant over time or contain a NaN.
    pub(super) dead: Vec<bool>,
}

impl UnitSignals {
    /// Converts the signals of a scan.
    pub(super) fn from_series(series: &TimeSeries) -> UnitSignals {
        let (trs, rois) = (series.trs(), series.rois());
        let mut values = vec![0.0; trs * rois];
        // One tile of regions at a time, so that neither reads nor writes jump through memory.
        for first in (0..rois).step_by(TILE) {
            let last = (first + TILE).min(rois);
            for t in 0..trs {
                for (roi, &value) in (first..).zip(&series.volume(t)[first..last]) {
                    values[roi * trs + t] = f64::from(value);
                }
            }
        }
        UnitSignals::normalized(trs, rois, values)
    }

    /// Converts signals of equal length.
    #[cfg(test)]
    pub(super) fn from_rows(rows: Vec<Vec<f64>>) -> UnitSignals {
        UnitSignals::normalized(rows.first().map_or(0, Vec::len), rows.len(), rows.concat())
    }

    fn normalized(trs: usize, rois: usize, mut values: Vec<f64>) -> UnitSignals {
        let mut dead = vec![true; rois];
        for (signal, dead) in values.chunks_exact_mut(trs.max(1)).zip(&mut dead) {
            *dead = !normalize(signal);
        }
        UnitSignals { trs, values, dead }
    }

    /// Returns all signals, region after region.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns the number of volumes.
    pub(super) fn trs(&self) -> usize {
        self.trs
    }

    /// Returns a copy without the dead signals.
    pub(super) fn alive(&self) -> UnitSignals {
        let rows = self.values.chunks_exact(self.trs.max(1)).zip(&self.dead);
        let values: Vec<f64> = rows.filter(|(_, dead)| !**dead).flat_map(|(row, _)| row).copied().collect();
        let dead = vec![false; self.dead.iter().filter(|&&dead| !dead).count()];
        UnitSignals { trs: self.trs, values, dead }
    }

    /// Returns the inner product of every pair, row after row; exactly symmetric.
    pub(super) fn products(&self) -> Vec<f64> {
        products(&self.values, self.dead.len(), self.trs)
    }

    /// Returns, for each volume, the sum of squares over all regions.
    pub(super) fn powers(&self) -> Vec<f64> {
        let mut powers = vec![0.0; self.trs];
        for row in self.values.chunks_exact(self.trs.max(1)) {
            powers.iter_mut().zip(row).for_each(|(power, x)| *power += x * x);
        }
        powers
    }
}

/// Regions per tile: one cache line of 32-bit numbers.
const TILE: usize = 16;

/// Returns `A A'` of the `rows x columns` matrix `values`, row after row; exactly symmetric.
///
/// faer computes one triangle, 6 to 25 times as fast as single dot products, and the other is its mirror
/// image.
pub(super) fn products(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    let mut products = vec![0.0; rows * rows];
    let signals = MatRef::from_row_major_slice(values, rows, columns);
    // The lower triangle of a column-major matrix is the upper one row-major.
    matmul(
        MatMut::from_column_major_slice_mut(&mut products, rows, rows),
        BlockStructure::TriangularLower,
        Accum::Replace,
        signals,
        BlockStructure::Rectangular,
        signals.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    for i in (0..rows).step_by(TILE) {
        for j in (i..rows).step_by(TILE) {
            for row in i..(i + TILE).min(rows) {
                for column in j.max(row + 1)..(j + TILE).min(rows) {
                    products[column * rows + row] = products[row * rows + column];
                }
            }
        }
    }
    products
}

/// Centres a signal and scales it to length 1. Without spread, fills it with zeros and returns false.
fn normalize(signal: &mut [f64]) -> bool {
    // Values are compared, because the SD of equal numbers need not round to zero.
    let constant = signal.iter().all(|&x| x == signal[0]);
    let mean = sum(signal, |x| x) / signal.len() as f64;
    signal.iter_mut().for_each(|x| *x -= mean);
    let length = sum(signal, |x| x * x).sqrt();
    let alive = !constant && length > 0.0 && length.is_finite();
    signal.iter_mut().for_each(|x| *x = if alive { *x / length } else { 0.0 });
    alive
}

/// Sums in eight running sums: a fixed order that the compiler can vectorise.
fn sum(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, &x)| *sum += of(x));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&x| of(x)).sum::<f64>()
}
