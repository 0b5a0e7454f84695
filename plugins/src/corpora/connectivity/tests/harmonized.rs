//! Tests of harmonised couplings: a planted site effect disappears, preserved columns stay, and test
//! scans have no effect.

use std::fs;
use std::sync::Arc;

use boldface::serde_json::json;
use boldface::{Cohort, CorpusGenerator, Describer, Problem, Scan};
use expect_test::expect;

use super::super::Connectivity;
use super::{generator, scan, split};
use crate::corpora::described::Described;

/// Three regions of two networks. Couplings differ between people and between sites: site B adds
/// `effect`.
fn study(subjects: usize, effect: f32) -> Vec<Scan> {
    let one = |subject: usize| {
        let site = if subject.is_multiple_of(2) { "A" } else { "B" };
        let shift = if site == "B" { effect } else { 0.0 };
        // Signals that are orthogonal over 8 volumes: each region is the first signal plus its own.
        let wave =
            |period: usize| (0..8).map(move |t| if (t / period).is_multiple_of(2) { 1.0f32 } else { -1.0 });
        let own = |place: usize| 0.9 + 0.4 * ((subject * 7 + place * 5) % 11) as f32 / 11.0 + shift;
        let region = |place: usize, period: usize| -> Vec<f32> {
            wave(4).zip(wave(period)).map(|(common, alone)| common * own(place) + alone).collect()
        };
        let (one, two, three) = (region(0, 2), region(1, 1), wave(4).collect::<Vec<f32>>());
        let mut scan = scan(&format!("{subject:02}"), &["Default", "Vis", "Vis"], &[&one, &two, &three]);
        let info = Arc::get_mut(&mut scan.info).unwrap();
        info.phenotype.insert("site".to_owned(), site.to_owned());
        info.phenotype.insert("age".to_owned(), (20 + subject * 5 % 13).to_string());
        scan
    };
    (0..subjects).map(one).collect()
}

fn harmonizing() -> Described<Connectivity> {
    generator(json!({ "harmonize": { "batch": "site", "preserve": ["age"] } }))
}

/// Mean z of site B minus that of site A over all facts of the scans.
fn difference(describer: &dyn Describer, scans: &[Scan]) -> f64 {
    let mean = |site: &str| {
        let of_site = scans.iter().filter(|scan| scan.info.phenotype["site"] == site);
        let zs: Vec<f64> = of_site
            .flat_map(|scan| describer.describe(scan).unwrap())
            .filter_map(|told| told.fact.z)
            .collect();
        zs.iter().sum::<f64>() / zs.len() as f64
    };
    mean("B") - mean("A")
}

#[test]
fn a_planted_site_effect_is_taken_out_of_scans_that_were_not_fitted_on() {
    let scans = study(60, 1.0);
    let train = split(&scans, 40);
    let train = train.train(&scans).unwrap();
    let plain = generator(json!({})).fit(&train, 0).unwrap();
    let harmonized = harmonizing().fit(&train, 0).unwrap();
    let (before, after) = (difference(&*plain, &scans[40..]), difference(&*harmonized, &scans[40..]));
    assert!(before > 1.0, "the planted effect is {before} SD");
    assert!(after.abs() < 0.25, "{after} SD of {before} are left");
}

#[test]
fn test_scans_change_nothing_of_what_is_fitted() {
    let files = |scans: &[Scan]| {
        let dir = tempfile::tempdir().unwrap();
        let describer = harmonizing().fit(&split(scans, 30).train(scans).unwrap(), 0).unwrap();
        describer.save(dir.path()).unwrap();
        ["norms.json", "learned.json"].map(|file| fs::read_to_string(dir.path().join(file)).unwrap())
    };
    let scans = study(40, 1.0);
    let mut others = scans[..30].to_vec();
    others.extend(study(40, -0.4).split_off(30));
    assert_eq!(files(&scans), files(&others));
    assert_ne!(files(&scans), files(&study(40, 0.9)));
}

#[test]
fn what_was_saved_describes_alike() {
    let scans = study(30, 1.0);
    let describer = harmonizing().fit(&split(&scans, 20).train(&scans).unwrap(), 0).unwrap();
    let dir = tempfile::tempdir().unwrap();
    describer.save(dir.path()).unwrap();
    let loaded = harmonizing().load(dir.path()).unwrap();
    for scan in &scans {
        assert_eq!(loaded.describe(scan).unwrap(), describer.describe(scan).unwrap());
    }
    // A corpus fitted without the key cannot be harmonised.
    let plain = tempfile::tempdir().unwrap();
    let describer = generator(json!({})).fit(&split(&scans, 20).train(&scans).unwrap(), 0).unwrap();
    describer.save(plain.path()).unwrap();
    let error = harmonizing().load(plain.path()).unwrap().describe(&scans[0]).unwrap_err().to_string();
    assert_eq!(error, "`harmonize` is not as it was when the norms were fitted; build the corpus again");
}

#[test]
fn what_cannot_be_harmonised_is_said() {
    let mut scans = study(20, 1.0);
    let at_site = |scan: &mut Scan, site: &str| {
        Arc::get_mut(&mut scan.info).unwrap().phenotype.insert("site".to_owned(), site.to_owned())
    };
    at_site(&mut scans[19], "C");
    let describer = harmonizing().fit(&split(&scans, 15).train(&scans).unwrap(), 0).unwrap();
    expect!["`harmonize`: no training scan is from batch `C`, so its effect is unknown; the training scans have `A`, `B`"]
        .assert_eq(&describer.describe(&scans[19]).unwrap_err().to_string());
    at_site(&mut scans[0], "C");
    expect!["`harmonize`: `site` is `C` in only one training scan, but a batch needs two; leave that scan out, or join batches in another column"]
        .assert_eq(&harmonizing().fit(&split(&scans, 15).train(&scans).unwrap(), 0).err().unwrap().to_string());
    Arc::get_mut(&mut scans[3].info).unwrap().phenotype.remove("age");
    let regions = (*scans[0].regions).clone();
    let cohort = Cohort::new(scans.iter().map(|scan| (*scan.info).clone()).collect(), regions);
    let harmonizing = generator(json!({ "harmonize": { "batch": "site", "preserve": ["age", "site"] } }));
    let said: Vec<String> = harmonizing.check(&cohort).iter().map(Problem::to_string).collect();
    expect![[r#"
        harmonize.preserve[0]: 1 of 20 scans have no `age`, the first is `made/sub-03`; fill it in, or leave those scans out
        harmonize.preserve[1]: `site` is the batch: it cannot be both removed and preserved; remove it from `preserve`"#]]
    .assert_eq(&said.join("\n"));
}
