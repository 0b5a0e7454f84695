//! The tensor models are written against: shapes are checked here, engines compute.

/// The same call on the engine of the first tensor; the others are of it too.
macro_rules! on_engine {
    ($x:ident = $tensor:expr $(, $y:ident = $other:expr)* => $call:expr) => {
        match $tensor {
            Tensor::Dfdx($x) => {
                $(let $y = $other.dfdx();)*
                Tensor::Dfdx($call)
            }
            #[cfg(feature = "tch")]
            Tensor::Tch($x) => {
                $(let $y = $other.tch();)*
                Tensor::Tch($call)
            }
        }
    };
}

mod arithmetic;
mod checkpoint;
mod fused;

use crate::dfdx::{self, Value};
use crate::gradients::Gradients;
use crate::recording;
#[cfg(feature = "tch")]
use crate::tch;

/// Numbers (f32, contiguous, row-major) with dimensions known at run time; cheap to clone.
///
/// Operations take `&self` and give a new tensor. An operation is recorded for the backward pass
/// when an input depends on a trainable parameter and it does not run inside [`no_grad`]. The
/// record belongs to the thread, so a forward pass and its [`Tensor::backward`] share a thread.
///
/// # Panics
///
/// Every operation panics if shapes do not fit: that is a bug in a model, not bad input.
#[derive(Clone, Debug)]
pub enum Tensor {
    /// A tensor of the embedded engine.
    Dfdx(Value),
    /// A tensor of libtorch.
    #[cfg(feature = "tch")]
    Tch(tch::Value),
}

/// Runs `f` without recording anything for a backward pass.
pub fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    #[cfg(feature = "tch")]
    let f = || tch::paused(f);
    recording::paused(f)
}

/// Forgets what this thread recorded: for a forward pass that is abandoned. [`Tensor::backward`]
/// does so too.
pub fn clear_tape() {
    dfdx::clear();
    #[cfg(feature = "tch")]
    tch::clear();
}

/// How many numbers a tensor of these dimensions has.
pub(crate) fn size(dims: &[usize]) -> usize {
    dims.iter().product()
}

/// Structure.
impl Tensor {
    /// The dimensions, slowest first.
    pub fn dims(&self) -> &[usize] {
        match self {
            Tensor::Dfdx(x) => x.dims(),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.dims(),
        }
    }

    /// A copy of the numbers.
    pub fn to_vec(&self) -> Vec<f32> {
        match self {
            Tensor::Dfdx(x) => x.data().to_vec(),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.to_vec(),
        }
    }

    /// The one number of a tensor of one.
    pub fn item(&self) -> f32 {
        assert_eq!(size(self.dims()), 1, "`item` of a tensor of dims {:?}", self.dims());
        match self {
            Tensor::Dfdx(x) => x.data()[0],
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.item(),
        }
    }

    /// The same numbers in other dimensions.
    pub fn reshape(&self, dims: &[usize]) -> Tensor {
        assert_eq!(size(self.dims()), size(dims), "`reshape` of {:?} to {dims:?}", self.dims());
        on_engine!(x = self => x.reshape(dims))
    }

    /// Entries `start..start + len` of dimension `dim`.
    pub fn narrow(&self, dim: usize, start: usize, len: usize) -> Tensor {
        let dims = self.dims();
        assert!(
            dim < dims.len() && start + len <= dims[dim],
            "`narrow` to {start}..{} of dimension {dim} of {dims:?}",
            start + len
        );
        on_engine!(x = self => x.narrow(dim, start, len))
    }

    /// The parts after each other along dimension `dim`; they agree in all other dimensions.
    pub fn concat(parts: &[&Tensor], dim: usize) -> Tensor {
        assert!(!parts.is_empty(), "`concat` of nothing");
        let first = parts[0].dims();
        assert!(dim < first.len(), "`concat` along dimension {dim} of {first:?}");
        for part in parts {
            let dims = part.dims();
            let agree = dims.len() == first.len()
                && dims[..dim] == first[..dim]
                && dims[dim + 1..] == first[dim + 1..];
            assert!(agree, "`concat` of {first:?} and {dims:?} along dimension {dim}");
        }
        match parts[0] {
            Tensor::Dfdx(_) => {
                let parts: Vec<&Value> = parts.iter().map(|part| part.dfdx()).collect();
                Tensor::Dfdx(Value::concat(&parts, dim))
            }
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => {
                let parts: Vec<&tch::Value> = parts.iter().map(|part| part.tch()).collect();
                Tensor::Tch(tch::Value::concat(&parts, dim))
            }
        }
    }

