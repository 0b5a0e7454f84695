//! Copies of made recordings are found at their place, and other recordings are not.

use boldface::seed;
use boldface::{TimeSeries, Window};
use rand::RngExt;

use super::*;

const REGIONS: usize = 30;

/// Returns `volumes` volumes of slow signals of `regions` regions, neighbours alike.
fn scan(seed: u64, volumes: usize, regions: usize) -> TimeSeries {
    let mut rng = seed::stream(seed, "scan");
    let mut last = vec![0.0; regions];
    let mut values = Vec::new();
    for _ in 0..volumes {
        let noise: Vec<f32> = (0..=regions).map(|_| rng.random::<f32>() - 0.5).collect();
        for region in 0..regions {
            last[region] = 0.6 * last[region] + noise[region] + noise[region + 1];
        }
        values.extend(&last);
    }
    TimeSeries::new(volumes, regions, 2.0, values).unwrap()
}

fn part(scan: &TimeSeries, start: usize, volumes: usize) -> TimeSeries {
    scan.window(Window { start, trs: volumes }).unwrap()
}

fn backwards(scan: &TimeSeries) -> TimeSeries {
    let values = (0..scan.trs()).rev().flat_map(|volume| scan.volume(volume).to_vec()).collect();
    scan.with_values(values).unwrap()
}

fn changed(scan: &TimeSeries, change: impl Fn(usize, &[f32], usize) -> f32) -> TimeSeries {
    let values = (0..scan.trs()).flat_map(|volume| {
        (0..scan.rois()).map(|region| change(volume, scan.volume(volume), region)).collect::<Vec<_>>()
    });
    scan.with_values(values.collect()).unwrap()
}

fn compare(one: &TimeSeries, other: &TimeSeries) -> (Place, Agreement) {
    let step = seconds([one, other]);
    let both = [Recording::new(one, step), Recording::new(other, step)];
    let lags = Lags::new(both[0].volumes.max(both[1].volumes));
    let (_, place) = lags.best(&lags.trace(&both[0]), &lags.trace(&both[1]));
    (place, both[0].agreement(&both[1], place))
}

#[test]
fn copies_are_found_at_their_place() {
    let whole = scan(1, 160, REGIONS);
    let first = part(&whole, 0, 80);
    let along = |lag| Place { lag, reversed: false };
    let noise = scan(2, 80, REGIONS);
    let globally = |_: usize, volume: &[f32], region: usize| {
        volume[region] - volume.iter().sum::<f32>() / REGIONS as f32
    };
    let smooth =
        |_: usize, volume: &[f32], region: usize| volume[region] + 0.5 * volume[(region + 1) % REGIONS];
    let cases = [
        ("shifted", part(&whole, 3, 80), along(-3)),
        ("a later piece", part(&whole, 40, 80), along(-40)),
        ("reversed", backwards(&first), Place { lag: 79, reversed: true }),
        ("reversed and shifted", backwards(&part(&whole, 5, 80)), Place { lag: 84, reversed: true }),
        ("noise", changed(&first, |t, volume, r| volume[r] + 0.2 * noise.volume(t)[r]), along(0)),
        ("rescaled", changed(&first, |_, volume, r| 900.0 - (r + 1) as f32 * -volume[r]), along(0)),
        ("without the global signal", changed(&first, globally), along(0)),
        ("smoothed", changed(&first, smooth), along(0)),
        ("half of the regions", changed(&first, |_, v, r| if r % 2 == 0 { v[r] } else { 0.0 }), along(0)),
    ];
    for (name, copy, expected) in cases {
        let (place, found) = compare(&first, &copy);
        assert_eq!(place, expected, "{name}");
        assert!(found.correlation > 0.75 && found.surprise > 10.0, "{name}: {found:?}");
    }
}

#[test]
fn other_recordings_are_not_copies() {
    for regions in [2, 4, 8, REGIONS] {
        for seed in 0..40 {
            let (_, found) = compare(&scan(2 * seed, 40, regions), &scan(2 * seed + 1, 40, regions));
            assert!(found.surprise < 6.0, "{regions} regions: {found:?}");
            assert!(regions < REGIONS || found.correlation < 0.45, "{found:?}");
        }
    }
}

#[test]
fn recordings_without_signal_agree_with_nothing() {
    let dead = TimeSeries::new(30, 5, 2.0, vec![7.0; 150]).unwrap();
    let nan = TimeSeries::new(30, 5, 2.0, vec![f32::NAN; 150]).unwrap();
    let short = scan(1, 1, 5);
    for (one, other) in [(&dead, &nan), (&dead, &scan(1, 30, 5)), (&short, &dead), (&short, &scan(1, 30, 5))]
    {
        assert!(compare(one, other).1.surprise < 7.0);
    }
}

#[test]
fn another_repetition_time_hides_no_copy() {
    let fine = scan(3, 160, REGIONS);
    let values = (0..80).flat_map(|volume| {
        let pair = (fine.volume(2 * volume).to_vec(), fine.volume(2 * volume + 1).to_vec());
        pair.0.into_iter().zip(pair.1).map(|(a, b)| (a + b) / 2.0).collect::<Vec<_>>()
    });
    let coarse = TimeSeries::new(80, REGIONS, 4.0, values.collect()).unwrap();
    let (place, found) = compare(&fine, &coarse);
    assert_eq!(place.lag, 0);
    assert!(found.correlation > 0.95, "{found:?}");
}

/// Two parts of a recording share no volume, but their couplings stand out.
#[test]
fn couplings_show_parts_of_one_recording() {
    let person = |seed: u64, part: u64| {
        let mut rng = seed::stream(seed, "couplings");
        let weights: Vec<f32> = (0..REGIONS).map(|_| rng.random::<f32>() - 0.5).collect();
        let (own, shared) =
            (scan(1000 + 2 * seed + part, 120, REGIONS), scan(5000 + 2 * seed + part, 120, 1));
        changed(&own, |t, volume, r| volume[r] + 3.0 * weights[r] * shared.volume(t)[0])
    };
    let mut scans: Vec<TimeSeries> = (0..30).map(|seed| person(seed, 0)).collect();
    scans.push(person(4, 1));
    let regions = regions(31, REGIONS);
    let couplings = scans.iter().map(|scan| Recording::new(scan, 2.0).couplings(&regions));
    let likeness = Likeness::new(couplings.collect());
    let others = |one: usize, other: usize| (0..31).filter(move |third| *third != one && *third != other);
    let (above, next) = (likeness.above_usual(4, 30), likeness.above_next(4, 30, others(4, 30)));
    for one in 0..30 {
        for other in 0..one {
            assert!(likeness.above_usual(one, other) < above, "{one}, {other}");
            assert!(likeness.above_next(one, other, others(one, other)) < next, "{one}, {other}");
        }
    }
}
