//! Softmax attention of all heads at once; the mask is one number of visible keys per query.
//!
//! Heads are read and written in place through strides. Scores exist only for one block of queries at a
//! time, and the backward pass recomputes them, so memory is linear in the number of tokens.
//!
//! Shapes: `B` batch, `Tq` queries, `Tk` keys, `H` heads, `G` key-value heads, `E` width of a head.

use std::sync::Arc;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::matmul::{Mat, MatMut, OutputMode, matmul};
use super::{DfdxTensor, norm, record, simd};

/// Number of queries whose scores are held at the same time.
pub(super) const BLOCK: usize = 64;

/// The shape of one attention operation.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    /// Width of one head.
    pub(crate) width: usize,
    /// For each query (B, Tq), the number of keys it sees, from the first.
    pub(crate) visible: Arc<[u32]>,
}

/// Tokens in rows of `stride` numbers, whose heads are consecutive columns from `offset`.
#[derive(Clone, Copy)]
struct Heads<'a> {
    data: &'a [f32],
    stride: usize,
    offset: usize,
}

impl<'a> Heads<'a> {
    fn packed(data: &'a [f32], stride: usize) -> Heads<'a> {
        Heads { data, stride, offset: 0 }
    }
}

impl Attention {
    /// Attention of q (B, Tq, H*E) to k and v (B, Tk, G*E) -> (B, Tq, H*E).
    pub(crate) fn separate(self, q: &DfdxTensor, k: &DfdxTensor, v: &DfdxTensor) -> DfdxTensor {
        let [q_width, kv_width] = [self.heads * self.width, self.kv_heads * self.width];
        let (out, scales) = self.forward(
            Heads::packed(q.data(), q_width),
            Heads::packed(k.data(), kv_width),
            Heads::packed(v.data(), kv_width),
        );
        let (dims, keys) = (q.dims.clone(), [q.key(), k.key(), v.key()]);
        let (q, k, v) = (q.clone(), k.clone(), v.clone());
        let key = record(&keys, move |flow, dy| {
            let [mut dq, mut dk, mut dv] = [&q, &k, &v].map(|x| Buffer::stale(x.len()));
            let to = [
                MatMut::new(&mut dq, q.len() / q_width, q_width),
                MatMut::new(&mut dk, k.len() / kv_width, kv_width),
                MatMut::new(&mut dv, v.len() / kv_width, kv_width),
            ];
            let from = [
                Heads::packed(q.data(), q_width),
                Heads::packed(k.data(), kv_width),
                Heads::packed(v.data(), kv_width),
            ];
            self.backward(from, &scales, &dy, to);
            flow.add(q.key(), dq);
            flow.add(k.key(), dk);
            flow.add(v.key(), dv);
        });
        DfdxTensor::recorded(out, &dims, key)
    }

    /// Attention from queries, keys and values side by side: (B, T, (H + 2 G) * E) -> (B, T, H*E).
    pub(crate) fn joint(self, qkv: &DfdxTensor) -> DfdxTensor {
        let [q_width, kv_width] = [self.heads * self.width, self.kv_heads * self.width];
        let stride = q_width + 2 * kv_width;
        let offsets = [0, q_width, q_width + kv_width];
        let [q, k, v] = offsets.map(|offset| Heads { data: qkv.data(), stride, offset });
        let (out, scales) = self.forward(q, k, v);
        let dims = [self.batch, self.queries, q_width];
        let x = qkv.clone();
        let key = record(&[qkv.key()], move |flow, dy| {
            let mut dx = Buffer::stale(x.len());
            let (dq, rest) = MatMut::new(&mut dx, x.len() / stride, stride).split_cols(q_width);
            let (dk, dv) = rest.split_cols(kv_width);
            let from = offsets.map(|offset| Heads { data: x.data(), stride, offset });
            self.backward(from, &scales, &dy, [dq, dk, dv]);
            flow.add(x.key(), dx);
        });
        DfdxTensor::recorded(out, &dims, key)
    }

