//! Training: the tape, parameters, AdamW, clipping, accumulation, layers, the cache.

use boldface_engine::nn::{self, KvCache, Transformer};
use std::error::Error;

use boldface_engine::{AdamW, Engine, Gradients, Noise, Params, Pass, Tensor, clear_tape, clip, no_grad};

use crate::check::{assert_close, numbers, on_every_engine};

fn rng(purpose: &str) -> impl rand::Rng + use<> {
    boldface::seed::stream(1, purpose)
}

fn lora(rank: usize) -> boldface::Lora {
    boldface::Lora { rank, alpha: 1.0, dropout: 0.0, targets: Vec::new() }
}

/// A small causal language model: embedding, two layers, head.
fn small_model(engine: &Engine) -> (Transformer, Params) {
    let transformer =
        Transformer { prefix: "body".into(), layers: 2, heads: 2, width: 8, mlp_ratio: 2, gated: true };
    let mut params = Params::new(engine);
    params.normal("embedding.weight", &[11, 8], 0.5, &mut rng("embedding"));
    params.normal("places.weight", &[16, 8], 0.5, &mut rng("places"));
    transformer.init(&mut params, &mut rng("body"));
    nn::init_linear(&mut params, "head", 8, 11, false, 0.5, &mut rng("head"));
    (transformer, params)
}

/// Returns the logits of sequences of equal length; `cache` already holds `start` tokens.
fn logits(
    model: &Transformer,
    pass: &Pass<'_>,
    tokens: &[Vec<u32>],
    start: usize,
    cache: Option<&mut KvCache>,
) -> Tensor {
    let (batch, len) = (tokens.len(), tokens[0].len());
    let places: Vec<u32> = (0..batch).flat_map(|_| (start..start + len).map(|t| t as u32)).collect();
    let visible: Vec<u32> = places.iter().map(|place| place + 1).collect();
    let x = pass.params.get("embedding.weight").rows(&tokens.concat());
    let x = x.add(&pass.params.get("places.weight").rows(&places)).reshape(&[batch, len, 8]);
    nn::linear(pass, "head", &model.forward(pass, &x, &visible, cache))
}

fn loss(model: &Transformer, pass: &Pass<'_>, tokens: &[Vec<u32>]) -> Tensor {
    let inputs: Vec<Vec<u32>> = tokens.iter().map(|t| t[..t.len() - 1].to_vec()).collect();
    let targets: Vec<u32> = tokens.iter().flat_map(|t| t[1..].to_vec()).collect();
    logits(model, pass, &inputs, 0, None).cross_entropy(&targets)
}

fn sentences(count: usize) -> Vec<Vec<u32>> {
    (0..count).map(|s| (0..7).map(|t| ((s * 3 + t * (s + 2)) % 11) as u32).collect()).collect()
}

#[test]
fn no_grad_records_nothing_and_an_abandoned_pass_leaves_nothing() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.insert("x", vec![3.0], &[1]);
        let silent = no_grad(|| params.get("x").square().sum());
        assert!(silent.backward().values(&params, "x").is_none());
        // The abandoned pass would double the gradient if it were still on the tape.
        let abandoned = params.get("x").square();
        clear_tape();
        let gradients = params.get("x").square().sum().backward();
        assert_eq!(gradients.values(&params, "x"), Some(vec![6.0]));
        assert!(abandoned.sum().backward().values(&params, "x").is_none());
        let panicked = std::panic::catch_unwind(|| no_grad(|| panic!("inside no_grad")));
        assert!(panicked.is_err());
        assert!(
            params.get("x").square().sum().backward().values(&params, "x").is_some(),
            "recording is on again"
        );
    });
}

