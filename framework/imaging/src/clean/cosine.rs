//! Models slow drifts as regressors: discrete cosines up to a cut-off frequency.

use std::f64::consts::PI;

use crate::matrix::Matrix;

/// Above this correlation, a confound counts as a drift cosine supplied by the user (nilearn's rule).
const SAME: f64 = 0.9;

/// Appends drift cosines to `confounds`, for a recording of `trs` volumes, `tr` seconds apart.
///
/// The cosines are the DCT-II terms of frequencies up to `high_pass` (Hz) without the constant, as in
/// nilearn's `create_cosine_drift`. They are omitted if the confounds already hold one. Returns `None`
/// if there are neither confounds nor cosines.
pub(super) fn with_drift(confounds: Option<&Matrix>, trs: usize, tr: f64, high_pass: f64) -> Option<Matrix> {
    let terms = terms(trs, tr, high_pass);
    let there = confounds.filter(|confounds| confounds.columns > 0);
    if terms == 0 || there.is_some_and(|confounds| own_cosine(confounds, tr, high_pass).is_some()) {
        return confounds.cloned();
    }
    let columns = there.map_or(0, |confounds| confounds.columns);
    let mut with = Matrix::zeros(trs, columns + terms);
    for t in 0..trs {
        let row = with.row_mut(t);
        if let Some(confounds) = there {
            row[..columns].copy_from_slice(confounds.row(t));
        }
        row[columns..].iter_mut().enumerate().for_each(|(k, x)| *x = cosine(trs, k + 1, t));
    }
    Some(with)
}

/// Counts the cosines: those whose frequency, `k / (2 trs tr)`, is at most `high_pass`.
pub(super) fn terms(trs: usize, tr: f64, high_pass: f64) -> usize {
    if trs < 2 {
        return 0;
    }
    // Round the time between volumes as nilearn does, so that both count the same.
    let last = (trs - 1) as f64;
    let dt = last * tr / last;
    ((2.0 * trs as f64 * high_pass * dt).floor() as usize).min(trs - 1)
}

/// Finds the first confound (from 0) and cosine (from 1) that correlate above 0.9.
pub(super) fn own_cosine(confounds: &Matrix, tr: f64, high_pass: f64) -> Option<(usize, usize)> {
    let trs = confounds.rows;
    let means = confounds.column_means();
    let mut squares = vec![0.0; confounds.columns];
    for t in 0..trs {
        let row = confounds.row(t).iter().zip(&means);
        squares.iter_mut().zip(row).for_each(|(sum, (x, mean))| *sum += (x - mean).powi(2));
    }
    for term in 1..=terms(trs, tr, high_pass) {
        // A cosine has mean 0 and length 1, so the correlation is one product divided by the confound's
        // length.
        let mut products = vec![0.0; confounds.columns];
        for t in 0..trs {
            let cosine = cosine(trs, term, t);
            let row = confounds.row(t).iter().zip(&means);
            products.iter_mut().zip(row).for_each(|(sum, (x, mean))| *sum += cosine * (x - mean));
        }
        let same = |column: &usize| products[*column] / squares[*column].sqrt() > SAME;
        if let Some(column) = (0..confounds.columns).find(same) {
            return Some((column, term));
        }
    }
    None
}

/// Returns volume `t` of the `k`-th cosine, scaled to length 1 over the recording.
fn cosine(trs: usize, k: usize, t: usize) -> f64 {
    let trs = trs as f64;
    (2.0 / trs).sqrt() * (PI / trs * (t as f64 + 0.5) * k as f64).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_cosines_as_fit_below_the_cut_off() {
        // For 100 volumes of 2 s, the k-th cosine has k / 400 Hz. 0.01 Hz is the 4th; 0.0099 is between
        // the 3rd and 4th.
        assert_eq!((terms(100, 2.0, 0.01), terms(100, 2.0, 0.0099), terms(100, 2.0, 0.001)), (4, 3, 0));
        let drift = with_drift(None, 100, 2.0, 0.01).unwrap();
        for a in 0..4 {
            for b in 0..4 {
                let product: f64 = drift.column(a).zip(drift.column(b)).map(|(a, b)| a * b).sum();
                assert!((product - f64::from(u8::from(a == b))).abs() < 1e-12);
            }
            assert!(drift.column(a).sum::<f64>().abs() < 1e-12);
        }
        assert_eq!(with_drift(None, 100, 2.0, 0.001), None);
    }

    #[test]
    fn a_confound_that_is_a_cosine_stands_for_all() {
        let cosines = with_drift(None, 50, 2.0, 0.02).unwrap();
        let own = Matrix { rows: 50, columns: 1, values: cosines.column(2).map(|x| 7.0 + 3.0 * x).collect() };
        assert_eq!(own_cosine(&own, 2.0, 0.02), Some((0, 3)));
        assert_eq!(with_drift(Some(&own), 50, 2.0, 0.02).as_ref(), Some(&own));
        // Its negative is not recognised, as in nilearn. Both are then regressors, and projection
        // handles that.
        let negative = Matrix { values: own.values.iter().map(|x| -x).collect(), ..own };
        assert_eq!(with_drift(Some(&negative), 50, 2.0, 0.02).unwrap().columns, 5);
    }
}
