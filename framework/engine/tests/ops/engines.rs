//! All engines of a build compute the same model, to the rounding of 32-bit floats.

use boldface_engine::nn::Transformer;
use boldface_engine::{AdamW, ENGINES, Engine, Noise, Params, Pass, Rope, Tensor, clip, open};

use crate::check::{assert_close, numbers};

const WIDTH: usize = 24;
const VOCABULARY: usize = 37;
const TOKENS: usize = 9;
const BATCH: usize = 3;

/// Results of one engine: logits, gradients, and losses and parameters after 20 steps.
struct Computed {
    logits: Vec<f32>,
    gradients: Vec<(String, Vec<f32>)>,
    losses: Vec<f32>,
    parameters: Vec<(String, Vec<f32>)>,
}

/// Computes a transformer with adapters, rotary positions, a prefix that all tokens see, and noise.
fn compute(engine: &Engine) -> Computed {
    let model =
        Transformer { prefix: "body".into(), layers: 2, heads: 3, width: WIDTH, mlp_ratio: 2, gated: false };
    let mut rng = boldface::seed::stream(7, "engines");
    let mut params = Params::new(engine);
    params.normal("embedding.weight", &[VOCABULARY, WIDTH], 0.3, &mut rng);
    model.init(&mut params, &mut rng);
    let lora = boldface::Lora { rank: 2, alpha: 2.0, dropout: 0.0, targets: Vec::new() };
    model.add_lora(&mut params, &lora, &mut rng);
    params.insert("gain", vec![1.1; WIDTH], &[WIDTH]);
    let tokens: Vec<u32> = (0..BATCH * TOKENS).map(|i| (i * i * 5 % VOCABULARY) as u32).collect();
    let positions: Vec<u32> = (0..BATCH * TOKENS).map(|i| (i % TOKENS) as u32).collect();
    let visible: Vec<u32> = positions.iter().map(|position| (position + 1).max(4)).collect();
    let hidden = |pass: &Pass<'_>| -> Tensor {
        let x = pass.params.get("embedding.weight").rows(&tokens).reshape(&[BATCH, TOKENS, WIDTH]);
        let x = x.add(&x.rope(&positions, 3, &Rope::plain(WIDTH / 3, 100.0)));
        model.forward(pass, &x, &visible, None).rms_norm(pass.params.get("gain"), 1e-6)
    };
    let head = |params: &Params| params.get("embedding.weight").clone();
    let loss = |pass: &Pass<'_>| hidden(pass).head_cross_entropy(&head(pass.params), &tokens);

    let pass = Pass::inference(&params);
    let logits = hidden(&pass).linear(&head(&params), None).to_vec();
    let gradients = loss(&pass).backward();
    let named = |name: &str| gradients.values(&params, name).map(|gradient| (name.to_owned(), gradient));
    let gradients = params.names().filter_map(named).collect();

    let mut optimiser = AdamW::new(0.1);
    let mut losses = Vec::new();
    for step in 0..20 {
        let mut noise = Noise::new(boldface::seed::stream(step, "noise"));
        (noise.dropout, noise.drop_path, noise.lora_dropout) = (0.1, 0.1, 0.1);
        let (value, mut gradients) = {
            let loss = loss(&Pass::training(&params, noise).recompute(step % 2 == 1));
            (loss.item(), loss.backward())
        };
        losses.push(value);
        clip(&mut gradients, 1.0);
        optimiser.step(&mut params, &gradients, 3e-3);
    }
    let parameters = params.names().map(|name| (name.to_owned(), params.get(name).to_vec())).collect();
    Computed { logits, gradients, losses, parameters }
}

#[test]
fn equal_weights_give_equal_logits_gradients_and_steps() {
    let [first, others @ ..] = ENGINES else { panic!("a build has an engine") };
    let expected = compute(&open(first, "cpu").expect("it is there"));
    assert!(expected.losses[19] < 0.8 * expected.losses[0], "{:?}", expected.losses);
    assert!(expected.gradients.iter().all(|(_, x)| x.iter().all(|x| x.is_finite())));
    for name in others {
        let found = compute(&open(name, "cpu").expect("it is there"));
        assert_close(&found.logits, &expected.logits, 1e-5);
        assert_eq!(found.gradients.len(), expected.gradients.len());
        for ((name, found), (same, expected)) in found.gradients.iter().zip(&expected.gradients) {
            assert_eq!(name, same);
            assert_close(found, expected, 1e-5);
        }
        // AdamW divides by the root of a moment: near a gradient of 0 the step is all rounding.
        assert_close(&found.losses, &expected.losses, 2e-4);
        for ((_, found), (_, expected)) in found.parameters.iter().zip(&expected.parameters) {
            assert_close(found, expected, 2e-3);
        }
    }
}

/// The caller's stream decides which numbers are dropped, not the engine.
#[test]
fn all_engines_drop_the_same_numbers() {
    let of = |name: &&str| {
        let engine = open(name, "cpu").expect("it is there");
        let x = engine.tensor(numbers(600, 1), &[10, 60]);
        let mut rng = boldface::seed::stream(1, "noise");
        [x.dropout(0.3, &mut rng).to_vec(), x.drop_rows(10, 0.3, &mut rng).to_vec()]
    };
    let all: Vec<_> = ENGINES.iter().map(of).collect();
    for other in &all[1..] {
        for (found, expected) in other.iter().zip(&all[0]) {
            assert_close(found, expected, 1e-6);
        }
    }
}
