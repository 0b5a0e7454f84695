//! A pre-norm transformer, optionally with gated attention.

use boldface::Lora;
use rand::Rng;

use super::{KvCache, Pass, init_layer_norm, init_linear, init_lora, layer_norm, linear};
use crate::params::Params;
use crate::tensor::Tensor;

/// Layers named `{prefix}.{i}.{norm1, qkv, gate, out, norm2, up, down}`, without a final norm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transformer {
    /// Prefix of its parameters' names.
    pub prefix: String,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the residual stream; a multiple of the heads.
    pub width: usize,
    /// Width of the feed-forward layer as a multiple of `width`.
    pub mlp_ratio: usize,
    /// Whether each token multiplies what it attends to by numbers of its own, `1 + gate(x)`, before
    /// layer `out`.
    ///
    /// A question then selects by itself which of the numbers that it reads from a region count.
    /// Without gates, layers must learn to. Gates after attention are those of Qiu et al. 2025 (arXiv
    /// 2505.06708), without a sigmoid.
    pub gated: bool,
}

impl Transformer {
    /// Adds the parameters, with standard deviation .55 / sqrt(width), or that / sqrt(2 layers) where a
    /// branch ends.
    ///
    /// At GPT-2's width of 768 this equals GPT-2's .02 (Radford et al. 2019). At a small width, .02
    /// would leave attention uniform for long, and the words of a question could not select tokens of
    /// the scan.
    pub fn init(&self, params: &mut Params, rng: &mut impl Rng) {
        let (width, inner) = (self.width, self.width * self.mlp_ratio);
        let std = 0.55 / (width as f32).sqrt();
        let end_std = std / (2.0 * self.layers as f32).sqrt();
        for layer in 0..self.layers {
            let name = |part: &str| format!("{}.{layer}.{part}", self.prefix);
            init_layer_norm(params, &name("norm1"), width);
            init_linear(params, &name("qkv"), width, 3 * width, true, std, rng);
            if self.gated {
                init_linear(params, &name("gate"), width, width, true, std, rng);
                params.constant(&format!("{}.bias", name("gate")), &[width], 1.0);
            }
            init_linear(params, &name("out"), width, width, true, end_std, rng);
            init_layer_norm(params, &name("norm2"), width);
            init_linear(params, &name("up"), width, inner, true, std, rng);
            init_linear(params, &name("down"), inner, width, true, end_std, rng);
        }
    }

    /// Returns how many numbers [`Transformer::init`] adds.
    pub fn parameters(&self) -> u64 {
        let (width, inner) = (self.width as u64, (self.width * self.mlp_ratio) as u64);
        let norms = 2 * 2 * width;
        let linear = |inputs: u64, outputs: u64| inputs * outputs + outputs;
        let gate = if self.gated { linear(width, width) } else { 0 };
        let attention = linear(width, 3 * width) + linear(width, width) + gate;
        self.layers as u64 * (norms + attention + linear(width, inner) + linear(inner, width))
    }

    /// Last parts of the names of its linear layers.
    pub const LINEARS: [&str; 5] = ["qkv", "gate", "out", "up", "down"];

    /// Returns the names of all linear layers.
    pub fn linears(&self) -> Vec<String> {
        let parts = || Self::LINEARS.into_iter().filter(|part| self.gated || *part != "gate");
        let layers = (0..self.layers)
            .flat_map(|layer| parts().map(move |part| format!("{}.{layer}.{part}", self.prefix)));
        layers.collect()
    }

    /// Returns how many numbers [`Transformer::add_lora`] adds.
    pub fn lora_parameters(&self, lora: &Lora) -> u64 {
        let (width, inner) = (self.width, self.width * self.mlp_ratio);
        let ends = |name: &String| match name.rsplit('.').next() {
            Some("qkv") => width + 3 * width,
            Some("gate" | "out") => width + width,
            _ => width + inner,
        };
        let all: usize = self.linears().iter().filter(|name| lora.is_beside(name)).map(ends).sum();
        (all * lora.rank) as u64
    }

    /// Adds LoRA branches to the linear layers that `lora` names.
    pub fn add_lora(&self, params: &mut Params, lora: &Lora, rng: &mut impl Rng) {
        for name in self.linears().iter().filter(|name| lora.is_beside(name)) {
            init_lora(params, name, lora.rank, rng);
        }
    }

    /// Maps (B, T, D) to (B, T, D); token `t` of sequence `b` sees the first `visible[b * T + t]`
    /// tokens.
    ///
    /// With a cache, `x_btd` holds only the new tokens, their keys and values are added to the cache,
    /// and `visible` counts cached and new tokens.
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

        let normed = layer_norm(pass, &name("norm1"), x_btd);
        let qkv = linear(pass, &name("qkv"), &normed);
        let mut attended = match cache {
            None => qkv.self_attention(self.heads, self.heads, visible),
            Some(cache) => {
                let part = |which: usize| qkv.narrow(2, which * self.width, self.width);
                cache.attend(layer, &part(0), [part(1), part(2)], [self.heads, self.heads], visible)
            }
        };
        if self.gated {
            attended = attended.mul(&linear(pass, &name("gate"), &normed));
        }
        let x_btd = x_btd.add(&branch(&linear(pass, &name("out"), &attended)));

        let inner = linear(pass, &name("up"), &layer_norm(pass, &name("norm2"), &x_btd)).gelu();
        x_btd.add(&branch(&linear(pass, &name("down"), &inner)))
    }
}
