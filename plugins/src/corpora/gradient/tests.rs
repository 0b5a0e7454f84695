//! Tests of real scans through numbers, norms and words, and of invalid configs.

use std::collections::BTreeMap;

use boldface::serde_json::{self, json};
use boldface::{Cohort, CorpusGenerator, Part, Regions};
use expect_test::expect;

use super::Gradient;
use crate::corpora::described::Described;
use crate::corpora::pain::study;

fn generator(table: serde_json::Value) -> Described<Gradient> {
    serde_json::from_value(table).unwrap()
}

#[test]
fn every_sentence_about_every_scan_reads_back_and_is_the_same_from_a_folder() {
    let (scans, split) = study();
    let generator = generator(json!({}));
    let describer = generator.fit(&split.train(&scans).unwrap(), 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    describer.save(folder.path()).unwrap();
    let loaded = generator.load(folder.path()).unwrap();
    let mut bands: BTreeMap<String, usize> = BTreeMap::new();
    let mut squares: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for scan in &scans {
        let descriptors = describer.describe(scan).unwrap();
        // Three gradients with three measures and seven networks each.
        assert_eq!(descriptors.len(), 30);
        for descriptor in &descriptors {
            let read = describer.read(&descriptor.text).unwrap();
            assert!(read.len() == 1 && read[0].agrees(&descriptor.fact), "{}", descriptor.text);
            *bands.entry(read[0].band.clone()).or_default() += 1;
            if split.part(&scan.info.id).unwrap() == Part::Test {
                let z = descriptor.fact.z.unwrap();
                squares.entry(descriptor.fact.feature.clone()).or_default().push(z * z);
            }
        }
        assert_eq!(loaded.describe(scan).unwrap(), descriptors);
    }
    assert_eq!(bands.len(), 5, "{bands:?}");
    assert!(bands["typical"] > 98 * 30 / 2, "{bands:?}");
    // The z of unseen people must have a plausible spread. In the reference implementation it does not.
    for (feature, squares) in squares {
        let width = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        assert!((0.5..2.0).contains(&width), "{feature}: {width}");
    }
}

#[test]
fn what_cannot_be_is_told_at_its_key() {
    let cohort = |rois: usize| {
        let names = (0..rois).map(|roi| format!("region {roi}")).collect();
        Cohort::new(Vec::new(), Regions { names, networks: vec!["n".to_owned(); rois] })
    };
    let cases = [
        (json!({}), 122),
        (json!({"sparsity": 1.0}), 122),
        (json!({"sparsity": -0.1}), 122),
        (json!({"components": 0}), 122),
        (json!({"components": 121}), 122),
        (json!({"sparsity": 0.0}), 3),
        (json!({}), 20),
        (json!({"sparsity": 0.5}), 5),
    ];
    let mut told = String::new();
    for (table, rois) in cases {
        told += &format!("{table}, {rois} regions\n");
        for problem in generator(table).check(&cohort(rois)) {
            told +=
                &format!("  {}: {} ({})\n", problem.key, problem.message, problem.help.unwrap_or_default());
        }
    }
    expect![[r#"
        {}, 122 regions
        {"sparsity":1.0}, 122 regions
          sparsity: `1` is not from 0 to below 1 (0.9 keeps the strongest tenth of each row)
        {"sparsity":-0.1}, 122 regions
          sparsity: `-0.1` is not from 0 to below 1 (0.9 keeps the strongest tenth of each row)
        {"components":0}, 122 regions
          components: no gradient would be described (3 is usual)
        {"components":121}, 122 regions
          components: 122 regions have no more than 120 gradients (ask for fewer)
        {"sparsity":0.0}, 3 regions
          : gradients need four regions or more, and there are 3 (use a finer parcellation)
        {}, 20 regions
          sparsity: at a sparsity of 0.9 each of 20 regions keeps nothing but itself (lower it)
        {"sparsity":0.5}, 5 regions
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_cohort_in_pieces_is_told_what_to_do() {
    let (scans, split) = study();
    let train = split.train(&scans).unwrap();
    // Each region keeps itself and one other.
    let table = json!({"kernel": "cosine", "sparsity": 0.98});
    let error = generator(table).fit(&train, 0).err().unwrap().to_string();
    expect!["the mean FC of 68 training scans has no gradients: the graph is in pieces; a lower `sparsity` or the kernel `normalized-angle` keeps it together"].assert_eq(&error);
}
