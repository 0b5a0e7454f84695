//! Training scans as tokens, and the order of batches.
//!
//! Scans may differ in length. Those of a batch that are equally long make one rectangle of tokens, and
//! every rectangle passes through the networks by itself. No token is padding, so none reaches a loss.

use std::ops::Range;

use boldface::{Codes, Result, TimeSeries, TrainScans};
use boldface_engine::{Engine, Tensor};
use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::super::patches::whole_patches;
use super::norms::PatchNorms;
use super::{coupling, edges, nodes};
use crate::nets::autoencoder::AutoencoderShape;

/// Every training scan, cut into tokens.
pub(super) struct Tokens {
    /// Patches of the longest scan.
    pub(super) patches: usize,
    /// Regions per scan.
    pub(super) rois: usize,
    /// Volumes per patch.
    patch: usize,
    /// Signals, `patches * rois * patch` numbers of a scan of so many patches.
    pub(super) scans: Vec<Vec<f32>>,
}

impl Tokens {
    /// Cuts all scans into tokens.
    ///
    /// # Errors
    /// If there are no scans, or one is not a whole number of patches or has other regions than the
    /// first.
    pub(super) fn cut(train: &TrainScans<'_>, patch: usize) -> Result<Tokens> {
        let first = train.iter().next().ok_or("no scan to train on")?;
        let rois = first.series.rois();
        let cut = |scan: &boldface::Scan| -> Result<Vec<f32>> {
            let (series, id) = (&scan.series, &scan.info.id);
            whole_patches(series, patch).map_err(|error| format!("scan `{id}`: {error}"))?;
            if series.rois() != rois {
                let (regions, first) = (series.rois(), &first.info.id);
                return Err(format!("scan `{id}` has {regions} regions and `{first}` has {rois}").into());
            }
            Ok(tokens(series, patch))
        };
        let scans = train.iter().map(cut).collect::<Result<Vec<_>>>()?;
        let patches = train.iter().map(|scan| scan.series.trs() / patch).max().unwrap_or(0);
        Ok(Tokens { patches, rois, patch, scans })
    }

    /// Number of tokens of one scan.
    pub(super) fn count(&self, scan: usize) -> usize {
        self.scans[scan].len() / self.patch
    }

    /// Groups the scans of a batch by length, shortest first, and keeps their order otherwise.
    pub(super) fn rectangles(&self, batch: &[usize]) -> Vec<Rectangle> {
        let mut scans = batch.to_vec();
        scans.sort_by_key(|&scan| self.count(scan));
        let mut start = 0;
        let rectangle = |scans: &[usize]| {
            let tokens = self.count(scans[0]);
            let rows = start..start + tokens * scans.len();
            start = rows.end;
            Rectangle { scans: scans.to_vec(), tokens, rows }
        };
        scans.chunk_by(|&a, &b| self.count(a) == self.count(b)).map(rectangle).collect()
    }
}

/// Scans of a batch that have equally many tokens.
pub(super) struct Rectangle {
    /// The scans.
    pub(super) scans: Vec<usize>,
    /// Tokens per scan.
    pub(super) tokens: usize,
    /// Their rows among all tokens of the batch, scan by scan.
    pub(super) rows: Range<usize>,
}

/// The scans of a rectangle as tensors.
pub(super) struct TokenBatch {
    /// Inputs of the tokens, `(B, T, inputs)`.
    pub(super) inputs: Tensor,
    /// Signals, `(B, T, S)`.
    pub(super) signal: Tensor,
}

impl Tokens {
    /// Returns scans of equal length, as the encoder's inputs and as the decoder's targets.
    pub(super) fn shown(
        &self,
        batch: &[usize],
        shape: &AutoencoderShape,
        norms: &PatchNorms,
        engine: &Engine,
    ) -> TokenBatch {
        let dims = |numbers: usize| [batch.len(), self.count(batch[0]), numbers];
        let signal = batch.iter().flat_map(|&scan| &self.scans[scan]).copied().collect();
        TokenBatch {
            inputs: engine
                .tensor(self.each(batch, |tokens| inputs(tokens, shape, norms)), &dims(shape.inputs())),
            signal: engine.tensor(signal, &dims(shape.patch)),
        }
    }

