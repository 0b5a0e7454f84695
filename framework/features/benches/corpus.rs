//! Time of each family for a scan of 100 to 1000 regions, on one thread: `cargo bench -p
//! boldface-features`.
//!
//! Scans have 300 volumes, a TR of 2 s and seven networks. `tests/python/bench_corpus.py` compares with
//! Python tools.

mod families;

use std::f64::consts::TAU;

use boldface::TimeSeries;
use criterion::{BenchmarkId, Criterion};
use families::{BenchmarkCase, FAMILIES};

const TRS: usize = 300;

/// Returns simulated regions: the network's slow wave, own autoregressive noise and a little of all
/// other noise.
fn made(rois: usize) -> (TimeSeries, Vec<String>) {
    let mut state = 1_234_567_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    };
    let (mut own, mut of_network) = (vec![0.0; rois], [0.0; 7]);
    let mut values = Vec::new();
    for t in 0..TRS {
        of_network.iter_mut().for_each(|x| *x = 0.8 * *x + noise());
        let all = (TAU * t as f64 / 40.0).sin();
        for (roi, own) in own.iter_mut().enumerate() {
            *own = 0.5 * *own + noise();
            values.push((*own + 0.6 * of_network[roi * 7 / rois] + 0.2 * all) as f32);
        }
    }
    let networks = (0..rois).map(|roi| format!("N{}", roi * 7 / rois)).collect();
    (TimeSeries::new(TRS, rois, 2.0, values).expect("as many values as were made"), networks)
}

fn corpus(criterion: &mut Criterion) {
    for family in FAMILIES {
        let mut group = criterion.benchmark_group(family);
        group.sample_size(10);
        for rois in [100, 200, 400, 1000] {
            let (series, networks) = made(rois);
            let case = BenchmarkCase::new(series, networks, family);
            group.bench_with_input(BenchmarkId::from_parameter(rois), &case, |bencher, case| {
                bencher.iter(|| case.measure(family));
            });
        }
        group.finish();
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    corpus(&mut criterion);
    criterion.final_summary();
}
