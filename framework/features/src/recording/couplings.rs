//! Compares the couplings of recordings. Two parts of one recording have none of their volumes in common,
//! but their couplings are more alike than those of any other person.

use rayon::prelude::*;

use super::Recording;
use crate::inner_products;

/// Largest number of couplings of all scans together. It bounds the memory to 64 MiB.
const MOST: usize = 16 << 20;

/// Largest correlation that is transformed, so that copies of a region do not outweigh all others.
const LARGEST: f64 = 0.98;

/// How alike the couplings of each two recordings are.
#[derive(Clone, Debug)]
pub struct Likeness {
    correlations: Vec<Vec<f64>>,
    /// Median and scaled median absolute deviation of each recording's correlations with others.
    usual: Vec<(f64, f64)>,
}

/// Returns the regions whose couplings to compare among `scans` scans of `regions` regions: all, or as
/// many as fit into the memory, evenly.
pub fn regions(scans: usize, regions: usize) -> Vec<usize> {
    let affordable = ((2 * MOST / scans.max(1)) as f64).sqrt() as usize;
    let count = regions.min(affordable.max(2));
    (0..count).map(|place| place * regions / count).collect()
}

impl Likeness {
    /// Compares the couplings of every recording with those of every other, beyond what all have in
    /// common. Each recording has equally many.
    pub fn new(mut all: Vec<Vec<f32>>) -> Likeness {
        let couplings = all.first().map_or(0, Vec::len);
        let means: Vec<f32> = (0..couplings)
            .into_par_iter()
            .map(|place| {
                let known = all.iter().map(|row| row[place]).filter(|value| value.is_finite());
                let (sum, count) =
                    known.fold((0.0, 0.0_f32), |(sum, count), value| (sum + value, count + 1.0));
                sum / count.max(1.0)
            })
            .collect();
        all.par_iter_mut().for_each(|row| {
            let centre = |(value, mean): (&mut f32, &f32)| {
                *value = if value.is_finite() { *value - mean } else { 0.0 };
            };
            row.iter_mut().zip(&means).for_each(centre);
            let mean = row.iter().sum::<f32>() / row.len().max(1) as f32;
            row.iter_mut().for_each(|value| *value -= mean);
            let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            row.iter_mut().for_each(|value| *value /= norm);
        });
        let correlations = inner_products(&all, &all);
        let usual = correlations.par_iter().enumerate().map(|(own, row)| usual(own, row)).collect();
        Likeness { correlations, usual }
    }

    /// Returns the correlation of the couplings of two recordings.
    pub fn correlation(&self, one: usize, other: usize) -> f64 {
        self.correlations[one][other]
    }

    /// Returns how far the likeness of two recordings is above the usual one of both, in standard
    /// deviations: the smaller of the two distances.
    pub fn above_usual(&self, one: usize, other: usize) -> f64 {
        self.distance(one, self.correlations[one][other])
            .min(self.distance(other, self.correlations[one][other]))
    }

    /// Returns how far the likeness of two recordings is above the best of each with the recordings in
    /// `others`, in standard deviations: the smaller of the two distances.
    pub fn above_next(&self, one: usize, other: usize, others: impl Iterator<Item = usize> + Clone) -> f64 {
        let own = self.correlations[one][other];
        let gap = |of: usize| {
            let next =
                others.clone().map(|third| self.correlations[of][third]).fold(f64::NEG_INFINITY, f64::max);
            self.distance(of, own) - self.distance(of, next)
        };
        gap(one).min(gap(other))
    }

    fn distance(&self, of: usize, correlation: f64) -> f64 {
        let (median, deviation) = self.usual[of];
        (correlation - median) / deviation.max(1e-9)
    }
}

fn usual(own: usize, row: &[f64]) -> (f64, f64) {
    let mut others: Vec<f64> =
        row.iter().enumerate().filter(|(place, _)| *place != own).map(|(_, value)| *value).collect();
    let median = middle(&mut others);
    let mut away: Vec<f64> = others.iter().map(|value| (value - median).abs()).collect();
    // 1.4826 times the median absolute deviation is the standard deviation of normal values.
    (median, 1.4826 * middle(&mut away))
}

fn middle(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let place = values.len() / 2;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

impl Recording {
    /// Returns Fisher's z of the correlation of each two of `regions`; NaN where one has no signal.
    pub fn couplings(&self, regions: &[usize]) -> Vec<f32> {
        let signals: Vec<Vec<f32>> = regions
            .iter()
            .map(|&region| (0..self.volumes).map(|volume| self.volume(volume)[region]).collect())
            .collect();
        let products = inner_products(&signals, &signals);
        let pairs = (0..regions.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let coupling = |(a, b): (usize, usize)| {
            let norm = (products[a][a] * products[b][b]).sqrt();
            let correlation = if norm > 0.0 { products[a][b] / norm } else { f64::NAN };
            correlation.clamp(-LARGEST, LARGEST).atanh() as f32
        };
        pairs.map(coupling).collect()
    }
}
