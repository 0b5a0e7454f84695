//! Resamples a scrubbed recording to another TR, with every volume at its own time.

use boldface::Result;

use crate::matrix::Matrix;
use crate::resample::{resample, resampled_volumes};

/// Resamples a scrubbed scan; `signal` has only the volumes for which `kept` is true.
///
/// Removed volumes are first filled by linear interpolation between their kept neighbours (at an end, by
/// the nearest one), so that time is not squeezed at a cut. The whole scan is then resampled as by
/// [`resample`], and the new volumes within a cut are dropped; see [`kept_after`].
///
/// # Errors
/// As [`resample`], or if no new volume remains.
pub fn resample_kept(signal: &Matrix, kept: &[bool], tr: f64, to: f64) -> Result<Matrix> {
    if to == tr || !kept.contains(&false) {
        return resample(signal, tr, to);
    }
    let whole = resample(&filled(signal, kept), tr, to)?;
    let remains = kept_after(kept, tr, to);
    if !remains.contains(&true) {
        return Err(format!("no stretch between removed volumes is long enough for a TR of {to} s").into());
    }
    let rows = (0..whole.rows).filter(|&row| remains[row]);
    let values: Vec<f64> = rows.flat_map(|row| whole.row(row).to_vec()).collect();
    Ok(Matrix { rows: values.len() / whole.columns.max(1), columns: whole.columns, values })
}

/// Returns which new volumes of the whole scan [`resample_kept`] keeps: those at a kept volume or
/// between two.
pub fn kept_after(kept: &[bool], tr: f64, to: f64) -> Vec<bool> {
    if to == tr {
        return kept.to_vec();
    }
    let last = kept.len().saturating_sub(1);
    let remains = |volume: usize| {
        let place = volume as f64 * to / tr;
        // A place within rounding error of a volume counts as that volume.
        let (before, after) = ((place + 1e-9).floor() as usize, (place - 1e-9).ceil() as usize);
        kept[before.min(last)] && kept[after.min(last)]
    };
    (0..resampled_volumes(kept.len(), tr, to)).map(remains).collect()
}

/// Fills the removed volumes of a scan by linear interpolation.
fn filled(signal: &Matrix, kept: &[bool]) -> Matrix {
    let places: Vec<usize> = (0..kept.len()).filter(|&volume| kept[volume]).collect();
    let mut whole = Matrix::zeros(kept.len(), signal.columns);
    for volume in 0..kept.len() {
        let next = places.partition_point(|&place| place < volume);
        let (a, b) = (next.saturating_sub(1), next.min(places.len() - 1));
        let (a, b) = if places[b] == volume { (b, b) } else { (a, b) };
        let span = places[b].abs_diff(places[a]);
        let share = if span == 0 { 0.0 } else { (volume - places[a]) as f64 / span as f64 };
        for ((to, from), after) in whole.row_mut(volume).iter_mut().zip(signal.row(a)).zip(signal.row(b)) {
            *to = from + share * (after - from);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(volumes: impl Iterator<Item = usize>) -> Matrix {
        let values: Vec<f64> = volumes.flat_map(|volume| [3.0 + volume as f64, 7.0]).collect();
        Matrix { rows: values.len() / 2, columns: 2, values }
    }

    #[test]
    fn a_line_stays_a_line_at_its_times() {
        // 40 volumes of 1 s without the first two and the 11th to the 15th. The signal is a line of
        // slope 1 that starts at 3.
        let kept: Vec<bool> = (0..40).map(|volume| volume >= 2 && !(10..15).contains(&volume)).collect();
        let signal = line((0..40).filter(|&volume| kept[volume]));
        let new = resample_kept(&signal, &kept, 1.0, 2.0).unwrap();
        // Kept are 2 4 6 8 and 16 18 ... 38 s; 0, 10, 12 and 14 s are within cuts.
        let times: Vec<usize> = (1..5).chain(8..20).map(|k| 2 * k).collect();
        assert_eq!(new.rows, times.len());
        // The two filled volumes at the start are not on the line, and the kernel spreads them a little.
        for (row, time) in times.iter().enumerate().filter(|(_, time)| **time > 22) {
            assert!((new.at(row, 0) - (3.0 + *time as f64)).abs() < 0.02, "{time}: {}", new.at(row, 0));
        }
        assert!((0..new.rows).all(|row| (new.at(row, 1) - 7.0).abs() < 1e-9));
    }

    #[test]
    fn a_new_volume_between_a_kept_and_a_removed_one_is_removed() {
        let kept = [true, true, false, true, true, true];
        // New volumes at 0, 1.5, 3 and 4.5: the second is between 1 and 2, one of which is removed.
        assert_eq!(kept_after(&kept, 1.0, 1.5), [true, false, true, true]);
        assert_eq!(kept_after(&kept, 2.0, 2.0), kept);
    }

    #[test]
    fn without_a_cut_it_is_resample() {
        let signal = line(0..30);
        let whole = resample_kept(&signal, &[true; 30], 0.8, 2.0).unwrap();
        assert_eq!(whole, resample(&signal, 0.8, 2.0).unwrap());
    }

    #[test]
    fn nothing_left_is_an_error() {
        let kept: Vec<bool> = (0..20).map(|volume| volume % 2 == 1).collect();
        let signal = line((0..20).filter(|&volume| kept[volume]));
        let error = resample_kept(&signal, &kept, 1.0, 2.0).unwrap_err().to_string();
        assert_eq!(error, "no stretch between removed volumes is long enough for a TR of 2 s");
    }
}
