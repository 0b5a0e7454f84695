//! GGUF files: the same model as in the folder, and refused files.

use boldface_engine::Rope;
use boldface_lm::open;
use expect_test::expect;

use crate::tiny::{Tiny, dfdx, golden};

/// `tiny.gguf` holds the folder's numbers as f32, f16 and bf16, with queries and keys permuted.
#[test]
fn a_gguf_file_is_the_folder_it_was_made_from() {
    let [folder, gguf] = ["tiny", "tiny.gguf"].map(|name| open(&golden(name)).unwrap());
    assert_eq!(folder.config(), gguf.config());
    assert_eq!((gguf.name().as_str(), gguf.licence().as_deref()), ("Tiny", Some("apache-2.0")));
    let [a, b] = [&folder, &gguf].map(|files| files.network(&dfdx()).unwrap());
    assert!(a.params.names().eq(b.params.names()));
    for name in a.params.names() {
        let [a, b] = [&a, &b].map(|network| network.params.get(name));
        assert_eq!((a.dims(), a.to_vec()), (b.dims(), b.to_vec()), "{name}");
    }
    let [a, b] = [&folder, &gguf].map(|files| files.vocabulary().unwrap());
    assert_eq!((a.len(), a.start(), a.ends()), (292, None, [2, 0].as_slice()));
    assert_eq!((b.len(), b.start(), b.ends()), (292, None, [2].as_slice()));
    for text in ["the resting brain", "  12 Gehirne\n\u{1f9e0} <|im_end|>"] {
        assert_eq!(a.tokens(text).unwrap(), b.tokens(text).unwrap(), "{text}");
        assert_eq!(a.marked_tokens(text).unwrap(), b.marked_tokens(text).unwrap(), "{text}");
    }
}

/// GPT-2's linear layers are turned. Llama's queries and keys are permuted with their biases, Qwen3's
/// are not. Llama 3's rotary divisors are a tensor, and YaRN's numbers are keys.
#[test]
fn every_family_is_the_same_from_gguf() {
    for name in ["gpt2", "llama3", "qwen3"] {
        let [folder, gguf] =
            [name.to_owned(), format!("{name}.gguf")].map(|name| open(&golden(&name)).unwrap());
        let (mut a, mut b) = (folder.config().clone(), gguf.config().clone());
        let ropes = (a.rope.take(), b.rope.take());
        assert_eq!((&a, ropes.0.is_some()), (&b, ropes.1.is_some()), "{name}");
        if let (Some(a), Some(b)) = ropes {
            assert_eq!(a.scale, b.scale, "{name}");
            // Divisors and bases are stored in 32 bits.
            let near =
                a.frequencies.iter().zip(b.frequencies.iter()).all(|(a, b)| (a / b - 1.0).abs() < 1e-6);
            assert!(near, "{name}: {a:?} {b:?}");
            assert_ne!(*a.frequencies, *Rope::plain(4, 1e6).frequencies, "{name} is stretched");
        }
        let [a, b] = [&folder, &gguf].map(|files| files.network(&dfdx()).unwrap());
        assert!(a.params.names().eq(b.params.names()), "{name}");
        for parameter in a.params.names() {
            let [a, b] = [&a, &b].map(|network| network.params.get(parameter));
            assert_eq!((a.dims(), a.to_vec()), (b.dims(), b.to_vec()), "{name}: {parameter}");
        }
        let error = gguf.vocabulary().expect_err("no tokenizer").to_string();
        assert!(error.ends_with("has no key `tokenizer.ggml.model`"), "{error}");
    }
}

/// Returns the error after bytes of the header are replaced by others of the same length.
fn changed(from: &[u8], to: &[u8]) -> String {
    assert_eq!(from.len(), to.len());
    let mut bytes = std::fs::read(golden("tiny.gguf")).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from).expect("it is there");
    bytes[at..at + from.len()].copy_from_slice(to);
    let tiny = Tiny::new();
    let path = tiny.file("m.gguf");
    std::fs::write(&path, bytes).unwrap();
    let error = open(&path).and_then(|files| files.vocabulary()).expect_err("an error");
    tiny.shown(&error.to_string())
}

#[test]
fn what_is_not_read_is_refused_by_its_name() {
    expect!["`DIR/m.gguf` is not a valid GGUF file: it does not begin with `GGUF`"]
        .assert_eq(&changed(b"GGUF\x03", b"GGML\x03"));
    expect!["`DIR/m.gguf` is not a valid GGUF file: it has version 1; only versions 2 and 3 are supported"]
        .assert_eq(&changed(b"GGUF\x03", b"GGUF\x01"));
    expect!["`DIR/m.gguf` is not a valid GGUF file: it has version 0; only versions 2 and 3 are supported"]
        .assert_eq(&changed(b"GGUF\x03", b"GGUF\0"));
    expect!["`DIR/m.gguf` is not a valid GGUF file: its numbers are big-endian; only little-endian files are supported"]
        .assert_eq(&changed(b"GGUF\x03\0\0\0", b"GGUF\0\0\0\x03"));
    expect![
        "`DIR/m.gguf`: `general.architecture` is `mamba`, but boldface reads only `gpt2`, `llama` and `qwen3`"
    ]
    .assert_eq(&changed(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0mamba"));
    expect!["`DIR/m.gguf`: `tokenizer.ggml.pre` is `mpt-7b`, but only `gpt-2`, `smollm`, `llama-bpe` and `qwen2` are supported"]
        .assert_eq(&changed(b"\x06\0\0\0\0\0\0\0smollm", b"\x06\0\0\0\0\0\0\0mpt-7b"));
    expect![
        "`DIR/m.gguf`: `llama.rope.scaling.type` is `longer`, and boldface knows `none`, `linear` and `yarn`"
    ]
    .assert_eq(&changed(b"\x06\0\0\0\0\0\0\0linear", b"\x06\0\0\0\0\0\0\0longer"));
    expect!["`DIR/m.gguf`: tensor `token_embd.weight` is missing"]
        .assert_eq(&changed(b"token_embd.weight", b"tokem_embd.weight"));
    expect![[r#"
        `DIR/m.gguf`: tensor `model.norm.weight` is missing
        `DIR/m.gguf`: tensor `output_morn.weight` is not part of this model"#]]
    .assert_eq(&changed(b"output_norm.weight", b"output_morn.weight"));
    // Kind 0 is F32, 10 is Q2_K.
    let norm =
        |kind: u8| [b"output_norm.weight\x01\0\0\0\x18\0\0\0\0\0\0\0".as_slice(), &[kind, 0, 0, 0]].concat();
    expect!["`DIR/m.gguf` is not a valid GGUF file: tensor `output_norm.weight` is stored as Q2_K; only F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K are supported"]
        .assert_eq(&changed(&norm(0), &norm(10)));
    expect!["`DIR/m.gguf` is not a valid GGUF file: tensor `output_norm.weight` has rows of 24 numbers, which are not whole blocks of 32"]
        .assert_eq(&changed(&norm(0), &norm(2)));
    expect!["`DIR/m.gguf`: `tokenizer.ggml.eos_token_id` is `302`, and there are 292 tokens"]
        .assert_eq(&changed(b"eos_token_id\x04\0\0\0\x02\0", b"eos_token_id\x04\0\0\0\x2e\x01"));
}