#[test]
fn adamw_by_hand() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.insert("matrix", vec![1.0], &[1, 1]);
        params.insert("gain", vec![1.0], &[1]);
        params.insert("unused", vec![1.0], &[1]);
        let mut optimiser = AdamW::new(0.1);
        optimiser.betas = (0.9, 0.99);
        // Gradients 2 then 6 for both, learning rate .5.
        for slope in [2.0, 6.0] {
            let sum = params.get("matrix").sum().add(&params.get("gain").sum());
            let gradients = sum.scale(slope).backward();
            optimiser.step(&mut params, &gradients, 0.5);
        }
        // Step 1: m = .2, v = .04; corrected 2 and 4: the step is .5 * 2 / 2 = .5.
        // Step 2: m = .9 * .2 + .6 = .78, over 1 - .81 = .19: 4.105263;
        //   v = .99 * .04 + .01 * 36 = .3996, over 1 - .9801 = .0199: 20.080402, root 4.481116;
        //   the step is .5 * 4.105263 / 4.481116 = .458063.
        // gain: 1 - .5 - .458063 = .041937.
        // matrix shrinks by .95 before each step: (1 * .95 - .5) * .95 - .458063 = -.030563.
        assert_close(&params.get("gain").to_vec(), &[0.041_937], 1e-5);
        assert_close(&params.get("matrix").to_vec(), &[-0.030_563], 1e-5);
        assert_eq!(params.get("unused").to_vec(), [1.0], "no gradient, no step and no decay");
    });
}

#[test]
fn clipping() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.insert("a", vec![0.0], &[1]);
        params.insert("b", vec![0.0], &[1]);
        let loss = || params.get("a").scale(3.0).add(&params.get("b").scale(4.0)).sum();
        let mut gradients = loss().backward();
        assert_eq!(clip(&mut gradients, 0.0), 5.0, "0 is off");
        assert_eq!(clip(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients.values(&params, "a"), Some(vec![3.0]));
        assert_eq!(clip(&mut gradients, 1.0), 5.0, "the norm before");
        assert_close(&gradients.values(&params, "b").expect("b"), &[0.8], 1e-6);
        assert!((gradients.norm() - 1.0).abs() < 1e-6);
    });
}

#[test]
fn accumulation_equals_one_large_batch() {
    on_every_engine(|engine| {
        let (model, params) = small_model(engine);
        let pass = Pass::inference(&params);
        let data = sentences(6);
        let whole = loss(&model, &pass, &data).backward();
        let mut parts = Gradients::default();
        for part in data.chunks(2) {
            parts.add(loss(&model, &pass, part).backward());
        }
        parts.scale(1.0 / 3.0);
        for name in params.names().filter(|name| whole.values(&params, name).is_some()) {
            let [whole, parts] = [&whole, &parts].map(|g| g.values(&params, name).expect("both have it"));
            assert_close(&parts, &whole, 1e-6);
        }
        assert!(whole.norm() > 1e-3);
    });
}

#[test]
fn training_lowers_the_loss_and_leaves_frozen_parameters_alone() {
    on_every_engine(|engine| {
        let (model, mut params) = small_model(engine);
        model.add_lora(&mut params, &lora(2), &mut rng("lora"));
        params.train_only(|name| name.contains("lora_") || name.starts_with("head"));
        assert!(!params.is_trainable("body.0.qkv.weight") && params.is_trainable("body.0.qkv.lora_a"));
        let before = params.clone();
        let mut optimiser = AdamW::new(0.1);
        let data = sentences(4);
        let mut losses = Vec::new();
        for step in 0..60 {
            let mut noise = Noise::new(boldface::seed::stream(step, "noise"));
            (noise.dropout, noise.drop_path, noise.lora_dropout) = (0.05, 0.05, 0.05);
            let (value, gradients) = {
                let pass = Pass::training(&params, noise).lora_scale(2.0);
                let loss = loss(&model, &pass, &data);
                (loss.item(), loss.backward())
            };
            losses.push(value);
            optimiser.step(&mut params, &gradients, 2e-2);
        }
        assert!(losses[59] < 0.6 * losses[0], "{losses:?}");
        for name in params.names() {
            let (old, new) = (before.get(name).to_vec(), params.get(name).to_vec());
            // Bit for bit: a frozen number may not even be rounded.
            assert_eq!(old == new, !params.is_trainable(name), "{name}");
        }
    });
}

