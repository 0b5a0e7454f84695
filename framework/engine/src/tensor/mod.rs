//! The tensor that models are written against: shapes are checked here, engines compute.
//!
//! `on_engine!` dispatches every operation to the tensor's engine, so models are written once. The
//! conformance suite `tests/ops` runs every operation on every engine of the build. A third engine needs
//! a variant of [`Tensor`] and a folder beside `dfdx` and `tch`.

/// Makes a call on the engine of the first tensor; the other tensors must be on the same engine.
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

use crate::dfdx::{self, DfdxTensor};
use crate::gradients::Gradients;
use crate::recording;
#[cfg(feature = "tch")]
use crate::tch;

/// Numbers (f32, contiguous, row-major) with dimensions known at run time; cheap to clone.
///
/// Operations take `&self` and return a new tensor. Outside [`no_grad`], an operation is recorded for
/// the backward pass if an input depends on a trainable parameter. The record belongs to the thread, so
/// a forward pass and its [`Tensor::backward`] must run on the same thread.
///
/// # Panics
///
/// Every operation panics if shapes do not fit: that is a bug in a model, not bad input.
#[derive(Clone, Debug)]
pub enum Tensor {
    /// A tensor of the embedded engine.
    Dfdx(DfdxTensor),
    /// A tensor of libtorch.
    #[cfg(feature = "tch")]
    Tch(tch::TchTensor),
}

/// Runs `f` without recording anything for a backward pass.
pub fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    #[cfg(feature = "tch")]
    let f = || tch::paused(f);
    recording::paused(f)
}

/// Forgets this thread's recording, for a forward pass that is abandoned.
///
/// [`Tensor::backward`] does so too.
pub fn clear_tape() {
    dfdx::clear();
    #[cfg(feature = "tch")]
    tch::clear();
}

/// Returns how many numbers a tensor of these dimensions has.
pub(crate) fn size(dims: &[usize]) -> usize {
    dims.iter().product()
}

/// Structure.
impl Tensor {
    /// Returns the dimensions, slowest first.
    pub fn dims(&self) -> &[usize] {
        match self {
            Tensor::Dfdx(x) => x.dims(),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.dims(),
        }
    }

    /// Returns a copy of the numbers.
    pub fn to_vec(&self) -> Vec<f32> {
        match self {
            Tensor::Dfdx(x) => x.data().to_vec(),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.to_vec(),
        }
    }

    /// Returns the only number of a one-number tensor.
    pub fn item(&self) -> f32 {
        assert_eq!(size(self.dims()), 1, "`item` of a tensor of dims {:?}", self.dims());
        match self {
            Tensor::Dfdx(x) => x.data()[0],
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.item(),
        }
    }

    /// Returns the same numbers in other dimensions.
    pub fn reshape(&self, dims: &[usize]) -> Tensor {
        assert_eq!(size(self.dims()), size(dims), "`reshape` of {:?} to {dims:?}", self.dims());
        on_engine!(x = self => x.reshape(dims))
    }

    /// Returns entries `start..start + len` of dimension `dim`.
    pub fn narrow(&self, dim: usize, start: usize, len: usize) -> Tensor {
        let dims = self.dims();
        assert!(
            dim < dims.len() && start + len <= dims[dim],
            "`narrow` to {start}..{} of dimension {dim} of {dims:?}",
            start + len
        );
        on_engine!(x = self => x.narrow(dim, start, len))
    }

    /// Joins tensors along dimension `dim`; they must agree in all other dimensions.
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
                let parts: Vec<&DfdxTensor> = parts.iter().map(|part| part.dfdx()).collect();
                Tensor::Dfdx(DfdxTensor::concat(&parts, dim))
            }
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => {
                let parts: Vec<&tch::TchTensor> = parts.iter().map(|part| part.tch()).collect();
                Tensor::Tch(tch::TchTensor::concat(&parts, dim))
            }
        }
    }

    /// Appends `more` (B, t, D) to the first `len` tokens of (B, T, D): (B, T', D) with `T' >= len + t`.
    ///
    /// If nothing is recorded, the embedded engine leaves meaningless room behind the last token, so
    /// that few calls copy all tokens. Otherwise there is no room.
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

    /// Gathers rows of (R, D) into (rows.len(), D), as an embedding does.
    ///
    /// A row named twice gets the sum of both gradients.
    pub fn rows(&self, rows: &[u32]) -> Tensor {
        let dims = self.dims();
        assert_eq!(dims.len(), 2, "`rows` of a tensor of dims {dims:?}");
        if let Some(row) = rows.iter().find(|row| **row as usize >= dims[0]) {
            panic!("`rows` asks for row {row} of a tensor of dims {dims:?}");
        }
        on_engine!(x = self => x.gather(rows))
    }

    /// Returns the same numbers as a constant, through which no gradient flows back.
    #[must_use]
    pub fn detach(&self) -> Tensor {
        on_engine!(x = self => x.detach())
    }

    /// Returns the same numbers; the backward pass multiplies their gradient by `-strength`.
    pub fn reverse_gradient(&self, strength: f32) -> Tensor {
        on_engine!(x = self => x.scale_gradient(-strength))
    }

    /// Returns the gradients of this one-number tensor for all trainable parameters that it depends on.
    ///
    /// Consumes this thread's recording.
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

    /// Returns the same numbers as a trainable parameter.
    pub(crate) fn as_leaf(&self) -> Tensor {
        on_engine!(x = self => x.as_leaf())
    }

    /// Replaces the numbers; the tensor keeps its identity on the tape.
    pub(crate) fn overwrite(&mut self, values: Vec<f32>) {
        match self {
            Tensor::Dfdx(x) => x.overwrite(values),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.overwrite(&values),
        }
    }

    /// Returns the key of a parameter's gradient in [`Gradients`]. None unless the tensor is trainable.
    pub(crate) fn leaf_id(&self) -> Option<u64> {
        match self {
            Tensor::Dfdx(x) => x.leaf_id(),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => x.leaf_id(),
        }
    }

    /// Returns the same numbers as a frozen parameter; a matrix is in bf16 if products are.
    pub(crate) fn frozen(&self) -> Tensor {
        match self {
            Tensor::Dfdx(x) => Tensor::Dfdx(x.detach()),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => Tensor::Tch(x.frozen()),
        }
    }

    /// Returns the tensor as one of the embedded engine. Panics if it is libtorch's.
    pub(crate) fn dfdx(&self) -> &DfdxTensor {
        match self {
            Tensor::Dfdx(x) => x,
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => mixed(),
        }
    }

    /// Returns the tensor as one of libtorch. Panics if it is the embedded engine's.
    #[cfg(feature = "tch")]
    pub(crate) fn tch(&self) -> &tch::TchTensor {
        match self {
            Tensor::Tch(x) => x,
            Tensor::Dfdx(_) => mixed(),
        }
    }
}

/// Panics. The engine of a model is chosen once, where its parameters are made.
#[cfg(feature = "tch")]
fn mixed() -> ! {
    panic!("an operation on tensors of two engines, `dfdx` and `tch`")
}
