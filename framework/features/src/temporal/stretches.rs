//! Uncut stretches of a scrubbed series.
//!
//! A spectrum across a gap has no meaning, so spectra use the longest stretch, and windows stay within
//! one.

use std::ops::Range;

use boldface::Cut;

/// Returns the uncut stretches of a series of `trs` volumes, `tr` seconds apart, in order: one without
/// cuts, none without volumes.
pub fn stretches(cuts: &[Cut], trs: usize, tr: f64) -> Vec<Range<usize>> {
    // Times are whole numbers of volumes except for rounding. A cut outside the series has no effect.
    let place = |cut: &Cut| (cut.at / tr).round().clamp(0.0, trs as f64) as usize;
    let mut edges: Vec<usize> = [0, trs].into_iter().chain(cuts.iter().map(place)).collect();
    edges.sort_unstable();
    edges.windows(2).filter(|edge| edge[0] < edge[1]).map(|edge| edge[0]..edge[1]).collect()
}

/// Returns the longest uncut stretch (on ties, the first); empty without volumes.
pub fn longest(cuts: &[Cut], trs: usize, tr: f64) -> Range<usize> {
    let longer = |a: Range<usize>, b: Range<usize>| if b.len() > a.len() { b } else { a };
    stretches(cuts, trs, tr).into_iter().fold(0..0, longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_part_a_series() {
        let cut = |at| Cut { at, seconds: 4.0 };
        // 0.1 * 3 is slightly more than 0.3, but a cut is at a volume, not behind one.
        let cuts = [cut(0.0), cut(6.0), cut(6.0), cut(0.7 * 20.0), cut(90.0)];
        assert_eq!(stretches(&cuts, 20, 0.7), [0..9, 9..20]);
        assert_eq!(longest(&cuts, 20, 0.7), 9..20);
        assert_eq!(longest(&[cut(7.0)], 20, 0.7), 0..10);
        assert_eq!(stretches(&[], 20, 2.0), std::slice::from_ref(&(0..20)));
        assert!(stretches(&[], 0, 2.0).is_empty() && longest(&[], 0, 2.0).is_empty());
    }
}
