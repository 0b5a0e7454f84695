//! Tests on real scans: 98 of heat pain, MIST-122 (OpenNeuro ds000140).

use std::collections::BTreeMap;

use boldface::serde_json::json;
use boldface::{CorpusGenerator, Part, Scan};

use super::generator;
use crate::corpora::pain::study;

#[test]
fn every_sentence_about_every_scan_reads_back_and_norms_centre_the_training_scans() {
    let (scans, split) = study();
    assert_eq!(scans.len(), 98);
    let train = split.train(&scans).unwrap();
    let describer = generator(json!({"paraphrase": true})).fit(&train, 0).unwrap();

    // Mean 0 and SD 1 of each feature over the 23 training people, all with the same weight.
    let weight = |scan: &Scan| {
        let own = train.iter().filter(|other| other.info.id.person() == scan.info.id.person());
        1.0 / own.count() as f64
    };
    let mut z: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let mut bands: BTreeMap<String, usize> = BTreeMap::new();
    for scan in &scans {
        let descriptors = describer.describe(scan).unwrap();
        // Seven networks of several regions each give 7 * 8 / 2 pairs.
        assert_eq!(descriptors.len(), 28);
        for descriptor in &descriptors {
            let read = describer.read(&descriptor.text).unwrap();
            assert_eq!(read.len(), 1, "{}", descriptor.text);
            assert!(read[0].agrees(&descriptor.fact), "{}", descriptor.text);
            let near = |said: Option<f64>, meant: Option<f64>| {
                (said.unwrap() - meant.unwrap()).abs() <= 0.005 + 1e-9
            };
            assert!(near(read[0].z, descriptor.fact.z), "{}", descriptor.text);
            assert!(near(read[0].value, descriptor.fact.value), "{}", descriptor.text);
            *bands.entry(read[0].band.clone()).or_default() += 1;
            if split.part(&scan.info.id).unwrap() == Part::Train {
                assert_eq!((descriptor.norm_scans, descriptor.norm_people), (train.len(), 23));
                let own = (descriptor.fact.z.unwrap(), weight(scan));
                z.entry(descriptor.fact.feature.clone()).or_default().push(own);
            }
        }
        let caption: Vec<&str> = descriptors.iter().map(|descriptor| descriptor.text.as_str()).collect();
        let read = describer.read(&caption.join(" ")).unwrap();
        assert!(read.iter().zip(&descriptors).all(|(fact, descriptor)| fact.agrees(&descriptor.fact)));
    }
    for (feature, z) in &z {
        let weighted = |of: fn(f64) -> f64| -> f64 { z.iter().map(|&(z, weight)| weight * of(z)).sum() };
        let (mean, squares) = (weighted(|z| z) / 23.0, weighted(|z| z * z));
        assert!(
            mean.abs() < 1e-9 && (squares / 22.0 - 1.0).abs() < 1e-9,
            "{feature}: mean {mean}, {squares}"
        );
    }
    // Words vary between scans: every band is used, and most facts are typical.
    assert_eq!(bands.len(), 5, "{bands:?}");
    assert!(bands["typical"] > 98 * 28 / 2, "{bands:?}");
}
