//! The losses of stage 1 on a batch of scans.

use boldface_engine::Tensor;
use boldface_engine::nn::Pass;
use rand::seq::index;
use rand::{Rng, RngExt};

use super::text::TextVectors;
use crate::nets::{contrastive, domain};

/// Tokens of each domain per step for the domain classifier.
const DOMAIN_TOKENS: usize = 256;

/// The losses of one step with their names and weights, without those of weight 0.
pub(super) struct WeightedLosses(Vec<(&'static str, f64, Tensor)>);

impl WeightedLosses {
    /// Creates an empty list of losses.
    pub(super) fn new() -> WeightedLosses {
        WeightedLosses(Vec::new())
    }

    /// Adds `loss` unless its weight is 0 or it is undefined for this batch.
    pub(super) fn add(&mut self, name: &'static str, weight: f64, loss: impl FnOnce() -> Option<Tensor>) {
        if weight > 0.0 {
            self.0.extend(loss().map(|loss| (name, weight, loss)));
        }
    }

    /// Lists each loss, unweighted.
    pub(super) fn values(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.0.iter().map(|(name, _, loss)| (*name, f64::from(loss.item())))
    }

    /// Returns the weighted sum; `None` without losses.
    pub(super) fn total(&self) -> Option<Tensor> {
        let weighted = self.0.iter().map(|(_, weight, loss)| loss.scale(*weight as f32));
        weighted.reduce(|sum, loss| sum.add(&loss))
    }
}

/// SigLIP loss between the mean features of a batch's scans and their descriptions; `None` with fewer
/// than two descriptions. `features_md` has the tokens of all scans, scan by scan.
pub(super) fn alignment(
    pass: &Pass<'_>,
    features_md: &Tensor,
    batch: &[usize],
    text: &TextVectors,
) -> Option<Tensor> {
    let described =
        (0u32..).zip(batch).filter_map(|(place, &scan)| Some((place, text.descriptions[scan].as_deref()?)));
    let (places, vectors): (Vec<u32>, Vec<&[f32]>) = described.unzip();
    if vectors.len() < 2 {
        return None;
    }
    let pooled_sd = features_md.mean_rows(batch.len()).rows(&places);
    let text_sh = pass.params.engine().tensor(vectors.concat(), &[vectors.len(), vectors[0].len()]);
    Some(contrastive::loss(pass, &pooled_sd, &text_sh))
}

/// Loss of the domain classifier on equally many random features and random token embeddings; `None`
/// without embeddings.
pub(super) fn domain(
    pass: &Pass<'_>,
    features_md: &Tensor,
    text: &TextVectors,
    progress: f64,
    rng: &mut impl Rng,
) -> Option<Tensor> {
    let width = text.token_width()?;
    let rows = features_md.dims()[0];
    let count = DOMAIN_TOKENS.min(rows);
    let picks: Vec<u32> = index::sample(rng, rows, count).iter().map(|pick| pick as u32).collect();
    let tokens: Vec<&[f32]> =
        (0..count).map(|_| text.tokens[rng.random_range(0..text.tokens.len())].as_slice()).collect();
    let text_mh = pass.params.engine().tensor(tokens.concat(), &[count, width]);
    Some(domain::loss(pass, &features_md.rows(&picks), &text_mh, domain::reversal(progress)))
}
