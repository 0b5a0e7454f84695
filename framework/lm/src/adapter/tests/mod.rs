//! Adapters of tiny models with random weights.

mod golden;
mod refused;
mod stacking;

use boldface::Lora;
use boldface_engine::{Params, Rope, Tensor, no_grad, open};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::lora_scale;
use crate::config::{ModelConfig, ModelFamily};
use crate::network::PublishedNetwork;

const ALL: [ModelFamily; 3] = [ModelFamily::Gpt2, ModelFamily::Llama, ModelFamily::Qwen3];

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn config(family: ModelFamily) -> ModelConfig {
    let gpt2 = family == ModelFamily::Gpt2;
    ModelConfig {
        family,
        layers: 2,
        width: 12,
        heads: 4,
        kv_heads: if gpt2 { 4 } else { 2 },
        head_width: if family == ModelFamily::Qwen3 { 4 } else { 3 + usize::from(!gpt2) },
        inner: 20,
        vocabulary: 30,
        context: 16,
        eps: 1e-5,
        rope: (!gpt2).then(|| Rope::plain(4, 10_000.0)),
        tied: family != ModelFamily::Llama,
        attention_bias: gpt2,
        mlp_bias: gpt2,
    }
}

/// A model whose weights are all random and frozen.
fn network(family: ModelFamily) -> PublishedNetwork {
    let config = config(family);
    let engine = open("dfdx", "cpu").unwrap();
    let mut params = Params::new(&engine);
    for (name, dims) in config.parameters() {
        params.normal(&name, &dims, 0.3, &mut rng(dims.iter().sum::<usize>() as u64));
    }
    params.train_only(|_| false);
    PublishedNetwork { config, params }
}

fn lora(rank: usize, alpha: f64, targets: &[&str]) -> Lora {
    Lora { rank, alpha, dropout: 0.0, targets: targets.iter().map(|&name| name.to_owned()).collect() }
}

/// Makes both matrices of every layer random, so that the adapter does something.
fn shake(network: &mut PublishedNetwork, seed: u64) {
    let names: Vec<String> =
        network.params.names().filter(|name| name.contains(".lora_")).map(str::to_owned).collect();
    assert!(!names.is_empty());
    for name in names {
        let dims = network.params.get(&name).dims().to_vec();
        network.params.normal(&name, &dims, 0.2, &mut rng(seed + name.len() as u64));
    }
}

fn logits(network: &PublishedNetwork, lora: &Lora) -> Vec<f32> {
    let tokens = [3, 1, 4, 1, 5, 9, 2];
    let places: Vec<u32> = (0..tokens.len() as u32).collect();
    let visible: Vec<u32> = places.iter().map(|place| place + 1).collect();
    no_grad(|| {
        let pass = network.inference().lora_scale(lora_scale(lora));
        let x: Tensor = network.embed(&pass, &tokens).reshape(&[1, tokens.len(), network.config.width]);
        let hidden = network.read(&pass, &x, &places, &visible, None);
        network.logits(&pass, &network.norm(&pass, &hidden)).to_vec()
    })
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
