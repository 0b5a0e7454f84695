//! Statistics of how a codebook is used.

use boldface::Metric;

/// Use of a codebook, from counts of its codes.
pub(super) struct Usage {
    /// `exp` of the entropy of code use: the effective number of codes.
    pub(super) perplexity: f64,
    /// Share of the codes that were used at least once.
    pub(super) share: f64,
}

impl Usage {
    /// Counts `codes`, each below `codebook_size`.
    pub(super) fn count(codes: impl IntoIterator<Item = u32>, codebook_size: usize) -> Usage {
        let mut counts = vec![0u64; codebook_size];
        for code in codes {
            counts[code as usize] += 1;
        }
        let total = counts.iter().sum::<u64>().max(1) as f64;
        let entropy: f64 = counts
            .iter()
            .filter(|&&count| count > 0)
            .map(|&count| -(count as f64 / total) * (count as f64 / total).ln())
            .sum();
        let used = counts.iter().filter(|&&count| count > 0).count();
        Usage { perplexity: entropy.exp(), share: used as f64 / codebook_size as f64 }
    }

    /// Returns the metrics `codebook_perplexity` and `codebook_use`.
    pub(super) fn metrics(&self) -> [Metric; 2] {
        [
            Metric::higher_is_better("codebook_perplexity", self.perplexity),
            Metric::higher_is_better("codebook_use", self.share),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perplexity_counts_equally_likely_codes() {
        let even = Usage::count([0, 1, 0, 1], 8);
        assert!((even.perplexity - 2.0).abs() < 1e-12);
        assert_eq!(even.share, 0.25);
        // Frequencies 3/4 and 1/4: exp(3/4 ln(4/3) + 1/4 ln 4) = 4 / 3^(3/4) = 1.754765...
        let uneven = Usage::count([0, 0, 0, 1], 8);
        assert!((uneven.perplexity - 4.0 / 3f64.powf(0.75)).abs() < 1e-12);
        assert_eq!(Usage::count([], 8).perplexity, 1.0);
    }
}
