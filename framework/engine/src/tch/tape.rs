//! The parameters that a thread's operations read, the parts to recompute, and the gradients of both.
//!
//! libtorch keeps the graph, but no list of the parameters at its ends. A detour is an end too: an
//! operation whose gradients we compute ourselves, such as a part of a model that is recomputed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use ::tch::{Kind, Tensor};

use super::{TchTensor, done};
use crate::recording::{self, is_paused};

static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static TAPE: RefCell<TapeRecording> = RefCell::default();
}

/// Identifies a parameter's gradient.
#[derive(Clone, Copy, Debug)]
pub(super) struct TapeLeaf(u64);

#[derive(Default)]
struct TapeRecording {
    leaves: BTreeMap<u64, TchTensor>,
    detours: Vec<Detour>,
}

/// An operation unknown to libtorch's graph, where its output is an end.
struct Detour {
    output: u64,
    inputs: Vec<TchTensor>,
    back: Back,
}

/// Computes the inputs' gradients from the output's, and adds those of parameters to the map.
type Back = Box<dyn FnOnce(&TchTensor, &mut LeafGradients) -> Vec<Option<TchTensor>>>;

/// Gradients by the identity of a parameter or another end.
pub(super) type LeafGradients = BTreeMap<u64, TchTensor>;

impl TchTensor {
    /// Records that an operation reads this tensor.
    pub(super) fn register(&self) {
        if let Some(TapeLeaf(id)) = self.leaf
            && !is_paused()
        {
            TAPE.with_borrow_mut(|tape| {
                tape.leaves.entry(id).or_insert_with(|| self.clone());
            });
        }
    }

    pub(crate) fn leaf_id(&self) -> Option<u64> {
        self.leaf.map(|TapeLeaf(id)| id)
    }

    /// Returns the same numbers as a parameter, in f32 and in its own memory: AdamW writes in place.
    pub(crate) fn as_leaf(&self) -> TchTensor {
        let copy = done(self.tensor.get().f_detach_copy());
        self.alike(done(copy.f_to_kind(Kind::Float))).into_end()
    }

    /// Makes this tensor an end of the graph; it must not depend on others.
    fn into_end(self) -> TchTensor {
        let tensor = done(self.tensor.get().f_detach()).set_requires_grad(true);
        TchTensor { leaf: Some(TapeLeaf(NEXT.fetch_add(1, Ordering::Relaxed))), ..self.alike(tensor) }
    }

    /// Returns whether this depends on a parameter.
    pub(super) fn wants_gradient(&self) -> bool {
        self.tensor.get().requires_grad()
    }

    /// Returns the gradients of this one-number tensor for all parameters that it depends on.
    pub(crate) fn backward(&self) -> Vec<(u64, TchTensor)> {
        self.register();
        let recording = TAPE.take();
        let mut gradients = LeafGradients::new();
        if self.wants_gradient() {
            recording.backward(self.tensor.get(), &mut gradients);
        }
        gradients.into_iter().collect()
    }

    /// Applies `f` to the inputs; its intermediate results are recomputed in the backward pass.
    pub(crate) fn checkpoint(
        inputs: &[&TchTensor],
        f: impl Fn(&[TchTensor]) -> TchTensor + 'static,
    ) -> TchTensor {
        let inputs: Vec<TchTensor> = inputs.iter().map(|input| (*input).clone()).collect();
        if is_paused() {
            return f(&inputs);
        }
        let inside: Vec<TchTensor> = inputs.iter().map(TchTensor::detach).collect();
        // Records which parameters are read, without keeping the graph.
        let (out, recording) = recording::aside(&TAPE, || {
            let _guard = ::tch::no_grad_guard();
            f(&inside)
        });
        if recording.leaves.is_empty() && !inputs.iter().any(TchTensor::wants_gradient) {
            return out;
        }
        let again = inputs.clone();
        out.with_gradients(inputs, move |gradient, gradients| {
            let end = |x: &TchTensor| if x.wants_gradient() { x.detach().into_end() } else { x.clone() };
            let inside: Vec<TchTensor> = again.iter().map(end).collect();
            let (out, recording) = recording::aside(&TAPE, || {
                let out = f(&inside);
                out.register();
                out
            });
            recording.backward(&seeded(&out, gradient), gradients);
            inside.iter().map(|inside| gradients.remove(&inside.leaf_id()?)).collect()
        })
    }

    /// Makes this constant the output of an operation on `inputs`, whose gradients `back` computes.
    pub(super) fn with_gradients(
        self,
        inputs: Vec<TchTensor>,
        back: impl FnOnce(&TchTensor, &mut LeafGradients) -> Vec<Option<TchTensor>> + 'static,
    ) -> TchTensor {
        inputs.iter().for_each(TchTensor::register);
        let out = self.into_end();
        let output = out.leaf_id().expect("an end has an identity");
        TAPE.with_borrow_mut(|tape| tape.detours.push(Detour { output, inputs, back: Box::new(back) }));
        out
    }
}

impl TapeRecording {
    /// Adds the gradients of one number for all parameters that were read.
    fn backward(mut self, root: &Tensor, gradients: &mut LeafGradients) {
        // The graph before several detours is traversed for each of them; only the last may free it.
        self.flow(root, !self.detours.is_empty(), gradients);
        while let Some(Detour { output, inputs, back }) = self.detours.pop() {
            let Some(gradient) = gradients.remove(&output) else { continue };
            let found = back(&gradient, gradients);
            let last = inputs.len().saturating_sub(1);
            for (i, (input, gradient)) in inputs.iter().zip(found).enumerate() {
                match (gradient, input.leaf_id()) {
                    (None, _) => {}
                    (Some(gradient), Some(id)) => add(gradients, id, gradient),
                    (Some(gradient), None) => {
                        let keep = i < last || !self.detours.is_empty();
                        self.flow(&seeded(input, &gradient), keep, gradients);
                    }
                }
            }
        }
    }

    /// Adds the gradients that flow from one number through libtorch's graph to its ends.
    fn flow(&self, root: &Tensor, keep_graph: bool, gradients: &mut LeafGradients) {
        if self.leaves.is_empty() || !root.requires_grad() {
            return;
        }
        let ends: Vec<&Tensor> = self.leaves.values().map(|leaf| leaf.tensor.get()).collect();
        let found = done(Tensor::f_run_backward(&[root], &ends, keep_graph, false));
        for ((id, leaf), gradient) in self.leaves.iter().zip(found) {
            if gradient.defined() {
                add(gradients, *id, leaf.alike(gradient));
            }
        }
    }
}

/// Returns whether operations on these inputs are recorded.
pub(super) fn is_recording(inputs: &[&TchTensor]) -> bool {
    !is_paused() && inputs.iter().any(|input| input.wants_gradient())
}

/// Returns one number whose gradient for `x` is `gradient`.
fn seeded(x: &TchTensor, gradient: &TchTensor) -> Tensor {
    done(done(x.tensor.get().f_mul(gradient.tensor.get())).f_sum(Kind::Float))
}

fn add(gradients: &mut LeafGradients, id: u64, gradient: TchTensor) {
    let sum = match gradients.get(&id) {
        Some(sum) => super::paused(|| sum.add_scaled(1.0, &gradient)),
        None => gradient,
    };
    gradients.insert(id, sum);
}

/// Forgets this thread's recording.
pub(crate) fn clear() {
    drop(TAPE.take());
}

/// Like [`recording::paused`], but libtorch keeps no graph either.
pub(crate) fn paused<T>(f: impl FnOnce() -> T) -> T {
    recording::paused(|| {
        let _guard = ::tch::no_grad_guard();
        f()
    })
}
