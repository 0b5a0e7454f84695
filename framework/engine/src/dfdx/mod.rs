//! The embedded engine: dfdx's tape and gradients with our own fused kernels, on the CPU.
//!
//! dfdx 0.13 compiles anywhere and needs nothing installed. But its own operations are half as fast as
//! libtorch's, and some give wrong gradients silently (overlapping slices, softmax of a permuted
//! tensor). So every operation here computes its output itself and registers its own backward closure on
//! dfdx's tape; see `tape.rs`.

#[macro_use]
mod simd;

mod activation;
mod attention;
mod attention_after;
mod buffer;
mod checkpoint;
mod elementwise;
mod head;
mod linear;
mod loss;
mod matmul;
mod noise;
mod norm;
mod optim;
mod rope;
mod structure;
mod tape;

use std::sync::Arc;

pub(crate) use attention::Attention;
pub(crate) use attention_after::AttentionAfter;
pub(crate) use buffer::Buffer;
pub(crate) use linear::nearest_rows;
#[cfg(feature = "tch")]
pub(crate) use noise::kept;
pub(crate) use optim::{Update, adamw, squared_norm};
pub(crate) use tape::clear;
use tape::{TapeKey, is_recording, record};

/// A tensor of the embedded engine: contiguous f32 numbers, row-major, with an optional gradient key.
#[derive(Clone, Debug)]
pub struct DfdxTensor {
    data: Arc<Buffer>,
    dims: Arc<[usize]>,
    key: Option<TapeKey>,
}

impl DfdxTensor {
    pub(crate) fn constant(data: Buffer, dims: &[usize]) -> DfdxTensor {
        DfdxTensor::recorded(data, dims, None)
    }

    fn recorded(data: Buffer, dims: &[usize], key: Option<TapeKey>) -> DfdxTensor {
        debug_assert_eq!(data.len(), dims.iter().product::<usize>());
        DfdxTensor { data: Arc::new(data), dims: dims.into(), key }
    }

    pub(crate) fn dims(&self) -> &[usize] {
        &self.dims
    }

    pub(crate) fn data(&self) -> &[f32] {
        &self.data
    }

    fn len(&self) -> usize {
        self.data.len()
    }

    /// Size of the last dimension.
    fn width(&self) -> usize {
        self.dims.last().copied().unwrap_or(1)
    }

    /// Returns the number of rows along the last dimension.
    fn rows(&self) -> usize {
        self.len() / self.width().max(1)
    }

    fn key(&self) -> Option<&TapeKey> {
        self.key.as_ref()
    }

    pub(crate) fn leaf_id(&self) -> Option<u64> {
        self.key.as_ref().map(TapeKey::id)
    }

    /// Returns the same numbers as a parameter.
    pub(crate) fn as_leaf(&self) -> DfdxTensor {
        DfdxTensor { key: Some(TapeKey::leaf()), ..self.clone() }
    }

    /// Returns the same numbers as a constant.
    pub(crate) fn detach(&self) -> DfdxTensor {
        DfdxTensor { key: None, ..self.clone() }
    }

    pub(crate) fn overwrite(&mut self, values: Vec<f32>) {
        self.data = Arc::new(Buffer::from_vec(values));
    }

    /// Returns the numbers for writing in place, copied first if another tensor shares them.
    pub(crate) fn data_mut(&mut self) -> &mut [f32] {
        let data: &mut Buffer = Arc::make_mut(&mut self.data);
        data
    }

    /// Returns the gradients of this one-number tensor for all parameters that it depends on.
    pub(crate) fn backward(&self) -> Vec<(u64, DfdxTensor)> {
        let Some(key) = self.key() else {
            clear();
            return Vec::new();
        };
        let flat = |gradient: Buffer| {
            let len = gradient.len();
            DfdxTensor::constant(gradient, &[len])
        };
        tape::backward(key).into_iter().map(|(id, gradient)| (id, flat(gradient))).collect()
    }
}
