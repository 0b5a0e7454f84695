//! Properties of one signal over time: trend, spread and lag-1 autocorrelation.

use crate::Missing;

/// Spread below this share of the largest value is rounding noise: such a signal is constant.
const ROUNDING: f64 = 1e-10;

/// Minimum number of volumes for a lag-1 autocorrelation: three detrended volumes always have -1.
const LEAST_TRS: usize = 10;

/// Subtracts the least-squares line, as `scipy.signal.detrend` does.
pub fn detrend(signal: &mut [f64]) {
    let trs = signal.len() as f64;
    let middle = (trs - 1.0) / 2.0;
    let mean = signal.iter().sum::<f64>() / trs;
    signal.iter_mut().for_each(|x| *x -= mean);
    let length: f64 = (0..signal.len()).map(|t| (t as f64 - middle).powi(2)).sum();
    if length > 0.0 {
        let along: f64 = signal.iter().enumerate().map(|(t, x)| (t as f64 - middle) * x).sum();
        let slope = along / length;
        signal.iter_mut().enumerate().for_each(|(t, x)| *x -= slope * (t as f64 - middle));
    }
}

/// Checks that `signal`, derived from `source` by subtraction, has finite values and more spread than
/// rounding noise.
///
/// # Errors
/// [`Missing::Dead`] if it does not; [`Missing::Short`] if it has no volumes.
pub fn alive(signal: &[f64], source: &[f64]) -> Result<(), Missing> {
    let first = *signal.first().ok_or(Missing::Short)?;
    if !signal.iter().chain(source).all(|x| x.is_finite()) {
        return Err(Missing::Dead);
    }
    let largest = source.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let spread = signal.iter().fold(0.0, |spread: f64, x| spread.max((x - first).abs()));
    if spread > ROUNDING * largest { Ok(()) } else { Err(Missing::Dead) }
}

/// Returns the lag-1 autocorrelation of the detrended signal, in the unbiased form: the mean of `z(t)
/// z(t + 1)` over the `trs - 1` pairs, where z is the z-score (ddof 0). It may slightly exceed 1 for
/// short signals.
///
/// # Errors
/// [`Missing::Short`] for fewer than ten volumes, [`Missing::Dead`] for a signal without spread.
pub fn lag1(signal: &[f64]) -> Result<f64, Missing> {
    if signal.len() < LEAST_TRS {
        return Err(Missing::Short);
    }
    let mut straight = signal.to_vec();
    detrend(&mut straight);
    alive(&straight, signal)?;
    let pairs: f64 = straight.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let squares: f64 = straight.iter().map(|x| x * x).sum();
    let trs = signal.len() as f64;
    Ok((pairs / (trs - 1.0)) / (squares / trs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    #[test]
    fn a_line_becomes_zero_and_a_bend_stays() {
        let (mut line, mut bend) = (vec![1.0, 3.0, 5.0], vec![0.0, 3.0, 0.0]);
        detrend(&mut line);
        detrend(&mut bend);
        // 0 3 0: mean 1, no slope, so -1 2 -1.
        assert_eq!((line, bend), (vec![0.0; 3], vec![-1.0, 2.0, -1.0]));
    }

    #[test]
    fn the_lag_is_worked_by_hand() {
        // a = +1 -1 six times, u = t - 5.5: slope s = sum a u / sum u^2 = -6/143. Without it, the
        // squares sum to 12 - 36/143 = 11.748252, and the eleven products to -11 - s + s^2 107.25 =
        // -10.769231. Their means are 0.979021 and -0.979021.
        let signal: Vec<f64> = (0..12).map(|t| if t % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!((lag1(&signal).unwrap() + 1.0).abs() < 1e-14);
    }

    #[test]
    fn trend_spread_and_lag_equal_the_golden_file() {
        let (signals, _) = golden::signals();
        let mut straight = signals[0].clone();
        detrend(&mut straight);
        let abs_mean = straight.iter().map(|x| x.abs()).sum::<f64>() / 120.0;
        let sd = (straight.iter().map(|x| x * x).sum::<f64>() / 120.0).sqrt();
        // Block `temporal_x0_tr2`, scipy 1.17.1.
        let expected = [0.713_488_842_496_46, 0.851_482_119_570_174_2, 0.733_688_593_962_886_7];
        for (value, expected) in [abs_mean, sd, lag1(&signals[0]).unwrap()].into_iter().zip(expected) {
            assert!((value - expected).abs() < 1e-8, "{value} is not {expected}");
        }
        let Some(golden) = golden::file() else { return };
        assert_eq!(golden["temporal_x0_tr2"]["lag1_unbiased"], expected[2]);
    }

    #[test]
    fn what_has_no_signal_has_no_lag() {
        let line: Vec<f64> = (0..30).map(|t| 1000.0 + 0.1 * f64::from(t)).collect();
        assert_eq!(lag1(&line), Err(Missing::Dead));
        assert_eq!(lag1(&[0.1; 30]), Err(Missing::Dead));
        assert_eq!(lag1(&[f64::NAN; 30]), Err(Missing::Dead));
        assert_eq!(lag1(&[1.0, 0.0, 1.0]), Err(Missing::Short));
        assert_eq!(lag1(&[]), Err(Missing::Short));
    }
}
