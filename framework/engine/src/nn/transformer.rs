//! A pre-norm transformer.

use rand::Rng;

use super::{KvCache, Pass, init_layer_norm, init_linear, init_lora, layer_norm, linear};
use crate::params::Params;
use crate::tensor::Tensor;

/// Layers named `{prefix}.{i}.{norm1, qkv, out, norm2, up, down}`, without a final norm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transformer {
    /// What the names of its parameters begin with.
    pub prefix: String,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the residual stream; a multiple of the heads.
    pub width: usize,
    /// Width of the feed-forward layer over that of the residual stream.
    pub mlp_ratio: usize,
}

impl Transformer {
    /// Adds the parameters: standard deviation .02, and .02 / sqrt(2 layers) where a branch ends
    /// (Radford et al. 2019).
    pub fn init(&self, params: &mut Params, rng: &mut impl Rng) {
        let (width, inner) = (self.width, self.width * self.mlp_ratio);
        let (std, end_std) = (0.02, 0.02 / (2.0 * self.layers as f32).sqrt());
        for layer in 0..self.layers {
            let name = |part: &str| format!("{}.{layer}.{part}", self.prefix);
            init_layer_norm(params, &name("norm1"), width);
            init_linear(params, &name("qkv"), width, 3 * width, true, std, rng);
            init_linear(params, &name("out"), width, width, true, end_std, rng);
            init_layer_norm(params, &name("norm2"), width);
            init_linear(params, &name("up"), width, inner, true, std, rng);
            init_linear(params, &name("down"), inner, width, true, end_std, rng);
        }
    }

    /// How many numbers [`Transformer::init`] adds.
    pub fn parameters(&self) -> u64 {
        let (width, inner) = (self.width as u64, (self.width * self.mlp_ratio) as u64);
        let norms = 2 * 2 * width;
        let linear = |inputs: u64, outputs: u64| inputs * outputs + outputs;
        let attention = linear(width, 3 * width) + linear(width, width);
        self.layers as u64 * (norms + attention + linear(width, inner) + linear(inner, width))
    }

    /// How many numbers [`Transformer::add_lora`] adds.
    pub fn lora_parameters(&self, rank: usize) -> u64 {
        let (width, inner) = (self.width as u64, (self.width * self.mlp_ratio) as u64);
        let ends = (width + 3 * width) + (width + width) + 2 * (width + inner);
        self.layers as u64 * rank as u64 * ends
    }

    /// Adds LoRA branches to all linear layers.
    pub fn add_lora(&self, params: &mut Params, rank: usize, rng: &mut impl Rng) {
        for layer in 0..self.layers {
            for part in ["qkv", "out", "up", "down"] {
                init_lora(params, &format!("{}.{layer}.{part}", self.prefix), rank, rng);
            }
        }
    }

    /// (B, T, D) -> (B, T, D); token `t` of sequence `b` sees the first `visible[b * T + t]`.
    ///
    /// With a cache, `x` holds the new tokens only, their keys and values are added to the cache, and
    /// `visible` counts cached and new ones.
    pub fn forward(
        &self,
        pass: &Pass<'_>,
        x_btd: &Tensor,
        visible: &[u32],
        mut cache: Option<&mut KvCache>,
    ) -> Tensor {
        let mut x_btd = x_btd.clone();
        for layer in 0..self.layers {
            x_btd = match &mut cache {
                None if pass.recompute => {
                    let (model, visible) = (self.clone(), visible.to_vec());
                    pass.layer(&x_btd, move |pass, x| model.layer(pass, layer, x, &visible, None))
                }
                cache => self.layer(pass, layer, &x_btd, visible, cache.as_deref_mut()),
            };
        }
        x_btd
    }

    fn layer(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x_btd: &Tensor,
        visible: &[u32],
        cache: Option<&mut KvCache>,
    ) -> Tensor {
        let name = |part: &str| format!("{}.{layer}.{part}", self.prefix);
        let depth = (layer + 1) as f32 / self.layers as f32;
        let branch = |x: &Tensor| pass.drop_path(&pass.dropout(x), depth);

        let qkv = linear(pass, &name("qkv"), &layer_norm(pass, &name("norm1"), x_btd));
        let attended = match cache {
            None => qkv.self_attention(self.heads, self.heads, visible),
            Some(cache) => {
                let part = |which: usize| qkv.narrow(2, which * self.width, self.width);
                let (keys, values) = cache.extend(layer, part(1), part(2));
                Tensor::attention(&part(0), &keys, &values, self.heads, self.heads, visible)
            }
        };
        let x_btd = x_btd.add(&branch(&linear(pass, &name("out"), &attended)));

        let inner = linear(pass, &name("up"), &layer_norm(pass, &name("norm2"), &x_btd)).gelu();
        x_btd.add(&branch(&linear(pass, &name("down"), &inner)))
    }
}
