//! bf16: which tensors are kept in it, and how far results are from those in f32.

use boldface::{Precision, Runtime};
use boldface_engine::nn::{self, Transformer};
use boldface_engine::{AdamW, ENGINES, Engine, Params, Pass, open};

use crate::check::{assert_close, numbers};

fn engine(precision: Precision) -> Option<Engine> {
    let runtime = Runtime { engine: "tch".into(), precision, device: "cpu".into(), workers: 2 };
    ENGINES.contains(&"tch").then(|| Engine::for_runtime(&runtime).expect("the CPU is always there"))
}

#[test]
fn the_embedded_engine_computes_in_f32_only() {
    let runtime =
        Runtime { engine: "dfdx".into(), precision: Precision::Bf16, device: "cpu".into(), workers: 1 };
    let error = Engine::for_runtime(&runtime).expect_err("it has no bf16").to_string();
    assert_eq!(error, "engine `dfdx` does not compute in `bf16`; it computes in `f32`");
}

#[test]
fn published_numbers_in_bf16() {
    // 1, -2.5 and the smallest number above 1: signs, exponents and the last bit survive.
    let bytes: Vec<u8> =
        [0x3f80_u16, 0xc020, 0x3f81, 0x0000].into_iter().flat_map(u16::to_le_bytes).collect();
    for name in ENGINES {
        let tensor = open(name, "cpu").expect("it is there").tensor_bf16(&bytes, &[2, 2]);
        assert_eq!(tensor.to_vec(), [1.0, -2.5, 1.0078125, 0.0]);
    }
    if let Some(engine) = engine(Precision::Bf16) {
        assert_eq!(engine.tensor_bf16(&bytes, &[4]).to_vec(), [1.0, -2.5, 1.0078125, 0.0]);
    }
}

#[test]
fn frozen_matrices_are_bf16_and_what_is_trained_is_f32() {
    let Some(engine) = engine(Precision::Bf16) else { return };
    let mut params = Params::new(&engine);
    let third = 1.0_f32 / 3.0;
    for name in ["frozen", "trained"] {
        params.insert(name, vec![third; 4], &[2, 2]);
    }
    params.insert("gain", vec![third; 2], &[2]);
    params.train_only(|name| name == "trained");
    // A third has 8 bits in bf16: 0x3eab = 0.333984375.
    assert_eq!(params.get("frozen").to_vec(), [0.333_984_38; 4]);
    assert_eq!(params.get("trained").to_vec(), [third; 4]);
    assert_eq!(params.get("gain").to_vec(), [third; 2], "gains and biases stay whole");
    // A step far below the last bit of bf16 is not lost.
    let x = engine.tensor(vec![1.0, 1.0], &[1, 2]);
    let gradients = x.linear(params.get("trained"), None).sum().backward();
    AdamW::new(0.0).step(&mut params, &gradients, 1e-5);
    assert_close(&params.get("trained").to_vec(), &[third - 1e-5; 4], 1e-7);
}

#[test]
fn a_model_in_bf16_is_near_the_one_in_f32_and_learns_as_well() {
    let (Some(half), Some(whole)) = (engine(Precision::Bf16), engine(Precision::F32)) else { return };
    let learn = |engine: &Engine| {
        let model =
            Transformer { prefix: "body".into(), layers: 2, heads: 2, width: 32, mlp_ratio: 4, gated: false };
        let mut rng = boldface::seed::stream(3, "bf16");
        let mut params = Params::new(engine);
        params.normal("embedding.weight", &[50, 32], 0.3, &mut rng);
        model.init(&mut params, &mut rng);
        nn::init_layer_norm(&mut params, "norm", 32);
        let tokens: Vec<u32> = (0..40).map(|i| (i * 7 % 50) as u32).collect();
        let visible: Vec<u32> = (0..40).map(|i| i % 10 + 1).collect();
        let mut optimiser = AdamW::new(0.1);
        let mut losses = Vec::new();
        for _ in 0..30 {
            let gradients = {
                let pass = Pass::inference(&params);
                let x = params.get("embedding.weight").rows(&tokens).reshape(&[4, 10, 32]);
                let x = nn::layer_norm(&pass, "norm", &model.forward(&pass, &x, &visible, None));
                let loss = x.head_cross_entropy(params.get("embedding.weight"), &tokens);
                losses.push(loss.item());
                loss.backward()
            };
            optimiser.step(&mut params, &gradients, 3e-3);
        }
        losses
    };
    let (half, whole) = (learn(&half), learn(&whole));
    assert_close(&half[..1], &whole[..1], 1e-2);
    assert_close(&half, &whole, 5e-2);
    assert!(half[29] < 0.5 * half[0], "{half:?}");
    assert_ne!(half, whole, "bf16 rounds");
}

#[test]
fn products_round_to_bf16_and_norms_do_not() {
    let Some(engine) = engine(Precision::Bf16) else { return };
    let x = engine.tensor(numbers(64, 1), &[2, 32]);
    let gain = engine.tensor(vec![1.0; 32], &[32]);
    let plain = open("tch", "cpu").expect("it is there").tensor(numbers(64, 1), &[2, 32]);
    let plain_gain = open("tch", "cpu").expect("it is there").tensor(vec![1.0; 32], &[32]);
    assert_eq!(x.rms_norm(&gain, 1e-6).to_vec(), plain.rms_norm(&plain_gain, 1e-6).to_vec());
    assert_eq!(x.softmax().to_vec(), plain.softmax().to_vec());
    let product = x.matmul_t(&x).to_vec();
    assert!(product.iter().all(|x| x.to_bits() & 0xffff == 0), "{product:?}");
    assert_close(&product, &plain.matmul_t(&plain).to_vec(), 2e-2);
}
