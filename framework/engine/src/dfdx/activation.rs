//! Elementwise functions with their derivatives, and SwiGLU.

use super::buffer::Buffer;
use super::simd::{exp, normal, sigmoid};
use super::{DfdxTensor, record};

impl DfdxTensor {
    pub(crate) fn square(&self) -> DfdxTensor {
        self.map(square)
    }

    pub(crate) fn exp(&self) -> DfdxTensor {
        self.map(exponential)
    }

    pub(crate) fn tanh(&self) -> DfdxTensor {
        self.map(tanh)
    }

    pub(crate) fn sigmoid(&self) -> DfdxTensor {
        self.map(logistic)
    }

    pub(crate) fn log_sigmoid(&self) -> DfdxTensor {
        self.map(log_sigmoid)
    }

    pub(crate) fn gelu(&self) -> DfdxTensor {
        self.map(gelu)
    }

    pub(crate) fn gelu_tanh(&self) -> DfdxTensor {
        self.map(gelu_tanh)
    }

    pub(crate) fn silu(&self) -> DfdxTensor {
        self.map(silu)
    }

    /// `silu(gate) * up`.
    pub(crate) fn swiglu(&self, up: &DfdxTensor) -> DfdxTensor {
        let gate = self;
        let mut out = Buffer::stale(gate.len());
        simd!(chunks, &mut out, |start, out| {
            for ((out, gate), up) in out.iter_mut().zip(&gate.data[start..]).zip(&up.data[start..]) {
                *out = gate * sigmoid(*gate) * up;
            }
        });
        let (g, u) = (gate.clone(), up.clone());
        let key = record(&[gate.key(), up.key()], move |flow, mut dy| {
            let mut to_gate = Buffer::stale(dy.len());
            simd!(rows2, &mut to_gate, &mut dy, [1, 1], |start, to_gate, dy| {
                let inputs = g.data[start..].iter().zip(&u.data[start..]);
                for ((to_gate, dy), (gate, up)) in to_gate.iter_mut().zip(dy).zip(inputs) {
                    let s = sigmoid(*gate);
                    *to_gate = *dy * up * (s + gate * s * (1.0 - s));
                    *dy *= gate * s;
                }
            });
            flow.add(g.key(), to_gate);
            flow.add(u.key(), dy);
        });
        DfdxTensor::recorded(out, &gate.dims, key)
    }
}

#[inline(always)]
fn square(x: f32) -> (f32, f32) {
    (x * x, 2.0 * x)
}

#[inline(always)]
fn exponential(x: f32) -> (f32, f32) {
    (exp(x), exp(x))
}

#[inline(always)]
fn tanh(x: f32) -> (f32, f32) {
    let y = 1.0 - 2.0 / (exp(2.0 * x) + 1.0);
    (y, 1.0 - y * y)
}

#[inline(always)]
fn logistic(x: f32) -> (f32, f32) {
    let y = sigmoid(x);
    (y, y * (1.0 - y))
}

/// `ln(sigmoid(x))` without overflow on either side.
#[inline(always)]
fn log_sigmoid(x: f32) -> (f32, f32) {
    let below = if x > 0.0 { 0.0 } else { x };
    (below - exp(-x.abs()).ln_1p(), sigmoid(-x))
}

/// The exact form, `x Phi(x)`; its derivative is `Phi(x) + x phi(x)`.
#[inline(always)]
fn gelu(x: f32) -> (f32, f32) {
    let (below, density) = normal(x);
    (x * below, below + x * density)
}

/// `x sigmoid(2u)` with `u = sqrt(2 / pi) (x + .044715 x^3)`, which equals the form with tanh.
#[inline(always)]
fn gelu_tanh(x: f32) -> (f32, f32) {
    const ROOT: f32 = 0.797_884_6;
    let (inner, slope) = (ROOT * (x + 0.044_715 * x * x * x), ROOT * (1.0 + 0.134_145 * x * x));
    let s = sigmoid(2.0 * inner);
    (x * s, s + 2.0 * x * s * (1.0 - s) * slope)
}

#[inline(always)]
fn silu(x: f32) -> (f32, f32) {
    let s = sigmoid(x);
    (x * s, s + x * s * (1.0 - s))
}
