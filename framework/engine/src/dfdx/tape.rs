//! dfdx's tape, one per thread, and the gradients that flow back along it.
//!
//! Every tensor that needs a gradient has a [`TapeKey`]: an empty dfdx tensor whose identity is the key of
//! the gradient in dfdx's map. An operation registers one closure that takes the gradient of its output
//! out of the map and adds to those of its inputs. Taking frees memory early and rules out the aliasing
//! faults of dfdx's own operations.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use ::dfdx::prelude::{Backward, Cpu, PutTape, ZerosTensor};
use ::dfdx::tensor::{Gradients as Map, OwnedTape, Tape};

use super::buffer::Buffer;
use super::matmul::OutputMode;
use crate::recording::{self, is_paused};

type Identity = ::dfdx::tensor::Tensor<(usize,), f32, Cpu>;

static DEVICE: LazyLock<Cpu> = LazyLock::new(Cpu::default);
static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static TAPE: RefCell<TapeRecording> = RefCell::default();
}

/// Recorded operations in order, and the leaves among their inputs.
#[derive(Default)]
pub(crate) struct TapeRecording {
    tape: OwnedTape<f32, Cpu>,
    leaves: BTreeMap<u64, TapeKey>,
}

/// Identifies a tensor's gradient on the tape.
#[derive(Clone, Debug)]
pub(crate) struct TapeKey {
    id: u64,
    identity: Identity,
    is_leaf: bool,
}

impl TapeKey {
    /// Makes the key of a parameter, whose gradient survives the backward pass.
    pub(crate) fn leaf() -> TapeKey {
        TapeKey { is_leaf: true, ..TapeKey::new() }
    }

    fn new() -> TapeKey {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        TapeKey { id, identity: DEVICE.zeros_like(&(0,)), is_leaf: false }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

/// The gradients known so far while the tape runs backwards.
pub(crate) struct Flow<'a>(&'a mut Map<f32, Cpu>);

impl Flow<'_> {
    fn slot(&mut self, key: &TapeKey) -> &mut Vec<f32> {
        self.0.get_or_alloc_mut(&key.identity).expect("an empty allocation succeeds")
    }

    fn take(&mut self, key: &TapeKey) -> Option<Buffer> {
        let values = std::mem::take(self.slot(key));
        (!values.is_empty()).then(|| Buffer::restore(values))
    }

    fn put(&mut self, key: &TapeKey, gradient: Buffer) {
        *self.slot(key) = gradient.release();
    }

    /// Adds a gradient of the whole tensor; the first one is stored as it is.
    pub(crate) fn add(&mut self, key: Option<&TapeKey>, gradient: Buffer) {
        let Some(key) = key else { return };
        match self.take(key) {
            None => self.put(key, gradient),
            Some(mut sum) => {
                simd!(chunks, &mut sum, |start, chunk| {
                    super::simd::add_to(chunk, &gradient[start..start + chunk.len()]);
                });
                self.put(key, sum);
            }
        }
    }

    /// Lets `f` add to the gradient of `len` numbers, or write the first one over stale numbers.
    pub(crate) fn write(
        &mut self,
        key: Option<&TapeKey>,
        len: usize,
        f: impl FnOnce(&mut [f32], OutputMode),
    ) {
        let Some(key) = key else { return };
        let (mut sum, output) = match self.take(key) {
            None => (Buffer::stale(len), OutputMode::Set),
            Some(sum) => (sum, OutputMode::Add),
        };
        f(&mut sum, output);
        self.put(key, sum);
    }

    /// Lets `f` add to the gradient of `len` numbers.
    pub(crate) fn accumulate(&mut self, key: Option<&TapeKey>, len: usize, f: impl FnOnce(&mut [f32])) {
        self.write(key, len, |sum, output| {
            if output == OutputMode::Set {
                sum.fill(0.0);
            }
            f(sum);
        });
    }
}

/// Returns whether an operation on these inputs will be recorded.
pub(crate) fn is_recording(keys: &[Option<&TapeKey>]) -> bool {
    !is_paused() && keys.iter().any(Option::is_some)
}

/// Registers how the gradient of an output flows to `inputs`, and returns the output's key.
pub(crate) fn record(
    inputs: &[Option<&TapeKey>],
    backward: impl FnOnce(&mut Flow<'_>, Buffer) + 'static,
) -> Option<TapeKey> {
    if !is_recording(inputs) {
        return None;
    }
    let key = TapeKey::new();
    let output = key.clone();
    TAPE.with_borrow_mut(|recording| {
        for leaf in inputs.iter().flatten().filter(|key| key.is_leaf) {
            recording.leaves.entry(leaf.id).or_insert_with(|| (*leaf).clone());
        }
        recording.tape.add_backward_op(move |map| {
            let mut flow = Flow(map);
            if let Some(gradient) = flow.take(&output) {
                backward(&mut flow, gradient);
            }
            Ok(())
        });
    });
    Some(key)
}

/// Runs the tape backwards from `loss` and returns the gradient of every leaf it reached.
pub(crate) fn backward(loss: &TapeKey) -> Vec<(u64, Buffer)> {
    let gradients = TAPE.take().backward(loss, Buffer::from_vec(vec![1.0]));
    gradients.into_iter().map(|(key, gradient)| (key.id, gradient)).collect()
}

/// Runs `f` and returns its recording, apart from this thread's earlier one.
pub(crate) fn aside<T>(f: impl FnOnce() -> T) -> (T, TapeRecording) {
    recording::aside(&TAPE, f)
}

impl TapeRecording {
    /// Returns the leaves that were used, and `end` if it is a leaf itself.
    pub(crate) fn leaves<'a>(&'a self, end: &'a TapeKey) -> impl Iterator<Item = &'a TapeKey> {
        let unused = end.is_leaf && !self.leaves.contains_key(&end.id);
        self.leaves.values().chain(unused.then_some(end))
    }

    /// Runs backwards from `end` with the given gradient; returns the gradient of every leaf it reached.
    pub(crate) fn backward(self, end: &TapeKey, gradient: Buffer) -> Vec<(TapeKey, Buffer)> {
        let TapeRecording { mut tape, mut leaves } = self;
        if end.is_leaf {
            leaves.insert(end.id, end.clone());
        }
        let start = end.clone();
        tape.add_backward_op(move |map| {
            Flow(map).put(&start, gradient);
            Ok(())
        });
        // dfdx starts from its own scalar; ours is flat, so the closure above passes the gradient on.
        let root = DEVICE.zeros_like(&());
        let mut map = root.put_tape(tape).backward();
        let mut flow = Flow(&mut map);
        leaves.into_values().filter_map(|key| flow.take(&key).map(|gradient| (key, gradient))).collect()
    }
}

/// Forgets this thread's recording.
pub(crate) fn clear() {
    drop(TAPE.take());
}
