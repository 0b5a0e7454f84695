//! Conversion between tensors and numbers, and operations that only move numbers.

use ::tch::{Kind, Tensor};

use super::{Placement, TchTensor, done, raw, size, sizes};
use crate::mapped::Mapped;

impl TchTensor {
    pub(crate) fn constant(values: &[f32], dims: &[usize], place: Placement) -> TchTensor {
        let flat = done(Tensor::f_from_slice(values));
        let tensor = done(done(flat.f_reshape(sizes(dims))).f_to_device(place.device));
        TchTensor::new(tensor, dims, place)
    }

    pub(crate) fn zeros(dims: &[usize], place: Placement) -> TchTensor {
        TchTensor::new(done(Tensor::f_zeros(sizes(dims), (Kind::Float, place.device))), dims, place)
    }

    /// Makes a tensor from f32 numbers of a file, which are not copied if the device is the CPU.
    pub(crate) fn mapped(file: &Mapped, numbers: &[f32], dims: &[usize], place: Placement) -> TchTensor {
        let tensor = raw::view_of_file(file, numbers, &sizes(dims));
        TchTensor::new(done(tensor.f_to_device(place.device)), dims, place)
    }

    /// Makes a tensor from little-endian bf16 numbers, which stay bf16 if products are computed in bf16.
    pub(crate) fn from_bf16(bytes: &[u8], dims: &[usize], place: Placement) -> TchTensor {
        let tensor = done(Tensor::f_from_data_size(bytes, &sizes(dims), Kind::BFloat16));
        let tensor = done(tensor.f_to_device(place.device));
        TchTensor::new(done(tensor.f_to_kind(place.products)), dims, place)
    }

    pub(crate) fn to_vec(&self) -> Vec<f32> {
        let tensor = done(self.tensor.get().f_detach());
        let tensor = done(done(tensor.f_to_device(::tch::Device::Cpu)).f_to_kind(Kind::Float));
        let tensor = done(tensor.f_contiguous());
        let mut values = vec![0.0; self.dims.iter().product()];
        let count = values.len();
        done(tensor.f_copy_data(&mut values, count));
        values
    }

    /// Returns the only number of a one-number tensor.
    pub(crate) fn item(&self) -> f32 {
        self.to_vec()[0]
    }

    pub(crate) fn reshape(&self, dims: &[usize]) -> TchTensor {
        self.result(done(self.input().f_reshape(sizes(dims))), dims)
    }

    pub(crate) fn narrow(&self, dim: usize, start: usize, len: usize) -> TchTensor {
        let mut dims = self.dims.to_vec();
        dims[dim] = len;
        self.result(done(self.input().f_narrow(size(dim), size(start), size(len))), &dims)
    }

    pub(crate) fn concat(parts: &[&TchTensor], dim: usize) -> TchTensor {
        let mut dims = parts[0].dims.to_vec();
        dims[dim] = parts.iter().map(|part| part.dims[dim]).sum();
        let tensors: Vec<&Tensor> = parts.iter().map(|part| part.input()).collect();
        parts[0].result(done(Tensor::f_cat(&tensors, size(dim))), &dims)
    }

    pub(crate) fn transpose(&self) -> TchTensor {
        self.result(done(self.input().f_tr()), &[self.dims[1], self.dims[0]])
    }

    /// Gathers rows of (R, D); a row named twice gets the sum of both gradients.
    pub(crate) fn gather(&self, rows: &[u32]) -> TchTensor {
        let rows_n = self.place.integers(rows);
        let tensor = done(Tensor::f_embedding(self.input(), &rows_n, -1, false, false));
        self.result(tensor, &[rows.len(), self.dims[1]])
    }

    /// Returns the same numbers as a constant.
    pub(crate) fn detach(&self) -> TchTensor {
        self.alike(done(self.tensor.get().f_detach()))
    }

    /// Returns the same numbers as a frozen parameter; a matrix is kept in the precision of products.
    pub(crate) fn frozen(&self) -> TchTensor {
        let tensor = done(self.tensor.get().f_detach());
        let kind = if self.dims.len() >= 2 { self.place.products } else { Kind::Float };
        self.alike(done(tensor.f_to_kind(kind)))
    }

    pub(crate) fn overwrite(&mut self, values: &[f32]) {
        let fresh = TchTensor::constant(values, &self.dims, self.place);
        let leaf = self.leaf;
        *self = if leaf.is_some() { TchTensor { leaf, ..fresh.as_leaf() } } else { fresh };
    }

    /// Returns the same numbers; the backward pass multiplies their gradient by `by`.
    pub(crate) fn scale_gradient(&self, by: f32) -> TchTensor {
        self.alike(raw::scale_gradient(self.input(), f64::from(by)))
    }
}

impl Placement {
    /// Copies integers to the device.
    pub(super) fn integers(self, numbers: &[u32]) -> Tensor {
        let wide: Vec<i64> = numbers.iter().map(|number| i64::from(*number)).collect();
        done(done(Tensor::f_from_slice(&wide)).f_to_device(self.device))
    }

    /// Copies numbers to the device.
    pub(super) fn numbers(self, numbers: &[f32], dims: &[i64]) -> Tensor {
        done(done(done(Tensor::f_from_slice(numbers)).f_reshape(dims)).f_to_device(self.device))
    }
}