    /// Returns the correlation rows of a batch of any lengths, `(M, N)`.
    pub(super) fn coupling(&self, batch: &[usize], shape: &AutoencoderShape, engine: &Engine) -> Tensor {
        let rows = self.each(batch, |tokens| coupling::rows(tokens, self.rois, shape.patch));
        let count = rows.len() / self.rois;
        engine.tensor(rows, &[count, self.rois])
    }

    /// Returns the amplitudes of a batch of any lengths at the frequencies of a patch above 0, `(M, S / 2)`.
    pub(super) fn spectrum(&self, batch: &[usize], shape: &AutoencoderShape, engine: &Engine) -> Tensor {
        let amplitudes = self.each(batch, |tokens| spectrum(tokens, shape.patch));
        let count = batch.iter().map(|&scan| self.count(scan)).sum();
        engine.tensor(amplitudes, &[count, shape.frequencies()])
    }

    /// Applies `of` to each scan's tokens and concatenates the results.
    fn each(&self, batch: &[usize], of: impl Fn(&[f32]) -> Vec<f32> + Sync) -> Vec<f32> {
        let scans: Vec<Vec<f32>> = batch.par_iter().map(|&scan| of(&self.scans[scan])).collect();
        scans.concat()
    }
}

/// Returns the inputs of one scan's tokens: signal, row of correlations, row of edges and measures, and
/// the means of all but the signal over the token's network, as far as `shape` has them. `norms`
/// standardises the measures.
pub(super) fn inputs(tokens: &[f32], shape: &AutoencoderShape, norms: &PatchNorms) -> Vec<f32> {
    let around = around(tokens, shape, norms);
    let numbers = shape.around();
    let means = if shape.networks { network_means(&around, numbers, &norms.networks) } else { Vec::new() };
    let mut values = Vec::with_capacity(tokens.len() / shape.patch * shape.inputs());
    for (place, signal) in tokens.chunks_exact(shape.patch).enumerate() {
        if shape.signal {
            values.extend_from_slice(signal);
        }
        values.extend_from_slice(&around[place * numbers..(place + 1) * numbers]);
        if shape.networks {
            let group = place / shape.rois * shape.rois + norms.networks[place % shape.rois];
            values.extend_from_slice(&means[group * numbers..(group + 1) * numbers]);
        }
    }
    values
}

/// Returns what relates each token's region to the others: rows, then measures.
fn around(tokens: &[f32], shape: &AutoencoderShape, norms: &PatchNorms) -> Vec<f32> {
    if shape.around() == 0 {
        return Vec::new();
    }
    let rows = coupling::rows(tokens, shape.rois, shape.patch);
    let edges = if shape.edges { edges::rows(&rows, shape.rois) } else { Vec::new() };
    let mut measures = match shape.measures {
        0 => Vec::new(),
        _ => nodes::measures(&rows, shape.rois, &norms.networks),
    };
    let mut values = Vec::with_capacity(tokens.len() / shape.patch * shape.around());
    for place in 0..tokens.len() / shape.patch {
        if shape.coupling {
            values.extend_from_slice(&rows[place * shape.rois..(place + 1) * shape.rois]);
        }
        if shape.edges {
            values.extend_from_slice(&edges[place * shape.rois..(place + 1) * shape.rois]);
        }
        let own = &mut measures[place * shape.measures..(place + 1) * shape.measures];
        norms.apply(place, own);
        values.extend_from_slice(own);
    }
    values
}

/// Averages the numbers of each patch's tokens over networks: the mean of network `k` in patch `p` is at
/// `(p * rois + k) * numbers`.
fn network_means(around: &[f32], numbers: usize, networks: &[usize]) -> Vec<f32> {
    let rois = networks.len();
    let mut means = vec![0f32; around.len()];
    for (means, patch) in means.chunks_mut(rois * numbers).zip(around.chunks(rois * numbers)) {
        for (token, &network) in patch.chunks(numbers).zip(networks) {
            let regions = networks.iter().filter(|&&other| other == network).count() as f32;
            let mean = &mut means[network * numbers..(network + 1) * numbers];
            mean.iter_mut().zip(token).for_each(|(mean, value)| *mean += value / regions);
        }
    }
    means
}

