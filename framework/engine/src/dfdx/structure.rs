//! Operations that only move numbers.

use std::sync::Arc;

use super::buffer::Buffer;
use super::{DfdxTensor, is_recording, record, simd};

impl DfdxTensor {
    /// Returns the same numbers with other dimensions, without a copy.
    pub(crate) fn reshape(&self, dims: &[usize]) -> DfdxTensor {
        DfdxTensor { dims: dims.into(), ..self.clone() }
    }

    /// Returns `len` entries of dimension `dim` from `start`.
    pub(crate) fn narrow(&self, dim: usize, start: usize, len: usize) -> DfdxTensor {
        let size = self.dims[dim];
        let inner: usize = self.dims[dim + 1..].iter().product();
        let (period, from, part) = (size * inner, start * inner, len * inner);
        let outer: usize = self.dims[..dim].iter().product();
        let mut out = Buffer::stale(outer * part);
        if part > 0 {
            simd!(rows, &mut out, part, |first, out| {
                for (out, x) in out.chunks_mut(part).zip(self.data[first * period..].chunks(period)) {
                    out.copy_from_slice(&x[from..from + part]);
                }
            });
        }
        let (to, total) = (self.key.clone(), self.len());
        let key = record(&[self.key()], move |flow, dy| {
            flow.accumulate(to.as_ref(), total, |dx| {
                for (dx, dy) in dx.chunks_mut(period).zip(dy.chunks(part)) {
                    simd::add_to(&mut dx[from..from + part], dy);
                }
            });
        });
        let mut dims = self.dims.to_vec();
        dims[dim] = len;
        DfdxTensor::recorded(out, &dims, key)
    }

    /// Joins parts along dimension `dim`.
    pub(crate) fn concat(parts: &[&DfdxTensor], dim: usize) -> DfdxTensor {
        let inner: usize = parts[0].dims[dim + 1..].iter().product();
        let outer: usize = parts[0].dims[..dim].iter().product();
        let widths: Vec<usize> = parts.iter().map(|part| part.dims[dim] * inner).collect();
        let period: usize = widths.iter().sum();
        let mut out = Buffer::stale(outer * period);
        if period > 0 {
            simd!(rows, &mut out, period, |first, out| {
                for (out, row) in out.chunks_mut(period).zip(first..) {
                    let mut from = 0;
                    for (part, width) in parts.iter().zip(&widths) {
                        out[from..from + width].copy_from_slice(&part.data[row * width..][..*width]);
                        from += width;
                    }
                }
            });
        }
        let mut dims = parts[0].dims.to_vec();
        dims[dim] = parts.iter().map(|part| part.dims[dim]).sum();
        let keys: Vec<_> = parts.iter().map(|part| part.key.clone()).collect();
        let borrowed: Vec<_> = parts.iter().map(|part| part.key()).collect();
        let key = record(&borrowed, move |flow, dy| {
            let mut from = 0;
            for (key, width) in keys.iter().zip(&widths) {
                if key.is_some() && *width > 0 {
                    let mut dx = Buffer::stale(outer * width);
                    simd!(rows, &mut dx, *width, |first, dx| {
                        for (dx, dy) in dx.chunks_mut(*width).zip(dy[first * period..].chunks(period)) {
                            dx.copy_from_slice(&dy[from..from + width]);
                        }
                    });
                    flow.add(key.as_ref(), dx);
                }
                from += width;
            }
        });
        DfdxTensor::recorded(out, &dims, key)
    }

    /// Returns whether an operation on both will be recorded.
    pub(crate) fn is_recorded_with(&self, other: &DfdxTensor) -> bool {
        is_recording(&[self.key(), other.key()])
    }

    /// Appends `more` to the first `len` tokens of (B, T, D), with room for half as much again. If there
    /// is room already and no other tensor shares the numbers, the first tokens are not copied.
    pub(crate) fn append(mut self, len: usize, more: &DfdxTensor) -> DfdxTensor {
        let (batch, width) = (self.dims[0], self.dims[2]);
        let (all, mut period) = (len + more.dims[1], self.dims[1] * width);
        let (from, to) = (len * width, all * width);
        if to > period || Arc::get_mut(&mut self.data).is_none() {
            let room = all + all / 2;
            let mut grown = Buffer::stale(batch * room * width);
            for (grown, old) in grown.chunks_mut(room * width).zip(self.data.chunks(period)) {
                grown[..from].copy_from_slice(&old[..from]);
            }
            period = room * width;
            self = DfdxTensor::constant(grown, &[batch, room, width]);
        }
        if from < to {
            for (all, more) in self.data_mut().chunks_mut(period).zip(more.data.chunks(to - from)) {
                all[from..to].copy_from_slice(more);
            }
        }
        self.detach()
    }

    /// (R, C) -> (C, R).
    pub(crate) fn transpose(&self) -> DfdxTensor {
        let (rows, cols) = (self.dims[0], self.dims[1]);
        let to = self.key.clone();
        let key = record(&[self.key()], move |flow, dy| flow.add(to.as_ref(), transposed(&dy, cols, rows)));
        DfdxTensor::recorded(transposed(&self.data, rows, cols), &[cols, rows], key)
    }

    /// Gathers rows of (R, D); a row named twice gets the sum of both gradients.
    pub(crate) fn gather(&self, rows: &[u32]) -> DfdxTensor {
        let width = self.width();
        let mut out = Buffer::stale(rows.len() * width);
        for (out, row) in out.chunks_mut(width).zip(rows) {
            out.copy_from_slice(&self.data[*row as usize * width..][..width]);
        }
        let (to, total) = (self.key.clone(), self.len());
        let picked: Vec<u32> = rows.to_vec();
        let key = record(&[self.key()], move |flow, dy| {
            flow.accumulate(to.as_ref(), total, |dx| {
                for (dy, row) in dy.chunks(width).zip(&picked) {
                    simd::add_to(&mut dx[*row as usize * width..][..width], dy);
                }
            });
        });
        DfdxTensor::recorded(out, &[rows.len(), width], key)
    }
}

fn transposed(x: &[f32], rows: usize, cols: usize) -> Buffer {
    let mut out = Buffer::stale(x.len());
    simd!(rows, &mut out, rows, |first, out| {
        for (col, out) in out.chunks_mut(rows).enumerate() {
            for (row, out) in out.iter_mut().enumerate() {
                *out = x[row * cols + first + col];
            }
        }
    });
    out
}
