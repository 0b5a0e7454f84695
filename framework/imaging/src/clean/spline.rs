//! Interpolates censored volumes by a cubic spline through the kept ones.

use crate::matrix::Matrix;

/// Returns the rows from the first to the last kept volume, with the censored ones between them
/// interpolated.
///
/// The cubic spline goes through all kept volumes, with "not-a-knot" ends as in
/// `scipy.interpolate.CubicSpline`. `kept` has one mark per row, at least two of them set.
pub(super) fn bridge(signal: &Matrix, kept: &[bool]) -> Matrix {
    let places: Vec<usize> = (0..signal.rows).filter(|&t| kept[t]).collect();
    let first = places[0];
    let rows = places[places.len() - 1] + 1 - first;
    let values = signal.values[first * signal.columns..][..rows * signal.columns].to_vec();
    let mut bridged = Matrix { rows, columns: signal.columns, values };
    if rows == places.len() {
        return bridged;
    }
    let slopes = slopes(signal, &places);
    for (i, pair) in places.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        let width = (to - from) as f64;
        for t in from + 1..to {
            let (x, row) = ((t - from) as f64, bridged.row_mut(t - first));
            for (column, value) in row.iter_mut().enumerate() {
                let (y0, y1) = (signal.at(from, column), signal.at(to, column));
                let (s0, s1) = (slopes.at(i, column), slopes.at(i + 1, column));
                let chord = (y1 - y0) / width;
                let bend = (s0 + s1 - 2.0 * chord) / width;
                *value = y0 + x * (s0 + x * ((chord - s0) / width - bend + x * bend / width));
            }
        }
    }
    bridged
}

/// Slope of the spline at each place, one row per place.
fn slopes(signal: &Matrix, places: &[usize]) -> Matrix {
    let n = places.len();
    let gap = |i: usize| (places[i + 1] - places[i]) as f64;
    let chord = |i: usize, c: usize| (signal.at(places[i + 1], c) - signal.at(places[i], c)) / gap(i);
    let mut slopes = Matrix::zeros(n, signal.columns);
    if n < 4 {
        // Two places define a line, three a parabola.
        for c in 0..signal.columns {
            let (first, last) = (chord(0, c), chord(n - 2, c));
            let bend = if n == 3 { (last - first) / (gap(0) + gap(1)) } else { 0.0 };
            for i in 0..n {
                let from_first = (places[i] - places[0]) as f64;
                slopes.row_mut(i)[c] = first + bend * (2.0 * from_first - gap(0));
            }
        }
        return slopes;
    }
    // One row of the tridiagonal system: the elements below, on and above the diagonal. `right` is its
    // right-hand side.
    let system = |i: usize| -> (f64, f64, f64) {
        match i {
            0 => (0.0, gap(1), gap(0) + gap(1)),
            i if i == n - 1 => (gap(n - 2) + gap(n - 3), gap(n - 3), 0.0),
            i => (gap(i), 2.0 * (gap(i - 1) + gap(i)), gap(i - 1)),
        }
    };
    let right = |i: usize, c: usize| -> f64 {
        match i {
            0 => {
                let (a, b) = (gap(0), gap(1));
                ((a + 2.0 * (a + b)) * b * chord(0, c) + a * a * chord(1, c)) / (a + b)
            }
            i if i == n - 1 => {
                let (a, b) = (gap(n - 2), gap(n - 3));
                ((a + 2.0 * (a + b)) * b * chord(n - 2, c) + a * a * chord(n - 3, c)) / (a + b)
            }
            i => 3.0 * (gap(i) * chord(i - 1, c) + gap(i - 1) * chord(i, c)),
        }
    };
    let mut above = vec![0.0; n];
    for i in 0..n {
        let (below, diagonal, over) = system(i);
        let pivot = diagonal - if i == 0 { 0.0 } else { below * above[i - 1] };
        above[i] = over / pivot;
        for c in 0..signal.columns {
            let carried = if i == 0 { 0.0 } else { below * slopes.at(i - 1, c) };
            slopes.row_mut(i)[c] = (right(i, c) - carried) / pivot;
        }
    }
    for i in (0..n - 1).rev() {
        for c in 0..signal.columns {
            slopes.row_mut(i)[c] -= above[i] * slopes.at(i + 1, c);
        }
    }
    slopes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the spline restores censored volumes of a polynomial.
    fn restores(degree: i32, trs: usize, censored: &[usize]) {
        let value = |t: usize, c: usize| (t as f64 / 5.0 - 1.0).powi(degree) * (c as f64 + 1.0) + 2.0;
        let truth: Vec<f64> = (0..trs * 2).map(|i| value(i / 2, i % 2)).collect();
        let mut signal = Matrix::new(trs, 2, truth.clone()).unwrap();
        let kept: Vec<bool> = (0..trs).map(|t| !censored.contains(&t)).collect();
        for &t in censored {
            signal.row_mut(t).fill(1e6);
        }
        let bridged = bridge(&signal, &kept);
        let first = kept.iter().position(|&kept| kept).unwrap();
        for (i, x) in bridged.values.iter().enumerate() {
            assert!((x - truth[first * 2 + i]).abs() < 1e-10, "degree {degree}, value {i}: {x}");
        }
    }

    #[test]
    fn cubics_are_restored_and_ends_are_cut_off() {
        restores(3, 20, &[4, 5, 11]);
        restores(3, 20, &[1, 18]);
        restores(3, 20, &[0, 1, 5, 8, 19]);
        restores(3, 9, &[1, 2, 3, 5, 7]);
        restores(2, 9, &[1, 2, 3, 5, 6, 7]);
        restores(1, 9, &[0, 2, 3, 4, 5, 6, 7, 8].map(|t| t % 8));
        let signal = Matrix::zeros(10, 1);
        let kept: Vec<bool> = (0..10).map(|t| (2..7).contains(&t)).collect();
        assert_eq!(bridge(&signal, &kept).rows, 5);
    }
}
