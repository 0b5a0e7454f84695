//! Gradients of a backward pass, one for each parameter that it reached.

use std::collections::BTreeMap;

use crate::dfdx;
use crate::params::Params;
#[cfg(feature = "tch")]
use crate::tch;
use crate::tensor::{Tensor, no_grad};

/// The gradients of one backward pass, or the sum of several.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    by_leaf: BTreeMap<u64, Tensor>,
}

impl Gradients {
    pub(crate) fn new(by_leaf: BTreeMap<u64, Tensor>) -> Gradients {
        Gradients { by_leaf }
    }

    /// Adds the gradients of another pass, to accumulate over the parts of a batch.
    pub fn add(&mut self, other: Gradients) {
        for (leaf, gradient) in other.by_leaf {
            let sum = self.by_leaf.get(&leaf).map(|sum| no_grad(|| sum.add(&gradient)));
            self.by_leaf.insert(leaf, sum.unwrap_or(gradient));
        }
    }

    /// Multiplies all gradients by `by`.
    pub fn scale(&mut self, by: f32) {
        for gradient in self.by_leaf.values_mut() {
            *gradient = no_grad(|| gradient.scale(by));
        }
    }

    /// Returns the L2 norm over all gradients together.
    pub fn norm(&self) -> f64 {
        match self.by_leaf.values().next() {
            #[cfg(feature = "tch")]
            Some(Tensor::Tch(_)) => tch::norm(&self.by_leaf.values().map(Tensor::tch).collect::<Vec<_>>()),
            _ => self.by_leaf.values().map(|x| dfdx::squared_norm(x.dfdx())).sum::<f64>().sqrt(),
        }
    }

    /// Returns a copy of the gradient of parameter `name`. None if the pass did not reach it.
    pub fn values(&self, params: &Params, name: &str) -> Option<Vec<f32>> {
        self.get(params.try_get(name)?).map(Tensor::to_vec)
    }

    pub(crate) fn get(&self, parameter: &Tensor) -> Option<&Tensor> {
        self.by_leaf.get(&parameter.leaf_id()?)
    }
}

/// Scales the gradients down to `max_norm` if their norm is larger, unless `max_norm` is 0.
///
/// Returns the norm before scaling.
pub fn clip(gradients: &mut Gradients, max_norm: f64) -> f64 {
    let norm = gradients.norm();
    if max_norm > 0.0 && norm > max_norm {
        gradients.scale((max_norm / norm) as f32);
    }
    norm
}
