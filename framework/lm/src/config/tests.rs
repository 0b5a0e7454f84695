//! Accepted and refused keys of `config.json`; each error names its key.

use std::path::{Path, PathBuf};

use expect_test::expect;
use serde_json::{Value, json};

use super::*;
use crate::files::Json;

fn read(config: &Value) -> Result<ModelConfig> {
    ModelConfig::from_json(&Json::parse(Path::new("config.json"), config.to_string().as_bytes())?)
}

/// Reads Llama's configuration with some keys changed.
fn llama(keys: Value) -> Result<ModelConfig> {
    let mut config = json!({
        "model_type": "llama", "hidden_size": 192, "intermediate_size": 100, "num_attention_heads": 3,
        "num_key_value_heads": 1, "num_hidden_layers": 2, "max_position_embeddings": 131_072, "vocab_size": 50,
        "rms_norm_eps": 1e-5,
    });
    for (key, value) in keys.as_object().unwrap() {
        config[key] = value.clone();
    }
    read(&config)
}

fn gpt2(keys: Value) -> Result<ModelConfig> {
    let mut config = json!({
        "model_type": "gpt2", "n_embd": 12, "n_head": 3, "n_layer": 2, "n_positions": 16, "vocab_size": 50,
        "n_inner": null, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
    });
    for (key, value) in keys.as_object().unwrap() {
        config[key] = value.clone();
    }
    read(&config)
}

fn refusal(config: Result<ModelConfig>) -> String {
    config.expect_err("refused").to_string()
}

#[test]
fn what_is_not_said_is_as_in_transformers() {
    let plain = llama(json!({})).unwrap();
    assert_eq!(
        (plain.head_width, plain.tied, plain.attention_bias, plain.mlp_bias),
        (64, false, false, false)
    );
    assert_eq!(plain.rope, Some(Rope::plain(64, 10_000.0)));
    assert_eq!(llama(json!({ "num_key_value_heads": null })).unwrap().kv_heads, 3);
    let qwen = llama(
        json!({ "model_type": "qwen3", "rope_theta": 1e6, "sliding_window": 9, "use_sliding_window": false }),
    );
    let qwen = qwen.unwrap();
    assert_eq!((qwen.family, qwen.head_width), (ModelFamily::Qwen3, 128));
    assert_eq!(qwen.rope, Some(Rope::plain(128, 1e6)));
    let gpt2 = gpt2(json!({})).unwrap();
    assert_eq!((gpt2.inner, gpt2.kv_heads, gpt2.head_width, gpt2.tied), (48, 3, 4, true));
    assert_eq!(gpt2.rope, None);
}

/// Frequencies equal those of `modeling_rope_utils` in transformers 5.23
/// (`tests/python/lm_text_golden.py`), which have 32 bits.
#[test]
fn rotary_frequencies_are_those_of_transformers() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/lm-text.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let ropes = golden["ropes"].as_array().unwrap();
    assert_eq!(ropes.len(), 10);
    for wanted in ropes {
        let parameters = &wanted["parameters"];
        let new = llama(json!({ "rope_parameters": parameters })).unwrap();
        // The form of transformers 4: the base is outside, and the kind has its old name.
        let mut old = parameters.clone();
        let base = old.as_object_mut().unwrap().remove("rope_theta").unwrap();
        old["type"] = old.as_object_mut().unwrap().remove("rope_type").unwrap();
        assert_eq!(llama(json!({ "rope_theta": base, "rope_scaling": old })).unwrap(), new);
        let rope = new.rope.unwrap();
        assert!((f64::from(rope.scale) - wanted["scale"].as_f64().unwrap()).abs() < 1e-7, "{parameters}");
        let frequencies = wanted["frequencies"].as_array().unwrap();
        assert_eq!(rope.frequencies.len(), frequencies.len());
        for (found, wanted) in rope.frequencies.iter().zip(frequencies) {
            let wanted = wanted.as_f64().unwrap();
            assert!((found / wanted - 1.0).abs() < 1e-6, "{found} for {wanted}: {parameters}");
        }
    }
}

