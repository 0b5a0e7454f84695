//! The GPT of the training-step benchmark: 4 layers, width 128, 128 tokens, batch 8, vocabulary 1000.

use boldface_engine::nn::{self, Transformer};
use boldface_engine::{AdamW, Engine, Params, Pass};

const BATCH: usize = 8;
const TOKENS: usize = 128;
const WIDTH: usize = 128;
const VOCABULARY: usize = 1000;
const LEARNING_RATE: f64 = 3e-4;

/// The model, its optimiser and the one batch that it trains on.
pub struct GptBenchmark {
    transformer: Transformer,
    pub params: Params,
    optimiser: AdamW,
    inputs: Vec<u32>,
    targets: Vec<u32>,
    visible: Vec<u32>,
}

impl GptBenchmark {
    pub fn new(engine: &Engine) -> GptBenchmark {
        let transformer = Transformer {
            prefix: "body".into(),
            layers: 4,
            heads: 4,
            width: WIDTH,
            mlp_ratio: 4,
            gated: false,
        };
        let mut rng = boldface::seed::stream(0, "gpt");
        let mut params = Params::new(engine);
        params.normal("embedding.weight", &[VOCABULARY, WIDTH], 0.02, &mut rng);
        params.normal("places.weight", &[TOKENS, WIDTH], 0.02, &mut rng);
        transformer.init(&mut params, &mut rng);
        nn::init_layer_norm(&mut params, "norm", WIDTH);
        nn::init_linear(&mut params, "head", WIDTH, VOCABULARY, false, 0.02, &mut rng);
        let (inputs, targets) = (0..BATCH * TOKENS)
            .map(|i| (token(i / TOKENS, i % TOKENS), token(i / TOKENS, i % TOKENS + 1)))
            .unzip();
        let visible = (0..BATCH * TOKENS).map(|i| (i % TOKENS + 1) as u32).collect();
        GptBenchmark { transformer, params, optimiser: AdamW::new(0.1), inputs, targets, visible }
    }

    /// Runs one step (forward, backward and AdamW) and returns the loss before it.
    pub fn step(&mut self) -> f32 {
        let pass = Pass::inference(&self.params);
        let places: Vec<u32> = (0..TOKENS as u32).collect();
        let x = self.params.get("embedding.weight").rows(&self.inputs).reshape(&[BATCH, TOKENS, WIDTH]);
        let x = x.add(&self.params.get("places.weight").rows(&places));
        let x = self.transformer.forward(&pass, &x, &self.visible, None);
        let logits = nn::linear(&pass, "head", &nn::layer_norm(&pass, "norm", &x));
        let loss = logits.cross_entropy(&self.targets);
        drop(logits);
        let gradients = loss.backward();
        self.optimiser.step(&mut self.params, &gradients, LEARNING_RATE);
        loss.item()
    }
}

/// Returns the token at a place of a sequence, by the same formula as in `compare_pytorch.py`.
fn token(sequence: usize, place: usize) -> u32 {
    ((sequence * 7919 + place * place * 31 + place * 17) % VOCABULARY) as u32
}
