//! Layer norm, RMS norm, L2 normalisation and softmax, each over the last dimension.

use super::buffer::Buffer;
use super::simd::{dot, exp, exp_in_place, max, sum_of};
use super::{DfdxTensor, is_recording, record};

impl DfdxTensor {
    /// `(x - mean) / sqrt(variance + eps) * gain + bias`.
    pub(crate) fn layer_norm(&self, gain: &DfdxTensor, bias: &DfdxTensor, eps: f32) -> DfdxTensor {
        let (rows, width) = (self.rows(), self.width());
        let by = 1.0 / width as f32;
        let mut out = Buffer::stale(self.len());
        // Mean and reciprocal deviation of each row.
        let mut moments = Buffer::stale(2 * rows);
        simd!(rows2, &mut out, &mut moments, [width, 2], |first, out, moments| {
            let x = self.data[first * width..].chunks(width);
            for ((x, out), moments) in x.zip(out.chunks_mut(width)).zip(moments.chunks_mut(2)) {
                let mean = by * sum_of(x, |x| x);
                let variance = by * sum_of(x, |x| (x - mean) * (x - mean));
                let r = 1.0 / (variance + eps).sqrt();
                for (((out, x), gain), bias) in out.iter_mut().zip(x).zip(gain.data()).zip(bias.data()) {
                    *out = (x - mean) * r * gain + bias;
                }
                moments.copy_from_slice(&[mean, r]);
            }
        });
        let inputs = [self.key(), gain.key(), bias.key()];
        let (x, gain, to_bias) = (self.clone(), gain.clone(), bias.key.clone());
        let key = record(&inputs, move |flow, mut dy| {
            if gain.key.is_some() || to_bias.is_some() {
                let mut sums = Buffer::zeros(2 * width);
                simd!(sum_rows, &mut sums, rows, width, |range, sums| {
                    let (gains, biases) = sums.split_at_mut(width);
                    for row in range {
                        let (mean, r) = (moments[2 * row], moments[2 * row + 1]);
                        let inputs = x.data[row * width..].iter().zip(&dy[row * width..]);
                        for ((gain, bias), (x, dy)) in gains.iter_mut().zip(&mut *biases).zip(inputs) {
                            *gain += dy * (x - mean) * r;
                            *bias += dy;
                        }
                    }
                });
                flow.add(gain.key(), Buffer::copy_of(&sums[..width]));
                flow.add(to_bias.as_ref(), Buffer::copy_of(&sums[width..]));
            }
            if x.key.is_some() {
                simd!(rows, &mut dy, width, |first, dy| {
                    for (row, dy) in dy.chunks_mut(width).enumerate() {
                        let row = first + row;
                        let (x, gain) = (&x.data[row * width..(row + 1) * width], gain.data());
                        let (mean, r) = (moments[2 * row], moments[2 * row + 1]);
                        dy.iter_mut().zip(gain).for_each(|(dy, gain)| *dy *= gain);
                        let sum = by * sum_of(dy, |dy| dy);
                        // sum dy (x - mean) r = r (sum dy x - mean sum dy)
                        let slope = r * r * (by * dot(dy, x) - mean * sum);
                        for (dy, x) in dy.iter_mut().zip(x) {
                            *dy = r * (*dy - sum - (x - mean) * slope);
                        }
                    }
                });
                flow.add(x.key(), dy);
            }
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }

    /// `x / sqrt(mean(x^2) + eps) * gain`.
    pub(crate) fn rms_norm(&self, gain: &DfdxTensor, eps: f32) -> DfdxTensor {
        let width = self.width();
        let by = 1.0 / width as f32;
        let (mut out, scales) = self.unit_rows(
            #[inline(always)]
            |x| 1.0 / (by * dot(x, x) + eps).sqrt(),
        );
        simd!(rows, &mut out, width, |_, out| {
            for out in out.chunks_mut(width) {
                out.iter_mut().zip(gain.data()).for_each(|(out, gain)| *out *= gain);
            }
        });
        let inputs = [self.key(), gain.key()];
        let (x, gain) = (self.clone(), gain.clone());
        let key = record(&inputs, move |flow, mut dy| {
            if gain.key.is_some() {
                let mut sum = Buffer::zeros(width);
                simd!(sum_rows, &mut sum, x.rows(), width, |range, sum| {
                    for row in range {
                        let inputs = x.data[row * width..].iter().zip(&dy[row * width..]);
                        for (sum, (x, dy)) in sum.iter_mut().zip(inputs) {
                            *sum += dy * x * scales[row];
                        }
                    }
                });
                flow.add(gain.key(), sum);
            }
            if x.key.is_some() {
                simd!(rows, &mut dy, width, |_, dy| {
                    for dy in dy.chunks_mut(width) {
                        dy.iter_mut().zip(gain.data()).for_each(|(dy, gain)| *dy *= gain);
                    }
                });
                flow.add(x.key(), x.unit_rows_backward(dy, &scales, by));
            }
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }

    /// `x / max(|x|, 1e-12)`.
    pub(crate) fn normalize_rows(&self) -> DfdxTensor {
        let (out, scales) = self.unit_rows(
            #[inline(always)]
            |x| 1.0 / dot(x, x).sqrt().max(1e-12),
        );
        let x = self.clone();
        let key = record(&[self.key()], move |flow, dy| {
            flow.add(x.key(), x.unit_rows_backward(dy, &scales, 1.0));
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }

    /// Multiplies each row by `scale(row)`, and returns the scales too.
    fn unit_rows(&self, scale: impl Fn(&[f32]) -> f32 + Sync) -> (Buffer, Buffer) {
        let width = self.width();
        let (mut out, mut scales) = (Buffer::stale(self.len()), Buffer::stale(self.rows()));
        simd!(rows2, &mut out, &mut scales, [width, 1], |first, out, scales| {
            let x = self.data[first * width..].chunks(width);
            for ((x, out), to) in x.zip(out.chunks_mut(width)).zip(scales) {
                let by = scale(x);
                out.iter_mut().zip(x).for_each(|(out, x)| *out = x * by);
                *to = by;
            }
        });
        (out, scales)
    }

    /// The gradient of `s x` where `s = (by |x|^2 + eps)^-1/2`: `s dy - by s^3 (dy . x) x`.
    fn unit_rows_backward(&self, mut dy: Buffer, scales: &[f32], by: f32) -> Buffer {
        let width = self.width();
        simd!(rows, &mut dy, width, |first, dy| {
            for (row, dy) in dy.chunks_mut(width).enumerate() {
                let (x, s) =
                    (&self.data[(first + row) * width..(first + row + 1) * width], scales[first + row]);
                // In this order nothing overflows for tiny rows, which normalisation scales up.
                let slope = by * (s * dot(dy, x)) * s;
                dy.iter_mut().zip(x).for_each(|(dy, x)| *dy = s * (*dy - slope * x));
            }
        });
        dy
    }

    pub(crate) fn softmax(&self) -> DfdxTensor {
        let width = self.width();
        let mut out = Buffer::copy_of(&self.data);
        simd!(rows, &mut out, width, |_, out| {
            for row in out.chunks_mut(width) {
                softmax_in_place(row);
            }
        });
        let result = DfdxTensor::constant(out, &self.dims);
        if !is_recording(&[self.key()]) {
            return result;
        }
        let (to, y) = (self.key.clone(), result.clone());
        let key = record(&[self.key()], move |flow, mut dy| {
            simd!(rows, &mut dy, width, |first, dy| {
                let y = y.data[first * width..].chunks(width);
                for (y, dy) in y.zip(dy.chunks_mut(width)) {
                    let mean = dot(y, dy);
                    dy.iter_mut().zip(y).for_each(|(dy, y)| *dy = y * (*dy - mean));
                }
            });
            flow.add(to.as_ref(), dy);
        });
        DfdxTensor { key, ..result }
    }

    pub(crate) fn log_softmax(&self) -> DfdxTensor {
        let width = self.width();
        let mut out = Buffer::stale(self.len());
        simd!(rows, &mut out, width, |first, out| {
            let x = self.data[first * width..].chunks(width);
            for (x, out) in x.zip(out.chunks_mut(width)) {
                let (top, rest) = log_sum_exp(x);
                out.iter_mut().zip(x).for_each(|(out, x)| *out = (x - top) - rest);
            }
        });
        let result = DfdxTensor::constant(out, &self.dims);
        if !is_recording(&[self.key()]) {
            return result;
        }
        let (to, y) = (self.key.clone(), result.clone());
        let key = record(&[self.key()], move |flow, mut dy| {
            simd!(rows, &mut dy, width, |first, dy| {
                let y = y.data[first * width..].chunks(width);
                for (y, dy) in y.zip(dy.chunks_mut(width)) {
                    let sum = sum_of(dy, |dy| dy);
                    dy.iter_mut().zip(y).for_each(|(dy, y)| *dy -= exp(*y) * sum);
                }
            });
            flow.add(to.as_ref(), dy);
        });
        DfdxTensor { key, ..result }
    }
}

/// Replaces a row by its softmax; returns the maximum it subtracted and the factor it multiplied by.
#[inline(always)]
pub(super) fn softmax_in_place(row: &mut [f32]) -> [f32; 2] {
    let top = max(row);
    let by = 1.0 / exp_in_place(row, top);
    row.iter_mut().for_each(|x| *x *= by);
    [top, by]
}

/// Returns the largest number and `ln(sum(exp(x - largest)))` apart, because their sum would be rounded.
#[inline(always)]
pub(super) fn log_sum_exp(x: &[f32]) -> (f32, f32) {
    let top = max(x);
    (top, sum_of(x, |x| exp(x - top)).ln())
}
