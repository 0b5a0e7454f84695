//! Components of scans with dead regions, few volumes or no signal.

use super::*;
use crate::Missing;
use crate::components::Components;

fn changed(series: &TimeSeries, change: impl Fn(usize, f32) -> f32) -> TimeSeries {
    let values = series.values().iter().enumerate();
    series.with_values(values.map(|(place, &x)| change(place % ROIS, x)).collect()).unwrap()
}

#[test]
fn regions_dead_in_training_are_left_out() {
    // Region 5 is dead in all scans, region 6 in one.
    let scans: Vec<TimeSeries> = (0..4)
        .map(|number| {
            changed(&scan(number, 1.0), |i, x| if i == 5 || (i == 6 && number == 0) { 3.0 } else { x })
        })
        .collect();
    let found = Components::blind(&equal(&scans), SOURCES, 3, 0).unwrap();
    let live: Vec<usize> = (0..ROIS).filter(|&i| i != 5).collect();
    assert_eq!(found.live, live);
    assert!(found.maps.iter().all(|map| map.weights.len() == 199));
    // A new scan may have a signal in such a region; it is ignored.
    assert!(found.measure(&scan(9, 1.0), &[]).iter().all(|one| one.value.is_ok()));
}

#[test]
fn what_cannot_be_measured_is_missing_and_the_features_stay() {
    let scans = cohort(4);
    let found = Components::blind(&equal(&scans), SOURCES, 3, 0).unwrap();
    let features: Vec<_> = found.measure(&scans[0], &[]).into_iter().map(|one| one.feature).collect();
    let all = |series: &TimeSeries, missing: Missing| {
        let measured = found.measure(series, &[]);
        assert!(measured.iter().all(|one| one.value == Err(missing)), "{measured:?}");
        assert!(measured.iter().map(|one| &one.feature).eq(&features));
    };
    let three = scans[0].window(boldface::Window::first(3)).unwrap();
    all(&three, Missing::Short);
    all(&TimeSeries::new(0, ROIS, 2.0, Vec::new()).unwrap(), Missing::Short);
    all(&changed(&scans[0], |_, _| 0.1), Missing::Dead);
    all(&changed(&scans[0], |_, _| f32::NAN), Missing::Dead);
    all(&changed(&scans[0], |i, x| if i < 101 { f32::INFINITY } else { x }), Missing::Dead);
    all(&changed(&scans[0], |_, _| f32::MAX), Missing::Dead);
    // All regions are equal, so no map has a course.
    let same: Vec<f32> = (0..TRS).flat_map(|t| vec![(t as f32).sin(); ROIS]).collect();
    all(&TimeSeries::new(TRS, ROIS, 2.0, same).unwrap(), Missing::Dead);
}

#[test]
fn training_without_a_signal_is_an_error() {
    let dead = changed(&scan(0, 1.0), |_, _| 0.1);
    assert!(Components::blind(&[(&dead, 1.0)], 2, 3, 0).is_err());
    let broken = changed(&scan(0, 1.0), |i, x| if i == 0 { f32::NAN } else { x });
    assert_eq!(Components::blind(&[(&broken, 1.0)], 2, 3, 0).unwrap().live.len(), 199);
}
