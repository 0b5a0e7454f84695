//! The measured work: a training step on text, a training step of stage 3, a token of generation.

use boldface_engine::nn::{Pass, linear};
use boldface_engine::{AdamW, Engine, Tensor, no_grad};
use boldface_lm::PublishedNetwork;

use crate::model;

const LORA_RANK: usize = 8;
const LORA_SCALE: f32 = 2.0;
const LEARNING_RATE: f64 = 1e-4;
/// Number of features per patch of a scan.
const FEATURES: usize = 128;

/// A model, its optimiser and one batch.
pub struct TrainStep {
    pub network: PublishedNetwork,
    optimiser: AdamW,
    kind: Kind,
    is_recomputed: bool,
}

enum Kind {
    /// Next-token loss of `batch` sequences of `tokens`.
    Text { batch: usize, tokens: usize },
    /// Loss of the answers to `questions` about a scan of `tokens` patches.
    Scan { questions: usize, features: Tensor },
    /// One token after `tokens` others, for `batch` sequences.
    Generation { batch: usize, tokens: usize },
}

impl TrainStep {
    /// Prepares the work `gpt2-lora`, `gpt2-full`, `stage3` or `generation`.
    pub fn new(engine: &Engine, name: &str, batch: usize, tokens: usize) -> boldface::Result<TrainStep> {
        let (config, rank) = match name {
            "gpt2-lora" => (model::gpt2(), Some(LORA_RANK)),
            "gpt2-full" => (model::gpt2(), None),
            "stage3" => (model::qwen3(), Some(LORA_RANK)),
            "generation" => (model::smollm2(), None),
            _ => return Err(format!("no work is named `{name}`").into()),
        };
        let mut network = model::network(engine, config, rank);
        let kind = match name {
            "stage3" => {
                let mut rng = boldface::seed::stream(1, "train_step");
                let width = network.config.width;
                network.params.normal("scan.weight", &[width, FEATURES], 0.02, &mut rng);
                let numbers =
                    (0..tokens * FEATURES).map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0).collect::<Vec<_>>();
                Kind::Scan { questions: batch, features: engine.tensor(numbers, &[tokens, FEATURES]) }
            }
            "generation" => Kind::Generation { batch, tokens },
            _ => Kind::Text { batch, tokens },
        };
        Ok(TrainStep { network, optimiser: AdamW::new(0.1), kind, is_recomputed: false })
    }

    /// Sets layers to be recomputed in the backward pass.
    pub fn recompute(&mut self) {
        self.is_recomputed = true;
    }

    /// Runs one step. Returns the loss before it (0 for a generation) and how long it took in ms.
    pub fn step(&mut self) -> (f32, f64) {
        let start = std::time::Instant::now();
        let ms = |start: std::time::Instant| start.elapsed().as_secs_f64() * 1e3;
        if let Kind::Generation { batch, tokens } = self.kind {
            return (0.0, no_grad(|| self.generate(batch, tokens)));
        }
        let (loss, gradients) = {
            let pass =
                Pass::inference(&self.network.params).lora_scale(LORA_SCALE).recompute(self.is_recomputed);
            let loss = match &self.kind {
                Kind::Scan { questions, features } => self.answers(&pass, *questions, features),
                Kind::Text { batch, tokens } | Kind::Generation { batch, tokens } => {
                    self.text(&pass, *batch, *tokens)
                }
            };
            (loss.item(), loss.backward())
        };
        self.optimiser.step(&mut self.network.params, &gradients, LEARNING_RATE);
        drop(gradients);
        (loss, ms(start))
    }

    fn text(&self, pass: &Pass<'_>, batch: usize, tokens: usize) -> Tensor {
        let PublishedNetwork { config, .. } = &self.network;
        let places = || (0..batch * tokens).map(|i| (i / tokens, i % tokens));
        let token = |(sequence, place): (usize, usize)| token(sequence, place, config.vocabulary);
        let inputs: Vec<u32> = places().map(token).collect();
        let targets: Vec<u32> = places().map(|(sequence, place)| token((sequence, place + 1))).collect();
        let positions: Vec<u32> = places().map(|(_, place)| place as u32).collect();
        let visible: Vec<u32> = positions.iter().map(|place| place + 1).collect();
        let x = self.network.embed(pass, &inputs).reshape(&[batch, tokens, config.width]);
        let x = self.network.read(pass, &x, &positions, &visible, None);
        self.network.norm(pass, &x).head_cross_entropy(self.network.head(pass), &targets)
    }

    /// Reads the scan once; the questions share its keys and values, and only answers have logits.
    fn answers(&self, pass: &Pass<'_>, questions: usize, features: &Tensor) -> Tensor {
        let PublishedNetwork { config, .. } = &self.network;
        let patches = features.dims()[0];
        let positions: Vec<u32> = (0..patches as u32).collect();
        let visible: Vec<u32> = (1..=patches as u32).collect();
        let scan = linear(pass, "scan", features).reshape(&[1, patches, config.width]);
        let mut cache = self.network.cache();
        self.network.read(pass, &scan, &positions, &visible, Some(&mut cache));

        let longest = (0..questions).map(|q| lengths(q).0 + lengths(q).1).max().unwrap_or(0);
        let (mut tokens, mut rows, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for question in 0..questions {
            let (asked, answered) = lengths(question);
            for place in 0..longest {
                let token = |place| token(question, place, config.vocabulary);
                tokens.push(if place < asked + answered { token(place) } else { 0 });
                // The place before each token of the answer predicts it.
                if (asked..asked + answered).contains(&(place + 1)) {
                    rows.push((question * longest + place) as u32);
                    targets.push(token(place + 1));
                }
            }
        }
        let positions: Vec<u32> = (0..questions * longest).map(|i| (patches + i % longest) as u32).collect();
        let visible: Vec<u32> = positions.iter().map(|place| place + 1).collect();
        let x = self.network.embed(pass, &tokens).reshape(&[questions, longest, config.width]);
        let x = self.network.read(pass, &x, &positions, &visible, Some(&mut cache.repeat(questions)));
        let x = x.reshape(&[questions * longest, config.width]).rows(&rows);
        self.network.norm(pass, &x).head_cross_entropy(self.network.head(pass), &targets)
    }

    /// Returns the mean ms per token, over 32 tokens.
    fn generate(&self, batch: usize, tokens: usize) -> f64 {
        const NEW: usize = 32;
        let PublishedNetwork { config, .. } = &self.network;
        let pass = self.network.inference();
        let mut cache = self.network.cache();
        let mut read = |from: usize, to: usize| {
            let positions: Vec<u32> = (0..batch).flat_map(|_| (from..to).map(|place| place as u32)).collect();
            let visible: Vec<u32> = positions.iter().map(|place| place + 1).collect();
            let tokens: Vec<u32> = positions.iter().map(|place| place % 1000).collect();
            let x = self.network.embed(&pass, &tokens).reshape(&[batch, to - from, config.width]);
            let x = self.network.read(&pass, &x, &positions, &visible, Some(&mut cache));
            let last = x.narrow(1, to - from - 1, 1);
            self.network.logits(&pass, &self.network.norm(&pass, &last)).to_vec()
        };
        read(0, tokens);
        let start = std::time::Instant::now();
        (tokens..tokens + NEW).for_each(|place| drop(read(place, place + 1)));
        start.elapsed().as_secs_f64() * 1e3 / NEW as f64
    }
}

/// Returns the token at a place of a sequence, by the same formula as in `tests/python/bench_lm.py`.
fn token(sequence: usize, place: usize, vocabulary: usize) -> u32 {
    ((sequence * 7919 + place * place * 31 + place * 17) % vocabulary) as u32
}

/// Returns the tokens of a question and of its answer, by the same formula as in
/// `tests/python/bench_lm.py`.
fn lengths(question: usize) -> (usize, usize) {
    (16 + 5 * question % 13, 2 + 3 * question % 7)
}
