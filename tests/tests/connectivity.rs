//! Compares network couplings of real scans with nilearn and scikit-learn: Pearson, Fisher z,
//! Ledoit-Wolf, partial.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::path::Path;
use std::sync::Arc;

use boldface::serde_json::{self, json};
use boldface::{
    CorpusGenerator, Dataset, Part, PluginKind, Regions, Scan, ScanId, ScanInfo, Split, TimeSeries, Window,
};
use boldface_tests::{repository, shared, told};

/// Tolerance for sums of 64-bit numbers in another order, followed by a matrix inverse.
const CLOSE: f64 = 1e-8;

#[test]
fn couplings_of_real_scans_equal_nilearns() {
    // 191 volumes of 122 regions, and then only 60 volumes, fewer than regions.
    let pain = pain();
    compare(&pain, "pain");
    let short = Scan { series: pain.series.window(Window { start: 20, trs: 60 }).unwrap(), ..pain };
    compare(&short, "60 volumes of pain");
    // The series as stored on disk, neither centred nor scaled.
    if let Some(root) = shared("brainfc_rest01") {
        compare(&brainfc(&root), "brainfc_rest01");
    }
}

/// Compares every value in a scan's descriptors.
fn compare(scan: &Scan, name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scan.json");
    let series = &scan.series;
    let volumes: Vec<&[f32]> = (0..series.trs()).map(|t| series.volume(t)).collect();
    let written = json!({ "volumes": volumes, "networks": scan.regions.networks });
    std::fs::write(&path, serde_json::to_string(&written).unwrap()).unwrap();
    let Some(expected) = told("connectivity.py", &[path.to_str().unwrap().to_owned()]) else { return };
    for kind in ["pearson", "fisher-z", "ledoit-wolf", "partial"] {
        let expected = expected[0][kind].as_object().unwrap();
        let config = (<dyn CorpusGenerator>::find("connectivity").unwrap().parse)(&json!({ "kind": kind }));
        let scans = [scan.clone()];
        let split = Split { parts: [(scan.info.id.person(), Part::Train)].into() };
        let describer = config.unwrap().fit(&split.train(&scans).unwrap(), 0).unwrap();
        // A single scan has no norm, but its values are reported all the same.
        let facts: Vec<_> = describer.describe(scan).unwrap().into_iter().map(|one| one.fact).collect();
        assert_eq!(facts.len(), expected.len());
        for fact in facts {
            let (_, pair) = fact.feature.split_once('.').unwrap();
            let (found, expected) = (fact.value.unwrap(), expected[pair].as_f64().unwrap());
            assert!((found - expected).abs() < CLOSE, "{name}, {kind}, {pair}: {found}, expected {expected}");
        }
    }
}

/// Reads the first scan of the quickstart's data.
fn pain() -> Scan {
    let root = repository("experiments/data/pain");
    let series = (<dyn Dataset>::find("series").unwrap().parse)(&json!({})).unwrap();
    let cohort = series.cohort(&root, "pain").unwrap();
    let info = cohort.scans.into_iter().find(|info| info.trs == 191).unwrap();
    Scan {
        series: series.load(&root, &info).unwrap(),
        info: Arc::new(info),
        regions: Arc::new(cohort.regions),
        descriptors: Vec::new(),
    }
}

/// Reads 150 volumes of Schaefer-100.
fn brainfc(root: &Path) -> Scan {
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let rows = read("timeseries.tsv");
    let rows: Vec<Vec<f32>> = rows
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(|value| value.parse().unwrap()).collect())
        .collect();
    let column = |place: usize| -> Vec<String> {
        let of = |line: &str| line.split('\t').nth(place).unwrap().to_owned();
        read("rois.tsv").lines().skip(1).map(of).collect()
    };
    let id = ScanId::new("brainfc", "01");
    let (trs, rois) = (rows.len(), rows[0].len());
    let phenotype = std::collections::BTreeMap::new();
    Scan {
        info: Arc::new(ScanInfo { id, tr: 2.0, trs, rois, phenotype, events: vec![], cuts: vec![] }),
        series: TimeSeries::new(trs, rois, 2.0, rows.concat()).unwrap(),
        regions: Arc::new(Regions { names: column(2), networks: column(3) }),
        descriptors: Vec::new(),
    }
}
