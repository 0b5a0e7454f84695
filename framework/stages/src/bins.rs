//! A number as one of several ordinal bins, which a language model can rank.

use boldface::Result;

/// Names each bin: `20 to 30 years`.
///
/// # Errors
/// If the edges do not increase, or there are fewer than three.
pub fn labels(edges: &[f64], unit: &str) -> Result<Vec<String>> {
    let rises = edges.windows(2).all(|pair| pair[0] < pair[1]) && edges.iter().all(|edge| edge.is_finite());
    if edges.len() < 3 || !rises {
        return Err(format!("{edges:?} must be three or more increasing edges").into());
    }
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    Ok(edges.windows(2).map(|pair| format!("{} to {}{unit}", pair[0], pair[1])).collect())
}

/// Returns the index of a number's bin. Numbers beyond the edges are in the nearest one. An edge
/// belongs to the bin above it.
pub fn bin(value: f64, edges: &[f64]) -> usize {
    let above = edges.iter().filter(|&&edge| edge <= value).count();
    above.saturating_sub(1).min(edges.len().saturating_sub(2))
}

/// Returns the mean of the bins' centres, weighted by their probabilities.
pub fn expected(probabilities: &[f64], edges: &[f64]) -> f64 {
    edges.windows(2).zip(probabilities).map(|(pair, share)| share * (pair[0] + pair[1]) / 2.0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_by_hand() {
        let edges = [20.0, 30.0, 40.5, 60.0];
        assert_eq!(
            labels(&edges, "years").unwrap(),
            ["20 to 30 years", "30 to 40.5 years", "40.5 to 60 years"]
        );
        assert_eq!(labels(&edges, "").unwrap()[0], "20 to 30");
        assert_eq!(
            [19.0, 20.0, 29.9, 30.0, 59.0, 60.0, 99.0].map(|value| bin(value, &edges)),
            [0, 0, 0, 1, 2, 2, 2]
        );
        // 0.5 * 25 + 0.5 * 35.25
        assert_eq!(expected(&[0.5, 0.5, 0.0], &edges), 30.125);
        for bad in [&[1.0, 2.0][..], &[1.0, 1.0, 2.0], &[3.0, 2.0, 1.0], &[1.0, f64::NAN, 2.0]] {
            assert!(labels(bad, "").is_err());
        }
    }
}
