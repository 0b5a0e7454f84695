//! The forward pass of every family, written once for both engines and with our masks.
//!
//! It is our own because the crates for these models each bring their own engine.
//!
//! Shapes: `B` batch, `T` tokens, `D` width, `H` heads, `G` key-value heads, `E` width of a head, `V`
//! vocabulary.

use boldface::Result;
use boldface_engine::nn::{KvCache, Pass, linear};
use boldface_engine::{Params, Tensor};

use crate::config::{ModelConfig, ModelFamily};

/// A model with its weights.
#[derive(Clone, Debug)]
pub struct PublishedNetwork {
    /// Its shape.
    pub config: ModelConfig,
    /// Its parameters under their published names, and its adapters' beside them (see [`linear`]).
    pub params: Params,
}

impl PublishedNetwork {
    /// Makes a pass without noise, with adapters at scale 1.
    pub fn inference(&self) -> Pass<'_> {
        Pass::inference(&self.params)
    }

    /// Checks that the model's vocabulary has these tokens.
    ///
    /// # Errors
    ///
    /// If it lacks one.
    pub fn check_tokens(&self, tokens: &[u32]) -> Result<()> {
        let size = self.config.vocabulary;
        match tokens.iter().find(|token| **token as usize >= size) {
            Some(token) => Err(format!("token `{token}` is not in the model's vocabulary of {size}").into()),
            None => Ok(()),
        }
    }

    /// Makes an empty cache of keys and values.
    pub fn cache(&self) -> KvCache {
        KvCache::new(self.config.layers)
    }

    /// Returns rows of the embedding, (tokens.len(), D).
    pub fn embed(&self, pass: &Pass<'_>, tokens: &[u32]) -> Tensor {
        pass.params.get(self.config.embedding()).rows(tokens)
    }

    /// Returns the hidden states before the last norm: embedded tokens (B, T, D) -> (B, T, D).
    ///
    /// `positions` and `visible` have one number per token (B * T): its position, and how many of the
    /// first places of its sequence it sees. With a cache, `x_btd` holds only the new tokens, and
    /// `visible` counts cached ones too.
    pub fn read(
        &self,
        pass: &Pass<'_>,
        x_btd: &Tensor,
        positions: &[u32],
        visible: &[u32],
        mut cache: Option<&mut KvCache>,
    ) -> Tensor {
        let mut x_btd = x_btd.clone();
        if self.config.family == ModelFamily::Gpt2 {
            let dims = x_btd.dims().to_vec();
            x_btd = x_btd.add(&pass.params.get("transformer.wpe.weight").rows(positions).reshape(&dims));
        }
        for layer in 0..self.config.layers {
            x_btd = match &mut cache {
                None if pass.recompute => {
                    let (network, positions, visible) = (self.clone(), positions.to_vec(), visible.to_vec());
                    pass.layer(&x_btd, move |pass, x| {
                        network.layer(pass, layer, x, &positions, &visible, None)
                    })
                }
                cache => self.layer(pass, layer, &x_btd, positions, visible, cache.as_deref_mut()),
            };
        }
        x_btd
    }

    fn layer(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x_btd: &Tensor,
        positions: &[u32],
        visible: &[u32],
        cache: Option<&mut KvCache>,
    ) -> Tensor {
        match self.config.family {
            ModelFamily::Gpt2 => self.gpt2(pass, layer, x_btd, visible, cache),
            ModelFamily::Llama | ModelFamily::Qwen3 => {
                self.llama(pass, layer, x_btd, positions, visible, cache)
            }
        }
    }

    /// Applies the last norm.
    pub fn norm(&self, pass: &Pass<'_>, x: &Tensor) -> Tensor {
        let name = match self.config.family {
            ModelFamily::Gpt2 => "transformer.ln_f",
            ModelFamily::Llama | ModelFamily::Qwen3 => "model.norm",
        };
        self.normed(pass, name, x)
    }

    /// Returns the table whose rows are multiplied with hidden states, (V, D).
    pub fn head<'a>(&self, pass: &Pass<'a>) -> &'a Tensor {
        pass.params.get(self.config.head())
    }

    /// Returns the logits (.., V) of hidden states (.., D) after the last norm.
    pub fn logits(&self, pass: &Pass<'_>, normed: &Tensor) -> Tensor {
        normed.linear(self.head(pass), None)
    }

    fn gpt2(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x_btd: &Tensor,
        visible: &[u32],
        cache: Option<&mut KvCache>,
    ) -> Tensor {
        let name = |part: &str| format!("transformer.h.{layer}.{part}");
        let (heads, width) = (self.config.heads, self.config.width);
        let qkv = linear(pass, &name("attn.c_attn"), &self.normed(pass, &name("ln_1"), x_btd));
        let attended = match cache {
            None => qkv.self_attention(heads, heads, visible),
            Some(cache) => {
                let part = |which: usize| qkv.narrow(2, which * width, width);
                cache.attend(layer, &part(0), [part(1), part(2)], [heads, heads], visible)
            }
        };
        let x_btd = x_btd.add(&pass.dropout(&linear(pass, &name("attn.c_proj"), &attended)));
        let inner = linear(pass, &name("mlp.c_fc"), &self.normed(pass, &name("ln_2"), &x_btd)).gelu_tanh();
        x_btd.add(&pass.dropout(&linear(pass, &name("mlp.c_proj"), &inner)))
    }

    fn llama(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x_btd: &Tensor,
        positions: &[u32],
        visible: &[u32],
        cache: Option<&mut KvCache>,
    ) -> Tensor {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        let ModelConfig { heads, kv_heads, .. } = self.config;
        let x = self.normed(pass, &name("input_layernorm"), x_btd);
        let turned = |part: &str, heads: usize| {
            let y = linear(pass, &name(&format!("self_attn.{part}_proj")), &x);
            let y = self.head_norm(pass, &name(&format!("self_attn.{part}_norm")), &y);
            match &self.config.rope {
                Some(rope) => y.rope(positions, heads, rope),
                None => y,
            }
        };
        let (q, k) = (turned("q", heads), turned("k", kv_heads));
        let v = linear(pass, &name("self_attn.v_proj"), &x);
        let attended = match cache {
            None => Tensor::attention(&q, &k, &v, heads, kv_heads, visible),
            Some(cache) => cache.attend(layer, &q, [k, v], [heads, kv_heads], visible),
        };
        let x_btd = x_btd.add(&pass.dropout(&linear(pass, &name("self_attn.o_proj"), &attended)));
        let x = self.normed(pass, &name("post_attention_layernorm"), &x_btd);
        let [gate, up] = ["gate", "up"].map(|part| linear(pass, &name(&format!("mlp.{part}_proj")), &x));
        let inner = Tensor::swiglu(&gate, &up);
        x_btd.add(&pass.dropout(&linear(pass, &name("mlp.down_proj"), &inner)))
    }

    /// Applies Qwen3's norm to each head separately; the other families have none.
    fn head_norm(&self, pass: &Pass<'_>, name: &str, x_btd: &Tensor) -> Tensor {
        if self.config.family != ModelFamily::Qwen3 {
            return x_btd.clone();
        }
        let dims = x_btd.dims().to_vec();
        let width = self.config.head_width;
        let heads = x_btd.reshape(&[dims.iter().product::<usize>() / width, width]);
        heads.rms_norm(pass.params.get(&format!("{name}.weight")), self.config.eps).reshape(&dims)
    }

    fn normed(&self, pass: &Pass<'_>, name: &str, x: &Tensor) -> Tensor {
        let gain = pass.params.get(&format!("{name}.weight"));
        match self.config.family {
            ModelFamily::Gpt2 => {
                x.layer_norm(gain, pass.params.get(&format!("{name}.bias")), self.config.eps)
            }
            ModelFamily::Llama | ModelFamily::Qwen3 => x.rms_norm(gain, self.config.eps),
        }
    }
}
