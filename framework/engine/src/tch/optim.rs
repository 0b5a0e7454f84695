//! One AdamW step of all parameters in one call, and the norm of gradients.
//!
//! libtorch's fused AdamW is called through `shim.cpp`, because `tch` does not bind it.

use ::tch::{Kind, Tensor};

use super::{TchTensor, done, raw};

/// The parameters of one step, with their gradients and moments.
#[derive(Default)]
pub(crate) struct ParameterBatch {
    members: Vec<Member>,
}

struct Member {
    /// Parameter, gradient, first and second moment.
    tensors: [raw::Shared; 4],
    decay: f32,
}

/// Constants of one AdamW step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) lr: f64,
    pub(crate) betas: (f32, f32),
    pub(crate) eps: f32,
    /// Number of the step, from 1.
    pub(crate) number: u64,
}

impl ParameterBatch {
    /// Adds a parameter to the step. Memory shared with other tensors is copied first.
    pub(crate) fn push(
        &mut self,
        parameter: &mut TchTensor,
        gradient: &TchTensor,
        moments: [&mut TchTensor; 2],
        decay: f32,
    ) {
        let [first, second] = moments;
        [&mut *parameter, &mut *first, &mut *second].into_iter().for_each(TchTensor::make_own);
        let tensors = [&*parameter, gradient, &*first, &*second].map(|value| value.tensor.clone());
        self.members.push(Member { tensors, decay });
    }

    pub(crate) fn step(self, step: Step) {
        if self.members.is_empty() {
            return;
        }
        super::paused(|| {
            let mut by_decay: Vec<(f32, Vec<Member>)> = Vec::new();
            for member in self.members {
                match by_decay.iter_mut().find(|(decay, _)| *decay == member.decay) {
                    Some((_, members)) => members.push(member),
                    None => by_decay.push((member.decay, vec![member])),
                }
            }
            for (decay, members) in by_decay {
                let column = |which: usize| -> Vec<&Tensor> {
                    members.iter().map(|member| member.tensors[which].get()).collect()
                };
                let device = members[0].tensors[0].get().device();
                let number = done(Tensor::f_full([] as [i64; 0], step.number as f64, (Kind::Float, device)));
                raw::adamw([column(0), column(1), column(2), column(3)], &number, step, decay);
            }
        });
    }
}

impl TchTensor {
    /// Gives this tensor its own memory if others share it, because it will be written in place.
    fn make_own(&mut self) {
        if !self.tensor.is_alone() {
            let own = if self.leaf.is_some() { self.as_leaf() } else { self.copied() };
            *self = TchTensor { leaf: self.leaf, ..own };
        }
    }

    fn copied(&self) -> TchTensor {
        self.alike(done(self.tensor.get().f_detach_copy()))
    }
}

/// Returns the L2 norm over all numbers of these tensors.
pub(crate) fn norm(values: &[&TchTensor]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    super::paused(|| {
        let norm = |value: &&TchTensor| done(value.tensor.get().f_norm());
        let norms: Vec<Tensor> = values.iter().map(norm).collect();
        let norms = done(done(Tensor::f_stack(&norms, 0)).f_to_kind(Kind::Double));
        done(done(norms.f_norm()).f_double_value(&[]))
    })
}
