//! Tests that a resumed fit equals one that never stopped.

use super::*;
use crate::stopping::Stopping;

/// Fits with a stop after each of `stops`, and returns the saved tokenizer and the table.
fn fitted(config: &Vq, stops: &[u64]) -> (Vec<u8>, Stopping) {
    let scans = fixture::scans(fixture::waves(10, 0));
    let (split, text, runtime) = (fixture::all_train(&scans), text(&scans), runtime());
    let mut stopping = Stopping::new();
    let fitted = stopping.at_each(stops, |stopping| {
        let mut cx = FitContext { runtime: &runtime, seed: 7, observer: stopping };
        config.fit(&split.train(&scans)?, &text, &mut cx)
    });
    (bytes(&*fitted), stopping)
}

#[test]
fn a_stopped_fit_ends_with_the_same_bits() {
    let noise = Vq { dropout: 0.1, drop_path: 0.1, revive_after: 2, ..tiny(1.0, 0.1, 0.1, 0.1) };
    let config = Vq { steps: 27, warmup: 5, batch_size: 4, ..noise };
    let (straight, table) = fitted(&config, &[]);
    assert!(table.rows.iter().any(|(step, name, _)| (*step, &**name) == (20, "codebook_use")));
    // During the warm-up, at its end, between two rows of the table, and at the last step.
    for stops in [&[3][..], &[5, 6], &[13, 20, 26], &[27]] {
        let (stopped, resumed) = fitted(&config, stops);
        assert_eq!(resumed.resumed, *stops.last().unwrap());
        assert!(straight == stopped, "{stops:?}");
        assert_eq!(table.rows, resumed.rows, "{stops:?}");
    }
}