    /// The first `len` of (B, T, D), and `more` (B, t, D) behind them: (B, T', D) with `T' >= len + t`.
    ///
    /// Where nothing is recorded, what lies behind is room for more and has no meaning; then only every now and
    /// then is all of it copied. Otherwise there is no room.
    pub(crate) fn append(self, len: usize, more: &Tensor) -> Tensor {
        match (self, more) {
            (Tensor::Dfdx(x), Tensor::Dfdx(more)) if !x.is_recorded_with(more) => {
                Tensor::Dfdx(x.append(len, more))
            }
            (x, more) if x.dims()[1] == len => Tensor::concat(&[&x, more], 1),
            (x, more) => Tensor::concat(&[&x.narrow(1, 0, len), more], 1),
        }
    }

    /// (R, C) -> (C, R).
    pub fn transpose(&self) -> Tensor {
        assert_eq!(self.dims().len(), 2, "`transpose` of a tensor of dims {:?}", self.dims());
        on_engine!(x = self => x.transpose())
    }

    /// The named rows of (R, D) as (rows.len(), D): a gather, and the embedding. A row named twice
    /// gets the sum of both gradients.
    pub fn rows(&self, rows: &[u32]) -> Tensor {
        let dims = self.dims();
        assert_eq!(dims.len(), 2, "`rows` of a tensor of dims {dims:?}");
        if let Some(row) = rows.iter().find(|row| **row as usize >= dims[0]) {
            panic!("`rows` asks for row {row} of a tensor of dims {dims:?}");
        }
        on_engine!(x = self => x.gather(rows))
    }

    /// The same numbers as a constant: no gradient flows back from here.
    #[must_use]
    pub fn detach(&self) -> Tensor {
        on_engine!(x = self => x.detach())
    }

    /// The same numbers; on the way back the gradient is multiplied by `-strength`.
    pub fn reverse_gradient(&self, strength: f32) -> Tensor {
        on_engine!(x = self => x.scale_gradient(-strength))
    }

    /// The gradients of this tensor's one number for all trainable parameters it depends on.
    ///
    /// Consumes what this thread recorded.
    pub fn backward(&self) -> Gradients {
        assert_eq!(size(self.dims()), 1, "`backward` from a tensor of dims {:?}", self.dims());
        match self {
            Tensor::Dfdx(x) => {
                Gradients::new(x.backward().into_iter().map(|(leaf, x)| (leaf, Tensor::Dfdx(x))).collect())
            }
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => {
                Gradients::new(x.backward().into_iter().map(|(leaf, x)| (leaf, Tensor::Tch(x))).collect())
            }
        }
    }

    /// The same numbers as a trainable parameter.
    pub(crate) fn as_leaf(&self) -> Tensor {
        on_engine!(x = self => x.as_leaf())
    }

    /// Replaces the numbers; what this tensor is to the tape stays.
    pub(crate) fn overwrite(&mut self, values: Vec<f32>) {
        match self {
            Tensor::Dfdx(x) => x.overwrite(values),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.overwrite(&values),
        }
    }

    /// Under which [`Gradients`] keeps the gradient of a parameter.
    pub(crate) fn leaf_id(&self) -> Option<u64> {
        match self {
            Tensor::Dfdx(x) => x.leaf_id(),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.leaf_id(),
        }
    }

    /// The same numbers as a parameter that is kept and not trained; where products are computed in bf16, a
    /// matrix is held in it.
    pub(crate) fn frozen(&self) -> Tensor {
        match self {
            Tensor::Dfdx(x) => Tensor::Dfdx(x.detach()),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => Tensor::Tch(x.frozen()),
        }
    }

    /// This tensor, which is the embedded engine's as those are that it meets.
    pub(crate) fn dfdx(&self) -> &Value {
        match self {
            Tensor::Dfdx(x) => x,
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => mixed(),
        }
    }

    /// This tensor, which is libtorch's as those are that it meets.
    #[cfg(feature = "tch")]
    pub(crate) fn tch(&self) -> &tch::Value {
        match self {
            Tensor::Tch(x) => x,
            Tensor::Dfdx(_) => mixed(),
        }
    }
}

/// Which engine a model is on is decided once, where its parameters are made.
#[cfg(feature = "tch")]
fn mixed() -> ! {
    panic!("an operation on tensors of two engines, `dfdx` and `tch`")
}
