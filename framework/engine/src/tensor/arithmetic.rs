//! Arithmetic, elementwise functions, sums and products.
//!
//! In `add`, `sub` and `mul` the other tensor has the same dimensions or a suffix of them, and is
//! repeated over the leading ones: (B, T, D) + (D), (B, T, D) + (T, D).

use super::{Tensor, size};
use crate::dfdx;
#[cfg(feature = "tch")]
use crate::tch;

/// Arithmetic.
impl Tensor {
    /// `self + other`.
    pub fn add(&self, other: &Tensor) -> Tensor {
        self.check_suffix("add", other);
        on_engine!(x = self, y = other => x.add_scaled(1.0, y))
    }

    /// `self - other`.
    pub fn sub(&self, other: &Tensor) -> Tensor {
        self.check_suffix("sub", other);
        on_engine!(x = self, y = other => x.add_scaled(-1.0, y))
    }

    /// `self * other`, elementwise.
    pub fn mul(&self, other: &Tensor) -> Tensor {
        self.check_suffix("mul", other);
        on_engine!(x = self, y = other => x.mul(y))
    }

    /// `by * self`.
    pub fn scale(&self, by: f32) -> Tensor {
        on_engine!(x = self => x.affine(by, 0.0))
    }

    /// `self + by`.
    pub fn add_scalar(&self, by: f32) -> Tensor {
        on_engine!(x = self => x.affine(1.0, by))
    }

    /// `by * self`, where `by` is a tensor of one number and gets a gradient.
    pub fn mul_scalar_tensor(&self, by: &Tensor) -> Tensor {
        by.check_number("mul_scalar_tensor");
        on_engine!(x = self, by = by => x.mul_number(by))
    }

    /// `self + by`, where `by` is a tensor of one number and gets a gradient.
    pub fn add_scalar_tensor(&self, by: &Tensor) -> Tensor {
        by.check_number("add_scalar_tensor");
        on_engine!(x = self, by = by => x.add_number(by))
    }

    fn check_suffix(&self, operation: &str, other: &Tensor) {
        let (dims, suffix) = (self.dims(), other.dims());
        assert!(dims.ends_with(suffix), "`{operation}` of {dims:?} and {suffix:?}");
    }

    fn check_number(&self, operation: &str) {
        assert_eq!(size(self.dims()), 1, "`{operation}` by a tensor of dims {:?}", self.dims());
    }
}

/// Elementwise functions.
impl Tensor {
    /// `self * self`.
    pub fn square(&self) -> Tensor {
        on_engine!(x = self => x.square())
    }

    /// `e^self`; saturates at about 1e-38 and 3e38.
    pub fn exp(&self) -> Tensor {
        on_engine!(x = self => x.exp())
    }

    /// The hyperbolic tangent.
    pub fn tanh(&self) -> Tensor {
        on_engine!(x = self => x.tanh())
    }

    /// `1 / (1 + e^-self)`.
    pub fn sigmoid(&self) -> Tensor {
        on_engine!(x = self => x.sigmoid())
    }

    /// `ln(sigmoid(self))`, without overflow.
    pub fn log_sigmoid(&self) -> Tensor {
        on_engine!(x = self => x.log_sigmoid())
    }

    /// GELU in its exact form, with the normal distribution function (accurate to 3e-7).
    pub fn gelu(&self) -> Tensor {
        on_engine!(x = self => x.gelu())
    }

    /// GELU in the form of GPT-2: `x / 2 (1 + tanh(sqrt(2 / pi) (x + .044715 x^3)))`.
    pub fn gelu_tanh(&self) -> Tensor {
        on_engine!(x = self => x.gelu_tanh())
    }

    /// `self * sigmoid(self)`.
    pub fn silu(&self) -> Tensor {
        on_engine!(x = self => x.silu())
    }

    /// `silu(gate) * up`, for tensors of the same dimensions.
    pub fn swiglu(gate: &Tensor, up: &Tensor) -> Tensor {
        assert_eq!(gate.dims(), up.dims(), "`swiglu` of tensors of different dims");
        on_engine!(gate = gate, up = up => gate.swiglu(up))
    }
}

/// Sums and products.
impl Tensor {
    /// The sum of all numbers, of dims `[1]`.
    pub fn sum(&self) -> Tensor {
        on_engine!(x = self => x.sum(1.0))
    }

