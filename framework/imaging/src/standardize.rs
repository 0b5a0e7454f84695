//! Scales every region over time, within one scan.

use boldface::JsonSchema;
use boldface::{Deserialize, Serialize, TimeSeries};

/// How each region of a scan is scaled over time.
///
/// Adding a constant to a region never changes the result, so static intensity (coil, scanner, head
/// size) cannot be learned. A region without spread (constant: dead or masked) becomes zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
pub enum SeriesStandardization {
    /// `(x - mean) / SD` with the population's SD (ddof 0), as in `scipy.stats.zscore`.
    #[default]
    Zscore,
    /// `(x - median) / (IQR / 1.349)`: the same scale for a normal signal, but robust to a few spikes.
    /// Quartiles are interpolated linearly, as in numpy. A region with an IQR of 0, because at least
    /// half its volumes are equal, becomes zeros.
    Robust,
    /// No scaling; only for signals that are standardised already.
    None,
}

/// Interquartile range of the standard normal distribution: 2 x 0.674490.
const NORMAL_IQR: f64 = 1.348_979_500_392_163_4;

/// Scales every region of a scan over time.
#[must_use]
pub fn standardize(series: &TimeSeries, how: SeriesStandardization) -> TimeSeries {
    RegionScaling::compute(series, how).apply(series)
}

/// Centre and scale of each region of a series. They can be applied to other volumes of the same scan,
/// such as those after a window that must not use them.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionScaling {
    /// Centre and scale of each region; `None` for a region without spread, which becomes zeros.
    regions: Vec<Option<(f64, f64)>>,
}

impl RegionScaling {
    /// Computes centre and scale of every region of `series`.
    pub fn compute(series: &TimeSeries, how: SeriesStandardization) -> RegionScaling {
        let centre_and_scale = match how {
            SeriesStandardization::Zscore => mean_and_sd,
            SeriesStandardization::Robust => median_and_spread,
            SeriesStandardization::None => {
                return RegionScaling { regions: vec![Some((0.0, 1.0)); series.rois()] };
            }
        };
        let region = |roi: usize| {
            let signal: Vec<f64> = series.roi(roi).map(f64::from).collect();
            // Compare the values themselves: the computed SD of equal numbers may not be exactly zero.
            if signal.iter().all(|&x| x == signal[0]) {
                return None;
            }
            // Also keep a scale of NaN, so that it remains visible.
            Some(centre_and_scale(&signal)).filter(|&(_, scale)| scale != 0.0)
        };
        RegionScaling { regions: (0..series.rois()).map(region).collect() }
    }

    /// Computes `(x - centre) / scale` for each region.
    ///
    /// # Panics
    /// If `series` has more regions than the one that this was computed from.
    #[must_use]
    pub fn apply(&self, series: &TimeSeries) -> TimeSeries {
        let mut values = vec![0.0; series.values().len()];
        let places = values.iter_mut().zip(series.values()).enumerate();
        for (i, (value, &x)) in places {
            if let Some((centre, scale)) = self.regions[i % series.rois()] {
                *value = ((f64::from(x) - centre) / scale) as f32;
            }
        }
        series.with_values(values).expect("there is one value for each there was")
    }
}

fn mean_and_sd(signal: &[f64]) -> (f64, f64) {
    let n = signal.len() as f64;
    let mean = signal.iter().sum::<f64>() / n;
    let variance = signal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

fn median_and_spread(signal: &[f64]) -> (f64, f64) {
    let mut sorted = signal.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |q: f64| {
        let place = q * (sorted.len() - 1) as f64;
        let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    (quantile(0.5), (quantile(0.75) - quantile(0.25)) / NORMAL_IQR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [SeriesStandardization; 2] = [SeriesStandardization::Zscore, SeriesStandardization::Robust];

    fn close(a: &[f32], b: &[f32]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5)
    }

    #[test]
    fn zscore_divides_by_the_population_sd() {
        // 2 4 4 4 5 5 7 9: mean 5, squares 9+1+1+1+0+0+4+16 = 32, variance 32/8 = 4, SD 2.
        let series = TimeSeries::new(8, 1, 2.0, vec![2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        let z = standardize(&series, SeriesStandardization::Zscore);
        assert_eq!(z.values(), [-1.5, -0.5, -0.5, -0.5, 0.0, 0.0, 1.0, 2.0]);
        assert_eq!(standardize(&series, SeriesStandardization::None), series);
    }

    #[test]
    fn robust_is_not_moved_by_a_spike() {
        // 1 2 3 4 1000: median 3, quartiles 2 and 4, scale 2 / 1.348980 = 1.482602.
        let series = TimeSeries::new(5, 1, 2.0, vec![1.0, 2.0, 3.0, 4.0, 1000.0]).unwrap();
        let robust = standardize(&series, SeriesStandardization::Robust);
        let expected = [-1.348_98, -0.674_49, 0.0, 0.674_49, 672.466_3];
        assert!(robust.values().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3));
        assert!(close(&robust.values()[..4], &expected[..4]));
    }

    #[test]
    fn a_dead_region_becomes_zeros_and_nan_stays_visible() {
        // Three regions: constant 0.1 (not exact in binary), mostly constant, and one with a NaN.
        let spike = |t| if t == 0 { 9.0 } else { 1.0 };
        let values = (0..7).flat_map(|t| [0.1, spike(t), if t == 3 { f32::NAN } else { t as f32 }]);
        let series = TimeSeries::new(7, 3, 2.0, values.collect()).unwrap();
        for how in BOTH {
            let standard = standardize(&series, how);
            assert!(standard.roi(0).all(|x| x == 0.0), "{how:?}");
            assert!(standard.roi(1).all(f32::is_finite), "{how:?}");
            assert!(standard.roi(2).any(f32::is_nan), "{how:?}");
        }
        assert!(standardize(&series, SeriesStandardization::Robust).roi(1).all(|x| x == 0.0));
    }

    proptest! {
        #[test]
        fn static_intensity_is_removed(
            signal in prop::collection::vec(-1000i16..1000, 2..60),
            intensity in -4_000_000i32..4_000_000,
            gain in 1u8..9,
        ) {
            // Whole numbers below 2^24, so that sums are exact in 32 bits.
            let series = |offset: i32, gain: i32| {
                let values = signal.iter().flat_map(|&x| [(i32::from(x) * gain + offset) as f32, f32::from(x)]);
                TimeSeries::new(signal.len(), 2, 2.0, values.collect()).unwrap()
            };
            for how in BOTH {
                let plain = standardize(&series(0, 1), how);
                prop_assert!(plain.values().iter().all(|x| x.is_finite()));
                prop_assert!(close(standardize(&series(intensity, 1), how).values(), plain.values()));
                prop_assert!(close(standardize(&series(0, i32::from(gain)), how).values(), plain.values()));
            }
        }
    }
}