    /// Returns the output, and the largest score and factor of the exponentials per query (B, H, Tq, 2).
    fn forward(&self, q: Heads<'_>, k: Heads<'_>, v: Heads<'_>) -> (Buffer, Buffer) {
        let (rows, width) = (self.batch * self.queries, self.heads * self.width);
        let mut out = Buffer::stale(rows * width);
        let mut scales = Buffer::stale(2 * self.batch * self.heads * self.queries);
        let outs = self.split(MatMut::new(&mut out, rows, width), self.queries);
        let tasks = outs.into_iter().zip(scales.chunks_mut((2 * self.queries).max(1))).enumerate();
        self.run(tasks.collect(), |(task, (mut out, scales))| {
            let (b, h) = (task / self.heads, task % self.heads);
            let g = h / (self.heads / self.kv_heads);
            let mut scores = Buffer::stale(BLOCK.min(self.queries) * self.keys);
            for start in (0..self.queries).step_by(BLOCK) {
                let rows = BLOCK.min(self.queries - start);
                let visible = self.visible(b, start, rows);
                let seen = visible.iter().copied().max().unwrap_or(0) as usize;
                let scores = &mut scores[..rows * seen];
                self.scores(
                    scores,
                    self.view(q, b, h, self.queries, start, rows),
                    self.view(k, b, g, self.keys, 0, seen),
                );
                simd!(vectorized, || {
                    let rows =
                        scores.chunks_mut(seen.max(1)).zip(visible).zip(scales[2 * start..].chunks_mut(2));
                    for ((row, visible), scale) in rows {
                        scale.copy_from_slice(&masked_softmax(row, *visible as usize));
                    }
                });
                let v = self.view(v, b, g, self.keys, 0, seen);
                matmul(out.rows(start, rows), OutputMode::Set, 1.0, Mat::new(scores, rows, seen), v, false);
            }
        });
        (out, scales)
    }

    /// Writes the gradients of `q`, `k` and `v`.
    fn backward(&self, [q, k, v]: [Heads<'_>; 3], scales: &[f32], dy: &[f32], [dq, dk, dv]: [MatMut<'_>; 3]) {
        let dy = Heads::packed(dy, self.heads * self.width);
        let group = self.heads / self.kv_heads;
        // One task takes all query heads of a key-value head, as they add to the same gradient.
        let mut dqs = self.split(dq, self.queries).into_iter();
        let dks = self.split(dk, self.keys);
        let dvs = self.split(dv, self.keys);
        let tasks =
            dks.into_iter().zip(dvs).map(|(dk, dv)| (dqs.by_ref().take(group).collect::<Vec<_>>(), dk, dv));
        self.run(tasks.enumerate().collect(), |(task, (dqs, mut dk, mut dv))| {
            let (b, g) = (task / self.kv_heads, task % self.kv_heads);
            let size = BLOCK.min(self.queries) * self.keys;
            let (mut scores, mut slopes) = (Buffer::stale(size), Buffer::stale(size));
            let mut written = 0;
            for (h, mut dq) in (g * group..).zip(dqs) {
                // Last block first: late queries usually see all keys, so the first block sets the
                // gradient of every key, and nothing must be zeroed before.
                for start in (0..self.queries).step_by(BLOCK).rev() {
                    let rows = BLOCK.min(self.queries - start);
                    let visible = self.visible(b, start, rows);
                    let seen = visible.iter().copied().max().unwrap_or(0) as usize;
                    let (p, ds) = (&mut scores[..rows * seen], &mut slopes[..rows * seen]);
                    let q = self.view(q, b, h, self.queries, start, rows);
                    let k = self.view(k, b, g, self.keys, 0, seen);
                    let dy = self.view(dy, b, h, self.queries, start, rows);
                    self.scores(p, q, k);
                    let v = self.view(v, b, g, self.keys, 0, seen);
                    matmul(MatMut::new(ds, rows, seen), OutputMode::Set, 1.0, dy, v.t(), false);
                    let scales = &scales[2 * ((b * self.heads + h) * self.queries + start)..];
                    simd!(vectorized, || {
                        let rows = p.chunks_mut(seen.max(1)).zip(ds.chunks_mut(seen.max(1)));
                        for ((p, ds), (visible, scale)) in rows.zip(visible.iter().zip(scales.chunks(2))) {
                            softmax_backward(p, ds, *visible as usize, scale);
                        }
                    });
                    let (p, ds) = (Mat::new(p, rows, seen), Mat::new(ds, rows, seen));
                    add_to_first(&mut dv, written, 1.0, p.t(), dy);
                    add_to_first(&mut dk, written, self.scale(), ds.t(), q);
                    written = written.max(seen);
                    matmul(dq.rows(start, rows), OutputMode::Set, self.scale(), ds, k, false);
                }
            }
            // Keys that no query saw get a gradient of zero.
            let rest = self.keys - written;
            for mut to in [dk, dv] {
                let (none, nothing) = (Mat::new(&[], rest, 0), Mat::new(&[], 0, self.width));
                matmul(to.rows(written, rest), OutputMode::Set, 1.0, none, nothing, false);
            }
        });
    }

