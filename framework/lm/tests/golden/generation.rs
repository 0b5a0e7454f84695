//! Continuations: transformers' own without sampling, the same tokens for the same seed otherwise.

use boldface_lm::{Continuation, PublishedNetwork, Sampling, generate};

use crate::models::{MODELS, engines, golden, network};

fn how(limit: usize) -> Continuation {
    Continuation { limit, ends: Vec::new(), among: usize::MAX, sampling: Sampling::default() }
}

fn continued(network: &PublishedNetwork, prompts: &[Vec<u32>], how: &Continuation) -> Vec<Vec<u32>> {
    let mut heard = vec![Vec::new(); prompts.len()];
    let texts = generate(network, &network.inference(), prompts, how, &mut |index, token| {
        heard[index].push(token);
        Ok(())
    });
    let texts = texts.unwrap();
    assert_eq!(texts, heard);
    texts
}

fn prompts(model: &str) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    golden(model).into_iter().map(|golden| (golden.tokens, golden.greedy)).unzip()
}

#[test]
fn the_likeliest_tokens_are_those_of_transformers() {
    for engine in engines() {
        for model in MODELS {
            let (network, (prompts, greedy)) = (network(model, &engine), prompts(model));
            for (prompt, greedy) in prompts.iter().zip(&greedy) {
                let alone = continued(&network, std::slice::from_ref(prompt), &how(12));
                assert_eq!(alone[0], *greedy, "{engine:?}, {model}, after {} tokens", prompt.len());
            }
            assert_eq!(continued(&network, &prompts, &how(12)), greedy, "{engine:?}, {model}");
        }
    }
}

/// Prompts of 18 to 22 tokens share forward passes: some are still read while others are continued.
#[test]
fn prompts_of_different_lengths_go_side_by_side() {
    for engine in engines() {
        for model in MODELS {
            let network = network(model, &engine);
            let tokens = &golden(model)[2].tokens;
            let prompts: Vec<Vec<u32>> =
                [22, 18, 20, 18, 5, 21].map(|len| tokens[22 - len..].to_vec()).into();
            // Different ends, so that some leave early.
            let ends = continued(&network, &prompts[1..2], &how(9))[0][3];
            let how = Continuation { ends: vec![ends], ..how(9) };
            let alone =
                prompts.iter().flat_map(|prompt| continued(&network, std::slice::from_ref(prompt), &how));
            assert_eq!(continued(&network, &prompts, &how), alone.collect::<Vec<_>>(), "{engine:?}, {model}");
        }
    }
}

#[test]
fn a_text_ends_at_an_end_at_the_limit_and_where_the_context_does() {
    let engine = &engines()[0];
    let (network, (prompts, greedy)) = (network("llama-yarn", engine), prompts("llama-yarn"));
    let alone = |how: &Continuation| continued(&network, &prompts[1..2], how).remove(0);
    assert_eq!(alone(&how(5)), greedy[1][..5]);
    assert!(alone(&how(0)).is_empty());
    // 18 36 7 18 33 36 ..: the end token is left out, and the first of several ends counts.
    let ends = |ends: &[u32]| alone(&Continuation { ends: ends.to_vec(), ..how(12) });
    assert_eq!(greedy[1][..6], [18, 36, 7, 18, 33, 36]);
    assert_eq!(ends(&[33, 7]), [18, 36]);
    assert!(ends(&[18]).is_empty());
    // 7 tokens in a context of 96 leave room for 89 more, whatever the limit.
    assert_eq!(alone(&how(usize::MAX)).len(), 89);
    // Token 36 comes second; among tokens below 36, another one does.
    let below = alone(&Continuation { among: 36, ..how(12) });
    assert_eq!(below[0], 18);
    assert!(below.iter().all(|token| *token < 36), "{below:?}");
}

#[test]
fn the_same_seed_draws_the_same_and_alone_as_in_a_batch() {
    let engine = &engines()[0];
    let (network, (prompts, _)) = (network("qwen3-tied", engine), prompts("qwen3-tied"));
    let drawn = |seed: u64| {
        let sampling = Sampling { temperature: 0.8, top_k: 20, top_p: 0.9, seed };
        continued(&network, &prompts, &Continuation { sampling, ..how(12) })
    };
    assert_eq!(drawn(3), drawn(3));
    assert_ne!(drawn(3), drawn(4));
    // The first of several texts draws from the same stream as alone.
    let sampling = Sampling { temperature: 0.8, top_k: 20, top_p: 0.9, seed: 3 };
    let how = Continuation { sampling, ..how(12) };
    assert_eq!(continued(&network, &prompts[..1], &how)[0], drawn(3)[0]);
    // With top-k 1, the likeliest token comes at any temperature.
    let sampling = Sampling { temperature: 5.0, top_k: 1, ..Sampling::default() };
    let how = Continuation { sampling, ..how };
    assert_eq!(
        continued(&network, &prompts, &how),
        golden("qwen3-tied").into_iter().map(|g| g.greedy).collect::<Vec<_>>()
    );
}

#[test]
fn what_cannot_be_continued_is_said() {
    let network = network("gpt2", &engines()[0]);
    let fails = |prompt: &[u32], sampling: Sampling| {
        let how = Continuation { sampling, ..how(3) };
        generate(&network, &network.inference(), &[prompt.to_vec()], &how, &mut |_, _| Ok(()))
            .unwrap_err()
            .to_string()
    };
    let greedy = Sampling::default;
    assert_eq!(fails(&[], greedy()), "an empty prompt cannot be continued");
    assert_eq!(fails(&[61], greedy()), "token `61` is not in the model's vocabulary of 61");
    assert_eq!(
        fails(&[5; 48], greedy()),
        "a prompt of 48 tokens leaves no room in the model's context of 48"
    );
    let hot = Sampling { temperature: -1.0, ..greedy() };
    assert_eq!(fails(&[5], hot), "a temperature of `-1` is invalid; use 0 or more");
    let none = Sampling { top_p: 0.0, ..greedy() };
    assert_eq!(fails(&[5], none), "`top-p` of `0` is invalid; use a number above 0 and at most 1");
    let stopped =
        generate(&network, &network.inference(), &[vec![5]], &how(3), &mut |_, _| Err("enough".into()));
    assert_eq!(stopped.unwrap_err().to_string(), "enough");
}