    /// The mean of all numbers, of dims `[1]`.
    pub fn mean(&self) -> Tensor {
        let count = size(self.dims());
        assert!(count > 0, "`mean` of no numbers");
        on_engine!(x = self => x.sum(1.0 / count as f32))
    }

    /// Averages runs of consecutive rows: (groups * m, D), or (.., D) with as many rows, -> (groups, D).
    pub fn mean_rows(&self, groups: usize) -> Tensor {
        let (rows, _) = self.as_rows("mean_rows");
        assert!(
            groups > 0 && rows > 0 && rows.is_multiple_of(groups),
            "`mean_rows` of {rows} rows in {groups} groups"
        );
        on_engine!(x = self => x.mean_rows(groups))
    }

    /// (.., K) times weight (N, K) transposed, plus bias (N) -> (.., N).
    pub fn linear(&self, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        let (_, width) = self.as_rows("linear");
        let dims = weight.dims();
        assert!(dims.len() == 2 && dims[1] == width, "`linear` of {:?} with weight {dims:?}", self.dims());
        if let Some(bias) = bias {
            assert_eq!(bias.dims(), &dims[..1], "`linear` with weight {dims:?} and a bias of other dims");
        }
        match self {
            Tensor::Dfdx(x) => Tensor::Dfdx(x.linear(weight.dfdx(), bias.map(Tensor::dfdx))),
            #[cfg(feature = "tch")]
            Tensor::Tch(x) => Tensor::Tch(x.linear(weight.tch(), bias.map(Tensor::tch))),
        }
    }

    /// Sums several [`Tensor::linear`] products and one bias (N).
    ///
    /// Each term is x (.., K) and weight (N, K); K may differ between terms. This computes a layer and
    /// its adapters without a copy of the result per adapter.
    pub fn linear_sum(terms: &[(&Tensor, &Tensor)], bias: Option<&Tensor>) -> Tensor {
        let [(first, weight), ..] = terms else { panic!("`linear_sum` of nothing") };
        let (rows, outputs) = (first.as_rows("linear_sum").0, weight.dims()[0]);
        for (x, weight) in terms {
            let (own, width) = x.as_rows("linear_sum");
            let fit = own == rows && weight.dims() == [outputs, width];
            assert!(fit, "`linear_sum` of {:?} with weight {:?}", x.dims(), weight.dims());
        }
        if let Some(bias) = bias {
            assert_eq!(bias.dims(), [outputs], "`linear_sum` to {outputs} with a bias of other dims");
        }
        match first {
            Tensor::Dfdx(_) => {
                let terms: Vec<_> = terms.iter().map(|(x, weight)| (x.dfdx(), weight.dfdx())).collect();
                Tensor::Dfdx(dfdx::DfdxTensor::linear_sum(&terms, bias.map(Tensor::dfdx)))
            }
            #[cfg(feature = "tch")]
            Tensor::Tch(_) => {
                let terms: Vec<_> = terms.iter().map(|(x, weight)| (x.tch(), weight.tch())).collect();
                Tensor::Tch(tch::TchTensor::linear_sum(&terms, bias.map(Tensor::tch)))
            }
        }
    }

    /// (M, K) x (K, N) -> (M, N).
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        let (a, b) = (self.dims(), other.dims());
        assert!(a.len() == 2 && b.len() == 2 && a[1] == b[0], "`matmul` of {a:?} and {b:?}");
        on_engine!(x = self, y = other => x.matmul(y))
    }

    /// (M, K) x (N, K)' -> (M, N).
    pub fn matmul_t(&self, other: &Tensor) -> Tensor {
        let (a, b) = (self.dims(), other.dims());
        assert!(a.len() == 2 && b.len() == 2 && a[1] == b[1], "`matmul_t` of {a:?} and {b:?}");
        self.linear(other, None)
    }

    /// Returns the number of rows along the last dimension and their width, which must not be 0.
    pub(super) fn as_rows(&self, operation: &str) -> (usize, usize) {
        let width = self.dims().last().copied().unwrap_or(0);
        assert!(width > 0, "`{operation}` of a tensor of dims {:?}", self.dims());
        (size(self.dims()) / width, width)
    }
}
