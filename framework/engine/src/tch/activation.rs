//! Elementwise functions, and SwiGLU.

use super::{TchTensor, done};

impl TchTensor {
    pub(crate) fn square(&self) -> TchTensor {
        self.alike(done(self.input().f_square()))
    }

    pub(crate) fn exp(&self) -> TchTensor {
        // Like the embedded engine's: always finite, but NaN stays NaN.
        self.alike(done(done(self.wide().f_clamp(-87.3, 88.3)).f_exp()))
    }

    pub(crate) fn tanh(&self) -> TchTensor {
        self.alike(done(self.input().f_tanh()))
    }

    pub(crate) fn sigmoid(&self) -> TchTensor {
        self.alike(done(self.input().f_sigmoid()))
    }

    pub(crate) fn log_sigmoid(&self) -> TchTensor {
        self.alike(done(self.wide().f_log_sigmoid()))
    }

    pub(crate) fn gelu(&self) -> TchTensor {
        self.alike(done(self.input().f_gelu("none")))
    }

    pub(crate) fn gelu_tanh(&self) -> TchTensor {
        self.alike(done(self.input().f_gelu("tanh")))
    }

    pub(crate) fn silu(&self) -> TchTensor {
        self.alike(done(self.input().f_silu()))
    }

    /// `silu(gate) * up`.
    pub(crate) fn swiglu(&self, up: &TchTensor) -> TchTensor {
        self.alike(done(done(self.input().f_silu()).f_mul(up.input())))
    }
}
