//! Which parameters a thread's operations read, and their gradients.
//!
//! libtorch keeps the graph itself; what it does not keep is a list of the parameters at its ends.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use ::tch::Tensor;

use super::{Value, done};

static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static LEAVES: RefCell<BTreeMap<u64, Value>> = RefCell::default();
    static PAUSED: Cell<bool> = const { Cell::new(false) };
}

/// Under which a parameter's gradient is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf(u64);

impl Value {
    /// Notes that an operation reads this tensor.
    pub(super) fn register(&self) {
        if let Some(Leaf(id)) = self.leaf
            && !PAUSED.get()
        {
            LEAVES.with_borrow_mut(|leaves| {
                leaves.entry(id).or_insert_with(|| self.clone());
            });
        }
    }

    pub(crate) fn leaf_id(&self) -> Option<u64> {
        self.leaf.map(|Leaf(id)| id)
    }

    /// The same numbers as a parameter, in f32 and in memory of its own: AdamW writes in place.
    pub(crate) fn as_leaf(&self) -> Value {
        let copy = done(self.tensor.get().f_detach_copy());
        let own = done(copy.f_to_kind(::tch::Kind::Float)).set_requires_grad(true);
        Value { leaf: Some(Leaf(NEXT.fetch_add(1, Ordering::Relaxed))), ..self.alike(own) }
    }

    /// The gradients of all parameters the one number of this tensor depends on.
    pub(crate) fn backward(&self) -> Vec<(u64, Value)> {
        self.register();
        let leaves = LEAVES.take();
        if leaves.is_empty() || !self.tensor.get().requires_grad() {
            return Vec::new();
        }
        let inputs: Vec<&Tensor> = leaves.values().map(|leaf| leaf.tensor.get()).collect();
        let gradients = done(Tensor::f_run_backward(&[self.tensor.get()], &inputs, false, false));
        let found = leaves.iter().zip(gradients).filter(|(_, gradient)| gradient.defined());
        found.map(|((id, leaf), gradient)| (*id, leaf.alike(gradient))).collect()
    }
}

/// Forgets what was read on this thread.
pub(crate) fn clear() {
    drop(LEAVES.take());
}

/// Records nothing while `f` runs, even if it panics half-way.
pub(crate) fn paused<T>(f: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            PAUSED.set(self.0);
        }
    }
    let _restore = Restore(PAUSED.replace(true));
    let _guard = ::tch::no_grad_guard();
    f()
}
