//! Tests of the graph corpus: problems in specs, and the scans that ship with the quickstart.

use boldface::serde_json::{Value, json};
use boldface::{Cohort, CorpusGenerator, Describer, Part, Problem, Regions, Scan, Split, TimeSeries, Window};
use expect_test::expect;

use super::Graph;
use crate::corpora::described::Described;
use crate::corpora::pain::study;

fn generator(table: Value) -> Described<Graph> {
    boldface::registry::parse(&table).unwrap()
}

#[test]
fn problems() {
    let check = |table: Value, regions: usize| {
        let names: Vec<String> = (0..regions).map(|i| format!("R{i}")).collect();
        let networks = (0..regions).map(|i| ["Default", "Vis"][i % 2].to_owned()).collect();
        let problems = generator(table).check(&Cohort::new(Vec::new(), Regions { names, networks }));
        problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(check(json!({}), 10), "");
    let all = json!({ "densities": [0.1, 0.0, 1.5, -1.0, 0.1, 0.001], "runs": 0, "nulls": 0 });
    expect![[r#"
        densities[1]: `0` is not a share of all pairs of regions; use a number above 0 and up to 1, such as 0.1
        densities[2]: `1.5` is not a share of all pairs of regions; use a number above 0 and up to 1, such as 0.1
        densities[3]: `-1` is not a share of all pairs of regions; use a number above 0 and up to 1, such as 0.1
        densities[4]: `0.1` is listed twice; remove one
        densities[5]: `0.001` of the pairs of 10 regions is less than one edge; use a higher density
        runs: it cannot be 0; use 1 or more
        nulls: it cannot be 0; use 1 or more"#]]
    .assert_eq(&check(all, 10));
    expect!["densities: there is no density; name at least one, or leave the key out"]
        .assert_eq(&check(json!({ "densities": [] }), 10));
}

/// Returns the first `count` scans of the quickstart.
fn scans(count: usize) -> Vec<Scan> {
    study().0.into_iter().take(count).collect()
}

fn fitted(scans: &[Scan], table: Value) -> Box<dyn Describer> {
    let parts = scans.iter().map(|scan| (scan.info.id.person(), Part::Train)).collect();
    generator(table).fit(&Split { parts }.train(scans).unwrap(), 0).unwrap()
}

#[test]
fn sentences_about_real_scans_read_back() {
    let scans = scans(24);
    let describer = fitted(&scans, json!({}));
    for scan in &scans {
        let descriptors = describer.describe(scan).unwrap();
        // Six measures of the whole graph, and three of each of seven networks.
        assert_eq!(descriptors.len(), 6 + 3 * 7);
        for descriptor in &descriptors {
            let read = describer.read(&descriptor.text).unwrap();
            assert_eq!(read.len(), 1, "{}", descriptor.text);
            assert!(read[0].agrees(&descriptor.fact), "{}", descriptor.text);
            assert!(descriptor.fact.z.is_some(), "{}", descriptor.text);
        }
    }
    // No value is the same in all scans, and the results match what is known of brain graphs: modules,
    // and more clustering than chance with hardly longer paths.
    let value = |scan: &Scan, feature: &str| {
        let told = describer.describe(scan).unwrap();
        told.into_iter().find(|told| told.fact.feature == feature).unwrap().fact.value.unwrap()
    };
    for scan in &scans[..3] {
        assert!((0.2..0.8).contains(&value(scan, "modularity")));
        assert!((1.1..5.0).contains(&value(scan, "small-worldness")));
    }
}

#[test]
fn the_same_scan_has_the_same_numbers_wherever_it_stands() {
    let scans = scans(6);
    let numbers = |scans: &[Scan], scan: &Scan| -> Vec<Option<f64>> {
        let table = json!({ "densities": [0.15], "runs": 2, "nulls": 1 });
        fitted(scans, table).describe(scan).unwrap().into_iter().map(|told| told.fact.value).collect()
    };
    let reversed: Vec<Scan> = scans.iter().rev().cloned().collect();
    // The scan is first in training, then last, then not in training.
    let in_training = numbers(&scans, &scans[0]);
    assert_eq!(in_training, numbers(&reversed, &scans[0]));
    assert_eq!(in_training, numbers(&scans[2..], &scans[0]));
}

#[test]
fn what_cannot_be_measured_is_told_with_its_reason() {
    let scans = scans(6);
    let describer = fitted(&scans, json!({ "densities": [0.15], "runs": 1, "nulls": 1 }));
    let told = |series: TimeSeries| {
        let descriptors = describer.describe(&Scan { series, ..scans[0].clone() }).unwrap();
        assert_eq!(descriptors.len(), 27);
        for told in &descriptors {
            assert_eq!((told.fact.value, told.fact.z, &*told.fact.band), (None, None, "not available"));
            assert_eq!(describer.read(&told.text).unwrap(), std::slice::from_ref(&told.fact));
        }
        descriptors[0].fact.reason.clone().unwrap()
    };
    let three = scans[0].series.window(Window::first(3)).unwrap();
    assert_eq!(told(three), "the scan has too few volumes");
    let flat = scans[0].series.with_values(vec![1.0; scans[0].series.values().len()]).unwrap();
    assert_eq!(told(flat), "too many regions have no signal");
}
