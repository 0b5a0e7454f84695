//! Training scans that differ in length.

use boldface::seed;

use super::super::data::Batches;
use super::super::facts::FactDeviations;
use super::super::window::MetricWindow as Measurements;
use super::*;

/// Waves of 24 volumes, of which every third is cut to 12.
fn mixed(count: usize, seed: u64) -> Vec<TimeSeries> {
    let cut = |(place, series): (usize, TimeSeries)| match place % 3 {
        1 => series.window(Window::first(12)).unwrap(),
        _ => series,
    };
    fixture::waves(count, seed).into_iter().enumerate().map(cut).collect()
}

/// Losses of the first steps on two scans, of 24 and of 12 volumes, while the weights hardly move.
fn losses(batch_size: usize, steps: u64) -> Vec<[f64; 3]> {
    let losses = Losses { coupling: 1.0, spectrum: 1.0, ..tiny(1.0, 0.0, 0.0, 0.0).losses };
    let config =
        Vq { batch_size, losses, codebook_size: 2, warmup: 9, peak_lr: 1e-12, ..tiny(1.0, 0.0, 0.0, 0.0) };
    let scans = fixture::scans(mixed(2, 3));
    let split = fixture::all_train(&scans);
    let train = split.train(&scans).unwrap();
    let engine = boldface_engine::open("dfdx", "cpu").unwrap();
    let parts = (
        Tokens::cut(&train, config.patch).unwrap(),
        vec![0; 4],
        TextVectors::collect(&train, &no_text()).unwrap(),
        FactDeviations::collect(&train),
    );
    let mut trainer = Trainer::new(&config, &engine, parts, 7).unwrap();
    let step = |step: u64| {
        let mut measured = Measurements::default();
        trainer.step(step, &mut measured);
        let metrics = measured.metrics(config.codebook_size);
        ["reconstruction_mse", "coupling_mse", "spectrum_mse"]
            .map(|name| metrics.iter().find(|metric| metric.name == name).unwrap().value)
    };
    (0..steps).map(step).collect()
}

#[test]
fn a_loss_is_the_mean_over_the_tokens_that_there_are() {
    let together = losses(2, 1)[0];
    let alone = losses(1, 2);
    let first = Batches::new(2, seed::stream(7, "vq.batches")).draw(1)[0];
    let (long, short) = (alone[first], alone[1 - first]);
    for loss in 0..3 {
        // 16 tokens and 8 tokens.
        let expected = (2.0 * long[loss] + short[loss]) / 3.0;
        assert!((together[loss] - expected).abs() < 1e-5 * expected, "{loss}: {} {expected}", together[loss]);
        assert!((long[loss] - short[loss]).abs() > 1e-3 * expected, "the scans do not differ");
    }
}

#[test]
fn rectangles_keep_the_order_and_hold_every_token_once() {
    let scans = fixture::scans(mixed(6, 0));
    let tokens = Tokens::cut(&fixture::all_train(&scans).train(&scans).unwrap(), 6).unwrap();
    assert_eq!((tokens.patches, tokens.count(0), tokens.count(1)), (4, 16, 8));
    let found = tokens.rectangles(&[5, 4, 0, 1]);
    let found: Vec<_> = found.into_iter().map(|of| (of.scans, of.tokens, of.rows)).collect();
    assert_eq!(found, [(vec![4, 1], 8, 0..16), (vec![5, 0], 16, 16..48)]);
    let [one] = &tokens.rectangles(&[5, 0, 3])[..] else { panic!("three scans are equally long") };
    assert_eq!((&one.scans[..], one.rows.clone()), (&[5, 0, 3][..], 0..48));
}

#[test]
fn every_loss_learns_from_scans_of_several_lengths_and_a_short_scan_is_read_alone_as_among_long_ones() {
    let scans = fixture::scans(mixed(12, 0));
    let config = Vq { steps: 120, ..tiny(1.0, 1.0, 1.0, 0.1) };
    let (fitted, kept) = fit_on(&config, &scans, &text(&scans));
    for name in ["reconstruction_mse", "alignment"] {
        let (first, last) = ends(&kept, name);
        assert!(last < 0.8 * first, "{name}: {first} to {last}");
    }
    let new = mixed(6, 1);
    let together = fitted.embed(&new.iter().collect::<Vec<_>>()).unwrap();
    for (series, (features, codes)) in new.iter().zip(&together) {
        let (alone, alone_codes) = fitted.embed(&[series]).unwrap().remove(0);
        assert_eq!((&alone_codes, alone.values.len()), (codes, series.trs() / 6 * 4 * fitted.width()));
        let furthest =
            alone.values.iter().zip(&features.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1e-5, "{furthest}");
    }
}
