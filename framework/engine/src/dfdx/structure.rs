//! Operations that move numbers and compute nothing.

use super::buffer::Buffer;
use super::{Value, record, simd};

impl Value {
    /// The same numbers with other dimensions; nothing is copied.
    pub(crate) fn reshape(&self, dims: &[usize]) -> Value {
        Value { dims: dims.into(), ..self.clone() }
    }

    /// `len` entries of dimension `dim` from `start`.
    pub(crate) fn narrow(&self, dim: usize, start: usize, len: usize) -> Value {
        let size = self.dims[dim];
        let inner: usize = self.dims[dim + 1..].iter().product();
        let (period, from, part) = (size * inner, start * inner, len * inner);
        let outer: usize = self.dims[..dim].iter().product();
        let mut out = Buffer::stale(outer * part);
        if part > 0 {
            for (out, x) in out.chunks_mut(part).zip(self.data.chunks(period)) {
                out.copy_from_slice(&x[from..from + part]);
            }
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
        Value::recorded(out, &dims, key)
    }

    /// The parts after each other along dimension `dim`.
    pub(crate) fn concat(parts: &[&Value], dim: usize) -> Value {
        let inner: usize = parts[0].dims[dim + 1..].iter().product();
        let outer: usize = parts[0].dims[..dim].iter().product();
        let widths: Vec<usize> = parts.iter().map(|part| part.dims[dim] * inner).collect();
        let period: usize = widths.iter().sum();
        let mut out = Buffer::stale(outer * period);
        let mut from = 0;
        for (part, width) in parts.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            for (out, x) in out.chunks_mut(period).zip(part.data.chunks(*width)) {
                out[from..from + width].copy_from_slice(x);
            }
            from += width;
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
                    for (dx, dy) in dx.chunks_mut(*width).zip(dy.chunks(period)) {
                        dx.copy_from_slice(&dy[from..from + width]);
                    }
                    flow.add(key.as_ref(), dx);
                }
                from += width;
            }
        });
        Value::recorded(out, &dims, key)
    }

    /// (R, C) -> (C, R).
    pub(crate) fn transpose(&self) -> Value {
        let (rows, cols) = (self.dims[0], self.dims[1]);
        let to = self.key.clone();
        let key = record(&[self.key()], move |flow, dy| flow.add(to.as_ref(), transposed(&dy, cols, rows)));
        Value::recorded(transposed(&self.data, rows, cols), &[cols, rows], key)
    }

    /// The named rows of (R, D); a row named twice gets the sum of both gradients.
    pub(crate) fn gather(&self, rows: &[u32]) -> Value {
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
        Value::recorded(out, &[rows.len(), width], key)
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