#[test]
fn lora_starts_as_a_no_op() {
    on_every_engine(|engine| {
        let (model, mut params) = small_model(engine);
        let data = sentences(2);
        let before = logits(&model, &Pass::inference(&params), &data, 0, None).to_vec();
        model.add_lora(&mut params, &lora(3), &mut rng("lora"));
        assert_eq!(params.get("body.1.up.lora_a").dims(), [3, 8]);
        assert_eq!(params.get("body.1.up.lora_b").dims(), [16, 3]);
        let pass = Pass::inference(&params).lora_scale(4.0);
        assert_close(&logits(&model, &pass, &data, 0, None).to_vec(), &before, 1e-6);
        // y = W x + scale B A x, by hand: W = 2, A = 3, B = 5, scale .5, x = 1: 2 + .5 * 15 = 9.5.
        let mut params = Params::new(engine);
        for (name, value) in [("l.weight", 2.0), ("l.lora_a", 3.0), ("l.lora_b", 5.0)] {
            params.insert(name, vec![value], &[1, 1]);
        }
        let x = engine.tensor(vec![1.0], &[1, 1]);
        assert_eq!(nn::linear(&Pass::inference(&params).lora_scale(0.5), "l", &x).item(), 9.5);
    });
}

#[test]
fn the_cache_gives_what_the_whole_sequence_gives() {
    on_every_engine(|engine| {
        let (model, params) = small_model(engine);
        let pass = Pass::inference(&params);
        let data = sentences(3);
        let whole = logits(&model, &pass, &data, 0, None).reshape(&[3, 7 * 11]).to_vec();
        let cut = |from: usize, to: usize| data.iter().map(|t| t[from..to].to_vec()).collect::<Vec<_>>();
        let mut cache = KvCache::new(2);
        assert!(cache.is_empty());
        let mut pieces = Vec::new();
        for (from, to) in [(0, 4), (4, 5), (5, 7)] {
            let piece = logits(&model, &pass, &cut(from, to), from, Some(&mut cache));
            pieces.push(piece);
        }
        assert_eq!(cache.len(), 7);
        let found = Tensor::concat(&pieces.iter().collect::<Vec<_>>(), 1).to_vec();
        assert_close(&found, &whole, 1e-5);

        // Back to 5 tokens, and only sequences 2 and 0: reads the last two tokens again.
        cache.truncate(5);
        let mut some = cache.select(&[2, 0]);
        let tail = [data[2][5..].to_vec(), data[0][5..].to_vec()];
        let found = logits(&model, &pass, &tail, 5, Some(&mut some)).to_vec();
        assert_close(&found[..22], &whole[2 * 77 + 55..], 1e-5);
        assert_close(&found[22..], &whole[55..77], 1e-5);

        // One prefix, shared by two continuations.
        let mut prefix = KvCache::new(2);
        logits(&model, &pass, &[data[1][..5].to_vec()], 0, Some(&mut prefix));
        let tails = [data[1][5..].to_vec(), vec![0, 0]];
        let found = logits(&model, &pass, &tails, 5, Some(&mut prefix.repeat(2))).to_vec();
        assert_close(&found[..22], &whole[77 + 55..2 * 77], 1e-5);
    });
}

#[test]
fn a_checkpoint_comes_back_bit_for_bit_and_a_damaged_one_is_an_error() {
    on_every_engine(|engine| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("model.safetensors");
        let (_, params) = small_model(engine);
        params.save(&path).expect("saved");
        let loaded = Params::load(engine, &path).expect("loaded");
        assert_eq!(loaded.names().collect::<Vec<_>>(), params.names().collect::<Vec<_>>());
        assert_eq!(loaded.count(), params.count());
        for name in params.names() {
            assert_eq!(loaded.get(name).dims(), params.get(name).dims());
            assert_eq!(loaded.get(name).to_vec(), params.get(name).to_vec());
        }
        let whole = std::fs::read(&path).expect("read");
        let mut header = whole.clone();
        header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        for damaged in [&whole[..whole.len() - 1], &whole[..4], &header, b"not a checkpoint at all"] {
            std::fs::write(&path, damaged).expect("written");
            let error = Params::load(engine, &path).expect_err("a damaged file");
            assert!(error.to_string().contains("model.safetensors"), "{error}");
        }
        assert!(Params::load(engine, &folder.path().join("missing")).is_err());
    });
}

