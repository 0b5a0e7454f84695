//! The engine on libtorch, on the CPU and on CUDA, with libtorch's tensors, autograd and fused kernels.
//!
//! Operations are those of PyTorch 2.11. In `bf16`, products and attention are computed in bf16, as in
//! PyTorch's autocast; trained weights and the moments of AdamW stay f32, and norms, softmax and losses
//! are computed in f32.
//!
//! `install-libtorch` loads three pinned wheels into the user's cache and links them into the checkout.
//! The binary links only the CPU part and opens the CUDA part at start if there is a driver, so one
//! binary serves both. The default build needs none of this.

mod activation;
mod arithmetic;
mod attention;
mod device;
mod failure;
mod loss;
mod noise;
mod norm;
mod optim;
mod raw;
mod rope;
mod structure;
mod tape;

use std::fmt;
use std::sync::Arc;

use ::tch::{Kind, Tensor};

pub(crate) use device::{Placement, devices, set_threads, why_no_cuda};
use failure::done;
pub(crate) use optim::{ParameterBatch, Step, norm};
use raw::Shared;
use tape::TapeLeaf;
pub(crate) use tape::{clear, paused};

/// A tensor of libtorch.
#[derive(Clone)]
pub struct TchTensor {
    tensor: Shared,
    dims: Arc<[usize]>,
    leaf: Option<TapeLeaf>,
    place: Placement,
}

impl fmt::Debug for TchTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TchTensor")
            .field("dims", &self.dims)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl TchTensor {
    fn new(tensor: Tensor, dims: &[usize], place: Placement) -> TchTensor {
        debug_assert_eq!(tensor.size(), sizes(dims));
        TchTensor { tensor: Shared::new(tensor), dims: dims.into(), leaf: None, place }
    }

    /// Makes a result in the place of this tensor.
    fn result(&self, tensor: Tensor, dims: &[usize]) -> TchTensor {
        TchTensor::new(tensor, dims, self.place)
    }

    /// Makes a result with the dimensions of this tensor.
    fn alike(&self, tensor: Tensor) -> TchTensor {
        debug_assert_eq!(tensor.size(), sizes(&self.dims));
        TchTensor { tensor: Shared::new(tensor), dims: self.dims.clone(), leaf: None, place: self.place }
    }

    pub(crate) fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Returns the tensor as the input of an operation.
    fn input(&self) -> &Tensor {
        self.register();
        self.tensor.get()
    }

    /// Returns the input as f32.
    fn wide(&self) -> Tensor {
        self.in_kind(Kind::Float)
    }

    /// Returns the input in the precision of products.
    fn narrowed(&self) -> Tensor {
        self.in_kind(self.place.products)
    }

    fn in_kind(&self, kind: Kind) -> Tensor {
        let tensor = self.input();
        if tensor.kind() == kind { tensor.shallow_clone() } else { done(tensor.f_to_kind(kind)) }
    }

    /// Size of the last dimension.
    fn width(&self) -> usize {
        self.dims.last().copied().unwrap_or(1)
    }

    /// Returns the number of rows along the last dimension.
    fn rows(&self) -> usize {
        self.dims.iter().product::<usize>() / self.width().max(1)
    }
}

/// Converts dimensions to libtorch's type.
fn sizes(dims: &[usize]) -> Vec<i64> {
    dims.iter().map(|dim| size(*dim)).collect()
}

fn size(dim: usize) -> i64 {
    i64::try_from(dim).expect("memory has fewer than 2^63 numbers")
}
