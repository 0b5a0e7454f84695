//! Tests of gradients: comparison with BrainSpace, numbers worked by hand, and bad scans.

mod bad;
mod golden;
mod hand;
mod learned;

use boldface::{Regions, TimeSeries};

use super::*;
use crate::Networks;

/// Returns the usual steps with this kernel and embedding.
fn steps(kernel: Kernel, embedding: Embedding) -> Steps {
    Steps { kernel, sparsity: 0.9, embedding, components: 3 }
}

/// Returns signals of `rois` regions over `trs` volumes: three waves mixed by place, with some noise
/// from `seed`.
fn signals(rois: usize, trs: usize, seed: u32) -> Vec<Vec<f32>> {
    let mut state = seed;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let region = |roi: usize| -> Vec<f32> {
        let place = roi as f32 / rois as f32;
        let wave = |t: f32| {
            (0.31 * t).sin() * place
                + (0.17 * t).cos() * (1.0 - place)
                + (0.53 * t).sin() * (6.0 * place).sin()
        };
        (0..trs).map(|t| wave(t as f32) + noise()).collect()
    };
    (0..rois).map(region).collect()
}

/// Returns the series of these signals, one per region.
fn series(signals: &[Vec<f32>]) -> TimeSeries {
    let trs = signals[0].len();
    let values = (0..trs).flat_map(|t| signals.iter().map(move |signal| signal[t])).collect();
    TimeSeries::new(trs, signals.len(), 2.0, values).unwrap()
}

/// Returns networks `a` (first half of the regions), `b` (second half without the last) and `c` (the
/// last region).
fn networks(rois: usize) -> Networks {
    let network = |roi: usize| {
        if roi < rois / 2 {
            "a"
        } else if roi + 1 < rois {
            "b"
        } else {
            "c"
        }
    };
    let networks = (0..rois).map(|roi| network(roi).to_owned()).collect();
    Networks::group(&Regions { names: (0..rois).map(|roi| roi.to_string()).collect(), networks })
}

/// Returns the template of one scan.
fn template(steps: &Steps, series: &TimeSeries) -> GradientTemplate {
    GradientTemplate::fit(steps, &[("p".to_owned(), series)]).unwrap()
}
