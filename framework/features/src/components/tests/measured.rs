//! Measures of known time courses.

use boldface::{Cut, Regions};

use super::*;
use crate::components::{Components, Map, features};
use crate::golden;
use crate::{Measurement, Missing, Networks};

/// Returns one component over three regions, whose course is a multiple of region 0's: map 2 -1 -1 over
/// sqrt 2.
fn one() -> Components {
    let root = 2f64.sqrt();
    let weights = vec![2.0 / root, -1.0 / root, -1.0 / root];
    let map = Map { name: "ic01".to_owned(), weights, share: 1.0, stability: None };
    Components { rois: 3, live: vec![0, 1, 2], maps: vec![map] }
}

/// Returns a scan of three regions, a signal and twice its negative, whose course is the z-scored
/// signal.
fn mirrored(signal: &[f64], tr: f64) -> TimeSeries {
    let values = signal.iter().flat_map(|&x| [x as f32, -x as f32, -x as f32]).collect();
    TimeSeries::new(signal.len(), 3, tr, values).unwrap()
}

fn value(measured: &[Measurement], feature: &str) -> Result<f64, Missing> {
    measured.iter().find(|one| one.feature.to_string() == feature).unwrap().value
}

#[test]
fn measures_equal_the_golden_file() {
    // Block `temporal_x0_tr2` (scipy 1.17.1) is about region 0 as it is. The course here is z = (x -
    // mean) / sd, times sum(map * (1 -1 -1)) / sum(map^2) = (4 / sqrt 2) / 3.
    let (signals, _) = golden::signals();
    let x = &signals[0];
    let mean = x.iter().sum::<f64>() / 120.0;
    let sd = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 120.0).sqrt();
    let scale = 4.0 / 2f64.sqrt() / 3.0 / sd;
    let measured = one().measure(&mirrored(x, 2.0), &[]);
    let expected = [
        ("component-amplitude.ic01", 0.713_488_842_496_46 * scale),
        ("component-variability.ic01", 0.851_482_119_570_174_2 * scale),
        ("component-spectral-ratio.ic01", 62.493_491_266_931_69 / 31.735_261_197_724_174),
        ("component-persistence.ic01", 0.733_688_593_962_886_7),
    ];
    for (feature, expected) in expected {
        // The scan is in 32 bits at a mean of 100, which changes values by some 1e-5.
        let value = value(&measured, feature).unwrap();
        assert!((value - expected).abs() < 2e-5 * expected, "{feature}: {value} is not {expected}");
    }
}

#[test]
fn the_ratio_follows_the_tr() {
    // At a TR of 1 s, a slow wave of 0.05 Hz and a fast one of 0.2 Hz, of equal power. At a TR of 2 s
    // they are 0.025 and 0.1 Hz, both slow.
    let wave = |hz: f64| (0..200).map(move |t| (std::f64::consts::TAU * hz * f64::from(t)).sin());
    let signal: Vec<f64> = wave(0.05).zip(wave(0.2)).map(|(a, b)| a + b).collect();
    let ratio = |tr| value(&one().measure(&mirrored(&signal, tr), &[]), "component-spectral-ratio.ic01");
    assert!((ratio(1.0).unwrap() - 1.0).abs() < 0.01, "{:?}", ratio(1.0));
    assert!(ratio(2.0).unwrap() > 2.0, "{:?}", ratio(2.0));
    assert_eq!(ratio(2.5), Err(Missing::SlowTr));
}

#[test]
fn spectra_are_of_the_longest_stretch() {
    // 100 volumes of a slow wave and 60 of a fast one, 1 s apart, with a cut between.
    let hz = |t: i32| if t < 100 { 0.05 } else { 0.2 };
    let signal: Vec<f64> = (0..160).map(|t| (std::f64::consts::TAU * hz(t) * f64::from(t)).sin()).collect();
    let series = mirrored(&signal, 1.0);
    let ratio = |cuts: &[Cut]| value(&one().measure(&series, cuts), "component-spectral-ratio.ic01");
    let cut = |at| Cut { at, seconds: 7.0 };
    assert!(ratio(&[]).unwrap() < 10.0);
    // Only the slow wave is left, as after a band-pass.
    assert_eq!(ratio(&[cut(100.0)]), Err(Missing::Filtered));
    // 99 s are less than a cycle of 0.01 Hz. Measures that do not need one are still there.
    assert_eq!(ratio(&[cut(99.0)]), Err(Missing::Short));
    assert!(value(&one().measure(&series, &[cut(99.0)]), "component-persistence.ic01").is_ok());
}

#[test]
fn components_are_named_for_the_network_they_are_most_like() {
    let mut found = one();
    let regions = |networks: [&str; 3]| Regions {
        names: ["a", "b", "c"].map(str::to_owned).to_vec(),
        networks: networks.map(str::to_owned).to_vec(),
    };
    // The map 2 -1 -1 is positive only in the one region of Vis. Below, Vis has all regions, which no
    // map resembles.
    found.tell_networks(&Networks::group(&regions(["Vis", "Default", "Default"])));
    assert_eq!(found.maps[0].name, "ic01:Vis");
    let mut found = one();
    found.tell_networks(&Networks::group(&regions(["Vis", "Vis", "Vis"])));
    assert_eq!(found.maps[0].name, "ic01");
}

#[test]
fn features_are_those_of_the_components_in_order() {
    let scans = cohort(3);
    let found = Components::blind(&equal(&scans), 3, 3, 0).unwrap();
    let measured = found.measure(&scans[0], &[]);
    let names: Vec<String> = measured.iter().map(|one| one.feature.to_string()).collect();
    let each = ["amplitude", "variability", "spectral-ratio", "falff", "persistence"];
    let mut expected: Vec<String> =
        each.iter().flat_map(|measure| (1..4).map(move |k| format!("component-{measure}.ic0{k}"))).collect();
    expected.extend(["01-ic02", "01-ic03", "02-ic03"].map(|pair| format!("component-coupling.ic{pair}")));
    assert_eq!(names, expected);
    let of_names = features(&["ic01", "ic02", "ic03"]);
    assert!(measured.iter().map(|one| &one.feature).eq(&of_names));
    assert!(measured.iter().all(|one| one.value.is_ok()));
    // Mean and scale do not matter.
    let louder = scans[0].values().iter().map(|x| 8.0 * x + 512.0).collect();
    for (a, b) in measured.iter().zip(found.measure(&scans[0].with_values(louder).unwrap(), &[])) {
        let (a, b) = (a.value.unwrap(), b.value.unwrap());
        assert!((a - b).abs() < 1e-3 * a.abs().max(0.1), "{a} {b}");
    }
}
