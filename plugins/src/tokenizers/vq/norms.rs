//! Means and SDs of a region's measures over training scans, so that a token says what is particular to
//! its scan.

use boldface_engine::Params;
use rayon::prelude::*;

use super::data::{Tokens, inputs};
use crate::nets::autoencoder::AutoencoderShape;

/// Names of the norms among the weights.
const MEAN: &str = "norms.mean";
const SCALE: &str = "norms.scale";
const NETWORKS: &str = "norms.networks";

/// Scans that are measured at once.
const BATCH: usize = 16;
/// Smallest SD that a measure is divided by.
const SMALLEST: f64 = 1e-6;

/// Norms of the measures for every patch and region (empty if the tokenizer has no measures), and the networks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PatchNorms {
    /// Mean of each measure of each token of the longest scan, over the scans that have this token.
    mean: Vec<f32>,
    /// One over the SD; 0 where all scans are equal.
    scale: Vec<f32>,
    /// Network of each region, in which nodes participate and over which the channel `networks` averages.
    pub(super) networks: Vec<usize>,
}

impl PatchNorms {
    /// Measures the training scans.
    pub(super) fn fit(tokens: &Tokens, shape: &AutoencoderShape, networks: Vec<usize>) -> PatchNorms {
        let raw = PatchNorms { networks, ..PatchNorms::default() };
        let measures = shape.measures;
        if measures == 0 {
            return raw;
        }
        let mut sums = vec![[0f64; 3]; shape.patches * shape.rois * measures];
        for scans in tokens.scans.chunks(BATCH) {
            let batch: Vec<Vec<f32>> = scans.par_iter().map(|scan| inputs(scan, shape, &raw)).collect();
            for scan in batch {
                let known = scan
                    .chunks_exact(shape.inputs())
                    .flat_map(|token| &token[shape.own() - measures..shape.own()]);
                for (sums, value) in sums.iter_mut().zip(known).filter(|(_, value)| value.is_finite()) {
                    let value = f64::from(*value);
                    *sums = [sums[0] + value, sums[1] + value * value, sums[2] + 1.0];
                }
            }
        }
        let mean = |[sum, _, count]: &[f64; 3]| sum / count.max(1.0);
        let scale = |sums: &[f64; 3]| {
            let variance = sums[1] / sums[2].max(1.0) - mean(sums) * mean(sums);
            let sd = variance.max(0.0).sqrt();
            if sd > SMALLEST { 1.0 / sd } else { 0.0 }
        };
        PatchNorms {
            mean: sums.iter().map(|sums| mean(sums) as f32).collect(),
            scale: sums.iter().map(|sums| scale(sums) as f32).collect(),
            ..raw
        }
    }

    /// Standardises the measures of token `place`. An undefined one becomes 0, the mean.
    pub(super) fn apply(&self, place: usize, measures: &mut [f32]) {
        if self.mean.is_empty() {
            return;
        }
        let norms = self.mean.iter().zip(&self.scale).skip(place * measures.len());
        for (value, (mean, scale)) in measures.iter_mut().zip(norms) {
            *value = if value.is_finite() { (*value - mean) * scale } else { 0.0 };
        }
    }

    /// Adds the norms of a tokenizer of `shape` to its weights. Default norms take the same place.
    pub(super) fn keep(&self, params: &mut Params, shape: &AutoencoderShape) {
        let sized = |values: &[f32], size: usize| {
            let mut values = values.to_vec();
            values.resize(size, 0.0);
            values
        };
        if shape.measures > 0 {
            let dims = [shape.patches * shape.rois, shape.measures];
            params.insert(MEAN, sized(&self.mean, dims[0] * dims[1]), &dims);
            params.insert(SCALE, sized(&self.scale, dims[0] * dims[1]), &dims);
        }
        if shape.measures > 0 || shape.networks {
            let networks: Vec<f32> = self.networks.iter().map(|network| *network as f32).collect();
            params.insert(NETWORKS, sized(&networks, shape.rois), &[shape.rois]);
        }
    }

    /// Reads the norms among the weights, if there are any.
    pub(super) fn read(params: &Params) -> PatchNorms {
        let read = |name: &str| params.try_get(name).map(|values| values.to_vec()).unwrap_or_default();
        let networks = read(NETWORKS).into_iter().map(|network| network as usize).collect();
        PatchNorms { mean: read(MEAN), scale: read(SCALE), networks }
    }
}
