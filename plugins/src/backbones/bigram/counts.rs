//! Counts of pairs of indices, and the probabilities derived from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of how often one index followed another; `[before, after, count]` in files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Vec<(u32, u32, u64)>", from = "Vec<(u32, u32, u64)>")]
pub(super) struct Counts {
    pairs: BTreeMap<(u32, u32), u64>,
    totals: BTreeMap<u32, u64>,
}

impl Counts {
    pub(super) fn add(&mut self, before: u32, after: u32) {
        *self.pairs.entry((before, after)).or_default() += 1;
        *self.totals.entry(before).or_default() += 1;
    }

    /// Log-probability with 1 added to each of the `size` possible counts.
    pub(super) fn ln(&self, before: u32, after: u32, size: u32) -> f64 {
        let count = self.pairs.get(&(before, after)).copied().unwrap_or(0);
        let total = self.totals.get(&before).copied().unwrap_or(0);
        ((count + 1) as f64).ln() - ((total + u64::from(size)) as f64).ln()
    }

    /// The most frequent follower that `may` allows, the smallest of equals; `None` if there is no such
    /// follower.
    pub(super) fn likeliest(&self, before: u32, may: impl Fn(u32) -> bool) -> Option<u32> {
        let followers = self.pairs.range((before, 0)..=(before, u32::MAX));
        let permitted = followers.filter(|&(&(_, after), _)| may(after));
        permitted.rev().max_by_key(|&(_, count)| *count).map(|(&(_, after), _)| after)
    }
}

impl From<Counts> for Vec<(u32, u32, u64)> {
    fn from(counts: Counts) -> Self {
        counts.pairs.into_iter().map(|((before, after), count)| (before, after, count)).collect()
    }
}

impl From<Vec<(u32, u32, u64)>> for Counts {
    fn from(rows: Vec<(u32, u32, u64)>) -> Self {
        let mut counts = Counts::default();
        for (before, after, count) in rows {
            counts.pairs.insert((before, after), count);
            let total = counts.totals.entry(before).or_default();
            *total = total.saturating_add(count);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_smoothed_counts() {
        let mut counts = Counts::default();
        [(1, 2), (1, 2), (1, 3)].into_iter().for_each(|(before, after)| counts.add(before, after));
        // (2 + 1) / (3 + 4); unseen follower 1 / 7; unseen context 1 / 4.
        assert_eq!(counts.ln(1, 2, 4), 3f64.ln() - 7f64.ln());
        assert_eq!(counts.ln(1, 0, 4), 1f64.ln() - 7f64.ln());
        assert_eq!(counts.ln(9, 0, 4), -(4f64.ln()));
        assert_eq!(counts.likeliest(1, |_| true), Some(2));
        assert_eq!(counts.likeliest(9, |_| true), None);
    }
}
