//! The benchmark's models, with random weights.

use boldface_engine::nn::init_lora;
use boldface_engine::{Engine, Params, Rope};
use boldface_lm::{ModelConfig, ModelFamily, PublishedNetwork};

/// GPT-2, 124 M parameters (Radford et al. 2019).
pub fn gpt2() -> ModelConfig {
    ModelConfig {
        family: ModelFamily::Gpt2,
        layers: 12,
        width: 768,
        heads: 12,
        kv_heads: 12,
        head_width: 64,
        inner: 3072,
        vocabulary: 50_257,
        context: 1024,
        eps: 1e-5,
        rope: None,
        tied: true,
        attention_bias: true,
        mlp_bias: true,
    }
}

/// A body of GPT-2's size in the form of Qwen3, with Qwen3's vocabulary.
pub fn qwen3() -> ModelConfig {
    ModelConfig {
        family: ModelFamily::Qwen3,
        heads: 12,
        kv_heads: 6,
        inner: 2304,
        vocabulary: 151_936,
        context: 4096,
        eps: 1e-6,
        rope: Some(Rope::plain(64, 1e6)),
        attention_bias: false,
        mlp_bias: false,
        ..gpt2()
    }
}

/// Smallest of the published SmolLM2 models, 135 M parameters.
pub fn smollm2() -> ModelConfig {
    ModelConfig {
        family: ModelFamily::Llama,
        layers: 30,
        width: 576,
        heads: 9,
        kv_heads: 3,
        inner: 1536,
        vocabulary: 49_152,
        context: 8192,
        eps: 1e-5,
        rope: Some(Rope::plain(64, 1e5)),
        ..qwen3()
    }
}

/// Makes a network: matrices normal with deviation .02, biases zero, gains one. With a rank, only
/// adapters beside all linear layers are trained.
pub fn network(engine: &Engine, config: ModelConfig, lora_rank: Option<usize>) -> PublishedNetwork {
    let mut rng = boldface::seed::stream(0, "train_step");
    let mut params = Params::new(engine);
    for (name, dims) in config.parameters() {
        match (dims.len(), name.ends_with("bias")) {
            (1, is_bias) => params.constant(&name, &dims, if is_bias { 0.0 } else { 1.0 }),
            _ => params.normal(&name, &dims, 0.02, &mut rng),
        }
    }
    if let Some(rank) = lora_rank {
        let is_target = |name: &&str| config.linears().iter().any(|linear| name.ends_with(linear));
        let weights = params.names().filter_map(|name| name.strip_suffix(".weight"));
        let targets: Vec<String> = weights.filter(is_target).map(str::to_owned).collect();
        targets.iter().for_each(|target| init_lora(&mut params, target, rank, &mut rng));
        params.train_only(|name| name.contains(".lora_"));
    }
    PublishedNetwork { config, params }
}
