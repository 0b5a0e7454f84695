//! Tests of invalid settings that are found before anything runs.

use std::collections::BTreeMap;

use boldface::serde_json::{Value, json};
use boldface::{Cohort, CorpusGenerator, Regions, ScanId, ScanInfo};

use super::generator;

/// Scans of ten regions; `volumes` gives their lengths.
fn cohort(volumes: &[usize]) -> Cohort {
    let scan = |(place, &trs): (usize, &usize)| ScanInfo {
        id: ScanId {
            dataset: "d".into(),
            subject: format!("{place:02}"),
            session: None,
            task: None,
            run: None,
            others: None,
            by_run: false,
        },
        tr: 2.0,
        trs,
        rois: 10,
        phenotype: BTreeMap::new(),
        events: Vec::new(),
        cuts: Vec::new(),
    };
    let regions = Regions {
        names: (0..10).map(|roi| format!("r{roi}")).collect(),
        networks: (0..10).map(|roi| if roi < 4 { "Vis" } else { "Default" }.to_owned()).collect(),
    };
    Cohort::new(volumes.iter().enumerate().map(scan).collect(), regions)
}

fn told(table: Value, volumes: &[usize]) -> Vec<String> {
    let problems = generator(table).check(&cohort(volumes));
    problems.iter().map(|problem| format!("{}: {}", problem.key, problem.message)).collect()
}

#[test]
fn numbers_of_components_must_fit_regions_and_volumes() {
    let none: [&str; 0] = [];
    // A fifth of ten regions is two.
    assert_eq!(told(json!({}), &[100, 100]), none);
    assert_eq!(told(json!({"components": 5}), &[100, 100]), none);
    assert_eq!(
        told(json!({"components": 6}), &[100, 100]),
        ["components: 6 components are too many for 10 regions: at most half as many are possible"]
    );
    assert_eq!(
        told(json!({"components": 4}), &[2, 2]),
        ["components: 4 components need more than 4 volumes"]
    );
    assert_eq!(
        told(json!({"components": 0, "starts": 0, "furthest": 0}), &[100]),
        [
            "furthest: no fact would be described",
            "starts: FastICA needs at least one random start",
            "components: no component would be described"
        ]
    );
}

#[test]
fn a_template_must_fit_the_parcellation() {
    let rows =
        |count: usize| (0..count).map(|roi| format!("r{roi}\t{}\t{roi}\n", roi % 3)).collect::<String>();
    let table = |count| json!({"template": format!("region\tA\tB\n{}", rows(count))});
    let none: [&str; 0] = [];
    assert_eq!(told(table(10), &[100]), none);
    assert_eq!(
        told(table(9), &[100]),
        ["template: `r9` is in the parcellation, but not in the template (1 of 10)"]
    );
    let both = json!({"template": format!("region\tA\tB\n{}", rows(10)), "components": 2});
    assert_eq!(told(both, &[100]), ["components: a template has its own number of components"]);
}
