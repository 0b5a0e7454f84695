//! Log-likelihoods of texts, within the context and beyond it.

use boldface_lm::{PublishedNetwork, score};

use crate::models::{MODELS, engines, golden, network};

fn scored(network: &PublishedNetwork, tokens: &[u32]) -> Vec<Option<f32>> {
    score(network, &network.inference(), tokens, usize::MAX).unwrap()
}

/// Computes `logit - ln(sum(exp(logits)))` of transformers' logits in double precision.
fn by_hand(logits: &[f32], token: u32) -> f64 {
    let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
    f64::from(logits[token as usize]) - sum.ln()
}

#[test]
fn scores_are_the_log_softmax_of_transformers_logits() {
    for engine in engines() {
        for model in MODELS {
            let network = network(model, &engine);
            let size = network.config.vocabulary;
            for golden in golden(model) {
                let scores = scored(&network, &golden.tokens);
                assert_eq!(scores.len(), golden.tokens.len());
                assert_eq!(scores[0], None);
                for (i, score) in scores.iter().enumerate().skip(1) {
                    let expected = by_hand(&golden.logits[(i - 1) * size..][..size], golden.tokens[i]);
                    let off = (f64::from(score.unwrap()) - expected).abs();
                    assert!(off < 2e-5, "{engine:?}, {model}, token {i}: off by {off}");
                }
            }
        }
    }
}

/// In a context of 48, places 1..=48 are scored in the first window, 49..=72 in one from 24, 73..=96 in
/// one from 48, the rest in one from 72. Each window scores like a text that begins there.
#[test]
fn a_text_longer_than_the_context_is_scored_in_windows() {
    for engine in engines() {
        for model in ["gpt2", "gpt2-f16"] {
            let network = network(model, &engine);
            assert_eq!(network.config.context, 48);
            let tokens: Vec<u32> = (0..103).map(|i| (i * i * 7 + i * 3 + 5) % 53).collect();
            let scores = scored(&network, &tokens);
            assert_eq!(scores.len(), 103);
            for (start, of) in [(0, 1..49), (24, 49..73), (48, 73..97), (72, 97..103)] {
                let window = scored(&network, &tokens[start..of.end]);
                for i in of {
                    let (ours, alone) = (scores[i].unwrap(), window[i - start].unwrap());
                    assert!((ours - alone).abs() < 2e-5, "{model}, token {i}: {ours} and {alone}");
                }
            }
        }
    }
}

/// In a window of 4, places 1..=4 are scored from the start, 5 and 6 from place 2, 7 and 8 from place 4,
/// and so on.
#[test]
fn a_smaller_window_can_be_asked_for() {
    let network = network("llama-theta", &engines()[0]);
    let tokens = &golden("llama-theta")[2].tokens;
    let scores = score(&network, &network.inference(), tokens, 4).unwrap();
    for i in 1..tokens.len() {
        let start = if i <= 4 { 0 } else { 2 * ((i - 5) / 2 + 1) };
        let alone = scored(&network, &tokens[start..=i]).pop().unwrap().unwrap();
        assert!((scores[i].unwrap() - alone).abs() < 2e-5, "token {i}: {:?} and {alone}", scores[i]);
    }
}

#[test]
fn short_texts_and_unknown_tokens() {
    let network = network("gpt2", &engines()[0]);
    assert_eq!(scored(&network, &[]), []);
    assert_eq!(scored(&network, &[4]), [None]);
    let fails = |tokens: &[u32], window: usize| {
        score(&network, &network.inference(), tokens, window).unwrap_err().to_string()
    };
    assert_eq!(fails(&[4, 99], 48), "token `99` is not in the model's vocabulary of 61");
    assert_eq!(fails(&[4, 5], 0), "a window of 0 tokens is too short; use at least 1");
}
