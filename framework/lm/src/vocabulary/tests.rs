//! Tokenizers of a few entries, written by hand.

use serde_json::{Value, json};

use super::*;
use crate::spoken::Spoken;

/// Makes a vocabulary of a BPE model and a decoder; token 0 ends a text.
fn vocabulary(model: Value, decoder: Value) -> Vocabulary {
    let file = json!({ "version": "1.0", "model": model, "decoder": decoder });
    let tokenizer = Tokenizer::from_bytes(file.to_string()).unwrap();
    Vocabulary::new(tokenizer, vec![0], None, None, Path::new("tokenizer.json")).unwrap()
}

#[test]
fn pieces_behind_each_other_are_the_text() {
    let model = json!({ "type": "BPE", "vocab": { "</s>": 0, "\u{2581}the": 1, "\u{2581}brain": 2, "s": 3 }, "merges": [] });
    // As Llama 2's: the first blank of a text is dropped.
    let decoder = json!({ "type": "Sequence", "decoders": [
        { "type": "Replace", "pattern": { "String": "\u{2581}" }, "content": " " },
        { "type": "Fuse" },
        { "type": "Strip", "content": " ", "start": 1, "stop": 0 },
    ] });
    let vocabulary = vocabulary(model, decoder);
    assert_eq!(
        (vocabulary.text(&[1, 2, 3]).unwrap(), vocabulary.piece(2).unwrap()),
        ("the brains".into(), "brain".into())
    );
    let earlier = [None, Some(1), Some(2)];
    let pieces =
        earlier.into_iter().zip([1, 2, 3]).map(|(before, token)| vocabulary.piece_after(before, token));
    assert_eq!(pieces.collect::<Result<Vec<_>>>().unwrap(), ["the", " brain", "s"]);
    // What continues a prompt keeps its blank, and what begins a text has none.
    assert_eq!(Spoken::after(&vocabulary, &[1]).push(2).unwrap(), " brain");
    assert_eq!(Spoken::new(&vocabulary).push(2).unwrap(), "brain");
}

#[test]
fn dropout_is_for_training() {
    let model = json!({
        "type": "BPE", "dropout": 1.0, "vocab": { "a": 0, "b": 1, "ab": 2 }, "merges": ["a b"]
    });
    let vocabulary = vocabulary(model, Value::Null);
    assert_eq!(vocabulary.tokens("ab").unwrap(), [2]);
    assert_eq!(vocabulary.marked_tokens("ab").unwrap(), [2]);
}

/// Makes a vocabulary of letters that are split before pairs are merged; `ab` is 4.
fn split(normalizer: Value, pre_tokenizer: Value) -> Result<Vocabulary> {
    let vocab = json!({ "</s>": 0, "a": 1, "b": 2, "x": 3, "ab": 4, " ": 5 });
    let model = json!({ "type": "BPE", "vocab": vocab, "merges": ["a b"] });
    let file =
        json!({ "version": "1.0", "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "model": model });
    Vocabulary::new(
        Tokenizer::from_bytes(file.to_string())?,
        vec![0],
        None,
        None,
        Path::new("tokenizer.json"),
    )
}

#[test]
fn a_pattern_that_gives_up_is_an_error() {
    let pattern = json!({ "Regex": "(?:x+x+)+b(?=a)|a|b" });
    let step = json!({ "type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": false });
    let digits = json!({ "type": "Digits", "individual_digits": false });
    let sequence = json!({ "type": "Sequence", "pretokenizers": [digits, step] });
    let replace = json!({ "type": "Replace", "pattern": pattern, "content": "b" });
    let long = format!("ab {} ab", "x".repeat(60));
    let vocabularies = [(step, Value::Null), (sequence, Value::Null), (Value::Null, replace)]
        .map(|(splits, replaces)| split(replaces, splits).unwrap());
    for vocabulary in &vocabularies {
        for tokens in [
            vocabulary.tokens(&long),
            vocabulary.marked_tokens(&long),
            vocabulary.joined_tokens(&[TextPart::Marked("a"), TextPart::Plain(&long)]),
        ] {
            let error = tokens.unwrap_err().to_string();
            assert!(error.starts_with("`tokenizer.json`: the pattern \"(?:x+x+)+b"), "{error}");
            assert!(error.contains("gives up on a text of"), "{error}");
        }
    }
    // Nothing remains of it for the next text.
    assert_eq!(vocabularies[0].tokens("ab xx ab").unwrap(), [1, 2, 5, 3, 3, 5, 1, 2]);
}

#[test]
fn steps_that_panic_or_blow_texts_up_are_refused() {
    let pieces = split(Value::Null, json!({ "type": "FixedLength", "length": 0 }));
    assert!(pieces.unwrap_err().to_string().contains("pieces of length 0"));
    let larger = json!({ "type": "Replace", "pattern": { "String": "a" }, "content": "a".repeat(200) });
    assert!(split(json!({ "type": "Sequence", "normalizers": [larger] }), Value::Null).is_ok());
    let twice = split(json!({ "type": "Sequence", "normalizers": [larger, larger] }), Value::Null);
    assert!(twice.unwrap_err().to_string().contains("more than 10000 bytes"));
}
