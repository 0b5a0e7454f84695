//! Tests on real scans: 98 of heat pain, MIST-122 (OpenNeuro ds000140).

use std::collections::{BTreeMap, BTreeSet};

use boldface::serde_json::json;
use boldface::{CorpusGenerator, Part};

use super::generator;
use crate::corpora::pain::study;

/// Asserts that exactly the spectral ratios are missing because of filtering: the pain data are
/// band-passed and have no fast power.
fn is_filtered(descriptor: &boldface::Descriptor) -> bool {
    let is_ratio = descriptor.fact.feature.starts_with("component-spectral-ratio.");
    let says = descriptor.fact.reason.as_deref() == Some("a filter has taken out some of its frequencies");
    assert_eq!(is_ratio, says, "{}", descriptor.text);
    is_ratio
}

#[test]
fn every_sentence_reads_back_and_norms_are_of_the_training_scans() {
    let (scans, split) = study();
    let train = split.train(&scans).unwrap();
    let describer = generator(json!({"components": 6, "starts": 5})).fit(&train, 0).unwrap();
    let mut z: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for scan in &scans {
        let descriptors = describer.describe(scan).unwrap();
        // Five measures of six components, and 6 * 5 / 2 pairs.
        assert_eq!(descriptors.len(), 45);
        for descriptor in &descriptors {
            let read = describer.read(&descriptor.text).unwrap();
            assert_eq!(read.len(), 1, "{}", descriptor.text);
            assert!(read[0].agrees(&descriptor.fact), "{}", descriptor.text);
            if is_filtered(descriptor) {
                continue;
            }
            assert!(descriptor.fact.z.is_some() && descriptor.norm_people == 23, "{}", descriptor.text);
            if split.part(&scan.info.id).unwrap() == Part::Train {
                z.entry(descriptor.fact.feature.clone()).or_default().push(descriptor.fact.z.unwrap());
            }
        }
    }
    for (feature, z) in z {
        let mean = z.iter().sum::<f64>() / z.len() as f64;
        assert!(mean.abs() < 0.2, "{feature}: {mean}");
    }
    // The saved describer gives the same descriptions as the fitted one.
    let folder = tempfile::tempdir().unwrap();
    describer.save(folder.path()).unwrap();
    let loaded = generator(json!({"components": 6, "starts": 5})).load(folder.path()).unwrap();
    assert_eq!(loaded.describe(&scans[97]).unwrap(), describer.describe(&scans[97]).unwrap());
}

#[test]
fn the_furthest_facts_of_a_scan_that_is_new() {
    let (scans, split) = study();
    let train = split.train(&scans).unwrap();
    let describe = |config| generator(config).fit(&train, 0).unwrap().describe(&scans[97]).unwrap();
    let all = describe(json!({"components": 8, "paraphrase": false}));
    let told = describe(json!({"components": 8, "paraphrase": false, "furthest": 12}));
    assert_eq!((all.len(), told.len()), (5 * 8 + 28, 12));
    let mut far: Vec<f64> = all.iter().filter_map(|one| one.fact.z).map(f64::abs).collect();
    far.sort_by(|a, b| b.total_cmp(a));
    assert!(told.iter().all(|one| one.fact.z.unwrap().abs() >= far[11]));
    assert!(all.iter().filter(|one| told.contains(one)).eq(&told), "in their usual order");
}

#[test]
fn a_template_gives_its_names_and_blind_components_that_of_networks() {
    let (scans, split) = study();
    let train = split.train(&scans).unwrap();
    let regions = &scans[0].regions;
    let is = |roi: usize, network: &str| u8::from(regions.networks[roi] == network);
    let row = |roi: usize| format!("{}\t{}\t{}\n", regions.names[roi], is(roi, "VISnet"), is(roi, "MOTnet"));
    let table = format!("region\tVisual\tMotor\n{}", (0..122).map(row).collect::<String>());
    let describer = generator(json!({"template": table})).fit(&train, 0).unwrap();
    let features = |describer: &dyn boldface::Describer| -> BTreeSet<String> {
        let descriptors = describer.describe(&scans[97]).unwrap();
        assert!(descriptors.iter().all(|one| is_filtered(one) || one.fact.z.is_some()));
        descriptors.into_iter().map(|one| one.fact.feature).collect()
    };
    let of_template = features(&*describer);
    assert_eq!(of_template.len(), 11);
    assert!(of_template.contains("component-falff.Motor"));
    assert!(of_template.contains("component-coupling.Visual-Motor"));
    let blind = generator(json!({"components": 6, "starts": 5})).fit(&train, 0).unwrap();
    let told = features(&*blind);
    let names: Vec<&str> = told.iter().filter_map(|one| one.strip_prefix("component-falff.")).collect();
    assert_eq!(names.len(), 6);
    for (place, name) in names.iter().enumerate() {
        let (number, network) = name.split_once(':').unwrap();
        assert_eq!(number, format!("ic0{}", place + 1));
        assert!(regions.networks.iter().any(|of| of == network), "{name}");
    }
}
