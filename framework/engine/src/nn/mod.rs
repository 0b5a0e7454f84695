//! Layers as functions over [`Params`]: a layer is a name, not an object.

mod cache;
mod transformer;

use std::cell::RefCell;
use std::rc::Rc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::params::Params;
use crate::tensor::Tensor;

pub use cache::KvCache;
pub use transformer::Transformer;

/// One forward pass: the parameters, and the settings that differ between training and inference.
#[derive(Debug)]
pub struct Pass<'a> {
    /// The parameters.
    pub params: &'a Params,
    /// Noise during training; None otherwise.
    pub training: Option<Noise>,
    /// Factor on the product of the LoRA matrices: alpha / rank.
    pub lora_scale: f32,
    /// Whether layers recompute intermediate results in the backward pass: less memory, more time.
    pub recompute: bool,
}

/// The noise of training, and the random stream that it is drawn from.
#[derive(Clone, Debug)]
pub struct Noise {
    /// The stream; see `boldface::seed::stream`.
    pub rng: RefCell<ChaCha8Rng>,
    /// Probability that a number is dropped after attention and after the feed-forward layer.
    pub dropout: f32,
    /// Probability that a sample skips the last layer's branches; earlier layers skip less often.
    pub drop_path: f32,
    /// Probability that an input number of a LoRA branch is dropped.
    pub lora_dropout: f32,
}

impl Noise {
    /// Makes noise from a stream, with all rates 0.
    pub fn new(rng: ChaCha8Rng) -> Noise {
        Noise { rng: RefCell::new(rng), dropout: 0.0, drop_path: 0.0, lora_dropout: 0.0 }
    }
}

impl<'a> Pass<'a> {
    /// Makes a pass without noise, with LoRA branches at scale 1.
    pub fn inference(params: &'a Params) -> Pass<'a> {
        Pass { params, training: None, lora_scale: 1.0, recompute: false }
    }

    /// Makes a pass with noise, with LoRA branches at scale 1.
    pub fn training(params: &'a Params, noise: Noise) -> Pass<'a> {
        Pass { training: Some(noise), ..Pass::inference(params) }
    }

    /// Multiplies LoRA branches by `scale`.
    #[must_use]
    pub fn lora_scale(self, scale: f32) -> Pass<'a> {
        Pass { lora_scale: scale, ..self }
    }

    /// Sets whether layers are recomputed in the backward pass; see [`Pass::layer`].
    #[must_use]
    pub fn recompute(self, recompute: bool) -> Pass<'a> {
        Pass { recompute, ..self }
    }

    /// Applies `f`, one layer of a model, to `x`.
    ///
    /// If this pass recomputes, the backward pass runs `f` again, with the same noise:
    /// [`Tensor::checkpoint`].
    pub fn layer(&self, x: &Tensor, f: impl Fn(&Pass<'_>, &Tensor) -> Tensor + 'static) -> Tensor {
        if !self.recompute {
            return f(self, x);
        }
        let (params, before) = (self.params.clone(), self.training.clone());
        let lora_scale = self.lora_scale;
        let after = Rc::new(RefCell::new(None));
        let stream = Rc::clone(&after);
        let y = Tensor::checkpoint(&[x], move |inputs| {
            let pass = Pass { params: &params, training: before.clone(), lora_scale, recompute: false };
            let y = f(&pass, &inputs[0]);
            *stream.borrow_mut() = pass.training.map(|noise| noise.rng);
            y
        });
        if let (Some(noise), Some(rng)) = (&self.training, after.take()) {
            noise.rng.swap(&rng);
        }
        y
    }

    /// Applies dropout at rate [`Noise::dropout`] while training.
    pub fn dropout(&self, x: &Tensor) -> Tensor {
        self.noisy(x, |noise| noise.dropout, |x, p, rng| x.dropout(p, rng))
    }

    /// Applies stochastic depth while training: drops samples of (B, ..) at `fraction` of
    /// [`Noise::drop_path`].
    pub fn drop_path(&self, x: &Tensor, fraction: f32) -> Tensor {
        let samples = x.dims()[0];
        self.noisy(x, |noise| noise.drop_path * fraction, |x, p, rng| x.drop_rows(samples, p, rng))
    }

    fn noisy(
        &self,
        x: &Tensor,
        rate: impl Fn(&Noise) -> f32,
        apply: impl Fn(&Tensor, f32, &mut ChaCha8Rng) -> Tensor,
    ) -> Tensor {
        match &self.training {
            Some(noise) if rate(noise) > 0.0 => apply(x, rate(noise), &mut noise.rng.borrow_mut()),
            _ => x.clone(),
        }
    }
}

/// Adds `name.weight` (outputs, inputs), normal with standard deviation `std`, and `name.bias` of zeros.
pub fn init_linear(
    params: &mut Params,
    name: &str,
    inputs: usize,
    outputs: usize,
    bias: bool,
    std: f32,
    rng: &mut impl Rng,
) {
    params.normal(&format!("{name}.weight"), &[outputs, inputs], std, rng);
    if bias {
        params.constant(&format!("{name}.bias"), &[outputs], 0.0);
    }
}

/// Applies layer `name`, with its bias and LoRA branches: (.., inputs) -> (.., outputs).
///
/// `lora_a` and `lora_b` are the trained branch. `frozen_a` and `frozen_b` hold earlier adapters and
/// include their scale.
pub fn linear(pass: &Pass<'_>, name: &str, x: &Tensor) -> Tensor {
    let params = pass.params;
    let part = |part: &str| params.try_get(&format!("{name}.{part}"));
    let (weight, bias) = (params.get(&format!("{name}.weight")), part("bias"));
    let frozen = part("frozen_a").zip(part("frozen_b")).map(|(a_rd, b_dr)| (x.linear(a_rd, None), b_dr));
    let trained = part("lora_a").zip(part("lora_b")).map(|(a_rd, b_dr)| {
        let x = pass.noisy(x, |noise| noise.lora_dropout, |x, p, rng| x.dropout(p, rng));
        (x.linear(a_rd, None).scale(pass.lora_scale), b_dr)
    });
    let branches = frozen.iter().chain(&trained).map(|(x_r, b_dr)| (x_r, *b_dr));
    Tensor::linear_sum(&[(x, weight)].into_iter().chain(branches).collect::<Vec<_>>(), bias)
}

/// Adds `name.lora_a` (rank, inputs), normal, and `name.lora_b` (outputs, rank), zero, so that the
/// branch starts as a no-op.
///
/// # Panics
///
/// If there is no linear layer `name`.
pub fn init_lora(params: &mut Params, name: &str, rank: usize, rng: &mut impl Rng) {
    let dims = params.get(&format!("{name}.weight")).dims();
    let (outputs, inputs) = (dims[0], dims[1]);
    params.normal(&format!("{name}.lora_a"), &[rank, inputs], (inputs as f32).sqrt().recip(), rng);
    params.constant(&format!("{name}.lora_b"), &[outputs, rank], 0.0);
}

/// Adds `name.gain` of ones and `name.bias` of zeros.
pub fn init_layer_norm(params: &mut Params, name: &str, width: usize) {
    params.constant(&format!("{name}.gain"), &[width], 1.0);
    params.constant(&format!("{name}.bias"), &[width], 0.0);
}

/// Applies layer norm over the last dimension, with eps 1e-5.
pub fn layer_norm(pass: &Pass<'_>, name: &str, x: &Tensor) -> Tensor {
    let params = pass.params;
    x.layer_norm(params.get(&format!("{name}.gain")), params.get(&format!("{name}.bias")), 1e-5)
}
