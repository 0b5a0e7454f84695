//! Attention of several sequences after the same tokens, which are kept once.
//!
//! The queries of all sequences after one prefix are consecutive rows, so their scores with the prefix
//! are one product. A copy of the prefix per sequence would be most of the work: copies of a scan's keys
//! and values for its questions took a third of a training step. `tests/ops/attention.rs` checks this
//! kernel against the one in `attention.rs`, which explains blocks, masks and letters; here `S` is the
//! number of prefixes and `Tp` their length.

use std::ops::Range;
use std::sync::Arc;

use super::attention::{BLOCK, each, masked_softmax, softmax_backward};
use super::buffer::Buffer;
use super::matmul::{Mat, MatMut, OutputMode, matmul};
use super::{DfdxTensor, record};

/// The shape of one attention operation after prefixes.
#[derive(Clone, Debug)]
pub(crate) struct AttentionAfter {
    pub(crate) prefixes: usize,
    /// Number of tokens per prefix.
    pub(crate) prefix: usize,
    /// Number of tokens per sequence after its prefix.
    pub(crate) tokens: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    /// Width of one head.
    pub(crate) width: usize,
    /// The prefix of each sequence (B), in ascending order.
    pub(crate) of: Arc<[u32]>,
    /// For each query (B, T), the number of keys it sees from the first, those of the prefix included.
    pub(crate) visible: Arc<[u32]>,
}

/// Sequences after one prefix, in consecutive rows.
struct Run {
    prefix: usize,
    sequences: Range<usize>,
}

