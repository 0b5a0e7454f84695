//! The weights that read and predict fMRI tokens, under the names that every backbone gives them.

use std::collections::BTreeMap;

use boldface::{FmriShape, Result};
use boldface_engine::nn::{self, Pass};
use boldface_engine::{Params, Tensor};
use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bucket;

const STD: f32 = 0.02;

/// What is read of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::backbones) enum Input {
    /// Encoder output before quantisation, projected to the model's width.
    Features,
    /// One learned vector a code.
    Codes,
}

/// Adds what reads and predicts fMRI tokens of a model that is `width` wide.
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

/// Adds to what tells regions apart the mean embedding of each one's name, so that from the first step a question's words
/// are like the tokens that they are about. `embedded` has the embeddings of each name's tokens, one behind the other.
///
/// # Errors
/// If there is not one name per region.
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

/// How many numbers [`add`] adds.
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

/// The fMRI tokens of a bucket, `(n, width)`: what a region shows, and which region it is. None if it has none.
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

/// Every cell of a bucket, `(size * length, width)`, of its text and its fMRI tokens.
pub(in crate::backbones) fn cells(text: Option<Tensor>, fmri: Option<Tensor>, bucket: &Bucket) -> Tensor {
    let parts: Vec<Tensor> = text.into_iter().chain(fmri).collect();
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0).rows(&bucket.rows)
}

/// Logits over the codebook, `(n, codebook_size)`, of normed states.
pub(super) fn codes(pass: &Pass<'_>, normed: &Tensor) -> Tensor {
    nn::linear(pass, "fmri.head", normed)
}
