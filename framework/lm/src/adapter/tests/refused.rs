//! Refused adapters: those that compute something else, or belong to another model.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Map, Value, json};

use super::super::peft::{CONFIG, WEIGHTS};
use super::super::{add, check_targets, load, save};
use super::golden::{folder, published};
use super::*;

/// Copies an adapter of `llama`.
fn copied() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in [CONFIG, WEIGHTS] {
        fs::copy(folder("llama").join("adapters/list").join(name), dir.path().join(name)).unwrap();
    }
    dir
}

/// Checks the error about an adapter of `llama` that `spoil` changed.
fn check(spoil: impl FnOnce(&Path), expected: Expect) {
    let dir = copied();
    spoil(dir.path());
    let mut network = published("llama", &open("dfdx", "cpu").unwrap());
    let before = network.params.count();
    let said = load(&mut network, dir.path()).unwrap_err().to_string();
    assert_eq!(network.params.count(), before, "half an adapter was added");
    expected.assert_eq(&said.replace(&dir.path().display().to_string(), "DIR"));
}

fn with_key(key: &str, value: Value, expected: Expect) {
    let change = |dir: &Path| {
        let path = dir.join(CONFIG);
        let mut keys: Map<String, Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        keys.insert(key.to_owned(), value);
        fs::write(path, serde_json::to_vec(&keys).unwrap()).unwrap();
    };
    check(change, expected);
}

/// Tensors as names, types, dims and bytes.
type Stored = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

fn with_tensors(change: impl FnOnce(&mut Stored), expected: Expect) {
    check(|dir: &Path| rewrite(dir, change), expected);
}

/// Changes the tensors of an adapter.
fn rewrite(dir: &Path, change: impl FnOnce(&mut Stored)) {
    let path = dir.join(WEIGHTS);
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut stored: Stored = file
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        .collect();
    stored.sort_by(|a, b| a.0.cmp(&b.0));
    change(&mut stored);
    let views = stored
        .iter()
        .map(|(name, dtype, dims, bytes)| (name, TensorView::new(*dtype, dims.clone(), bytes).unwrap()));
    safetensors::serialize_to_file(views, None, &path).unwrap();
}

#[test]
fn an_embedding_saved_along_must_be_the_models() {
    let base = published("llama", &open("dfdx", "cpu").unwrap());
    let dims = vec![base.config.vocabulary, base.config.width];
    // PEFT calls a table `base_layer` when the adapter targets it as well.
    let targeted = base.config.embedding().replace(".weight", ".base_layer.weight");
    let names = ["lm_head.weight", "lm_head.base_layer.weight", base.config.embedding(), &targeted];
    for name in names {
        let is_head = name.starts_with("lm_head.");
        let own = if is_head { base.config.head() } else { base.config.embedding() };
        let numbers = base.params.get(own).to_vec();
        let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let name = format!("base_model.model.{name}");
        let along = (name.clone(), Dtype::F32, dims.clone(), bytes(&numbers));

        let dir = copied();
        let mut network = published("llama", &open("dfdx", "cpu").unwrap());
        let plain = load(&mut network, dir.path()).unwrap();
        let before = logits(&network, &plain);
        rewrite(dir.path(), |stored| stored.push(along.clone()));
        let mut network = published("llama", &open("dfdx", "cpu").unwrap());
        let lora = load(&mut network, dir.path()).unwrap();
        assert_eq!(logits(&network, &lora), before);

        let mut trained = numbers;
        trained[dims[1]] += 0.5;
        let error = |rows: usize, numbers: &[f32]| {
            let dir = copied();
            let other = (name.clone(), Dtype::F32, vec![rows, dims[1]], bytes(numbers));
            rewrite(dir.path(), |stored| stored.push(other));
            load(&mut published("llama", &open("dfdx", "cpu").unwrap()), dir.path()).unwrap_err().to_string()
        };
        assert!(error(dims[0], &trained).contains("whose row 1 differs from the model's"));
        trained.extend(vec![0.0; dims[1]]);
        assert!(error(dims[0] + 1, &trained).contains("embeddings of new tokens"));
    }
}

