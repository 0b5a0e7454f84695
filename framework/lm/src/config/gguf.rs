//! The shape of a model from the metadata of a GGUF file.

use boldface::Result;
use boldface_engine::Rope;

use super::rope::{RopeScaling, yarn_attention};
use super::{FAMILIES, ModelConfig, ModelFamily};
use crate::gguf::Gguf;
use crate::weights::Storage;

impl ModelConfig {
    /// Reads the shape from the keys below the architecture's name.
    pub(crate) fn from_gguf(gguf: &Gguf) -> Result<ModelConfig> {
        let arch = gguf.needed("general.architecture", gguf.text("general.architecture"))?;
        let family = match arch {
            "gpt2" => ModelFamily::Gpt2,
            "llama" => ModelFamily::Llama,
            "qwen3" => ModelFamily::Qwen3,
            _ => return Err(gguf.wrong("general.architecture", FAMILIES)),
        };
        let key = |part: &str| format!("{arch}.{part}");
        refuse_what_is_not_computed(gguf, arch)?;
        let count = |part: &str| gguf.needed(&key(part), gguf.count(&key(part)));
        let (width, heads) = (count("embedding_length")?, count("attention.head_count")?);
        let kv_heads = gguf.count(&key("attention.head_count_kv"))?.unwrap_or(heads);
        let head_width = match gguf.count(&key("attention.key_length"))? {
            Some(width) => width,
            None if heads == 0 || width % heads != 0 => {
                let why = format!("which does not divide `{}`, {width}", key("embedding_length"));
                return Err(gguf.wrong(&key("attention.head_count"), &why));
            }
            None => width / heads,
        };
        for other in ["attention.value_length", "rope.dimension_count"] {
            if gguf.count(&key(other))?.is_some_and(|other| other != head_width) {
                return Err(gguf.wrong(&key(other), &format!("and heads are {head_width} wide")));
            }
        }
        let embedding = gguf.tensors().get("token_embd.weight");
        let vocabulary = embedding.and_then(|stored| stored.dims.first().copied());
        let vocabulary = vocabulary
            .ok_or_else(|| format!("`{}`: tensor `token_embd.weight` is missing", gguf.path().display()))?;
        let has = |part: &str| gguf.tensors().contains_key(part);
        let norm = if family == ModelFamily::Gpt2 { "layer_norm_epsilon" } else { "layer_norm_rms_epsilon" };
        let norm = key(&format!("attention.{norm}"));
        let config = ModelConfig {
            family,
            layers: count("block_count")?,
            width,
            heads,
            kv_heads,
            head_width,
            inner: count("feed_forward_length")?,
            vocabulary,
            context: count("context_length")?,
            eps: gguf.needed(&norm, gguf.number(&norm))? as f32,
            rope: None,
            tied: !has("output.weight"),
            attention_bias: family == ModelFamily::Gpt2 || has("blk.0.attn_q.bias"),
            mlp_bias: family == ModelFamily::Gpt2 || has("blk.0.ffn_up.bias"),
        };
        let mut config = config.checked(&gguf.path().display().to_string())?;
        if family != ModelFamily::Gpt2 {
            config.rope = Some(rope(gguf, arch, head_width, config.context)?);
        }
        Ok(config)
    }
}

fn rope(gguf: &Gguf, arch: &str, head_width: usize, context: usize) -> Result<Rope> {
    let key = |part: &str| format!("{arch}.rope.{part}");
    let number = |part: &str| gguf.number(&key(part));
    let base = number("freq_base")?.unwrap_or(10_000.0);
    if base <= 1.0 {
        return Err(gguf.wrong(&key("freq_base"), "where more than 1 was expected"));
    }
    let kind = gguf.text(&key("scaling.type"))?;
    let factor = match number("scaling.factor")? {
        Some(factor) => Some(factor),
        None => number("scale_linear")?,
    };
    let scaling = match (kind, factor) {
        (Some("none"), _) | (None, None) => RopeScaling::None,
        (Some("linear") | None, Some(factor)) => RopeScaling::Linear { factor },
        (Some("yarn"), Some(factor)) => RopeScaling::Yarn {
            factor,
            fast: number("scaling.yarn_beta_fast")?.unwrap_or(32.0),
            slow: number("scaling.yarn_beta_slow")?.unwrap_or(1.0),
            original: number("scaling.original_context_length")?.unwrap_or(context as f64),
            attention: number("scaling.attn_factor")?.unwrap_or(1.0) * yarn_attention(factor, 1.0),
            truncate: true,
        },
        (Some("linear" | "yarn"), None) => {
            let path = gguf.path().display();
            return Err(format!("`{path}` has no key `{}`", key("scaling.factor")).into());
        }
        _ => return Err(gguf.wrong(&key("scaling.type"), "and boldface knows `none`, `linear` and `yarn`")),
    };
    scaling.checked(&|part, why| {
        let part = match part {
            "factor" => "scaling.factor",
            "beta_fast" => "scaling.yarn_beta_fast",
            "beta_slow" => "scaling.yarn_beta_slow",
            "attention_factor" => "scaling.attn_factor",
            _ => "scaling.original_context_length",
        };
        gguf.wrong(&key(part), why)
    })?;
    let mut rope = scaling.rope(head_width, base);
    // Llama 3.1's scaling is stored as a divisor of each frequency.
    if let Some(stored) = gguf.tensors().get("rope_freqs.weight") {
        let wrong = |why: &str| format!("`{}`: tensor `rope_freqs.weight` {why}", gguf.path().display());
        if stored.storage != Storage::F32 || stored.dims != [head_width / 2] {
            let (dims, half) = (&stored.dims, head_width / 2);
            return Err(
                wrong(&format!("has dims {dims:?}, where {half} numbers of F32 were expected")).into()
            );
        }
        let divisors = stored.numbers();
        if !divisors.iter().all(|divisor| *divisor > 0.0 && divisor.is_finite()) {
            return Err(wrong("holds a number that is no divisor").into());
        }
        let divided = rope.frequencies.iter().zip(divisors).map(|(frequency, by)| frequency / f64::from(by));
        rope.frequencies = divided.collect();
    }
    Ok(rope)
}

/// Refuses keys whose effect on the numbers we do not compute.
fn refuse_what_is_not_computed(gguf: &Gguf, arch: &str) -> Result<()> {
    let zero = [
        ("expert_count", "but mixtures of experts are not supported"),
        ("attention.sliding_window", "but sliding-window attention is not supported"),
        ("attn_logit_softcapping", "but capped logits are not supported"),
        ("final_logit_softcapping", "but capped logits are not supported"),
        ("attention.scale", "but attention is always scaled by the width of a head"),
        ("logit_scale", "but scaled logits are not supported"),
        ("embedding_scale", "but scaled embeddings are not supported"),
        ("residual_scale", "but scaled residuals are not supported"),
    ];
    for (part, why) in zero {
        let key = format!("{arch}.{part}");
        if gguf.number(&key)?.is_some_and(|number| number != 0.0) {
            return Err(gguf.wrong(&key, why));
        }
    }
    Ok(())
}
