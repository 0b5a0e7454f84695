//! Tests that group ICA finds planted sources.

use super::*;
use crate::components::Components;

/// Returns, for each source, the most similar component and their similarity.
pub(super) fn matched(found: &Components) -> Vec<(usize, f64)> {
    let best = |k| {
        let like = |map: usize| correlation(&found.maps[map].weights, &source(k));
        let places = 0..found.maps.len();
        places.map(|map| (map, like(map))).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap()
    };
    (0..SOURCES).map(best).collect()
}

#[test]
fn sources_are_found_with_their_sign_in_order_of_variance() {
    let scans = cohort(5);
    let found = Components::blind(&equal(&scans), SOURCES, 5, 0).unwrap();
    let mut places = Vec::new();
    for (map, like) in matched(&found) {
        assert!(like > 0.95, "{like}");
        places.push(map);
    }
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2, 3]);
    assert!(found.maps.windows(2).all(|pair| pair[0].share >= pair[1].share));
    let names: Vec<&str> = found.maps.iter().map(|map| map.name.as_str()).collect();
    assert_eq!(names, ["ic01", "ic02", "ic03", "ic04"]);
    for map in &found.maps {
        let stability = map.stability.unwrap();
        assert!(stability > 0.5 && stability < 1.0 + 1e-9, "{stability}");
        let n = map.weights.len() as f64;
        assert!(map.weights.iter().sum::<f64>().abs() < 1e-9);
        assert!((map.weights.iter().map(|x| x * x).sum::<f64>() / n - 1.0).abs() < 1e-9);
    }
}

#[test]
fn neither_scale_nor_the_order_of_summation_nor_threads_matter() {
    let scans = cohort(5);
    let found = Components::blind(&equal(&scans), SOURCES, 3, 0).unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(found, one.install(|| Components::blind(&equal(&scans), SOURCES, 3, 0).unwrap()));
    let louder: Vec<TimeSeries> = (0..5).map(|number| scan(number, 50.0)).collect();
    let louder = Components::blind(&equal(&louder), SOURCES, 3, 0).unwrap();
    for (a, b) in found.maps.iter().zip(&louder.maps) {
        assert!(correlation(&a.weights, &b.weights) > 0.9999);
    }
}

#[test]
fn a_person_scanned_twice_counts_once() {
    // The second scan is noise. Using it twice with half the weight changes nothing.
    let mut noise = stream(0, "a scan of noise");
    let values = (0..TRS * ROIS).map(|_| uniform(&mut noise) as f32).collect();
    let scans = [scan(0, 1.0), TimeSeries::new(TRS, ROIS, 2.0, values).unwrap()];
    let once = Components::blind(&[(&scans[0], 0.5), (&scans[1], 0.5)], 3, 3, 0).unwrap();
    let twice =
        Components::blind(&[(&scans[0], 0.5), (&scans[1], 0.25), (&scans[1], 0.25)], 3, 3, 0).unwrap();
    let heavier = Components::blind(&[(&scans[0], 1.0), (&scans[1], 2.0)], 3, 3, 0).unwrap();
    let off = |other: &Components| (once.maps[0].share - other.maps[0].share).abs();
    assert!(off(&twice) < 1e-12, "{}", off(&twice));
    assert!(off(&heavier) > 1e-2, "{}", off(&heavier));
}

#[test]
fn too_many_components_say_how_many_there_are() {
    let short = scan(0, 1.0).window(boldface::Window::first(6)).unwrap();
    // Six volumes without the mean of each region have five dimensions.
    let error = Components::blind(&[(&short, 1.0)], 20, 3, 0).unwrap_err().to_string();
    assert_eq!(
        error,
        "20 components were asked for, and the data has 5 dimensions (1 training scans of 6 volumes together): \
         set fewer components"
    );
    assert!(Components::blind(&[], 20, 3, 0).is_err());
}
