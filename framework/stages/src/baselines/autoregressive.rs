//! Forecasts each region from its own past: its last value, or a linear model.
//!
//! Written by hand, because it is small, pure and deterministic; crates would bring an optimiser
//! framework.

use boldface::{Result, TimeSeries};

/// Highest order to try.
const HIGHEST: usize = 8;

/// Repeats the last volume.
pub fn persistence(context: &TimeSeries, horizon: usize) -> Result<TimeSeries> {
    let last = context.trs().checked_sub(1).ok_or("a window of 0 volumes cannot be continued")?;
    let values = context.volume(last).repeat(horizon);
    TimeSeries::new(horizon, context.rois(), context.tr(), values)
}

/// `x[t] = a[1] x[t-1] + ... + a[p] x[t-p]` with coefficients per region. There is no constant, because
/// a window is standardised.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoregressive {
    order: usize,
    /// `order` coefficients per region, most recent volume first.
    coefficients: Vec<Vec<f64>>,
}

impl Autoregressive {
    /// Fits all training series by least squares, with one order for all regions chosen by Akaike's
    /// criterion.
    ///
    /// # Errors
    /// If there is no training series, one has fewer than 3 volumes, or their regions differ.
    pub fn fit(train: &[TimeSeries]) -> Result<Autoregressive> {
        let shortest = train.iter().map(TimeSeries::trs).min().unwrap_or(0);
        let rois = train.first().map_or(0, TimeSeries::rois);
        if shortest < 3 || train.iter().any(|series| series.rois() != rois) {
            return Err("an autoregressive model needs training windows of 3 volumes or more".into());
        }
        // All orders are compared on the same volumes.
        let highest = HIGHEST.min((shortest - 1) / 2).max(1);
        let moments: Vec<Moments> = (0..rois).map(|roi| Moments::compute(train, roi, highest)).collect();
        let mut best: Option<(f64, Autoregressive)> = None;
        for order in 1..=highest {
            let fits = moments.iter().map(|moments| moments.solve(order));
            let (coefficients, criteria): (Vec<Vec<f64>>, Vec<f64>) = fits.unzip();
            let criterion: f64 = criteria.iter().sum();
            if best.as_ref().is_none_or(|(lowest, _)| criterion < *lowest) {
                best = Some((criterion, Autoregressive { order, coefficients }));
            }
        }
        best.map(|(_, model)| model).ok_or_else(|| "no order was tried".into())
    }

    /// Returns the chosen order.
    pub fn order(&self) -> usize {
        self.order
    }

    /// Predicts the `horizon` volumes after `context`. Values before its first volume count as 0, the
    /// mean.
    ///
    /// # Errors
    /// If the context has another number of regions.
    pub fn predict(&self, context: &TimeSeries, horizon: usize) -> Result<TimeSeries> {
        let rois = context.rois();
        if rois != self.coefficients.len() {
            return Err(format!("{rois} regions instead of {}", self.coefficients.len()).into());
        }
        let mut past: Vec<f64> = context.values().iter().copied().map(f64::from).collect();
        for t in context.trs()..context.trs() + horizon {
            for (roi, coefficients) in self.coefficients.iter().enumerate() {
                let lagged = (1..).zip(coefficients).filter(|&(lag, _)| lag <= t);
                past.push(lagged.map(|(lag, coefficient)| coefficient * past[(t - lag) * rois + roi]).sum());
            }
        }
        let values = past[context.values().len()..].iter().map(|&value| value as f32).collect();
        TimeSeries::new(horizon, rois, context.tr(), values)
    }
}

/// Sums of products of one region's values at different lags: `products[i][j]` sums `x[t-i] x[t-j]`.
struct Moments {
    products: Vec<Vec<f64>>,
    n: usize,
}

impl Moments {
    fn compute(train: &[TimeSeries], roi: usize, highest: usize) -> Moments {
        let mut moments = Moments { products: vec![vec![0.0; highest + 1]; highest + 1], n: 0 };
        for series in train {
            let signal: Vec<f64> = series.roi(roi).map(f64::from).collect();
            for window in signal.windows(highest + 1) {
                for (i, row) in moments.products.iter_mut().enumerate() {
                    for (j, product) in row.iter_mut().enumerate() {
                        *product += window[highest - i] * window[highest - j];
                    }
                }
                moments.n += 1;
            }
        }
        moments
    }

