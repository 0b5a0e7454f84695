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
