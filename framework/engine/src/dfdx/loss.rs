//! Cross-entropy from logits.

use std::sync::Arc;

use super::buffer::Buffer;
use super::norm::{log_sum_exp, softmax_in_place};
use super::{Value, record};

impl Value {
    /// Mean over rows of `ln(sum(exp(logits))) - logits[target]`.
    pub(crate) fn cross_entropy(&self, targets: &[u32]) -> Value {
        let (rows, width) = (self.rows(), self.width());
        let mut losses = Buffer::stale(rows);
        let targets: Arc<[u32]> = targets.into();
        simd!(weighted_rows, &mut losses, 1, width, |first, losses| {
            for (row, loss) in losses.iter_mut().enumerate() {
                let x = &self.data[(first + row) * width..(first + row + 1) * width];
                let (top, rest) = log_sum_exp(x);
                *loss = (top - x[targets[first + row] as usize]) + rest;
            }
        });
        let mean = losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / rows as f64;
        let x = self.clone();
        let key = record(&[self.key()], move |flow, dy| {
            let by = dy[0] / rows as f32;
            let Value { data, key, .. } = x;
            // The logits are large and usually nobody else's: the gradient takes their place.
            let mut dx = Arc::try_unwrap(data).unwrap_or_else(|data| Buffer::copy_of(&data));
            simd!(rows, &mut dx, width, |first, dx| {
                let by = by;
                for (row, dx) in dx.chunks_mut(width).enumerate() {
                    softmax_in_place(dx);
                    dx[targets[first + row] as usize] -= 1.0;
                    dx.iter_mut().for_each(|dx| *dx *= by);
                }
            });
            flow.add(key.as_ref(), dx);
        });
        Value::recorded(Buffer::copy_of(&[mean as f32]), &[1], key)
    }
}
