//! Graph measures of unusual or damaged scans and parcellations.

use boldface::{Regions, TimeSeries};
use proptest::prelude::*;

use super::super::*;
use crate::{Measurement, Missing, Networks, fc, golden};

fn settings() -> GraphSettings {
    GraphSettings { densities: vec![0.1, 0.2], edges: Edges::Absolute, runs: 2, nulls: 2 }
}

fn networks(of: impl Iterator<Item = usize>) -> Networks {
    let networks: Vec<String> = of.map(|network| format!("N{network}")).collect();
    Networks::group(&Regions { names: (0..networks.len()).map(|i| format!("R{i}")).collect(), networks })
}

fn measured(series: &TimeSeries, networks: &Networks) -> Vec<Measurement> {
    measure(&fc(series), series.trs(), networks, &settings(), 0)
}

fn value(measured: &[Measurement], name: &str) -> Result<f64, Missing> {
    measured.iter().find(|one| one.feature.to_string() == name).unwrap_or_else(|| panic!("no {name}")).value
}

/// Returns the golden scan with each value replaced by `change(region, value)`.
fn changed(trs: usize, change: impl Fn(usize, f32) -> f32) -> TimeSeries {
    let series = golden::series();
    let values = (0..trs).flat_map(|t| series.volume(t).iter().enumerate().map(|(i, &x)| change(i, x)));
    TimeSeries::new(trs, golden::ROIS, 2.0, values.collect()).unwrap()
}

#[test]
fn a_whole_scan_has_all_numbers() {
    let measured = measured(&golden::series(), &networks((0..60).map(|i| i % 7)));
    assert_eq!(measured.len(), 6 + 3 * 7);
    assert!(measured.iter().all(|one| one.value.is_ok()), "{measured:?}");
    // Means over the golden file's two densities; the series is in 32 bits.
    let efficiency = (0.114_406_779_66 + 0.546_327_683_6) / 2.0;
    assert!((value(&measured, "global-efficiency").unwrap() - efficiency).abs() < 1e-9);
    let modularity = (0.853_164_571_0 + 0.606_561_478_7) / 2.0;
    assert!((value(&measured, "modularity").unwrap() - modularity).abs() < 1e-6);
}

#[test]
fn dead_regions_are_no_nodes() {
    let networks = networks((0..60).map(|i| i % 7));
    let all: Vec<String> =
        measured(&golden::series(), &networks).iter().map(|one| one.feature.to_string()).collect();
    // All but one region of network 3 are dead, and a region of network 0 is NaN.
    let dead = |i: usize, x: f32| match i {
        7 => f32::NAN,
        _ if i % 7 == 3 && i > 3 => 5.0,
        _ => x,
    };
    let measured = measured(&changed(120, dead), &networks);
    assert!(measured.iter().map(|one| one.feature.to_string()).eq(all));
    for one in &measured {
        let expected = one.feature.of == ["N3"];
        assert_eq!(one.value == Err(Missing::Dead), expected, "{one:?}");
        assert!(expected || one.value.is_ok(), "{one:?}");
    }
}

#[test]
fn a_scan_that_is_mostly_dead_has_no_graph() {
    let networks = networks((0..60).map(|i| i % 7));
    let with = |dead: usize| measured(&changed(120, |i, x| if i < dead { 0.0 } else { x }), &networks);
    assert!(value(&with(30), "global-efficiency").is_ok());
    for dead in [31, 59, 60] {
        assert!(with(dead).iter().all(|one| one.value == Err(Missing::Dead)), "{dead} dead");
    }
}

#[test]
fn a_scan_of_few_volumes_has_no_graph() {
    let networks = networks((0..60).map(|i| i % 7));
    for trs in [0, 1, 3, 9] {
        let measured = measured(&changed(trs, |_, x| x), &networks);
        assert!(measured.iter().all(|one| one.value == Err(Missing::Short)), "{trs} volumes");
    }
    assert!(value(&measured(&changed(10, |_, x| x), &networks), "modularity").is_ok());
}

#[test]
fn regions_that_are_all_the_same_have_ties_and_no_panic() {
    // Every correlation is 1, so the first pairs become the edges: a star around the first region.
    let series = TimeSeries::new(20, 12, 2.0, (0..20 * 12).map(|i| ((i / 12) % 7) as f32).collect()).unwrap();
    let measured = measured(&series, &networks((0..12).map(|i| i % 2)));
    assert!(value(&measured, "global-efficiency").is_ok());
    // The nulls have no triangle either, so the ratio is undefined.
    assert_eq!(value(&measured, "small-worldness"), Err(Missing::Undefined));
}

#[test]
fn too_few_regions_have_no_edges() {
    let series = TimeSeries::new(20, 2, 2.0, (0..40).map(|i| (i * i % 17) as f32).collect()).unwrap();
    for networks in [networks(0..2), networks([0, 0].into_iter())] {
        let measured = measured(&series, &networks);
        assert!(measured.iter().all(|one| one.value == Err(Missing::NoEdges)), "{measured:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any scan gives the same features and finite values, without a panic.
    #[test]
    fn no_scan_panics(trs in 0usize..16, networks_of in prop::collection::vec(0usize..4, 0..14), seed: u64) {
        let rois = networks_of.len();
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            [0.0, 1.0, 1.0, 2.0, f32::NAN, f32::INFINITY, -1e30, 3.5][(state >> 61) as usize]
        };
        let values: Vec<f32> = (0..trs * rois).map(|_| next()).collect();
        let series = TimeSeries::new(trs, rois, 2.0, values).unwrap();
        let networks = networks(networks_of.into_iter());
        let measured = measured(&series, &networks);
        prop_assert_eq!(measured.len(), 6 + 3 * networks.members.len());
        prop_assert!(measured.iter().all(|one| one.value.is_err() || one.value.is_ok_and(f64::is_finite)));
    }
}
