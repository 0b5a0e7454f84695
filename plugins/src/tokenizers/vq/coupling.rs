//! The coupling channel: correlations of each region with all others, over the volumes that a token may
//! see.

/// Computes the correlation rows of every token: `rows[(patch * rois + roi) * rois + other]` is
/// Pearson's r of `roi` and `other` over all volumes up to the end of `patch`. The entry is 0 for a
/// region with itself and for constant regions.
///
/// `tokens` has the layout of [`super::data::tokens`]. Sums accumulate from patch to patch, so the cost
/// is that of one correlation matrix of the whole series, and no row depends on a later volume. The
/// channel costs one input per pair of regions and patch.
pub(super) fn rows(tokens: &[f32], rois: usize, patch: usize) -> Vec<f32> {
    let patches = tokens.len() / (rois * patch).max(1);
    let mut rows = vec![0f32; patches * rois * rois];
    let (mut sums, mut products) = (vec![0f64; rois], vec![0f64; rois * rois]);
    for (index, of_patch) in tokens.chunks_exact(rois * patch).enumerate() {
        let signal = |roi: usize| &of_patch[roi * patch..(roi + 1) * patch];
        for a in 0..rois {
            sums[a] += signal(a).iter().map(|&x| f64::from(x)).sum::<f64>();
            for b in a..rois {
                products[a * rois + b] += f64::from(dot(signal(a), signal(b)));
            }
        }
        let volumes = ((index + 1) * patch) as f64;
        let covariance = |a: usize, b: usize| products[a * rois + b] - sums[a] * sums[b] / volumes;
        let scales: Vec<f64> = (0..rois).map(|a| scale(covariance(a, a), products[a * rois + a])).collect();
        let rows = &mut rows[index * rois * rois..(index + 1) * rois * rois];
        for a in 0..rois {
            for b in a + 1..rois {
                let r = (covariance(a, b) * scales[a] * scales[b]).clamp(-1.0, 1.0) as f32;
                (rows[a * rois + b], rows[b * rois + a]) = (r, r);
            }
        }
    }
    rows
}

/// Returns one over the root of a variance; rounding noise counts as zero and gives 0.
fn scale(variance: f64, square: f64) -> f64 {
    if variance > 1e-6 * square.max(1e-12) { 1.0 / variance.sqrt() } else { 0.0 }
}

/// Sums in eight lanes, so that the result has the same bits on every machine.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let (heads, tails) = (a.chunks_exact(8).zip(b.chunks_exact(8)), (a.len() / 8 * 8)..a.len());
    for (a, b) in heads {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (x, y))| *lane += x * y);
    }
    lanes.iter().sum::<f32>() + tails.map(|place| a[place] * b[place]).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use boldface::TimeSeries;
    use boldface_features::fc;

    use super::super::data::tokens;
    use super::*;

    fn series(trs: usize) -> TimeSeries {
        // Four regions: a sine, the sum of it and a cosine, its negative, and a constant.
        let at = |t: usize| {
            let (a, b) = ((t as f32 * 0.7).sin(), (t as f32 * 1.9 + 0.3).cos());
            [a, a + b, -a, 2.0]
        };
        TimeSeries::new(trs, 4, 2.0, (0..trs).flat_map(at).collect()).unwrap()
    }

    #[test]
    fn a_patch_has_the_correlations_of_all_volumes_up_to_its_end() {
        let whole = series(18);
        let rows = rows(&tokens(&whole, 6), 4, 6);
        for patch in 0..3 {
            let seen = whole.window(boldface::Window::first((patch + 1) * 6)).unwrap();
            let expected = fc(&seen);
            for a in 0..4 {
                for b in 0..4 {
                    let r = f64::from(rows[(patch * 4 + a) * 4 + b]);
                    let known = if a == b || a == 3 || b == 3 { 0.0 } else { expected.at(a, b) };
                    assert!((r - known).abs() < 1e-5, "patch {patch}, {a} and {b}: {r} {known}");
                }
            }
        }
    }

    #[test]
    fn no_row_depends_on_a_later_patch() {
        let (short, long) = (series(12), series(18));
        let [short, long] = [&short, &long].map(|series| rows(&tokens(series, 6), 4, 6));
        assert_eq!(short[..], long[..short.len()]);
    }
}