#[test]
fn what_is_more_than_low_rank_matrices() {
    with_key(
        "use_dora",
        json!(true),
        expect![
            "`DIR/adapter_config.json` has `use_dora` = `true`, but it must be unset: only plain low-rank adapters are supported"
        ],
    );
    with_key(
        "modules_to_save",
        json!(["lm_head"]),
        expect![[
            r#"`DIR/adapter_config.json` has `modules_to_save` = `["lm_head"]`, but it must be unset: only plain low-rank adapters are supported"#
        ]],
    );
    with_key(
        "bias",
        json!("all"),
        expect![[
            r#"`DIR/adapter_config.json` has `bias` = `"all"`, but it must be `none`: trained biases are not supported"#
        ]],
    );
    with_key(
        "lora_bias",
        json!(true),
        expect![
            "`DIR/adapter_config.json` has `lora_bias` = `true`, but it must be unset: only plain low-rank adapters are supported"
        ],
    );
    with_key(
        "peft_type",
        json!("LOHA"),
        expect![[
            r#"`DIR/adapter_config.json` has `peft_type` = `"LOHA"`, but it must be `LORA`, the only supported type"#
        ]],
    );
    with_key(
        "init_lora_weights",
        json!("pissa_niter_4"),
        expect![[
            r#"`DIR/adapter_config.json` has `init_lora_weights` = `"pissa_niter_4"`, but it must be true: it changes the base model as well; save it with `path_initial_model_for_weight_conversion`"#
        ]],
    );
    with_key(
        "layer_replication",
        json!([[0, 2], [1, 2]]),
        expect![
            "`DIR/adapter_config.json` has `layer_replication` = `[[0,2],[1,2]]`, but it must be unset: only plain low-rank adapters are supported"
        ],
    );
    with_key(
        "key_of_next_year",
        json!(3),
        expect![
            "`DIR/adapter_config.json` has `key_of_next_year` = `3`, but it must be unset: only plain low-rank adapters are supported"
        ],
    );
}

#[test]
fn what_makes_no_sense() {
    with_key(
        "r",
        json!(0),
        expect!["`DIR/adapter_config.json` has `r` = `0`, but it must be a whole number from 1"],
    );
    with_key(
        "r",
        json!(3),
        expect![
            "`DIR/adapter_model.safetensors` has `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight` of shape [2, 8], but `adapter_config.json` gives this layer the rank 3"
        ],
    );
    with_key(
        "lora_alpha",
        json!(-1),
        expect!["`DIR/adapter_config.json` has `lora_alpha` = `-1`, but it must be a number above 0"],
    );
    with_key(
        "lora_dropout",
        json!(1),
        expect!["`DIR/adapter_config.json` has `lora_dropout` = `1`, but it must be at least 0 and below 1"],
    );
    with_key(
        "target_modules",
        json!(7),
        expect![
            "`DIR/adapter_config.json` has `target_modules` = `7`, but it must be a list of names or a pattern"
        ],
    );
    with_key(
        "target_modules",
        json!("("),
        expect![
            "`DIR/adapter_config.json` has a pattern that cannot be used, `(`: Parsing error at position 7: Opening parenthesis without closing parenthesis"
        ],
    );
    with_key(
        "target_modules",
        json!(["q_proj"]),
        expect![
            "`DIR/adapter_model.safetensors` has an adapter of `model.layers.0.self_attn.v_proj`, but `adapter_config.json` does not target it"
        ],
    );
    with_key(
        "target_modules",
        json!(["q_proj", "v_proj", "k_proj"]),
        expect![
            "`DIR/adapter_model.safetensors` is an adapter for `tests/llama`, which is not this model (Llama, 2 layers of width 8): `adapter_config.json` targets `model.layers.0.self_attn.k_proj`, but there is no `base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight`"
        ],
    );
    with_key(
        "layers_to_transform",
        json!([0]),
        expect![
            "`DIR/adapter_model.safetensors` has an adapter of `model.layers.1.self_attn.q_proj`, but `adapter_config.json` does not target it"
        ],
    );
    with_key(
        "alpha_pattern",
        json!({"q_proj": 4, ".*_proj": 8}),
        expect![
            "`DIR/adapter_config.json` has two patterns in `alpha_pattern` that name `model.layers.0.self_attn.q_proj` and differ"
        ],
    );
}

#[test]
fn files_that_are_missing_or_damaged() {
    let remove = |name: &'static str| move |dir: &Path| fs::remove_file(dir.join(name)).unwrap();
    check(
        remove(CONFIG),
        expect!["`DIR/adapter_config.json` cannot be read: No such file or directory (os error 2)"],
    );
    check(
        remove(WEIGHTS),
        expect![
            "checkpoint `DIR/adapter_model.safetensors` cannot be read: No such file or directory (os error 2)"
        ],
    );
    check(
        |dir| fs::rename(dir.join(WEIGHTS), dir.join("adapter_model.bin")).unwrap(),
        expect![
            "`DIR/adapter_model.safetensors` is missing, and `adapter_model.bin` beside it is a pickle, which can run anything; save the adapter again with PEFT 0.8 or later"
        ],
    );
    check(
        |dir| fs::write(dir.join(CONFIG), "r = 3").unwrap(),
        expect!["`DIR/adapter_config.json` is not a JSON object: expected value at line 1 column 1"],
    );
    check(
        |dir| {
            let bytes = fs::read(dir.join(WEIGHTS)).unwrap();
            fs::write(dir.join(WEIGHTS), &bytes[..bytes.len() - 5]).unwrap();
        },
        expect![
            "`DIR/adapter_model.safetensors` is damaged or not a safetensors file: incomplete metadata, file not fully covered"
        ],
    );
}

