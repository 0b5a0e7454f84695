//! Elementwise functions, and SwiGLU.

use super::{Value, done};

impl Value {
    pub(crate) fn square(&self) -> Value {
        self.alike(done(self.input().f_square()))
    }

    pub(crate) fn exp(&self) -> Value {
        // Like the embedded engine's: always finite, but NaN stays NaN.
        self.alike(done(done(self.wide().f_clamp(-87.3, 88.3)).f_exp()))
    }

    pub(crate) fn tanh(&self) -> Value {
        self.alike(done(self.input().f_tanh()))
    }

    pub(crate) fn sigmoid(&self) -> Value {
        self.alike(done(self.input().f_sigmoid()))
    }

    pub(crate) fn log_sigmoid(&self) -> Value {
        self.alike(done(self.wide().f_log_sigmoid()))
    }

    pub(crate) fn gelu(&self) -> Value {
        self.alike(done(self.input().f_gelu("none")))
    }

    pub(crate) fn gelu_tanh(&self) -> Value {
        self.alike(done(self.input().f_gelu("tanh")))
    }

    pub(crate) fn silu(&self) -> Value {
        self.alike(done(self.input().f_silu()))
    }

    /// `silu(gate) * up`.
    pub(crate) fn swiglu(&self, up: &Value) -> Value {
        self.alike(done(done(self.input().f_silu()).f_mul(up.input())))
    }
}
