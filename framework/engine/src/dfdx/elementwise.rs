//! Elementwise arithmetic with broadcasting over leading dimensions, and sums.

use super::buffer::Buffer;
use super::{DfdxTensor, is_recording, record, simd};

impl DfdxTensor {
    /// Applies `f`, which returns the output and its derivative, to each number.
    pub(super) fn map(&self, f: impl Fn(f32) -> (f32, f32) + Sync) -> DfdxTensor {
        let mut out = Buffer::stale(self.len());
        let x = &*self.data;
        if !is_recording(&[self.key()]) {
            simd!(chunks, &mut out, |start, out| {
                for (out, x) in out.iter_mut().zip(&x[start..]) {
                    *out = f(*x).0;
                }
            });
            return DfdxTensor::constant(out, &self.dims);
        }
        // Keeping the derivative costs as much memory as keeping the input, and spares the backward pass
        // the expensive functions.
        let mut slope = Buffer::stale(self.len());
        simd!(rows2, &mut out, &mut slope, [1, 1], |start, out, slope| {
            for ((out, slope), x) in out.iter_mut().zip(slope).zip(&x[start..]) {
                (*out, *slope) = f(*x);
            }
        });
        let to = self.key.clone();
        let key = record(&[self.key()], move |flow, mut dy| {
            simd!(chunks, &mut dy, |start, dy| {
                for (dy, slope) in dy.iter_mut().zip(&slope[start..]) {
                    *dy *= slope;
                }
            });
            flow.add(to.as_ref(), dy);
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }

    /// `by * self + shift`.
    pub(crate) fn affine(&self, by: f32, shift: f32) -> DfdxTensor {
        let mut out = Buffer::stale(self.len());
        simd!(chunks, &mut out, |start, out| {
            simd::map_to(out, &self.data[start..], move |x| by * x + shift);
        });
        let to = self.key.clone();
        let key = record(&[self.key()], move |flow, dy| flow.add(to.as_ref(), scaled(dy, by)));
        DfdxTensor::recorded(out, &self.dims, key)
    }

    /// Returns the same numbers; the backward pass multiplies their gradient by `by`.
    pub(crate) fn scale_gradient(&self, by: f32) -> DfdxTensor {
        let to = self.key.clone();
        let key = record(&[self.key()], move |flow, dy| flow.add(to.as_ref(), scaled(dy, by)));
        DfdxTensor { key, ..self.clone() }
    }

    /// `self + by * other`, where `other` may lack leading dimensions.
    pub(crate) fn add_scaled(&self, by: f32, other: &DfdxTensor) -> DfdxTensor {
        let out = self.zip(
            other,
            #[inline(always)]
            move |x, y| x + by * y,
        );
        let (left, right, period) = (self.key.clone(), other.key.clone(), other.len());
        let key = record(&[self.key(), other.key()], move |flow, dy| {
            if right.is_some() {
                let to_right = if period < dy.len() { column_sums(&dy, period) } else { dy.clone() };
                flow.add(right.as_ref(), scaled(to_right, by));
            }
            flow.add(left.as_ref(), dy);
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }

    /// `self * other`, where `other` may lack leading dimensions.
    pub(crate) fn mul(&self, other: &DfdxTensor) -> DfdxTensor {
        let out = self.zip(
            other,
            #[inline(always)]
            |x, y| x * y,
        );
        let (x, y) = (self.clone(), other.clone());
        let key = record(&[self.key(), other.key()], move |flow, mut dy| {
            if y.key.is_some() {
                let mut to_y = dy.clone();
                multiply(&mut to_y, &x.data);
                let to_y = if y.len() < to_y.len() { column_sums(&to_y, y.len()) } else { to_y };
                flow.add(y.key(), to_y);
            }
            if x.key.is_some() {
                multiply(&mut dy, &y.data);
                flow.add(x.key(), dy);
            }
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }

    /// `by * self`, where `by` is a tensor of one number.
    pub(crate) fn mul_number(&self, by: &DfdxTensor) -> DfdxTensor {
        let factor = by.data[0];
        let mut out = Buffer::stale(self.len());
        simd!(chunks, &mut out, |start, out| {
            simd::map_to(out, &self.data[start..], move |x| factor * x);
        });
        let inputs = [self.key(), by.key()];
        let (x, by) = (self.clone(), by.clone());
        let key = record(&inputs, move |flow, dy| {
            if by.key.is_some() {
                let sum = simd!(total, dy.len(), |range| simd::dot(&dy[range.clone()], &x.data[range]));
                flow.add(by.key(), Buffer::copy_of(&[sum]));
            }
            if x.key.is_some() {
                flow.add(x.key(), scaled(dy, factor));
            }
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }

    pub(crate) fn add_number(&self, shift: &DfdxTensor) -> DfdxTensor {
        let out = self.affine(1.0, shift.data[0]).data;
        let (left, right) = (self.key.clone(), shift.key.clone());
        let key = record(&[self.key(), shift.key()], move |flow, dy| {
            if right.is_some() {
                let sum = simd!(total, dy.len(), |range| simd::sum_of(&dy[range], |x| x));
                flow.add(right.as_ref(), Buffer::copy_of(&[sum]));
            }
            flow.add(left.as_ref(), dy);
        });
        DfdxTensor { data: out, dims: self.dims.clone(), key }
    }

    /// The sum of all numbers, times `by`, as a tensor of one number.
    pub(crate) fn sum(&self, by: f32) -> DfdxTensor {
        let sum = by * simd!(total, self.len(), |range| simd::sum_of(&self.data[range], |x| x));
        let (to, len) = (self.key.clone(), self.len());
        let key = record(&[self.key()], move |flow, dy| {
            let mut dx = Buffer::stale(len);
            dx.fill(by * dy[0]);
            flow.add(to.as_ref(), dx);
        });
        DfdxTensor::recorded(Buffer::copy_of(&[sum]), &[1], key)
    }

    /// The mean of each run of consecutive rows: (groups * m, D) to (groups, D).
    pub(crate) fn mean_rows(&self, groups: usize) -> DfdxTensor {
        let (width, m) = (self.width(), self.rows() / groups);
        let by = 1.0 / m as f32;
        let mut out = Buffer::zeros(groups * width);
        simd!(rows, &mut out, width, |first, out| {
            for (group, out) in out.chunks_mut(width).enumerate() {
                let start = (first + group) * m * width;
                for row in self.data[start..start + m * width].chunks(width) {
                    simd::add_to(out, row);
                }
                out.iter_mut().for_each(|x| *x *= by);
            }
        });
        let (to, len) = (self.key.clone(), self.len());
        let key = record(&[self.key()], move |flow, dy| {
            let mut dx = Buffer::stale(len);
            simd!(rows, &mut dx, width, |first, dx| {
                for (row, dx) in dx.chunks_mut(width).enumerate() {
                    let group = (first + row) / m;
                    simd::map_to(dx, &dy[group * width..], move |dy| by * dy);
                }
            });
            flow.add(to.as_ref(), dx);
        });
        DfdxTensor::recorded(out, &[groups, width], key)
    }

    fn zip(&self, other: &DfdxTensor, f: impl Fn(f32, f32) -> f32 + Copy + Sync) -> Buffer {
        let mut out = Buffer::stale(self.len());
        simd!(periods, &mut out, other.len(), |start, at, out| {
            simd::zip_to(out, &self.data[start..], &other.data[at..], f);
        });
        out
    }
}

fn multiply(x: &mut [f32], y: &[f32]) {
    simd!(periods, x, y.len(), |_, at, x| {
        for (x, y) in x.iter_mut().zip(&y[at..]) {
            *x *= y;
        }
    });
}

/// `by * x`.
pub(super) fn scaled(mut x: Buffer, by: f32) -> Buffer {
    if by != 1.0 {
        simd!(chunks, &mut x, |_, x| simd::each(x, move |x| x * by));
    }
    x
}

/// Sums all rows of `period` numbers.
pub(super) fn column_sums(rows: &[f32], period: usize) -> Buffer {
    let mut sum = Buffer::zeros(period);
    simd!(sum_rows, &mut sum, rows.len() / period, period, |range, sum| {
        for row in rows[range.start * period..range.end * period].chunks(period) {
            simd::add_to(sum, row);
        }
    });
    sum
}
