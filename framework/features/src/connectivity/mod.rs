//! Functional connectivity: correlations between the signals of regions.

mod flat;
mod pairs;
mod shrunk;
mod signals;
mod symmetric;
mod tangent;

use boldface::TimeSeries;

pub use flat::flattened;
pub use pairs::{ConnectivityKind, network_pairs};
pub use shrunk::{Shrunk, partial, shrunk};
use signals::UnitSignals;
pub use tangent::Tangent;

/// Pearson correlation of every pair of regions.
///
/// Exactly symmetric, with 1 on the diagonal. A region that is constant over time or has a NaN
/// correlates with nothing: its row, column and diagonal are NaN, for "not available".
#[derive(Clone, Debug, PartialEq)]
pub struct Fc {
    rois: usize,
    values: Vec<f64>,
}

impl Fc {
    /// Number of regions.
    pub fn rois(&self) -> usize {
        self.rois
    }

    /// Correlation of regions `i` and `j`.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.rois + j]
    }

    /// Returns the whole matrix, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns the pairs `i < j`, row after row: `(0, 1), (0, 2), .. (1, 2), ..`.
    pub fn upper(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.rois).flat_map(move |i| (i + 1..self.rois).map(move |j| self.at(i, j)))
    }
}

/// Computes the Pearson correlation of every pair of regions of a scan, in 64 bits.
pub fn fc(series: &TimeSeries) -> Fc {
    correlation(&UnitSignals::from_series(series))
}

/// Returns Fisher's z of a correlation, `atanh r`: infinite for 1 and -1, NaN for NaN.
pub fn fisher_z(r: f64) -> f64 {
    r.atanh()
}

/// Computes the Pearson correlation of every pair of signals.
fn correlation(signals: &UnitSignals) -> Fc {
    let mut values = signals.products();
    // Rounding may exceed 1 by an ulp, and `atanh` of that is NaN.
    values.iter_mut().for_each(|r| *r = r.clamp(-1.0, 1.0));
    let mut fc = Fc { rois: signals.dead.len(), values };
    fc.set_diagonal_and_dead(&signals.dead);
    fc
}

impl Fc {
    /// Sets the diagonal to 1, and the rows and columns of dead regions to NaN.
    fn set_diagonal_and_dead(&mut self, dead: &[bool]) {
        for i in 0..self.rois {
            self.values[i * self.rois + i] = 1.0;
        }
        for i in (0..self.rois).filter(|&i| dead[i]) {
            for j in 0..self.rois {
                self.values[i * self.rois + j] = f64::NAN;
                self.values[j * self.rois + i] = f64::NAN;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    #[test]
    fn correlations_equal_numpys() {
        // Copied from `golden/parity.json`, block `fc` (numpy 2.4.6), which the next test reads.
        let (signals, sum) = golden::signals();
        assert!((sum - 719_989.230_366_046_9).abs() < 1e-6, "the input is not the golden one: {sum}");
        let fc = correlation(&UnitSignals::from_rows(signals));
        let first = [
            0.204_627_695_029,
            -0.031_704_648_752,
            -0.044_113_857_492,
            -0.070_279_131_404,
            0.281_179_507_797,
        ];
        for (j, expected) in (1..).zip(first) {
            assert!((fc.at(0, j) - expected).abs() < 1e-10, "r[0, {j}] = {}", fc.at(0, j));
        }
        assert!((fc.upper().sum::<f64>() - 246.288_892_690_336_07).abs() < 1e-10);
        assert_eq!(fc.upper().count(), 60 * 59 / 2);
        let length = fc.values().iter().map(|r| r * r).sum::<f64>().sqrt();
        assert!((length - 17.587_693_942_247_554).abs() < 1e-10);
    }

    #[test]
    fn network_means_equal_the_golden_file() {
        let Some(golden) = golden::file() else { return };
        let (signals, _) = golden::signals();
        let fc = correlation(&UnitSignals::from_rows(signals));
        let pairs = golden["network_mean_fc (mean r, mean atanh r)"].as_object().unwrap();
        assert_eq!(pairs.len(), 28);
        for (pair, means) in pairs {
            let (a, b) = pair.split_once('-').unwrap();
            let (a, b): (usize, usize) = (a.parse().unwrap(), b.parse().unwrap());
            let of = |i: usize, j: usize| (i % 7 == a && j % 7 == b) || (i % 7 == b && j % 7 == a);
            let places = (0..60).flat_map(|i| (i + 1..60).map(move |j| (i, j)));
            let block: Vec<f64> = places.filter(|&(i, j)| of(i, j)).map(|(i, j)| fc.at(i, j)).collect();
            let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
            let z = mean(block.iter().map(|&r| fisher_z(r)).collect());
            assert!((mean(block) - means[0].as_f64().unwrap()).abs() < 1e-10, "mean r of {pair}");
            assert!((z - means[1].as_f64().unwrap()).abs() < 1e-10, "mean z of {pair}");
        }
    }

    #[test]
    fn dead_and_broken_regions_are_not_available() {
        // Four regions: rising, falling, constant 0.1 (not exact in binary), and one with a NaN.
        let values =
            (0..5).flat_map(|t| [t as f32, -3.0 * t as f32, 0.1, if t == 2 { f32::NAN } else { 1.0 }]);
        let fc = fc(&TimeSeries::new(5, 4, 2.0, values.collect()).unwrap());
        assert_eq!((fc.at(0, 0), fc.at(0, 1), fc.at(1, 0)), (1.0, -1.0, -1.0));
        for dead in 2..4 {
            assert!((0..4).all(|i| fc.at(i, dead).is_nan() && fc.at(dead, i).is_nan()));
        }
    }

    #[test]
    fn the_matrix_is_exactly_symmetric() {
        let fc = correlation(&UnitSignals::from_rows(golden::signals().0));
        for i in 0..60 {
            assert_eq!(fc.at(i, i), 1.0);
            assert!((0..60).all(|j| fc.at(i, j) == fc.at(j, i)));
        }
    }

    #[test]
    fn fisher_z_is_atanh() {
        // atanh 0.5 = ln(1.5 / 0.5) / 2 = ln 3 / 2 = 0.549306.
        assert!((fisher_z(0.5) - 0.549_306_144_334_054_9).abs() < 1e-15);
        assert!(fisher_z(1.0).is_infinite() && fisher_z(f64::NAN).is_nan());
    }
}