#[test]
fn tensors_of_another_model_or_kind() {
    let nan = |stored: &mut Stored| stored[1].3[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
    with_tensors(
        nan,
        expect![
            "`DIR/adapter_model.safetensors` has NaN at place 1 of `base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight`"
        ],
    );
    with_tensors(
        |stored| _ = stored.remove(1),
        expect![
            "`DIR/adapter_model.safetensors` lacks `base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight`"
        ],
    );
    with_tensors(
        |stored| _ = stored.drain(..2),
        expect![
            "`DIR/adapter_model.safetensors` is an adapter for `tests/llama`, which is not this model (Llama, 2 layers of width 8): `adapter_config.json` targets `model.layers.0.self_attn.q_proj`, but there is no `base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight`"
        ],
    );
    with_tensors(
        |stored| stored[0].2.reverse(),
        expect![
            "`DIR/adapter_model.safetensors` has `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight` of shape [8, 2], but `adapter_config.json` gives this layer the rank 2"
        ],
    );
    with_tensors(
        |stored| (stored[0].1, stored[0].2) = (Dtype::I32, stored[0].2.clone()),
        expect![
            "`DIR/adapter_model.safetensors` has `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight` in I32; only F32, BF16 and F16 are supported"
        ],
    );
    let rename = |name: &'static str| move |stored: &mut Stored| name.clone_into(&mut stored[0].0);
    with_tensors(
        rename("base_model.model.lm_head.lora_A.weight"),
        expect![
            "`DIR/adapter_model.safetensors` has `base_model.model.lm_head.lora_A.weight`: adapters of the head are not supported"
        ],
    );
    with_tensors(
        rename("base_model.model.model.embed_tokens.lora_embedding_A"),
        expect![
            "`DIR/adapter_model.safetensors` has `base_model.model.model.embed_tokens.lora_embedding_A`: adapters of the embedding are not supported"
        ],
    );
    with_tensors(
        rename("base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight"),
        expect![
            "`DIR/adapter_model.safetensors` is an adapter for `tests/llama`, which is not this model (Llama, 2 layers of width 8): it has no linear layer `model.layers.2.self_attn.q_proj` for `base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight`"
        ],
    );
    let other = |name: &'static str| {
        move |dir: &Path| {
            for file in [CONFIG, WEIGHTS] {
                fs::copy(folder(name).join("adapters/list").join(file), dir.join(file)).unwrap();
            }
        }
    };
    check(
        other("gpt2"),
        expect![
            "`DIR/adapter_model.safetensors` is an adapter for `tests/gpt2`, which is not this model (Llama, 2 layers of width 8): it has no linear layer `transformer.h.0.attn.c_attn` for `base_model.model.transformer.h.0.attn.c_attn.lora_A.weight`"
        ],
    );
    check(
        other("qwen3"),
        expect![
            "`DIR/adapter_model.safetensors` is an adapter for `tests/qwen3`, which is not this model (Llama, 2 layers of width 8): `base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight` has shape [24, 2], but this model needs [16, 2]"
        ],
    );
}

#[test]
fn what_cannot_be_added_or_saved() {
    let mut network = network(ModelFamily::Qwen3);
    let dir = tempfile::tempdir().unwrap();
    let said = |result: boldface::Result<()>| result.unwrap_err().to_string();
    expect!["the model has no adapter to save"].assert_eq(&said(save(
        &network,
        &lora(1, 1.0, &[]),
        "tiny",
        dir.path(),
    )));
    expect!["an adapter's `rank` is 0; use at least 1"].assert_eq(&said(add(
        &mut network,
        &lora(0, 1.0, &[]),
        &mut rng(1),
    )));
    expect!["targets: no linear layer of the model is named `c_attn`; use `q_proj`, `k_proj`, `v_proj`, `o_proj`, `gate_proj`, `up_proj`, `down_proj`, or leave `targets` out for all of them"].assert_eq(&said(add(&mut network, &lora(1, 1.0, &["q_proj", "c_attn"]), &mut rng(1))));
    assert_eq!(check_targets(&network.config, &lora(1, 1.0, &["mlp.down_proj", "lm_head", "proj"])).len(), 2);
    add(&mut network, &lora(1, 1.0, &["q_proj"]), &mut rng(1)).unwrap();
    expect!["the model already has a trained adapter (`model.layers.0.self_attn.q_proj.lora_a`); freeze or merge it before adding another"].assert_eq(&said(add(&mut network, &lora(1, 1.0, &[]), &mut rng(1))));
    let name = "model.layers.1.self_attn.q_proj.lora_b";
    let size = network.params.get(name).to_vec().len();
    network.params.set(name, vec![f32::INFINITY; size]);
    expect![
        "the adapter is not saved: `base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight` holds inf"
    ]
    .assert_eq(&said(save(&network, &lora(1, 1.0, &[]), "tiny", dir.path())));
}
