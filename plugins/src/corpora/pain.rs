//! Quickstart scans for tests: heat pain, MIST-122 (OpenNeuro ds000140).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use boldface::serde_json::json;
use boldface::{Cohort, Dataset, Part, PluginKind, Scan, Split, Window};

/// Returns the first 160 volumes of all 98 scans; the first 23 of 33 people are for training.
pub(super) fn study() -> (Vec<Scan>, Split) {
    let root = root();
    let series = (<dyn Dataset>::find("series").unwrap().parse)(&json!({})).unwrap();
    let Cohort { scans, regions, .. } = series.cohort(&root, "pain").unwrap();
    let regions = Arc::new(regions);
    let scan = |info| Scan {
        series: series.load(&root, &info).unwrap().window(Window::first(160)).unwrap(),
        info: Arc::new(info),
        regions: Arc::clone(&regions),
        descriptors: Vec::new(),
    };
    let scans: Vec<Scan> = scans.into_iter().map(scan).collect();
    let people: BTreeSet<String> = scans.iter().map(|scan| scan.info.id.person()).collect();
    let part = |index| if index < 23 { Part::Train } else { Part::Test };
    let parts = people.into_iter().enumerate().map(|(index, person)| (person, part(index))).collect();
    (scans, Split { parts })
}

/// Returns the cohort without reading any series.
pub(super) fn cohort() -> Cohort {
    let series = (<dyn Dataset>::find("series").unwrap().parse)(&json!({})).unwrap();
    series.cohort(&root(), "pain").unwrap()
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/data/pain")
}
