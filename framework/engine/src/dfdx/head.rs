//! Cross-entropy computed from hidden states, without ever holding all logits.

use super::buffer::Buffer;
use super::elementwise::scaled;
use super::matmul::{Mat, MatMut, OutputMode, matmul};
use super::norm::log_sum_exp;
use super::simd::exp_in_place;
use super::{DfdxTensor, is_recording, record, simd};

/// Logits held at the same time (128 MiB): enough rows to outweigh packing the head anew for each chunk.
const LOGITS: usize = 1 << 25;

impl DfdxTensor {
    /// The mean cross-entropy of the logits `self x head'`: (n, D) and (V, D), one target per row ->
    /// `[1]`.
    ///
    /// When recording, both gradients are computed together with the loss of each chunk. The backward
    /// pass then only scales them, and no logit is computed twice.
    pub(crate) fn head_cross_entropy(&self, head: &DfdxTensor, targets: &[u32]) -> DfdxTensor {
        let (n, d, v) = (self.rows(), self.width(), head.dims[0]);
        let is_recorded = is_recording(&[self.key(), head.key()]);
        let gradient = |of: &DfdxTensor| (is_recorded && of.key.is_some()).then(|| Buffer::stale(of.len()));
        let (mut dx, mut dw) = (gradient(self), gradient(head));
        let most = (LOGITS / v).clamp(1, n);
        let per_chunk = n.div_ceil(n.div_ceil(most));
        let mut all_logits = Buffer::stale(per_chunk * v);
        let mut losses = Buffer::stale(n);
        let by = 1.0 / n as f32;
        for start in (0..n).step_by(per_chunk) {
            let rows = per_chunk.min(n - start);
            let logits = &mut all_logits[..rows * v];
            let x = Mat::new(&self.data[start * d..(start + rows) * d], rows, d);
            let w = Mat::new(&head.data, v, d);
            matmul(MatMut::new(logits, rows, v), OutputMode::Set, 1.0, x, w.t(), true);
            let targets = &targets[start..];
            simd!(rows2, logits, &mut losses[start..start + rows], [v, 1], |first, logits, losses| {
                for ((logits, loss), target) in logits.chunks_mut(v).zip(losses).zip(&targets[first..]) {
                    let target = *target as usize;
                    *loss = if is_recorded {
                        loss_and_slope(logits, target, by)
                    } else {
                        let (top, rest) = log_sum_exp(logits);
                        (top - logits[target]) + rest
                    };
                }
            });
            let slopes = Mat::new(logits, rows, v);
            if let Some(dx) = &mut dx {
                let dx = MatMut::new(&mut dx[start * d..(start + rows) * d], rows, d);
                matmul(dx, OutputMode::Set, 1.0, slopes, w, true);
            }
            if let Some(dw) = &mut dw {
                let output = if start == 0 { OutputMode::Set } else { OutputMode::Add };
                matmul(MatMut::new(dw, v, d), output, 1.0, slopes.t(), x, true);
            }
        }
        let mean = losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / n as f64;
        let inputs = [self.key(), head.key()];
        let to = inputs.map(Option::<&_>::cloned);
        let key = record(&inputs, move |flow, dy| {
            for (to, gradient) in to.iter().zip([dx, dw]) {
                if let Some(gradient) = gradient {
                    flow.add(to.as_ref(), scaled(gradient, dy[0]));
                }
            }
        });
        DfdxTensor::recorded(Buffer::copy_of(&[mean as f32]), &[1], key)
    }
}

/// Returns the cross-entropy of one row and replaces the row by `by` times its gradient.
#[inline(always)]
fn loss_and_slope(logits: &mut [f32], target: usize, by: f32) -> f32 {
    let (top, logit) = (simd::max(logits), logits[target]);
    let sum = exp_in_place(logits, top);
    let scale = by / sum;
    logits.iter_mut().for_each(|x| *x *= scale);
    logits[target] -= by;
    (top - logit) + sum.ln()
}
