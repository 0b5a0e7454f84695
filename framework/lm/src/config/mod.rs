//! The shape of a model, from either kind of file.

mod folder;
mod gguf;
mod rope;
#[cfg(test)]
mod tests;

use boldface::Result;
use boldface_engine::Rope;

/// Part of the error about a model of another family.
const FAMILIES: &str = "but boldface reads only `gpt2`, `llama` and `qwen3`";

/// A family of models that share one forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelFamily {
    /// Layer norm, learned positions, GELU: GPT-2 (Radford et al. 2019).
    Gpt2,
    /// RMS norm, rotary positions, SwiGLU, shared key-value heads: Llama, SmolLM2 (Touvron et al. 2023).
    Llama,
    /// Like Llama, with a norm of every query and key head: Qwen3 (Yang et al. 2025).
    Qwen3,
}

/// The shape of a model, from `config.json` or a GGUF header.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// The family, which determines the forward pass.
    pub family: ModelFamily,
    /// Transformer layers.
    pub layers: usize,
    /// Width of the hidden states, D.
    pub width: usize,
    /// Attention heads, H.
    pub heads: usize,
    /// Key-value heads, each shared by H / G attention heads.
    pub kv_heads: usize,
    /// Width of one head, E; not always D / H.
    pub head_width: usize,
    /// Width of the feed-forward layer.
    pub inner: usize,
    /// Rows of the embedding, V; at least as many as the tokenizer has entries.
    pub vocabulary: usize,
    /// Longest sequence in tokens.
    pub context: usize,
    /// Added to the variance in norms.
    pub eps: f32,
    /// Rotary positions; None if positions are learned.
    pub rope: Option<Rope>,
    /// Whether the head is the embedding itself.
    pub tied: bool,
    /// Whether the projections of attention have a bias.
    pub attention_bias: bool,
    /// Whether the layers of the feed-forward part have a bias.
    pub mlp_bias: bool,
}

impl ModelConfig {
    /// Returns every parameter of the model: its published name, and its dims in memory.
    ///
    /// Linear weights are (outputs, inputs). GPT-2's files store them the other way round; they are
    /// turned on load.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let (d, inner) = (self.width, self.inner);
        let (q, kv) = (self.heads * self.head_width, self.kv_heads * self.head_width);
        let mut all = Vec::new();
        let mut add = |name: String, dims: &[usize]| all.push((name, dims.to_vec()));
        if self.family == ModelFamily::Gpt2 {
            add("transformer.wte.weight".into(), &[self.vocabulary, d]);
            add("transformer.wpe.weight".into(), &[self.context, d]);
            for layer in 0..self.layers {
                let name = |part: &str| format!("transformer.h.{layer}.{part}");
                for (part, outputs, inputs) in [
                    ("attn.c_attn", 3 * d, d),
                    ("attn.c_proj", d, d),
                    ("mlp.c_fc", inner, d),
                    ("mlp.c_proj", d, inner),
                ] {
                    add(name(&format!("{part}.weight")), &[outputs, inputs]);
                    add(name(&format!("{part}.bias")), &[outputs]);
                }
                for part in ["ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"] {
                    add(name(part), &[d]);
                }
            }
            add("transformer.ln_f.weight".into(), &[d]);
            add("transformer.ln_f.bias".into(), &[d]);
        } else {
            add("model.embed_tokens.weight".into(), &[self.vocabulary, d]);
            for layer in 0..self.layers {
                let name = |part: &str| format!("model.layers.{layer}.{part}");
                for (part, outputs, inputs, has_bias) in [
                    ("self_attn.q_proj", q, d, self.attention_bias),
                    ("self_attn.k_proj", kv, d, self.attention_bias),
                    ("self_attn.v_proj", kv, d, self.attention_bias),
                    ("self_attn.o_proj", d, q, self.attention_bias),
                    ("mlp.gate_proj", inner, d, self.mlp_bias),
                    ("mlp.up_proj", inner, d, self.mlp_bias),
                    ("mlp.down_proj", d, inner, self.mlp_bias),
                ] {
                    add(name(&format!("{part}.weight")), &[outputs, inputs]);
                    if has_bias {
                        add(name(&format!("{part}.bias")), &[outputs]);
                    }
                }
                for part in ["input_layernorm.weight", "post_attention_layernorm.weight"] {
                    add(name(part), &[d]);
                }
                if self.family == ModelFamily::Qwen3 {
                    for part in ["self_attn.q_norm.weight", "self_attn.k_norm.weight"] {
                        add(name(part), &[self.head_width]);
                    }
                }
            }
            add("model.norm.weight".into(), &[d]);
        }
        if !self.tied {
            add("lm_head.weight".into(), &[self.vocabulary, d]);
        }
        all
    }

    /// Refuses unrealistic sizes, so that nothing below divides by zero or overflows.
    fn checked(self, file: &str) -> Result<ModelConfig> {
        let sizes = [
            ("layers", self.layers, 10_000),
            ("width", self.width, 1 << 20),
            ("heads", self.heads, 1 << 16),
            ("key-value heads", self.kv_heads, 1 << 16),
            ("width of a head", self.head_width, 1 << 16),
            ("width of the feed-forward layer", self.inner, 1 << 22),
            ("vocabulary", self.vocabulary, 1 << 26),
            ("context", self.context, 1 << 30),
        ];
        for (what, size, most) in sizes {
            if size == 0 || size > most {
                return Err(format!("`{file}`: {what}: {size}, where 1 to {most} was expected").into());
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            let (heads, kv) = (self.heads, self.kv_heads);
            return Err(format!("`{file}`: {heads} heads cannot share {kv} key-value heads").into());
        }
        if self.rope.is_some() && !self.head_width.is_multiple_of(2) {
            return Err(format!(
                "`{file}`: rotary positions need heads of even width, not {}",
                self.head_width
            )
            .into());
        }
        if !(self.eps > 0.0 && self.eps < 1.0) {
            return Err(format!("`{file}`: epsilon of norms: {}, where 0 to 1 was expected", self.eps).into());
        }
        Ok(self)
    }

    /// Returns how many numbers all parameters have together.
    pub fn count(&self) -> u64 {
        self.parameters().iter().map(|(_, dims)| dims.iter().product::<usize>() as u64).sum()
    }

    /// Returns PEFT's names of the linear layers that may have an adapter, such as `q_proj` or `c_attn`.
    pub fn linears(&self) -> &'static [&'static str] {
        match self.family {
            ModelFamily::Gpt2 => &["c_attn", "c_proj", "c_fc"],
            ModelFamily::Llama | ModelFamily::Qwen3 => {
                &["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
            }
        }
    }

    /// Returns the name of the embedding.
    pub fn embedding(&self) -> &'static str {
        match self.family {
            ModelFamily::Gpt2 => "transformer.wte.weight",
            ModelFamily::Llama | ModelFamily::Qwen3 => "model.embed_tokens.weight",
        }
    }

    /// Returns the name of the table whose rows are multiplied with the last hidden states.
    pub fn head(&self) -> &'static str {
        if self.tied { self.embedding() } else { "lm_head.weight" }
    }
}