/// Gradients that one task of the backward pass writes.
struct Slopes<'a> {
    /// Gradients of the queries, by head.
    q: Vec<MatMut<'a>>,
    /// Gradients of the sequences' own keys and values, then of the prefix's.
    own: [MatMut<'a>; 2],
    prefix: [MatMut<'a>; 2],
}

impl AttentionAfter {
    /// Attention of q (B, T, H*E) to own k, v (B, T, G*E) and those of prefixes (S, Tp, G*E) ->
    /// (B, T, H*E).
    pub(crate) fn run(self, q: &DfdxTensor, own: [&DfdxTensor; 2], prefix: [&DfdxTensor; 2]) -> DfdxTensor {
        let all = [q.clone(), own[0].clone(), own[1].clone(), prefix[0].clone(), prefix[1].clone()];
        let data = all.each_ref().map(DfdxTensor::data);
        let (out, scales) = self.forward(data);
        let dims = q.dims.clone();
        let keys = all.each_ref().map(DfdxTensor::key);
        let inputs = all.clone();
        let key = record(&keys, move |flow, dy| {
            let mut slopes = inputs.each_ref().map(|x| Buffer::stale(x.len()));
            self.backward(inputs.each_ref().map(DfdxTensor::data), &scales, &dy, &mut slopes);
            for (x, slope) in inputs.iter().zip(slopes) {
                flow.add(x.key(), slope);
            }
        });
        DfdxTensor::recorded(out, &dims, key)
    }

    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (sequence, &prefix) in self.of.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if run.prefix == prefix as usize => run.sequences.end = sequence + 1,
                _ => runs.push(Run { prefix: prefix as usize, sequences: sequence..sequence + 1 }),
            }
        }
        runs
    }

    /// Splits a run into blocks of whole sequences.
    fn blocks(&self, run: &Run) -> impl Iterator<Item = Range<usize>> + use<> {
        let (each, end) = ((BLOCK / self.tokens.max(1)).max(1), run.sequences.end);
        run.sequences.clone().step_by(each).map(move |start| start..(start + each).min(end))
    }

    /// Returns the largest number of scores in a block.
    fn scores_size(&self) -> usize {
        BLOCK.max(self.tokens) * (self.prefix + self.tokens)
    }

    /// Returns the output, and the largest score and factor of the exponentials per run, head and query.
    fn forward(&self, [q, k, v, pk, pv]: [&[f32]; 5]) -> (Buffer, Buffer) {
        let (rows, width) = (self.of.len() * self.tokens, self.heads * self.width);
        let mut out = Buffer::stale(rows * width);
        let mut scales = Buffer::stale(2 * rows * self.heads);
        let runs = self.runs();
        let mut tasks = Vec::new();
        let (mut outs, mut rest) = (MatMut::new(&mut out, rows, width), &mut scales[..]);
        for run in &runs {
            let queries = run.sequences.len() * self.tokens;
            let (of_run, others) = outs.split_rows(queries);
            outs = others;
            for (head, of_head) in of_run.columns(self.width).into_iter().enumerate() {
                let (scales, others) = rest.split_at_mut(2 * queries);
                rest = others;
                tasks.push((run, head, of_head, scales));
            }
        }
        self.each(tasks, |(run, h, mut out, scales)| {
            let g = h / (self.heads / self.kv_heads);
            let mut scores = Buffer::stale(self.scores_size());
            for block in self.blocks(run) {
                let first = (block.start - run.sequences.start) * self.tokens;
                let (rows, keys) = (block.len() * self.tokens, self.prefix + self.tokens);
                let scores = &mut scores[..rows * keys];
                self.products(scores, self.scale(), (q, self.heads, h), [k, pk], g, run, &block);
                let visible = &self.visible[block.start * self.tokens..block.end * self.tokens];
                simd!(vectorized, || {
                    let rows = scores.chunks_mut(keys).zip(visible).zip(scales[2 * first..].chunks_mut(2));
                    for ((row, visible), scale) in rows {
                        scale.copy_from_slice(&masked_softmax(row, *visible as usize));
                    }
                });
                let weights = Mat::strided(scores, rows, self.prefix, keys);
                let of_prefix = self.of_prefix(pv, g, run.prefix);
                matmul(out.rows(first, rows), OutputMode::Set, 1.0, weights, of_prefix, false);
                for (place, sequence) in block.enumerate() {
                    let weights = self.own_scores(scores, place);
                    let out = out.rows(first + place * self.tokens, self.tokens);
                    matmul(
                        out,
                        OutputMode::Add,
                        1.0,
                        weights,
                        self.own(v, self.kv_heads, g, sequence),
                        false,
                    );
                }
            }
        });
        (out, scales)
    }

    fn backward(&self, [q, k, v, pk, pv]: [&[f32]; 5], scales: &[f32], dy: &[f32], slopes: &mut [Buffer; 5]) {
        let runs = self.runs();
        let group = self.heads / self.kv_heads;
        let tasks = self.tasks(&runs, slopes);
        self.each(
            tasks,
            |(run, g, start, Slopes { q: dqs, own: [mut dk, mut dv], prefix: [mut dpk, mut dpv] })| {
                let (mut scores, mut slopes) =
                    (Buffer::stale(self.scores_size()), Buffer::stale(self.scores_size()));
                let queries = run.sequences.len() * self.tokens;
                let (mut of_prefix, keys) = (OutputMode::Set, self.prefix + self.tokens);
                for ((h, mut dq), number) in (g * group..).zip(dqs).zip(0..) {
                    let of_own = if number == 0 { OutputMode::Set } else { OutputMode::Add };
                    for block in self.blocks(run) {
                        let first = (block.start - run.sequences.start) * self.tokens;
                        let rows = block.len() * self.tokens;
                        let (p, ds) = (&mut scores[..rows * keys], &mut slopes[..rows * keys]);
                        self.products(p, self.scale(), (q, self.heads, h), [k, pk], g, run, &block);
                        self.products(ds, 1.0, (dy, self.heads, h), [v, pv], g, run, &block);
                        let visible = &self.visible[block.start * self.tokens..block.end * self.tokens];
                        let scales = &scales[2 * (start + number * queries + first)..];
                        simd!(vectorized, || {
                            let rows = p.chunks_mut(keys).zip(ds.chunks_mut(keys));
                            for ((p, ds), (visible, scale)) in rows.zip(visible.iter().zip(scales.chunks(2)))
                            {
                                softmax_backward(p, ds, *visible as usize, scale);
                            }
                        });
                        let [p_prefix, ds_prefix] =
                            [&*p, &*ds].map(|x| Mat::strided(x, rows, self.prefix, keys));
                        let [q_block, dy_block] = [q, dy].map(|x| self.rows(x, self.heads, h, &block));
                        matmul(dpv.rows(0, self.prefix), of_prefix, 1.0, p_prefix.t(), dy_block, false);
                        matmul(
                            dpk.rows(0, self.prefix),
                            of_prefix,
                            self.scale(),
                            ds_prefix.t(),
                            q_block,
                            false,
                        );
                        of_prefix = OutputMode::Add;
                        let keys_of_prefix = self.of_prefix(pk, g, run.prefix);
                        matmul(
                            dq.rows(first, rows),
                            OutputMode::Set,
                            self.scale(),
                            ds_prefix,
                            keys_of_prefix,
                            false,
                        );
                        for (place, sequence) in block.enumerate() {
                            let at = first + place * self.tokens;
                            let [p, ds] = [&*p, &*ds].map(|x| self.own_scores(x, place));
                            let [q, dy] = [q, dy].map(|x| self.own(x, self.heads, h, sequence));
                            let keys = self.own(k, self.kv_heads, g, sequence);
                            matmul(dq.rows(at, self.tokens), OutputMode::Add, self.scale(), ds, keys, false);
                            matmul(dv.rows(at, self.tokens), of_own, 1.0, p.t(), dy, false);
                            matmul(dk.rows(at, self.tokens), of_own, self.scale(), ds.t(), q, false);
                        }
                    }
                }
            },
        );
    }

    /// Splits gradients by run and key-value head, and zeros those of prefixes that no sequence follows.
    fn tasks<'a, 'r>(
        &self,
        runs: &'r [Run],
        slopes: &'a mut [Buffer; 5],
    ) -> Vec<(&'r Run, usize, usize, Slopes<'a>)> {
        let rows = self.of.len() * self.tokens;
        let group = self.heads / self.kv_heads;
        let [q_width, kv_width] = [self.heads, self.kv_heads].map(|heads| heads * self.width);
        let each = self.prefix * kv_width;
        let [q, k, v, pk, pv] = slopes;
        for prefix in (0..self.prefixes).filter(|prefix| runs.iter().all(|run| run.prefix != *prefix)) {
            [&mut *pk, &mut *pv].into_iter().for_each(|x| x[prefix * each..][..each].fill(0.0));
        }
        let mut q = MatMut::new(q, rows, q_width);
        let mut own = [k, v].map(|x| MatMut::new(x, rows, kv_width));
        let mut prefixes = [pk, pv].map(|x| MatMut::new(x, self.prefixes * self.prefix, kv_width));
        let (mut passed, mut start, mut tasks) = (0, 0, Vec::new());
        for run in runs {
            let queries = run.sequences.len() * self.tokens;
            let (q_run, q_rest) = q.split_rows(queries);
            q = q_rest;
            let mut dqs = q_run.columns(self.width).into_iter();
            // Views of own keys and values, then of the prefix's.
            let mut heads = Vec::new();
            own = own.map(|x| {
                let (of_run, rest) = x.split_rows(queries);
                heads.push(of_run.columns(self.width).into_iter());
                rest
            });
            prefixes = prefixes.map(|x| {
                let (_, from) = x.split_rows((run.prefix - passed) * self.prefix);
                let (of_run, rest) = from.split_rows(self.prefix);
                heads.push(of_run.columns(self.width).into_iter());
                rest
            });
            passed = run.prefix + 1;
            for g in 0..self.kv_heads {
                let mut head = |which: usize| heads[which].next().expect("a view of each head");
                let (own, prefix) = ([head(0), head(1)], [head(2), head(3)]);
                let slopes = Slopes { q: dqs.by_ref().take(group).collect(), own, prefix };
                tasks.push((run, g, start + g * group * queries, slopes));
            }
            start += self.heads * queries;
        }
        tasks
    }

    /// Writes `scale` times the products of each row of a block with all its keys, the prefix's first.
    #[expect(clippy::too_many_arguments, reason = "rows and columns of one product")]
    fn products(
        &self,
        out: &mut [f32],
        scale: f32,
        (rows, heads, head): (&[f32], usize, usize),
        [own, prefix]: [&[f32]; 2],
        g: usize,
        run: &Run,
        block: &Range<usize>,
    ) {
        let (count, keys) = (block.len() * self.tokens, self.prefix + self.tokens);
        let (left, mut right) = MatMut::new(out, count, keys).split_cols(self.prefix);
        let of_prefix = self.of_prefix(prefix, g, run.prefix);
        matmul(left, OutputMode::Set, scale, self.rows(rows, heads, head, block), of_prefix.t(), false);
        for (place, sequence) in block.clone().enumerate() {
            let out = right.rows(place * self.tokens, self.tokens);
            let keys = self.own(own, self.kv_heads, g, sequence);
            matmul(out, OutputMode::Set, scale, self.own(rows, heads, head, sequence), keys.t(), false);
        }
    }

    /// Returns one head of the rows of a block of sequences.
    fn rows<'a>(&self, x: &'a [f32], heads: usize, head: usize, block: &Range<usize>) -> Mat<'a> {
        let stride = heads * self.width;
        let first = block.start * self.tokens * stride + head * self.width;
        Mat::strided(x.get(first..).unwrap_or(&[]), block.len() * self.tokens, self.width, stride)
    }

    /// Returns one head of a sequence's own rows.
    fn own<'a>(&self, x: &'a [f32], heads: usize, head: usize, sequence: usize) -> Mat<'a> {
        self.rows(x, heads, head, &(sequence..sequence + 1))
    }

    /// Returns one head of a prefix.
    fn of_prefix<'a>(&self, x: &'a [f32], head: usize, prefix: usize) -> Mat<'a> {
        let stride = self.kv_heads * self.width;
        let first = prefix * self.prefix * stride + head * self.width;
        Mat::strided(x.get(first..).unwrap_or(&[]), self.prefix, self.width, stride)
    }

    /// Returns the scores of the `place`-th sequence of a block with its own keys.
    fn own_scores<'a>(&self, scores: &'a [f32], place: usize) -> Mat<'a> {
        let keys = self.prefix + self.tokens;
        Mat::strided(&scores[place * self.tokens * keys + self.prefix..], self.tokens, self.tokens, keys)
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    fn each<T: Send>(&self, tasks: Vec<T>, f: impl Fn(T) + Sync + Send) {
        let keys = self.prefix + self.tokens;
        each(self.of.len() * self.tokens * self.heads * self.width * keys, tasks, f);
    }
}
