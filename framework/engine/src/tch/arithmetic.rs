//! Arithmetic, sums and products.

use ::tch::{Kind, Tensor};

use super::{TchTensor, done, size};

impl TchTensor {
    /// `self + by * other`.
    pub(crate) fn add_scaled(&self, by: f32, other: &TchTensor) -> TchTensor {
        let (x, y) = (self.input(), other.input());
        let sum = match by {
            1.0 => x.f_add(y),
            -1.0 => x.f_sub(y),
            _ => x.f_add(&done(y.f_mul_scalar(f64::from(by)))),
        };
        self.alike(done(sum))
    }

    pub(crate) fn mul(&self, other: &TchTensor) -> TchTensor {
        self.alike(done(self.input().f_mul(other.input())))
    }

    /// `by * self + shift`.
    pub(crate) fn affine(&self, by: f32, shift: f32) -> TchTensor {
        let scaled = if by == 1.0 { None } else { Some(done(self.input().f_mul_scalar(f64::from(by)))) };
        match (scaled, shift == 0.0) {
            (Some(scaled), true) => self.alike(scaled),
            (scaled, _) => {
                let x = scaled.as_ref().unwrap_or_else(|| self.input());
                self.alike(done(x.f_add_scalar(f64::from(shift))))
            }
        }
    }

    pub(crate) fn mul_number(&self, by: &TchTensor) -> TchTensor {
        let by = done(by.input().f_reshape([] as [i64; 0]));
        self.alike(done(self.input().f_mul(&by)))
    }

    pub(crate) fn add_number(&self, by: &TchTensor) -> TchTensor {
        let by = done(by.input().f_reshape([] as [i64; 0]));
        self.alike(done(self.input().f_add(&by)))
    }

    /// The sum of all numbers, times `by`, as a tensor of one number.
    pub(crate) fn sum(&self, by: f32) -> TchTensor {
        let sum = done(self.input().f_sum(Kind::Float));
        self.number(if by == 1.0 { sum } else { done(sum.f_mul_scalar(f64::from(by))) })
    }

    pub(super) fn number(&self, scalar: Tensor) -> TchTensor {
        self.result(done(scalar.f_reshape([1_i64])), &[1])
    }

    pub(crate) fn mean_rows(&self, groups: usize) -> TchTensor {
        let (groups_size, width) = (size(groups), size(self.width()));
        let runs = done(self.input().f_reshape([groups_size, -1, width]));
        self.result(done(runs.f_mean_dim([1_i64].as_slice(), false, Kind::Float)), &[groups, self.width()])
    }

    pub(crate) fn linear(&self, weight: &TchTensor, bias: Option<&TchTensor>) -> TchTensor {
        let (x, weight_nk) = (self.narrowed(), weight.narrowed());
        let bias = bias.map(TchTensor::narrowed);
        let mut dims = self.dims.to_vec();
        dims.pop();
        dims.push(weight.dims[0]);
        self.result(done(x.f_linear(&weight_nk, bias)), &dims)
    }

    /// The sum of all (.., K) x (N, K)' and the bias (N); K may differ between terms.
    pub(crate) fn linear_sum(terms: &[(&TchTensor, &TchTensor)], bias: Option<&TchTensor>) -> TchTensor {
        let [(x, weight), rest @ ..] = terms else { panic!("a sum of no products") };
        let mut sum = x.linear(weight, bias);
        for (x, weight) in rest {
            sum = sum.plus_product(x, weight);
        }
        sum
    }

    /// Adds (.., K) x (N, K)' to this tensor (.., N), without a copy of the product.
    fn plus_product(&self, x: &TchTensor, weight: &TchTensor) -> TchTensor {
        let flat = |x: Tensor, width: usize| done(x.f_reshape([-1, size(width)]));
        let (sum, x_mk) = (flat(self.narrowed(), self.width()), flat(x.narrowed(), x.width()));
        let sum = done(sum.f_addmm(&x_mk, &done(weight.narrowed().f_tr())));
        self.alike(done(sum.f_reshape(super::sizes(&self.dims))))
    }

    pub(crate) fn matmul(&self, other: &TchTensor) -> TchTensor {
        let product = done(self.narrowed().f_matmul(&other.narrowed()));
        self.result(product, &[self.dims[0], other.dims[1]])
    }

    /// Finds, for each row of (N, D), the row of (K, D) with the largest f32 dot product; the first of
    /// equals.
    pub(crate) fn nearest_rows(&self, codebook: &TchTensor) -> Vec<u32> {
        // Blocks limit memory: all (N, K) products may be far larger than either input.
        const BLOCK: usize = 1024;
        super::paused(|| {
            let (n, d) = (self.rows(), self.width());
            let x_nd = done(self.wide().f_reshape([size(n), size(d)]));
            let codes_dk = done(codebook.wide().f_tr());
            let mut best = Vec::with_capacity(n);
            for start in (0..n).step_by(BLOCK) {
                let rows = BLOCK.min(n - start);
                let block = done(x_nd.f_narrow(0, size(start), size(rows)));
                let nearest = done(done(block.f_matmul(&codes_dk)).f_argmax(1, false));
                let mut codes = vec![0_i64; rows];
                done(done(nearest.f_to_device(::tch::Device::Cpu)).f_copy_data(&mut codes, rows));
                let code = |code: i64| u32::try_from(code).expect("a codebook has fewer than 2^32 codes");
                best.extend(codes.into_iter().map(code));
            }
            best
        })
    }
}
