//! The AdamW update in one pass over memory, and the norm of gradients.

use rayon::prelude::*;

use super::{DfdxTensor, simd};

/// Constants of one AdamW step, with bias corrections folded in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) betas: (f32, f32),
    pub(crate) eps: f32,
    /// Learning rate divided by the first bias correction.
    pub(crate) rate: f32,
    /// Reciprocal root of the second bias correction.
    pub(crate) root: f32,
    /// Factor on the parameter before the update (decoupled weight decay).
    pub(crate) keep: f32,
}

/// Updates a parameter and its two running moments in place.
pub(crate) fn adamw(
    param: &mut DfdxTensor,
    gradient: &DfdxTensor,
    first: &mut DfdxTensor,
    second: &mut DfdxTensor,
    update: Update,
) {
    const CHUNK: usize = 16 * 1024;
    let (p, g, m, v) = (param.data_mut(), gradient.data(), first.data_mut(), second.data_mut());
    if p.len() <= CHUNK || rayon::current_num_threads() == 1 {
        return simd!(vectorized, || update.apply(p, g, m, v));
    }
    let moments = m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK));
    p.par_chunks_mut(CHUNK).zip(g.par_chunks(CHUNK)).zip(moments).for_each(|((p, g), (m, v))| {
        simd!(vectorized, || update.apply(p, g, m, v));
    });
}

impl Update {
    #[inline(always)]
    fn apply(self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        let Update { betas: (beta1, beta2), eps, rate, root, keep } = self;
        for ((p, g), (m, v)) in p.iter_mut().zip(g).zip(m.iter_mut().zip(v)) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            *p = *p * keep - rate * *m / (v.sqrt() * root + eps);
        }
    }
}

/// Returns the sum of squares, added in an order that does not depend on threads.
pub(crate) fn squared_norm(x: &DfdxTensor) -> f64 {
    const CHUNK: usize = 64 * 1024;
    let sum =
        |x: &[f32]| x.chunks(4096).map(|x| simd!(vectorized, || f64::from(simd::dot(x, x)))).sum::<f64>();
    if x.len() <= CHUNK || rayon::current_num_threads() == 1 {
        return x.data().chunks(CHUNK).map(sum).sum();
    }
    let sums: Vec<f64> = x.data().par_chunks(CHUNK).map(sum).collect();
    sums.into_iter().sum()
}
