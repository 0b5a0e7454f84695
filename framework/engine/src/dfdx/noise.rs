//! Dropout of numbers and of whole samples.

use rand::Rng;

use super::buffer::Buffer;
use super::{DfdxTensor, record, simd};

impl DfdxTensor {
    /// Keeps each number with probability `1 - p`, scaled to keep the mean.
    pub(crate) fn dropout(&self, p: f32, rng: &mut impl Rng) -> DfdxTensor {
        self.keep_periods(1, p, rng)
    }

    /// Keeps each of `groups` equal parts with probability `1 - p`, scaled to keep the mean.
    pub(crate) fn drop_rows(&self, groups: usize, p: f32, rng: &mut impl Rng) -> DfdxTensor {
        self.keep_periods(self.len() / groups, p, rng)
    }

    fn keep_periods(&self, period: usize, p: f32, rng: &mut impl Rng) -> DfdxTensor {
        let kept = kept(self.len() / period.max(1), p, rng);
        let by = 1.0 / (1.0 - p);
        let mut out = Buffer::copy_of(&self.data);
        keep(&mut out, &kept, period, by);
        let to = self.key.clone();
        let key = record(&[self.key()], move |flow, mut dy| {
            keep(&mut dy, &kept, period, by);
            flow.add(to.as_ref(), dy);
        });
        DfdxTensor::recorded(out, &self.dims, key)
    }
}

/// Draws which of `count` items are kept, each with probability `1 - p`; all engines draw this way.
pub(crate) fn kept(count: usize, p: f32, rng: &mut impl Rng) -> Vec<bool> {
    let threshold = (f64::from(p) * 4_294_967_296.0) as u32;
    (0..count).map(|_| rng.next_u32() >= threshold).collect()
}

fn keep(x: &mut [f32], kept: &[bool], period: usize, by: f32) {
    if period == 1 {
        return simd!(chunks, x, |start, x| {
            keep_each(x, &kept[start..], by);
        });
    }
    simd!(rows, x, period, |first, x| {
        for (x, kept) in x.chunks_mut(period).zip(&kept[first..]) {
            let by = if *kept { by } else { 0.0 };
            simd::each(x, move |x| x * by);
        }
    });
}

#[inline(always)]
fn keep_each(x: &mut [f32], kept: &[bool], by: f32) {
    for (x, kept) in x.iter_mut().zip(kept) {
        *x *= if *kept { by } else { 0.0 };
    }
}