/// Returns the amplitude of each token at each frequency of its patch above 0: `2 / S |X_k|`.
fn spectrum(tokens: &[f32], patch: usize) -> Vec<f32> {
    let turn = |k: usize, t: usize| std::f32::consts::TAU * (k * t % patch) as f32 / patch as f32;
    let waves: Vec<Vec<(f32, f32)>> =
        (1..=patch / 2).map(|k| (0..patch).map(|t| turn(k, t).sin_cos()).collect()).collect();
    let amplitude = |signal: &[f32], wave: &[(f32, f32)]| {
        let sum = signal
            .iter()
            .zip(wave)
            .fold((0.0, 0.0), |(re, im), (x, (sin, cos))| (re + x * cos, im + x * sin));
        2.0 / patch as f32 * (sum.0 * sum.0 + sum.1 * sum.1).sqrt()
    };
    tokens
        .chunks_exact(patch)
        .flat_map(|signal| waves.iter().map(move |wave| amplitude(signal, wave)))
        .collect()
}

/// Cuts a series into tokens: `token[(patch * rois + roi) * volumes + volume]`.
pub(super) fn tokens(series: &TimeSeries, patch: usize) -> Vec<f32> {
    let places = (0..series.trs() / patch).flat_map(|index| (0..series.rois()).map(move |roi| (index, roi)));
    places.flat_map(|(index, roi)| (0..patch).map(move |t| series.volume(index * patch + t)[roi])).collect()
}

/// Joins tokens into a series: the inverse of [`tokens`].
pub(super) fn series(tokens: &[f32], codes: &Codes, patch: usize, tr: f64) -> Result<TimeSeries> {
    let (trs, rois) = (codes.patches * patch, codes.rois);
    let at = |volume: usize, roi: usize| tokens[(volume / patch * rois + roi) * patch + volume % patch];
    let values = (0..trs).flat_map(|volume| (0..rois).map(move |roi| at(volume, roi))).collect();
    TimeSeries::new(trs, rois, tr, values)
}

/// Draws batches of distinct scans in shuffled order, and shuffles again when too few scans are left
/// for a batch.
pub(super) struct Batches<R> {
    order: Vec<usize>,
    next: usize,
    rng: R,
}

impl<R: Rng> Batches<R> {
    /// Creates batches of `scans` scans, shuffled by `rng`.
    pub(super) fn new(scans: usize, rng: R) -> Batches<R> {
        Batches { order: (0..scans).collect(), next: scans, rng }
    }

    /// Draws the next `size` scans; all of them if there are fewer.
    pub(super) fn draw(&mut self, size: usize) -> Vec<usize> {
        let size = size.min(self.order.len());
        if self.next + size > self.order.len() {
            self.order.shuffle(&mut self.rng);
            self.next = 0;
        }
        self.next += size;
        self.order[self.next - size..self.next].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_time_major_and_join_to_the_series_again() {
        // 4 volumes of 2 regions, in patches of 2. Region 0 counts 0 2 4 6, region 1 counts 1 3 5 7.
        let whole = TimeSeries::new(4, 2, 2.0, (0..8).map(|i| i as f32).collect()).unwrap();
        let cut = tokens(&whole, 2);
        assert_eq!(cut, [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
        let codes = Codes { patches: 2, rois: 2, codes: vec![0; 4] };
        assert_eq!(series(&cut, &codes, 2, 2.0).unwrap(), whole);
    }

    #[test]
    fn every_scan_comes_once_before_any_comes_again() {
        let mut batches = Batches::new(6, boldface::seed::stream(0, "batches"));
        for _ in 0..3 {
            let mut epoch: Vec<usize> = (0..3).flat_map(|_| batches.draw(2)).collect();
            epoch.sort_unstable();
            assert_eq!(epoch, [0, 1, 2, 3, 4, 5]);
        }
        // 4 of 6: the remaining 2 do not make a batch.
        for _ in 0..5 {
            let mut batch = batches.draw(4);
            batch.sort_unstable();
            batch.dedup();
            assert_eq!(batch.len(), 4);
        }
        assert_eq!(batches.draw(9).len(), 6);
    }
}
