//! Dual regression recovers the courses of a scan that was not fitted.

use super::planted::matched;
use super::*;
use crate::Missing;
use crate::components::{Components, Map};

#[test]
fn planted_courses_come_back_in_a_scan_that_is_new() {
    let scans = cohort(5);
    let found = Components::blind(&equal(&scans), SOURCES, 5, 0).unwrap();
    let new = scan(77, 3.0);
    let regressed = found.courses(&new).unwrap();
    let maps = regressed.maps().unwrap();
    for (k, (map, _)) in matched(&found).into_iter().enumerate() {
        let like = correlation(regressed.courses[map].as_ref().unwrap(), &courses(77)[k]);
        assert!(like > 0.95, "course {k}: {like}");
        // 150 volumes: the map of one scan is noisier than the group's.
        let like = correlation(&maps[map], &source(k));
        assert!(like > 0.9, "map {k}: {like}");
    }
}

/// Returns two components over four regions.
fn two() -> Components {
    let map = |name: &str, weights: [f64; 4]| Map {
        name: name.to_owned(),
        weights: weights.to_vec(),
        share: 0.5,
        stability: None,
    };
    let maps = vec![map("a", [1.0, 1.0, -1.0, -1.0]), map("b", [1.0, -1.0, 1.0, -1.0])];
    Components { rois: 4, live: vec![0, 1, 2, 3], maps }
}

#[test]
fn both_steps_are_worked_by_hand() {
    // Regions of mean 0 and SD 1 over four volumes: + + - -, + - + -, and the negatives of both.
    let volumes =
        [[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, -1.0, 1.0], [-1.0, 1.0, 1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]];
    let series = TimeSeries::new(4, 4, 2.0, volumes.concat()).unwrap();
    let regressed = two().courses(&series).unwrap();
    // The maps are orthogonal with squared length 4, so courses are inner products over 4. a:
    // (1+1+1+1)/4, (1-1+1-1)/4, then the negatives; b: (1-1-1+1)/4, (1+1-1-1)/4, ..
    assert_eq!(round(regressed.courses[0].as_ref().unwrap()), [1.0, 0.0, 0.0, -1.0]);
    assert_eq!(round(regressed.courses[1].as_ref().unwrap()), [0.0; 4]);
    // b has no course, so its map cannot be estimated.
    assert_eq!(regressed.maps().unwrap_err(), Missing::Short);
}

#[test]
fn a_dead_region_is_left_out_and_a_component_of_dead_regions_is_none() {
    let scans = cohort(5);
    let found = Components::blind(&equal(&scans), SOURCES, 5, 0).unwrap();
    let order = matched(&found);
    // The regions of source 1 die, and two others.
    let new = scan(77, 1.0);
    let planted = source(1);
    let dead = |i: usize| planted[i] == 1.0 || i == 3 || i == 4;
    let value = |(place, &x): (usize, &f32)| match place % ROIS {
        4 => f32::NAN,
        i if dead(i) => 0.1,
        _ => x,
    };
    let new = new.with_values(new.values().iter().enumerate().map(value).collect()).unwrap();
    let regressed = found.courses(&new).unwrap();
    for (k, &(map, _)) in order.iter().enumerate() {
        match &regressed.courses[map] {
            Ok(course) => assert!(k != 1 && correlation(course, &courses(77)[k]) > 0.95, "course {k}"),
            Err(missing) => assert_eq!((k, *missing), (1, Missing::Dead)),
        }
    }
    assert!(regressed.maps().unwrap().iter().all(|map| (0..ROIS).all(|i| map[i].is_nan() == dead(i))));
}

fn round(values: &[f64]) -> Vec<f64> {
    values.iter().map(|x| (x * 1e9).round() / 1e9 + 0.0).collect()
}