#[test]
fn what_is_not_computed_is_refused_by_its_key() {
    let cases = [
        (
            json!({ "model_type": "mistral" }),
            expect![[
                r#"`config.json`: `model_type` is `"mistral"`, but boldface reads only `gpt2`, `llama` and `qwen3`"#
            ]],
        ),
        (
            json!({ "hidden_act": "gelu" }),
            expect![[r#"`config.json`: `hidden_act` is `"gelu"`, but this family needs `silu`"#]],
        ),
        (
            json!({ "sliding_window": 4096 }),
            expect![
                "`config.json`: `sliding_window` is `4096`, but sliding-window attention is not supported"
            ],
        ),
        (
            json!({ "layer_types": ["full_attention", "sliding_attention"] }),
            expect![[
                r#"`config.json`: `layer_types` is `["full_attention","sliding_attention"]`, but every layer must be `full_attention`"#
            ]],
        ),
        (
            json!({ "quantization_config": { "bits": 4 } }),
            expect![
                "`config.json` has `quantization_config`: quantised weights are supported only in .gguf files; use the unquantised folder or a .gguf file of this model"
            ],
        ),
        (
            json!({ "num_local_experts": 8 }),
            expect!["`config.json`: `num_local_experts` is `8`, but mixtures of experts are not supported"],
        ),
        (
            json!({ "final_logit_softcapping": 30.0 }),
            expect![
                "`config.json`: `final_logit_softcapping` is `30.0`, but capped logits are not supported"
            ],
        ),
        (
            json!({ "partial_rotary_factor": 0.5, "rope_parameters": { "rope_theta": 1e4 } }),
            expect![
                "`config.json`: `partial_rotary_factor` is `0.5`, but rotary positions must turn whole heads (1.0)"
            ],
        ),
        (
            json!({ "partial_rotary_factor": 0.5 }),
            expect![
                "`config.json`: `partial_rotary_factor` is `0.5`, but rotary positions must turn whole heads (1.0)"
            ],
        ),
        (
            json!({ "rope_scaling": { "rope_type": "longrope", "factor": 4.0 } }),
            expect![[
                r#"`config.json`: `rope_scaling.rope_type` is `"longrope"`, and boldface knows `default`, `linear`, `dynamic`, `llama3` and `yarn`"#
            ]],
        ),
        (
            json!({ "rope_scaling": { "rope_type": "linear" } }),
            expect!["`config.json` has no key `rope_scaling.factor`"],
        ),
        (
            json!({ "rope_scaling": { "rope_type": "linear", "factor": 0.0 } }),
            expect!["`config.json`: `rope_scaling.factor` is `0.0`, where more than 0 was expected"],
        ),
        (
            json!({ "rope_scaling": { "rope_type": "linear", "factor": "4" } }),
            expect![[r#"`config.json`: `rope_scaling.factor` is `"4"`, which is not a number"#]],
        ),
        (
            json!({ "rope_scaling": { "type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1 } }),
            expect![
                "`config.json`: `rope_scaling.high_freq_factor` is `1`, where more than `low_freq_factor`, 4, was expected"
            ],
        ),
        (
            json!({ "rope_parameters": { "full_attention": { "rope_theta": 1e4 } } }),
            expect![[
                r#"`config.json`: `rope_parameters.full_attention` is `{"rope_theta":10000.0}`, but all layers must turn by the same angles"#
            ]],
        ),
        (
            json!({ "rope_theta": 1.0 }),
            expect!["`config.json`: `rope_theta` is `1.0`, where more than 1 was expected"],
        ),
        (
            json!({ "head_dim": 63 }),
            expect!["`config.json`: rotary positions need heads of even width, not 63"],
        ),
        (
            json!({ "num_attention_heads": 5 }),
            expect![
                "`config.json`: `num_attention_heads` is `5`, which does not divide `hidden_size`, 192, and there is no `head_dim`"
            ],
        ),
        (
            json!({ "num_key_value_heads": 2 }),
            expect!["`config.json`: 3 heads cannot share 2 key-value heads"],
        ),
        (
            json!({ "num_key_value_heads": 0 }),
            expect!["`config.json`: key-value heads: 0, where 1 to 65536 was expected"],
        ),
        (
            json!({ "num_hidden_layers": 1e300 }),
            expect!["`config.json`: `num_hidden_layers` is `1e+300`, which is not a whole number"],
        ),
        (json!({ "vocab_size": null }), expect!["`config.json` has no key `vocab_size`"]),
        (
            json!({ "rms_norm_eps": -1 }),
            expect!["`config.json`: epsilon of norms: -1, where 0 to 1 was expected"],
        ),
    ];
    for (keys, wanted) in cases {
        wanted.assert_eq(&refusal(llama(keys)));
    }
    let cases = [
        (
            json!({ "activation_function": "gelu" }),
            expect![[
                r#"`config.json`: `activation_function` is `"gelu"`, but this family needs `gelu_new`"#
            ]],
        ),
        (
            json!({ "scale_attn_by_inverse_layer_idx": true }),
            expect![
                "`config.json`: `scale_attn_by_inverse_layer_idx` is `true`, but only `false` is supported"
            ],
        ),
        (
            json!({ "scale_attn_weights": false }),
            expect!["`config.json`: `scale_attn_weights` is `false`, but only `true` is supported"],
        ),
        (
            json!({ "n_head": 5 }),
            expect!["`config.json`: `n_head` is `5`, which does not divide `n_embd`, 12"],
        ),
    ];
    for (keys, wanted) in cases {
        wanted.assert_eq(&refusal(gpt2(keys)));
    }
}
