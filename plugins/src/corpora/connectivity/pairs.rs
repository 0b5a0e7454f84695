//! Which regions couple two networks, and how strongly.

use std::collections::BTreeSet;

use boldface::{Regions, Result};
use boldface_features::{Fc, fisher_z};

/// Two networks, or one and itself, and the region pairs between them.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// Such as `Default-Vis`; names in alphabetical order.
    pub(super) feature: String,
    edges: Vec<(usize, usize)>,
}

/// Every pair of networks, in alphabetical order. Within a network the pairs are those of different
/// regions, so a network of one region has no coupling with itself.
///
/// # Errors
/// If two pairs of networks get the same name, as `A-B` with `C` and `A` with `B-C` do.
pub(super) fn pairs(regions: &Regions) -> Result<Vec<Pair>> {
    let names = regions.network_names();
    let members = |name: &str| -> Vec<usize> {
        (0..regions.networks.len()).filter(|&roi| regions.networks[roi] == name).collect()
    };
    let mut pairs = Vec::new();
    for (i, a) in names.iter().enumerate() {
        for b in &names[i..] {
            let (in_a, in_b) = (members(a), members(b));
            let all = in_a.iter().flat_map(|&i| in_b.iter().map(move |&j| (i, j)));
            let edges: Vec<_> = all.filter(|(i, j)| a != b || i < j).collect();
            if !edges.is_empty() {
                pairs.push(Pair { feature: format!("{a}-{b}"), edges });
            }
        }
    }
    let mut seen = BTreeSet::new();
    match pairs.iter().find(|pair| !seen.insert(&pair.feature)) {
        Some(pair) => Err(format!("two pairs of networks would be called `{}`", pair.feature).into()),
        None => Ok(pairs),
    }
}

impl Pair {
    /// The mean Fisher z of the pair's correlations. Regions without a signal are left out; none if
    /// more than half of the region pairs are.
    pub(super) fn coupling(&self, fc: &Fc) -> Option<f64> {
        let correlations = self.edges.iter().map(|&(i, j)| fisher_z(fc.at(i, j)));
        let alive: Vec<f64> = correlations.filter(|z| z.is_finite()).collect();
        let enough = 2 * alive.len() >= self.edges.len();
        enough.then(|| alive.iter().sum::<f64>() / alive.len() as f64)
    }
}
