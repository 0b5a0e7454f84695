//! Tests of FastICA itself.

use faer::Mat;

use super::*;
use crate::components::{Components, IterationLimits, Unsolved, fast_ica};
use crate::golden;

fn start(n: usize) -> Mat<f64> {
    let mut stream = stream(3, "start");
    Mat::from_fn(n, n, |_, _| uniform(&mut stream))
}

#[test]
fn the_group_of_one_scan_is_fast_ica_of_its_standardised_signals() {
    let series = scan(0, 1.0);
    let group = Components::blind(&[(&series, 1.0)], 3, 6, 0).unwrap();
    // Observations are regions, features are volumes.
    let scan = crate::components::scan::Standardised::compute(&series);
    let limits = IterationLimits { tolerance: 1e-9, iterations: 2000, whole_steps: 200 };
    let plain = fast_ica(scan.signals.transpose(), 3, start(3).as_ref(), limits).unwrap();
    for map in &group.maps {
        let like = |k| correlation(&map.weights, plain.sources.col_as_slice(k)).abs();
        let best = (0..3).map(like).fold(0.0, f64::max);
        assert!(best > 0.999, "{}: {best}", map.name);
    }
}

#[test]
fn sources_are_white_and_made_by_the_unmixing_matrix() {
    let series = golden::series();
    let data = Mat::from_fn(120, 60, |t, i| f64::from(series.volume(t)[i]));
    let found = fast_ica(
        data.as_ref(),
        5,
        start(5).as_ref(),
        IterationLimits { tolerance: 1e-6, iterations: 2000, whole_steps: 200 },
    )
    .unwrap();
    assert_eq!((found.sources.nrows(), found.sources.ncols()), (120, 5));
    let means: Vec<f64> = (0..60).map(|i| data.col_as_slice(i).iter().sum::<f64>() / 120.0).collect();
    for a in 0..5 {
        for b in 0..5 {
            let (x, y) = (found.sources.col_as_slice(a), found.sources.col_as_slice(b));
            let product: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / 120.0;
            assert!((product - f64::from(u8::from(a == b))).abs() < 1e-9);
        }
        let made: f64 = (0..60).map(|i| found.unmixing[(a, i)] * (data[(7, i)] - means[i])).sum();
        assert!((made - found.sources[(7, a)]).abs() < 1e-8);
    }
}

#[test]
fn what_cannot_be_solved_is_an_error() {
    let flat = Mat::from_fn(50, 8, |i, j| (i as f64).sin() * (j as f64 + 1.0));
    let rank = fast_ica(flat.as_ref(), 2, start(2).as_ref(), IterationLimits::SKLEARN).unwrap_err();
    assert_eq!(rank, Unsolved::Rank { components: 2, rank: 1 });
    let series = golden::series();
    let data = Mat::from_fn(120, 60, |t, i| f64::from(series.volume(t)[i]));
    let limits = IterationLimits { tolerance: 1e-12, iterations: 2, whole_steps: 2 };
    assert_eq!(fast_ica(data.as_ref(), 5, start(5).as_ref(), limits).unwrap_err(), Unsolved::Unsettled(2));
    let broken = Mat::from_fn(50, 8, |i, j| if i == j { f64::NAN } else { (i * j) as f64 });
    assert!(fast_ica(broken.as_ref(), 2, start(2).as_ref(), IterationLimits::SKLEARN).is_err());
}