    fn scores(&self, out: &mut [f32], q: Mat<'_>, k: Mat<'_>) {
        matmul(MatMut::new(out, q.rows(), k.rows()), OutputMode::Set, self.scale(), q, k.t(), false);
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    fn visible(&self, b: usize, start: usize, rows: usize) -> &[u32] {
        &self.visible[b * self.queries + start..][..rows]
    }

    /// Returns `rows` tokens from `start` of one head of sequence `b`, which has `tokens` tokens.
    fn view<'a>(
        &self,
        x: Heads<'a>,
        b: usize,
        h: usize,
        tokens: usize,
        start: usize,
        rows: usize,
    ) -> Mat<'a> {
        let first = (b * tokens + start) * x.stride + x.offset + h * self.width;
        // With no rows, `first` may be beyond the end.
        Mat::strided(x.data.get(first..).unwrap_or(&[]), rows, self.width, x.stride)
    }

    /// Splits tokens by sequence and head, heads fastest.
    fn split<'a>(&self, mut all: MatMut<'a>, tokens: usize) -> Vec<MatMut<'a>> {
        let mut parts = Vec::new();
        for _ in 0..self.batch {
            let (sequence, rest) = all.split_rows(tokens);
            all = rest;
            parts.extend(sequence.columns(self.width));
        }
        parts
    }

    fn run<T: Send>(&self, tasks: Vec<T>, f: impl Fn(T) + Sync + Send) {
        each(self.batch * self.heads * self.queries * self.keys * self.width, tasks, f);
    }
}

/// Runs tasks that take `work` multiplications in all, in parallel if that outweighs starting threads.
pub(super) fn each<T: Send>(work: usize, tasks: Vec<T>, f: impl Fn(T) + Sync + Send) {
    if work < 1 << 16 || rayon::current_num_threads() == 1 {
        tasks.into_iter().for_each(f);
    } else {
        tasks.into_par_iter().for_each(f);
    }
}

/// Adds a product to the first rows of `to`, of which the rows from `written` on are stale.
fn add_to_first(to: &mut MatMut<'_>, written: usize, scale: f32, a: Mat<'_>, b: Mat<'_>) {
    let (old, all) = (written.min(a.rows()), a.rows());
    matmul(to.rows(0, old), OutputMode::Add, scale, a.narrow(0, old), b, false);
    matmul(to.rows(old, all - old), OutputMode::Set, scale, a.narrow(old, all - old), b, false);
}

/// Applies softmax to the visible part of a row and zeros the rest.
///
/// The loops include the hidden part, with no weight: rows of equal length fill whole vectors, whereas a
/// visible part of any length would end in a loop over single numbers.
#[inline(always)]
pub(super) fn masked_softmax(row: &mut [f32], visible: usize) -> [f32; 2] {
    let visible = visible.min(row.len());
    row[visible..].fill(f32::MIN);
    let scale = norm::softmax_in_place(row);
    row[visible..].fill(0.0);
    scale
}

/// Turns scores into probabilities, and the gradient of the probabilities into that of the scores.
#[inline(always)]
pub(super) fn softmax_backward(p: &mut [f32], ds: &mut [f32], visible: usize, scale: &[f32]) {
    let visible = visible.min(p.len());
    let (top, by) = (scale[0], scale[1]);
    p.iter_mut().for_each(|p| *p = by * simd::exp(*p - top));
    p[visible..].fill(0.0);
    let mean = simd::dot(p, ds);
    ds.iter_mut().zip(p).for_each(|(ds, p)| *ds = *p * (*ds - mean));
}
