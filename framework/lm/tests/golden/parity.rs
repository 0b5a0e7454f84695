//! The forward pass of every family equals transformers', in every way of running it.

use boldface::Layout;
use boldface_engine::{Tensor, no_grad};
use boldface_lm::{PublishedNetwork, open};

use crate::models::{MODELS, engines, folder, golden, network, rope};

/// Sequences in one rectangle, read at once or in parts.
struct Batch {
    x_btd: Tensor,
    positions: Vec<u32>,
    visible: Vec<u32>,
}

impl Batch {
    fn compute(network: &PublishedNetwork, sequences: &[&[u32]]) -> Batch {
        let length = sequences.iter().map(|tokens| tokens.len()).max().unwrap();
        let padded = |tokens: &&[u32]| [tokens, &vec![3; length - tokens.len()][..]].concat();
        let tokens: Vec<u32> = sequences.iter().flat_map(padded).collect();
        let places = sequences.iter().flat_map(|_| 0..length as u32);
        let seen = sequences.iter().flat_map(|tokens| {
            (1..=length as u32).map(|seen| if seen as usize <= tokens.len() { seen } else { 0 })
        });
        let dims = [sequences.len(), length, network.config.width];
        let x_btd = network.embed(&network.inference(), &tokens).reshape(&dims);
        Batch { x_btd, positions: places.collect(), visible: seen.collect() }
    }
}

fn logits(network: &PublishedNetwork, batch: &Batch) -> Vec<f32> {
    let pass = network.inference();
    let hidden = network.read(&pass, &batch.x_btd, &batch.positions, &batch.visible, None);
    network.logits(&pass, &network.norm(&pass, &hidden)).to_vec()
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    // `max` ignores NaN.
    assert!(a.iter().chain(b).all(|number| number.is_finite()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn rotary_frequencies_are_those_of_transformers() {
    for model in MODELS {
        let ours = open(&folder(model)).unwrap().config().rope.clone();
        assert_eq!(ours.is_some(), rope(model).is_some(), "{model}");
        let Some((ours, (frequencies, scale))) = ours.zip(rope(model)) else { continue };
        let ratios = ours.frequencies.iter().zip(&frequencies).map(|(a, b)| (a / f64::from(*b) - 1.0).abs());
        assert!(ratios.fold(0.0, f64::max) < 1e-6, "{model}: {ours:?}, not {frequencies:?}");
        assert_eq!(ours.frequencies.len(), frequencies.len());
        assert!((ours.scale - scale).abs() < 1e-6, "{model}: {} and {scale}", ours.scale);
    }
}

#[test]
fn logits_are_those_of_transformers() {
    for engine in engines() {
        for model in MODELS {
            let network = network(model, &engine);
            for golden in golden(model) {
                let ours = logits(&network, &Batch::compute(&network, &[&golden.tokens]));
                let off = distance(&ours, &golden.logits);
                println!("{engine:?} {model}, {} tokens: off by {off:.1e}", golden.tokens.len());
                assert!(off < 2e-5, "{engine:?}, {model}, {} tokens: off by {off}", golden.tokens.len());
            }
        }
    }
}

#[test]
fn a_batch_is_its_sequences_and_padding_changes_nothing() {
    for engine in engines() {
        for model in MODELS {
            let network = network(model, &engine);
            let golden = golden(model);
            let sequences: Vec<&[u32]> = golden.iter().map(|golden| &golden.tokens[..]).collect();
            let all = logits(&network, &Batch::compute(&network, &sequences));
            let row = all.len() / golden.len();
            for (golden, ours) in golden.iter().zip(all.chunks(row)) {
                let off = distance(&ours[..golden.logits.len()], &golden.logits);
                assert!(off < 2e-5, "{engine:?}, {model}, {} tokens: off by {off}", golden.tokens.len());
            }
        }
    }
}

/// Reads a sequence with its first `parts[0]` places, then the next `parts[1]`, and so on.
fn in_parts(network: &PublishedNetwork, batch: &Batch, parts: &[usize]) -> Vec<f32> {
    let pass = network.inference();
    let (mut cache, mut start, mut all) = (network.cache(), 0, Vec::new());
    for &part in parts {
        let x_btd = batch.x_btd.narrow(1, start, part);
        let [positions, visible] = [&batch.positions, &batch.visible].map(|all| &all[start..start + part]);
        let hidden = network.read(&pass, &x_btd, positions, visible, Some(&mut cache));
        all.extend(network.logits(&pass, &network.norm(&pass, &hidden)).to_vec());
        start += part;
        assert_eq!(cache.len(), start);
    }
    all
}

#[test]
fn with_a_cache_as_without() {
    for engine in engines() {
        for model in MODELS {
            let network = network(model, &engine);
            let golden = &golden(model)[2];
            let batch = Batch::compute(&network, &[&golden.tokens]);
            for parts in [&[21, 1][..], &[1; 22], &[9, 5, 8]] {
                let off = distance(&no_grad(|| in_parts(&network, &batch, parts)), &golden.logits);
                assert!(off < 2e-5, "{engine:?}, {model} in parts {parts:?}: off by {off}");
            }
        }
    }
}

/// A block as in scans: regions of a time patch share a position and see each other; text after it is
/// causal.
#[test]
fn a_block_sees_itself_and_text_sees_both() {
    let layout = Layout { before: 2, patches: 3, rois: 4, after: 8 };
    let places = 0..layout.len();
    for engine in engines() {
        for model in MODELS {
            let network = network(model, &engine);
            let tokens = &golden(model)[2].tokens;
            let causal = Batch::compute(&network, &[tokens]);
            let block = |tokens: &[u32]| Batch {
                positions: places.clone().map(|i| layout.position(i) as u32).collect(),
                visible: places.clone().map(|i| layout.visible(i) as u32).collect(),
                ..Batch::compute(&network, &[tokens])
            };
            let whole = logits(&network, &block(tokens));
            assert!(distance(&whole, &logits(&network, &causal)) > 0.01, "{model}: the layout does nothing");
            // The block at once, then the text token by token.
            let parts = [&[2, 4, 8][..], &[1; 8]].concat();
            let off = distance(&no_grad(|| in_parts(&network, &block(tokens), &parts)), &whole);
            assert!(off < 2e-5, "{engine:?}, {model}: off by {off}");

            // The output of a place changes only with the tokens that it sees.
            let size = network.config.vocabulary;
            for changed in [1, 7, 16] {
                let mut tokens = tokens.clone();
                tokens[changed] = if tokens[changed] == 5 { 6 } else { 5 };
                let other = logits(&network, &block(&tokens));
                for i in places.clone() {
                    let off = distance(&other[i * size..][..size], &whole[i * size..][..size]);
                    let sees = changed < layout.visible(i);
                    assert_eq!(
                        off > 1e-5,
                        sees,
                        "{engine:?}, {model}: place {i} and {changed}, off by {off}"
                    );
                }
            }
        }
    }
}
