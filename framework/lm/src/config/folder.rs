//! The shape of a model from the `config.json` of a Hugging Face folder.

use boldface::Result;
use boldface_engine::Rope;

use super::rope::{RopeScaling, yarn_attention};
use super::{FAMILIES, ModelConfig, ModelFamily};
use crate::files::Json;

impl ModelConfig {
    /// Reads `config.json` in the forms of transformers 4 and 5.
    pub(crate) fn from_json(json: &Json) -> Result<ModelConfig> {
        refuse_what_is_not_computed(json)?;
        let config = match json.needed("model_type", json.text("model_type"))? {
            "gpt2" => gpt2(json),
            "llama" => llama(json, ModelFamily::Llama),
            "qwen3" => llama(json, ModelFamily::Qwen3),
            _ => Err(json.wrong("model_type", FAMILIES)),
        }?;
        config.checked(&json.file().display().to_string())
    }
}

fn gpt2(json: &Json) -> Result<ModelConfig> {
    activation(json, "activation_function", "gelu_new", &["gelu_new", "gelu_pytorch_tanh"])?;
    must_be(json, "scale_attn_weights", true, true)?;
    for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] {
        must_be(json, key, false, false)?;
    }
    let count = |key: &str| json.needed(key, json.count(key));
    let (width, heads) = (count("n_embd")?, count("n_head")?);
    if heads == 0 || width % heads != 0 {
        return Err(json.wrong("n_head", &format!("which does not divide `n_embd`, {width}")));
    }
    Ok(ModelConfig {
        family: ModelFamily::Gpt2,
        layers: count("n_layer")?,
        width,
        heads,
        kv_heads: heads,
        head_width: width / heads,
        inner: match json.count("n_inner")? {
            Some(inner) => inner,
            None => 4 * width,
        },
        vocabulary: count("vocab_size")?,
        context: count("n_positions")?,
        eps: json.number("layer_norm_epsilon")?.unwrap_or(1e-5) as f32,
        rope: None,
        tied: json.flag("tie_word_embeddings")?.unwrap_or(true),
        attention_bias: true,
        mlp_bias: true,
    })
}

fn llama(json: &Json, family: ModelFamily) -> Result<ModelConfig> {
    activation(json, "hidden_act", "silu", &["silu", "swish"])?;
    let count = |key: &str| json.needed(key, json.count(key));
    let (width, heads) = (count("hidden_size")?, count("num_attention_heads")?);
    let kv_heads = json.count("num_key_value_heads")?.unwrap_or(heads);
    let head_width = match (json.count("head_dim")?, family) {
        (Some(width), _) => width,
        (None, ModelFamily::Qwen3) => 128,
        (None, _) if heads == 0 || width % heads != 0 => {
            let why = format!("which does not divide `hidden_size`, {width}, and there is no `head_dim`");
            return Err(json.wrong("num_attention_heads", &why));
        }
        (None, _) => width / heads,
    };
    let context = count("max_position_embeddings")?;
    Ok(ModelConfig {
        family,
        layers: count("num_hidden_layers")?,
        width,
        heads,
        kv_heads,
        head_width,
        inner: count("intermediate_size")?,
        vocabulary: count("vocab_size")?,
        context,
        eps: json.number("rms_norm_eps")?.unwrap_or(1e-6) as f32,
        rope: Some(rope(json, head_width, context)?),
        tied: json.flag("tie_word_embeddings")?.unwrap_or(false),
        attention_bias: json.flag("attention_bias")?.unwrap_or(false),
        mlp_bias: json.flag("mlp_bias")?.unwrap_or(false),
    })
}