    /// Returns the coefficients for an order and their criterion, `n ln(RSS / n) + 2 order`.
    fn solve(&self, order: usize) -> (Vec<f64>, f64) {
        let mut matrix: Vec<Vec<f64>> = (1..=order)
            .map(|i| (1..=order).map(|j| self.products[i][j]).chain([self.products[i][0]]).collect())
            .collect();
        let smallest = 1e-9 * self.products[0][0];
        // Gauss-Jordan without pivoting, because the matrix is symmetric and positive semidefinite.
        // Coefficients are 0 for a region that does not vary or whose lags are collinear.
        for column in 0..order {
            let pivot = matrix[column][column];
            if pivot <= smallest {
                matrix[column].fill(0.0);
                continue;
            }
            matrix[column].iter_mut().for_each(|value| *value /= pivot);
            let row = matrix[column].clone();
            for (_, other) in matrix.iter_mut().enumerate().filter(|(i, _)| *i != column) {
                let factor = other[column];
                other.iter_mut().zip(&row).for_each(|(value, of_row)| *value -= factor * of_row);
            }
        }
        let coefficients: Vec<f64> = matrix.iter().map(|row| row[order]).collect();
        let explained: f64 = (1..).zip(&coefficients).map(|(lag, a)| a * self.products[lag][0]).sum();
        let residual = self.products[0][0] - explained;
        let is_alive = self.products[0][0] > 0.0;
        let n = self.n as f64;
        let fit = if is_alive { n * (residual.max(1e-12 * self.products[0][0]) / n).ln() } else { 0.0 };
        (coefficients, fit + 2.0 * order as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f32]) -> TimeSeries {
        TimeSeries::new(values.len(), 1, 2.0, values.to_vec()).unwrap()
    }

    #[test]
    fn persistence_repeats_the_last_volume() {
        let context = TimeSeries::new(2, 2, 2.0, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(persistence(&context, 2).unwrap().values(), [3.0, 4.0, 3.0, 4.0]);
    }

    #[test]
    fn one_coefficient_by_hand() {
        // Order 1 over 1 2 2: a = (2 * 1 + 2 * 2) / (1 + 4) = 6 / 5.
        let moments = Moments::compute(&[series(&[1.0, 2.0, 2.0])], 0, 1);
        let (coefficients, criterion) = moments.solve(1);
        assert!((coefficients[0] - 1.2).abs() < 1e-12);
        // Errors 2 - 1.2 = 0.8 and 2 - 2.4 = -0.4: RSS 0.8 over n = 2.
        assert!((criterion - (2.0 * 0.4f64.ln() + 2.0)).abs() < 1e-9, "{criterion}");
    }

    #[test]
    fn an_oscillation_of_order_two_is_found_and_continued() {
        // x[t] = 2 cos(w) x[t-1] - x[t-2] is exact for a sine of frequency w.
        let sine = |from: usize, to: usize, shift: f64| -> Vec<f32> {
            (from..to).map(|t| (0.5 * t as f64 + shift).sin() as f32).collect()
        };
        let train: Vec<TimeSeries> = (0..4).map(|i| series(&sine(0, 60, f64::from(i)))).collect();
        let moments = Moments::compute(&train, 0, 4);
        let (coefficients, _) = moments.solve(2);
        assert!((coefficients[0] - 2.0 * 0.5f64.cos()).abs() < 1e-3, "{coefficients:?}");
        assert!((coefficients[1] + 1.0).abs() < 1e-3, "{coefficients:?}");
        let model = Autoregressive::fit(&train).unwrap();
        let predicted = model.predict(&series(&sine(0, 40, 0.3)), 5).unwrap();
        for (predicted, real) in predicted.values().iter().zip(sine(40, 45, 0.3)) {
            assert!((predicted - real).abs() < 0.01, "{predicted} {real}");
        }
    }

    #[test]
    fn noise_needs_no_long_memory() {
        use rand::RngExt;
        let mut rng = boldface::seed::stream(0, "test");
        // x[t] = 0.6 x[t-1] + noise: order 1, in 20 series of 200.
        let mut one = || {
            let mut x = 0.0;
            let mut values = Vec::new();
            for _ in 0..200 {
                x = 0.6 * x + rng.random::<f32>() - 0.5;
                values.push(x);
            }
            series(&values)
        };
        let train: Vec<TimeSeries> = (0..20).map(|_| one()).collect();
        let model = Autoregressive::fit(&train).unwrap();
        assert!((model.coefficients[0][0] - 0.6).abs() < 0.05, "{model:?}");
        assert!(model.order() <= 3, "{model:?}");
    }

    #[test]
    fn a_dead_region_stays_dead_and_short_windows_are_refused() {
        let dead = series(&[0.0; 20]);
        let model = Autoregressive::fit(std::slice::from_ref(&dead)).unwrap();
        assert_eq!(model.predict(&dead, 3).unwrap().values(), [0.0; 3]);
        assert!(Autoregressive::fit(&[series(&[1.0, 2.0])]).is_err());
        assert!(Autoregressive::fit(&[]).is_err());
    }
}