#[test]
fn training_resumes_where_it_stopped() {
    on_every_engine(|engine| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("adamw.safetensors");
        let (model, mut params) = small_model(engine);
        let data = sentences(3);
        let step = |params: &mut Params, optimiser: &mut AdamW| {
            let gradients = loss(&model, &Pass::inference(params), &data).backward();
            optimiser.step(params, &gradients, 1e-2);
        };
        let mut optimiser = AdamW::new(0.1);
        (0..3).for_each(|_| step(&mut params, &mut optimiser));
        optimiser.save(&path).expect("saved");
        let weights = folder.path().join("weights.safetensors");
        params.save(&weights).expect("saved");
        let (_, mut resumed) = small_model(engine);
        resumed.names().for_each(|name| assert!(resumed.is_trainable(name)));
        resumed.restore(&weights).expect("restored");
        let mut restored = AdamW::new(0.1);
        restored.load(&resumed, &path).expect("loaded");
        step(&mut params, &mut optimiser);
        step(&mut resumed, &mut restored);
        for name in params.names() {
            assert_eq!(params.get(name).to_vec(), resumed.get(name).to_vec(), "{name}");
        }
        params.save(&path).expect("saved");
        assert!(restored.load(&params, &path).is_err(), "parameters are not moments");
    });
}

#[test]
fn restored_parameters_stay_frozen_and_others_are_refused() {
    on_every_engine(|engine| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("weights.safetensors");
        let of = |x: f32| {
            let mut params = Params::new(engine);
            params.constant("frozen", &[2], x);
            params.constant("free", &[2], x);
            params.train_only(|name| name == "free");
            params
        };
        of(1.5).save(&path).expect("saved");
        let mut params = of(0.0);
        params.restore(&path).expect("restored");
        assert_eq!(["frozen", "free"].map(|name| params.get(name).to_vec()), [[1.5; 2]; 2]);
        assert_eq!(["frozen", "free"].map(|name| params.is_trainable(name)), [false, true]);

        params.constant("another", &[1], 0.0);
        let error = params.restore(&path).expect_err("another model");
        assert!(error.source().is_some_and(|cause| cause.to_string().contains("not those of this model")));
    });
}

#[test]
fn set_keeps_the_parameter_and_changes_its_numbers() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.insert("x", vec![1.0, 2.0], &[2]);
        let old = params.get("x").clone();
        params.set("x", vec![5.0, 7.0]);
        assert_eq!(params.get("x").to_vec(), [5.0, 7.0]);
        assert_eq!(old.to_vec(), [1.0, 2.0]);
        assert_eq!(params.get("x").square().sum().backward().values(&params, "x"), Some(vec![10.0, 14.0]));
    });
}

#[test]
fn normal_parameters_are_normal_within_two_deviations() {
    on_every_engine(|engine| {
        let mut params = Params::new(engine);
        params.normal("x", &[100, 100], 0.02, &mut rng("normal"));
        let x = params.get("x").to_vec();
        assert!(x.iter().all(|x| x.abs() <= 0.04));
        let variance = x.iter().map(|x| f64::from(x * x)).sum::<f64>() / 1e4;
        // Truncation at 2 standard deviations leaves .7737 of the variance.
        assert!((variance / 4e-4 - 0.7737).abs() < 0.05, "{}", variance / 4e-4);
        assert_eq!(numbers(3, 1), numbers(3, 1));
    });
}
