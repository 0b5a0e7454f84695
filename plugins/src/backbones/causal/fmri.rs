//! The weights that read and predict fMRI tokens, with the same names in every backbone.

use std::collections::BTreeMap;

use boldface::{FmriShape, Result};
use boldface_engine::nn::{self, Pass};
use boldface_engine::{Params, Tensor};
use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bucket;

const STD: f32 = 0.02;

/// Form in which the model reads a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::backbones) enum Input {
    /// Encoder output before quantisation, projected to the model's width.
    Features,
    /// One learned vector per code.
    Codes,
}

/// Adds the weights that read and predict fMRI tokens to a model of width `width`.
pub(in crate::backbones) fn add(
    params: &mut Params,
    input: Input,
    shape: FmriShape,
    width: usize,
    rng: &mut impl Rng,
) {
    match input {
        Input::Features => nn::init_linear(params, "fmri.input", shape.width, width, true, STD, rng),
        Input::Codes => params.normal("fmri.codes", &[shape.codebook_size, width], STD, rng),
    }
    params.normal("fmri.regions", &[shape.rois, width], STD, rng);
    nn::init_linear(params, "fmri.head", width, shape.codebook_size, false, STD, rng);
}

/// Adds the mean embedding of each region's name to the vector that identifies the region. From the
/// first step, a question's words then resemble the tokens of the regions they name. `embedded` has the
/// embeddings of each name's tokens, concatenated.
///
/// # Errors
/// If the number of names differs from the number of regions.
pub(in crate::backbones) fn name_regions(
    params: &mut Params,
    names: &[String],
    embedded: &BTreeMap<&str, Vec<f32>>,
) -> Result<()> {
    let dims = params.get("fmri.regions").dims().to_vec();
    if names.len() != dims[0] {
        return Err(format!("{} names of {} regions", names.len(), dims[0]).into());
    }
    let mut rows = params.get("fmri.regions").to_vec();
    for (row, name) in rows.chunks_exact_mut(dims[1]).zip(names) {
        let tokens = embedded.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let count = (tokens.len() / dims[1]).max(1) as f32;
        for token in tokens.chunks_exact(dims[1]) {
            row.iter_mut().zip(token).for_each(|(value, part)| *value += part / count);
        }
    }
    params.set("fmri.regions", rows);
    Ok(())
}

/// Number of weights that [`add`] adds.
pub(in crate::backbones) fn parameters(input: Input, shape: FmriShape, width: usize) -> u64 {
    let input = match input {
        Input::Features => shape.width + 1,
        Input::Codes => shape.codebook_size,
    };
    ((input + shape.rois + shape.codebook_size) * width) as u64
}

/// Whether a weight belongs to the fMRI parts.
pub(in crate::backbones) fn is_fmri(name: &str) -> bool {
    name.starts_with("fmri.")
}

/// The fMRI tokens of a bucket, `(n, width)`: the signal's vector plus the region's. `None` if the
/// bucket has no such tokens.
pub(in crate::backbones) fn tokens(pass: &Pass<'_>, input: Input, bucket: &Bucket) -> Option<Tensor> {
    let n = bucket.regions.len();
    let shown = match input {
        _ if n == 0 => return None,
        Input::Features => {
            let dims = [n, bucket.features.len() / n];
            let features = pass.params.engine().tensor(bucket.features.clone(), &dims);
            nn::linear(pass, "fmri.input", &features).gelu()
        }
        Input::Codes => pass.params.get("fmri.codes").rows(&bucket.codes),
    };
    Some(shown.add(&pass.params.get("fmri.regions").rows(&bucket.regions)))
}

/// All cells of a bucket, `(size * length, width)`, from its text and fMRI tokens.
pub(in crate::backbones) fn cells(text: Option<Tensor>, fmri: Option<Tensor>, bucket: &Bucket) -> Tensor {
    let parts: Vec<Tensor> = text.into_iter().chain(fmri).collect();
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0).rows(&bucket.rows)
}

/// Logits over the codebook, `(n, codebook_size)`, from normed states.
pub(super) fn codes(pass: &Pass<'_>, normed: &Tensor) -> Tensor {
    nn::linear(pass, "fmri.head", normed)
}