/// Reads rotary frequencies from `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling`
/// (4).
fn rope(json: &Json, head_width: usize, context: usize) -> Result<Rope> {
    let table = match json.object("rope_parameters")? {
        Some(table) => Some(table),
        None => json.object("rope_scaling")?,
    };
    for source in [Some(json), table.as_ref()].into_iter().flatten() {
        if source.number("partial_rotary_factor")?.is_some_and(|part| part != 1.0) {
            return Err(
                source.wrong("partial_rotary_factor", "but rotary positions must turn whole heads (1.0)")
            );
        }
    }
    let inside = table.as_ref().map(|table| table.number("rope_theta")).transpose()?.flatten();
    let base = inside.or(json.number("rope_theta")?).unwrap_or(10_000.0);
    if base <= 1.0 {
        let source = if inside.is_some() { table.as_ref().unwrap_or(json) } else { json };
        return Err(source.wrong("rope_theta", "where more than 1 was expected"));
    }
    let Some(table) = table else { return Ok(RopeScaling::None.rope(head_width, base)) };
    if let Some((layers, _)) = table.keys().find(|(_, value)| value.is_object()) {
        return Err(table.wrong(layers, "but all layers must turn by the same angles"));
    }
    let key = if table.value("rope_type").is_some() { "rope_type" } else { "type" };
    let number = |key: &str| table.needed(key, table.number(key));
    let original = || -> Result<f64> {
        let outside = json.number("original_max_position_embeddings")?;
        let inside = table.number("original_max_position_embeddings")?;
        Ok(outside.or(inside).unwrap_or(context as f64))
    };
    let scaling = match table.text(key)?.unwrap_or("default") {
        // Dynamic scaling changes nothing up to `max_position_embeddings`, and texts here are never
        // longer.
        "default" | "dynamic" => RopeScaling::None,
        "linear" => RopeScaling::Linear { factor: number("factor")? },
        "llama3" => RopeScaling::Llama3 {
            factor: number("factor")?,
            low: number("low_freq_factor")?,
            high: number("high_freq_factor")?,
            original: original()?,
        },
        "yarn" => {
            let original = original()?;
            let factor = table.number("factor")?.unwrap_or(context as f64 / original);
            let nonzero = |key: &str| Ok::<_, boldface::Error>(table.number(key)?.filter(|x| *x != 0.0));
            let attention =
                match (table.number("attention_factor")?, nonzero("mscale")?, nonzero("mscale_all_dim")?) {
                    (Some(attention), _, _) => attention,
                    (None, Some(m), Some(all)) => yarn_attention(factor, m) / yarn_attention(factor, all),
                    (None, _, _) => yarn_attention(factor, 1.0),
                };
            RopeScaling::Yarn {
                factor,
                fast: nonzero("beta_fast")?.unwrap_or(32.0),
                slow: nonzero("beta_slow")?.unwrap_or(1.0),
                original,
                attention,
                truncate: table.flag("truncate")?.unwrap_or(true),
            }
        }
        _ => {
            return Err(
                table.wrong(key, "and boldface knows `default`, `linear`, `dynamic`, `llama3` and `yarn`")
            );
        }
    };
    scaling.checked(&|key, why| table.wrong(key, why))?;
    Ok(scaling.rope(head_width, base))
}

/// Refuses keys whose effect on the numbers we do not compute.
fn refuse_what_is_not_computed(json: &Json) -> Result<()> {
    if json.value("quantization_config").is_some() {
        let file = json.file().display();
        return Err(format!(
            "`{file}` has `quantization_config`: quantised weights are supported only in .gguf files; \
             use the unquantised folder or a .gguf file of this model"
        )
        .into());
    }
    for key in ["num_local_experts", "num_experts", "n_routed_experts"] {
        if json.count(key)?.is_some_and(|experts| experts > 1) {
            return Err(json.wrong(key, "but mixtures of experts are not supported"));
        }
    }
    for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
        if json.value(key).is_some() {
            return Err(json.wrong(key, "but capped logits are not supported"));
        }
    }
    let slides = json.value("sliding_window").is_some() && json.flag("use_sliding_window")?.unwrap_or(true);
    if slides {
        return Err(json.wrong("sliding_window", "but sliding-window attention is not supported"));
    }
    let kinds = json.value("layer_types").and_then(serde_json::Value::as_array);
    if kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind != "full_attention")) {
        return Err(json.wrong("layer_types", "but every layer must be `full_attention`"));
    }
    Ok(())
}

fn activation(json: &Json, key: &str, default: &str, known: &[&str]) -> Result<()> {
    let found = json.text(key)?.unwrap_or(default);
    if known.contains(&found) {
        return Ok(());
    }
    Err(json.wrong(key, &format!("but this family needs `{}`", known[0])))
}

fn must_be(json: &Json, key: &str, wanted: bool, default: bool) -> Result<()> {
    if json.flag(key)?.unwrap_or(default) == wanted {
        return Ok(());
    }
    Err(json.wrong(key, &format!("but only `{wanted}` is supported")))
}
