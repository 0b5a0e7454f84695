//! Cross-entropy from logits.

use std::sync::Arc;

use super::buffer::Buffer;
use super::norm::log_sum_exp;
use super::simd::exp;
use super::{DfdxTensor, record, simd};

impl DfdxTensor {
    /// Mean over rows of `ln(sum(exp(logits))) - logits[target]`.
    pub(crate) fn cross_entropy(&self, targets: &[u32]) -> DfdxTensor {
        let (rows, width) = (self.rows(), self.width());
        let targets: Arc<[u32]> = targets.into();
        // The largest logit of each row and `ln(sum(exp(logit - largest)))`.
        let mut scales = Buffer::stale(2 * rows);
        simd!(weighted_rows, &mut scales, 2, width, |first, scales| {
            for (x, scales) in self.data[first * width..].chunks(width).zip(scales.chunks_mut(2)) {
                (scales[0], scales[1]) = log_sum_exp(x);
            }
        });
        let loss = |row: usize| {
            let logit = self.data[row * width + targets[row] as usize];
            f64::from((scales[2 * row] - logit) + scales[2 * row + 1])
        };
        let mean = (0..rows).map(loss).sum::<f64>() / rows as f64;
        let x = self.clone();
        let key = record(&[self.key()], move |flow, dy| {
            let by = dy[0] / rows as f32;
            let DfdxTensor { data, key, .. } = x;
            // The logits are large and usually not shared, so the gradient overwrites them.
            let mut dx = Arc::try_unwrap(data).unwrap_or_else(|data| Buffer::copy_of(&data));
            simd!(rows, &mut dx, width, |first, dx| {
                for (dx, row) in dx.chunks_mut(width).zip(first..) {
                    let (top, rest) = (scales[2 * row], scales[2 * row + 1]);
                    simd::each(dx, move |dx| by * exp((dx - top) - rest));
                    dx[targets[row] as usize] -= by;
                }
            });
            flow.add(key.as_ref(), dx);
        });
        DfdxTensor::recorded(Buffer::copy_of(&[mean as f32]), &[1], key)
    }
}
