//! Removes the mean and the linear trend.

use crate::matrix::Matrix;

/// Subtracts from each column its mean, then its projection on the centred volume index, as nilearn
/// does.
pub(super) fn detrend(signal: &mut Matrix) {
    let means = signal.column_means();
    signal.map_columns(&means, |x, mean| x - mean);
    let middle = (signal.rows as f64 - 1.0) / 2.0;
    let length = (0..signal.rows).map(|t| (t as f64 - middle).powi(2)).sum::<f64>().sqrt();
    if length == 0.0 {
        return;
    }
    let index = |t: usize| (t as f64 - middle) / length;
    let mut slopes = vec![0.0; signal.columns];
    for t in 0..signal.rows {
        slopes.iter_mut().zip(signal.row(t)).for_each(|(slope, x)| *slope += index(t) * x);
    }
    for t in 0..signal.rows {
        signal.row_mut(t).iter_mut().zip(&slopes).for_each(|(x, slope)| *x -= slope * index(t));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_zero_and_a_bend_stays() {
        // 1 3 5 is a line. 0 3 0 has mean 1 and no slope, so it becomes -1 2 -1.
        let mut signal = Matrix::new(3, 2, vec![1.0, 0.0, 3.0, 3.0, 5.0, 0.0]).unwrap();
        detrend(&mut signal);
        let expected = [0.0, -1.0, 0.0, 2.0, 0.0, -1.0];
        assert!(signal.values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{signal:?}");
    }
}
