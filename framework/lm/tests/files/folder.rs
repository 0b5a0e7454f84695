//! Hugging Face folders: accepted ones, and every error.

use boldface_lm::{ModelFamily, open};
use expect_test::expect;
use safetensors::Dtype;
use serde_json::json;

use crate::tiny::{Tiny, dfdx, golden};

#[test]
fn a_folder_says_what_it_is() {
    let files = open(&golden("tiny")).unwrap();
    assert_eq!(files.config().family, ModelFamily::Llama);
    assert_eq!((files.config().heads, files.config().kv_heads, files.config().head_width), (3, 1, 8));
    assert_eq!((files.name().as_str(), files.licence().as_deref()), ("tiny", Some("apache-2.0")));
    let names: Vec<String> =
        files.paths().iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let wanted = [
        "README.md",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    assert_eq!(names, wanted);
    let network = files.network(&dfdx()).unwrap();
    let names: Vec<&str> = network.params.names().collect();
    assert_eq!(names.len(), 20);
    assert!(names.iter().all(|name| !network.params.is_trainable(name)));
}

/// Names, number formats and shards differ between files; the parameters do not.
#[test]
fn the_same_model_in_other_files_is_the_same() {
    let plain = Tiny::new().network();
    let without_prefix = Tiny::new();
    without_prefix.change(|tensors| {
        let names: Vec<String> = tensors.keys().cloned().collect();
        for name in names {
            let tensor = tensors.remove(&name).unwrap();
            tensors.insert(name.trim_start_matches("model.").to_owned(), tensor);
        }
    });
    let halved = Tiny::new();
    halved.change(|tensors| {
        for (dtype, _, bytes) in tensors.values_mut() {
            // The numbers have 7 bits, so their upper halves lose nothing.
            *bytes = bytes.chunks(4).flat_map(|number| [number[2], number[3]]).collect();
            *dtype = Dtype::BF16;
        }
    });
    let split = Tiny::new();
    shards(&split);
    let buffers = Tiny::new();
    buffers.change(|tensors| {
        let buffer = (Dtype::F64, vec![4], vec![0; 32]);
        tensors.insert("model.layers.0.self_attn.rotary_emb.inv_freq".to_owned(), buffer);
        let embedding = tensors["model.embed_tokens.weight"].clone();
        tensors.insert("lm_head.weight".to_owned(), embedding);
    });
    for other in [without_prefix, halved, split, buffers] {
        let other = other.network();
        for name in plain.params.names() {
            let [a, b] = [&plain, &other].map(|network| network.params.get(name));
            assert_eq!((a.dims(), a.to_vec()), (b.dims(), b.to_vec()), "{name}");
        }
    }
}

/// Splits the tensors in turn into two shards, and writes them with their index.
fn shards(tiny: &Tiny) {
    let tensors = tiny.tensors();
    let mut parts = [Default::default(), Default::default()];
    let mut map = serde_json::Map::new();
    for (index, (name, tensor)) in tensors.into_iter().enumerate() {
        map.insert(name.clone(), format!("part-{}.safetensors", index % 2).into());
        std::collections::BTreeMap::insert(&mut parts[index % 2], name, tensor);
    }
    for (index, part) in parts.iter().enumerate() {
        tiny.write_tensors(&format!("part-{index}.safetensors"), part);
    }
    tiny.remove("model.safetensors").set("model.safetensors.index.json", "weight_map", map);
}

#[test]
fn a_path_that_is_no_model() {
    let nowhere = open(std::path::Path::new("no/such/model")).unwrap_err();
    expect!["`no/such/model` does not exist; give a Hugging Face folder (`config.json`, `model.safetensors`, `tokenizer.json`) or a `.gguf` file"]
        .assert_eq(&nowhere.to_string());
    let tiny = Tiny::new();
    let file = open(&tiny.file("model.safetensors")).unwrap_err();
    expect![
        "`DIR/model.safetensors` is neither a folder nor a `.gguf` file; give the folder that contains it"
    ]
    .assert_eq(&tiny.shown(&file.to_string()));
    tiny.remove("config.json");
    expect!["`DIR` has no `config.json`; it is not a Hugging Face model folder"].assert_eq(&tiny.error());
    std::fs::copy(golden("tiny.gguf"), tiny.file("tiny.gguf")).unwrap();
    expect!["`DIR` has no `config.json`; did you mean `DIR/tiny.gguf`?"].assert_eq(&tiny.error());
    tiny.write("config.json", "{");
    expect!["`DIR/config.json` is not JSON: EOF while parsing an object at line 1 column 1"]
        .assert_eq(&tiny.error());
    tiny.write("config.json", "[]");
    expect!["`DIR/config.json` does not hold a JSON object"].assert_eq(&tiny.error());
    tiny.write("config.json", "{}");
    expect!["`DIR/config.json` has no key `model_type`"].assert_eq(&tiny.error());
}

#[test]
fn weights_that_are_not_there() {
    let tiny = Tiny::new();
    tiny.remove("model.safetensors");
    expect!["`DIR` has neither `model.safetensors` nor `model.safetensors.index.json`"]
        .assert_eq(&tiny.error());
    tiny.write("pytorch_model.bin", "");
    expect!["`DIR` has neither `model.safetensors` nor `model.safetensors.index.json`; it has `pytorch_model.bin`: save it again with `save_pretrained` (safe_serialization=True) in Python"].assert_eq(&tiny.error());

    let split = Tiny::new();
    shards(&split);
    split.remove("part-1.safetensors");
    expect!["`DIR/part-1.safetensors` is missing; `DIR/model.safetensors.index.json` names it"]
        .assert_eq(&split.error());
    std::fs::copy(split.file("part-0.safetensors"), split.file("part-1.safetensors")).unwrap();
    let error = split.error();
    expect!["`DIR/part-1.safetensors`: tensor `model.layers.0.input_layernorm.weight` is missing, although `model.safetensors.index.json` lists it there"]
        .assert_eq(error.lines().next().unwrap());
    assert_eq!(error.lines().last(), Some("and 2 more"));
    split.set("model.safetensors.index.json", "weight_map", json!({ "a": "../elsewhere.safetensors" }));
    expect!["`DIR/model.safetensors.index.json`: `weight_map.a` is `\"../elsewhere.safetensors\"`, which is not the name of a file in this folder"]
        .assert_eq(&split.error());
}

#[test]
fn tensors_that_are_wrong_are_named_all_at_once() {
    let tiny = Tiny::new();
    tiny.change(|tensors| {
        tensors.remove("model.norm.weight");
        tensors.get_mut("model.layers.0.mlp.up_proj.weight").unwrap().1 = vec![24, 20];
        let extra = tensors["model.layers.1.mlp.up_proj.weight"].clone();
        tensors.insert("model.layers.2.mlp.up_proj.weight".to_owned(), extra);
    });
    expect![[r#"
        `DIR/model.safetensors`: tensor `model.layers.0.mlp.up_proj.weight` has dims [24, 20]; this model needs [20, 24]
        `DIR/model.safetensors`: tensor `model.norm.weight` is missing
        `DIR/model.safetensors`: tensor `model.layers.2.mlp.up_proj.weight` is not part of this model"#]]
    .assert_eq(&tiny.error());

    let integers = Tiny::new();
    integers.change(|tensors| tensors.get_mut("model.norm.weight").unwrap().0 = Dtype::I32);
    expect![
        "`DIR/model.safetensors`: tensor `model.norm.weight` holds I32 numbers; only F32, F16 and BF16 are supported"
    ]
    .assert_eq(&integers.error());

    let twice = Tiny::new();
    twice.change(|tensors| {
        let norm = tensors["model.norm.weight"].clone();
        tensors.insert("norm.weight".to_owned(), norm);
    });
    expect!["`DIR/model.safetensors`: tensors `norm.weight` and `model.norm.weight` are the same parameter"]
        .assert_eq(&twice.error());

    let untied = Tiny::new();
    untied.config("tie_word_embeddings", false);
    expect!["`DIR/model.safetensors`: tensor `lm_head.weight` is missing"].assert_eq(&untied.error());

    let differs = Tiny::new();
    differs.change(|tensors| {
        let mut head = tensors["model.embed_tokens.weight"].clone();
        head.2[0] ^= 1;
        tensors.insert("lm_head.weight".to_owned(), head);
    });
    let error = differs.open().network(&dfdx()).unwrap_err();
    expect!["`DIR/model.safetensors`: tensor `lm_head.weight` differs from `model.embed_tokens.weight`, although `tie_word_embeddings` is true"]
        .assert_eq(&differs.shown(&error.to_string()));
}

/// GPT-2's linear layers are stored as (inputs, outputs), and its own file has no prefix.
#[test]
fn gpt2_is_turned() {
    let tiny = Tiny::new();
    let config = json!({
        "model_type": "gpt2", "n_embd": 4, "n_head": 2, "n_layer": 1, "n_positions": 8, "vocab_size": 300,
        "n_inner": 6, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
    });
    tiny.write("config.json", &config.to_string());
    let numbers = |dims: &[usize]| {
        let count: usize = dims.iter().product();
        let bytes = (0..count).flat_map(|i| (i as f32).to_le_bytes()).collect();
        (Dtype::F32, dims.to_vec(), bytes)
    };
    let mut tensors = std::collections::BTreeMap::new();
    let mut add = |name: &str, dims: &[usize]| tensors.insert(name.to_owned(), numbers(dims));
    add("wte.weight", &[300, 4]);
    add("wpe.weight", &[8, 4]);
    for (name, inputs, outputs) in
        [("attn.c_attn", 4, 12), ("attn.c_proj", 4, 4), ("mlp.c_fc", 4, 6), ("mlp.c_proj", 6, 4)]
    {
        add(&format!("h.0.{name}.weight"), &[inputs, outputs]);
        add(&format!("h.0.{name}.bias"), &[outputs]);
    }
    for name in
        ["h.0.ln_1.weight", "h.0.ln_1.bias", "h.0.ln_2.weight", "h.0.ln_2.bias", "ln_f.weight", "ln_f.bias"]
    {
        add(name, &[4]);
    }
    add("h.0.attn.bias", &[1, 1, 8, 8]);
    tiny.write_tensors("model.safetensors", &tensors);
    let network = tiny.network();
    let up = network.params.get("transformer.h.0.mlp.c_fc.weight");
    assert_eq!(up.dims(), [6, 4]);
    // Row 0 holds the weights of output 0: column 0 of the file's rows of 6.
    assert_eq!(up.to_vec()[..8], [0.0, 6.0, 12.0, 18.0, 1.0, 7.0, 13.0, 19.0]);

    tensors.insert("h.0.mlp.c_fc.weight".to_owned(), numbers(&[6, 4]));
    tiny.write_tensors("model.safetensors", &tensors);
    expect!["`DIR/model.safetensors`: tensor `h.0.mlp.c_fc.weight` has dims [6, 4]; this model needs [4, 6]"]
        .assert_eq(&tiny.error());
}
