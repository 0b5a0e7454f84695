//! The AdamW optimiser.

use std::collections::BTreeMap;
use std::path::Path;

use crate::dfdx::{self, Update};
use crate::engine::EngineError;
use crate::gradients::Gradients;
use crate::params::{self, Params};
#[cfg(feature = "tch")]
use crate::tch;
use crate::tensor::Tensor;

/// AdamW (Loshchilov and Hutter 2019) as PyTorch computes it, with two moments per parameter.
///
/// Weight decay applies only to parameters of two or more dimensions, not to biases and gains.
#[derive(Clone, Debug)]
pub struct AdamW {
    /// Decay of the running mean of the gradient and of its square.
    pub betas: (f32, f32),
    /// Added to the root of the second moment.
    pub eps: f32,
    /// Decoupled weight decay: each step shrinks a matrix by this times the learning rate.
    pub weight_decay: f32,
    steps: u64,
    moments: BTreeMap<String, [Tensor; 2]>,
}

impl AdamW {
    /// Makes an optimiser with betas .9 and .95 and eps 1e-8.
    pub fn new(weight_decay: f32) -> AdamW {
        AdamW { betas: (0.9, 0.95), eps: 1e-8, weight_decay, steps: 0, moments: BTreeMap::new() }
    }

    /// Updates every trainable parameter that has a gradient.
    pub fn step(&mut self, params: &mut Params, gradients: &Gradients, lr: f64) {
        self.steps += 1;
        let power = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(power);
        let update = Update {
            betas: self.betas,
            eps: self.eps,
            rate: (lr / correction(self.betas.0)) as f32,
            root: (1.0 / correction(self.betas.1).sqrt()) as f32,
            keep: 1.0,
        };
        let names: Vec<String> = params.names().map(str::to_owned).collect();
        let engine = params.engine().clone();
        #[cfg(feature = "tch")]
        let mut batch = tch::ParameterBatch::default();
        for name in names {
            let parameter = params.get_mut(&name).expect("the name was just listed");
            let Some(gradient) = gradients.get(parameter) else { continue };
            let decay = if parameter.dims().len() >= 2 { self.weight_decay } else { 0.0 };
            let update = Update { keep: (1.0 - lr * f64::from(decay)) as f32, ..update };
            let dims = parameter.dims().to_vec();
            let fresh = || [engine.zeros(&dims), engine.zeros(&dims)];
            let [first, second] = self.moments.entry(name).or_insert_with(fresh);
            match (parameter, first, second) {
                (Tensor::Dfdx(parameter), Tensor::Dfdx(first), Tensor::Dfdx(second)) => {
                    dfdx::adamw(parameter, gradient.dfdx(), first, second, update);
                }
                #[cfg(feature = "tch")]
                (Tensor::Tch(parameter), Tensor::Tch(first), Tensor::Tch(second)) => {
                    batch.push(parameter, gradient.tch(), [first, second], decay);
                }
                #[cfg(feature = "tch")]
                _ => unreachable!("moments are made on the engine of their parameters"),
            }
        }
        #[cfg(feature = "tch")]
        batch.step(tch::Step { lr, betas: self.betas, eps: self.eps, number: self.steps });
    }

    /// Writes the moments and the step count to a safetensors file, for resuming.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        let tensors = self.moments.iter().flat_map(|(name, moments)| {
            let named = move |(kind, tensor)| (format!("{name}.{kind}"), tensor);
            MOMENTS.into_iter().zip(moments).map(named)
        });
        params::write(path, tensors, &[(STEPS, self.steps)])
    }

    /// Replaces the moments and the step count by those in a file; betas, eps and weight decay stay.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is damaged, or is not AdamW's state for `params`. Nothing changes
    /// then.
    pub fn load(&mut self, params: &Params, path: &Path) -> Result<(), EngineError> {
        let (contents, counters) = params::read(path, &[STEPS])?;
        let engine = params.engine();
        let mut moments = BTreeMap::new();
        for (name, (dims, values)) in &contents {
            let Some(parameter) = name.strip_suffix(&format!(".{}", MOMENTS[0])) else { continue };
            let tensor = |dims: &[usize], values: &[f32]| engine.tensor(values.to_vec(), dims);
            if let Some((same, second)) = contents.get(&format!("{parameter}.{}", MOMENTS[1]))
                && same == dims
                && params.try_get(parameter).is_some_and(|parameter| parameter.dims() == dims)
            {
                moments.insert(parameter.to_owned(), [tensor(dims, values), tensor(dims, second)]);
            }
        }
        if moments.len() * 2 != contents.len() {
            return Err(EngineError::Checkpoint {
                path: path.to_owned(),
                action: "read",
                source: "its tensors are not pairs of AdamW moments for parameters of this model".into(),
            });
        }
        (self.moments, self.steps) = (moments, counters[0]);
        Ok(())
    }
}

const MOMENTS: [&str; 2] = ["exp_avg", "exp_avg_sq"];
const STEPS: &str = "steps";
