//! Dropout of numbers and of whole samples.
//!
//! The embedded engine's code draws the masks on the host from the caller's stream, so a trained model
//! gives the same table on both engines. The price on a graphics card is a copy of each mask.

use rand::Rng;

use super::{TchTensor, done, size};
use crate::dfdx::kept;

impl TchTensor {
    pub(crate) fn dropout(&self, p: f32, rng: &mut impl Rng) -> TchTensor {
        self.keep_periods(1, p, rng)
    }

    pub(crate) fn drop_rows(&self, groups: usize, p: f32, rng: &mut impl Rng) -> TchTensor {
        self.keep_periods(self.dims.iter().product::<usize>() / groups, p, rng)
    }

    fn keep_periods(&self, period: usize, p: f32, rng: &mut impl Rng) -> TchTensor {
        let count = self.dims.iter().product::<usize>() / period.max(1);
        let kept = done(::tch::Tensor::f_from_slice(&kept(count, p, rng)));
        let kept = done(kept.f_to_device(self.place.device));
        let x = done(self.input().f_reshape([size(count), size(period)]));
        let by = done(done(kept.f_to_kind(x.kind())).f_mul_scalar(f64::from(1.0 / (1.0 - p))));
        let noisy = done(x.f_mul(&done(by.f_reshape([size(count), 1]))));
        self.alike(done(noisy.f_reshape(super::sizes(&self.dims))))
    }
}
