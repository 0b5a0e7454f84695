//! The stretches of a scrubbed series between the places where volumes were cut out.

use std::ops::Range;

use boldface::Cut;

/// The uncut stretches of a series of `trs` volumes, `tr` seconds apart, in order. Without a cut it is one, and a
/// series without volumes has none.
pub fn stretches(cuts: &[Cut], trs: usize, tr: f64) -> Vec<Range<usize>> {
    // Times are whole numbers of volumes but for rounding; what lies outside the series cuts nothing.
    let place = |cut: &Cut| (cut.at / tr).round().clamp(0.0, trs as f64) as usize;
    let mut edges: Vec<usize> = [0, trs].into_iter().chain(cuts.iter().map(place)).collect();
    edges.sort_unstable();
    edges.windows(2).filter(|edge| edge[0] < edge[1]).map(|edge| edge[0]..edge[1]).collect()
}

/// The longest uncut stretch; the first of several. Empty if there is no volume.
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
        // 0.1 * 3 is a little more than 0.3: a cut is at a volume, not behind one.
        let cuts = [cut(0.0), cut(6.0), cut(6.0), cut(0.7 * 20.0), cut(90.0)];
        assert_eq!(stretches(&cuts, 20, 0.7), [0..9, 9..20]);
        assert_eq!(longest(&cuts, 20, 0.7), 9..20);
        assert_eq!(longest(&[cut(7.0)], 20, 0.7), 0..10);
        assert_eq!(stretches(&[], 20, 2.0), std::slice::from_ref(&(0..20)));
        assert!(stretches(&[], 0, 2.0).is_empty() && longest(&[], 0, 2.0).is_empty());
    }
}
