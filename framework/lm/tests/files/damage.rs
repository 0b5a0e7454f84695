//! Truncated files and wrong bytes: an error that names the file, no panic, no memory for missing data.

use std::path::Path;

use boldface::guard;
use boldface_lm::open;
use expect_test::expect;
use proptest::prelude::*;

use crate::tiny::{Tiny, dfdx, golden};

/// Opens a file of these bytes and reads all of it; an error must name the file.
fn read(tiny: &Tiny, name: &str, bytes: &[u8]) -> Result<(), String> {
    let path = tiny.file(name);
    std::fs::write(&path, bytes).unwrap();
    let model: &Path = if name.ends_with("gguf") { &path } else { tiny.path() };
    let result = guard(|| {
        let files = open(model)?;
        files.vocabulary()?;
        files.network(&dfdx()).map(drop)
    });
    result.map_err(|error| error.to_string())
}

fn is_orderly(result: &Result<(), String>, file: &str) -> bool {
    result.as_ref().err().is_none_or(|error| error.contains(file) && !error.starts_with("panicked"))
}

#[test]
fn a_file_cut_short_is_refused_wherever_it_is_cut() {
    let tiny = Tiny::new();
    for name in ["tiny.gguf", "tiny/model.safetensors"] {
        let bytes = std::fs::read(golden(name)).unwrap();
        let name = name.trim_start_matches("tiny/");
        let places =
            (0..bytes.len() - 1).step_by(997).chain([1, 4, 7, 8, 9, 23, 24, 25]).chain([bytes.len() - 1]);
        for length in places {
            let result = read(&tiny, name, &bytes[..length]);
            let error = result.expect_err(&format!("{name} of {length} bytes"));
            assert!(error.contains(name) && !error.starts_with("panicked"), "{length}: {error}");
        }
    }
}

#[test]
fn what_was_cut_short_is_named() {
    let tiny = Tiny::new();
    let error = |name: &str, length: usize| {
        let bytes = std::fs::read(golden(name)).unwrap();
        let file = name.trim_start_matches("tiny/");
        tiny.shown(&read(&tiny, file, &bytes[..length]).unwrap_err())
    };
    expect!["`DIR/tiny.gguf` is not a valid GGUF file: tensor `blk.0.ffn_up.weight` takes 1920 bytes from byte 6880 + 32448 on, but the file has 40000; it was cut short or damaged"].assert_eq(&error("tiny.gguf", 40_000));
    expect!["`DIR/tiny.gguf` is not a valid GGUF file: key `tokenizer.ggml.token_type`: byte 3696 announces 292 values, more than the 296 bytes left can hold; it was cut short or damaged"].assert_eq(&error("tiny.gguf", 4_000));
    expect!["`DIR/model.safetensors` is not a valid safetensors file: the numbers of tensor `model.layers.0.self_attn.q_proj.weight` reach to byte 39360, but the file has only 38008; it was cut short"].assert_eq(&error("tiny/model.safetensors", 40_000));
    expect!["`DIR/model.safetensors` is not a valid safetensors file: invalid header length"]
        .assert_eq(&error("tiny/model.safetensors", 400));
    expect!["`DIR/model.safetensors` is not a valid safetensors file: header too small"]
        .assert_eq(&error("tiny/model.safetensors", 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Some bytes of the header change, or 8 of them announce a huge number.
    #[test]
    fn wrong_bytes_never_panic(
        name in prop::sample::select(vec!["tiny.gguf", "tiny/model.safetensors", "tiny/config.json", "tiny/tokenizer.json"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..4),
    ) {
        let tiny = Tiny::new();
        let mut bytes = std::fs::read(golden(name)).unwrap();
        let header = bytes.len().min(14_000);
        for (at, value, is_huge) in changes {
            let at = at.index(header - 8);
            if is_huge {
                bytes[at..at + 8].copy_from_slice(&(u64::MAX >> (value % 64)).to_le_bytes());
            } else {
                bytes[at] = value;
            }
        }
        let name = name.trim_start_matches("tiny/");
        let result = read(&tiny, name, &bytes);
        let file = if name.ends_with("gguf") { name } else { &tiny.path().display().to_string() };
        prop_assert!(is_orderly(&result, file), "{result:?}");
    }
}
