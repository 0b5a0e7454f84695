//! Norms worked out by hand, and by numpy if columns are adjusted for.

use boldface::{ScanId, ScanInfo, serde_json};
use expect_test::expect;
use proptest::prelude::*;

use super::Norms;
use crate::{Feature, Measurement, Missing};

fn info(subject: usize, run: usize, columns: &[(&str, &str)]) -> ScanInfo {
    let id = ScanId {
        dataset: "d".into(),
        subject: format!("{subject:02}"),
        session: None,
        task: None,
        run: Some(run.to_string()),
        by_run: false,
    };
    let phenotype = columns.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned()));
    ScanInfo { id, tr: 2.0, trs: 9, rois: 2, phenotype: phenotype.collect(), events: vec![], cuts: vec![] }
}

fn row(values: &[Result<f64, Missing>]) -> Vec<Measurement> {
    let names = ["a", "b", "c"];
    values.iter().zip(names).map(|(&value, name)| Feature::new("m", &[name]).is(value)).collect()
}

fn fit(rows: &[Vec<Measurement>], scans: &[ScanInfo], adjust: &[&str]) -> boldface::Result<Norms> {
    let adjust: Vec<String> = adjust.iter().map(|&column| column.to_owned()).collect();
    Norms::fit(rows, &scans.iter().collect::<Vec<_>>(), &adjust)
}

fn z(norms: &Norms, value: f64, scan: &ScanInfo) -> Result<f64, Missing> {
    norms.compare(&row(&[Ok(value)]), scan).unwrap()[0].z
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
}

fn error<T>(result: boldface::Result<T>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn one_scan_a_person_is_the_mean_and_the_sd_with_ddof_1() {
    // 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14, SD sqrt(14 / 2) = 2.6458; (8 - 3) / 2.6458 = 1.8898.
    let scans: Vec<ScanInfo> = (0..3).map(|subject| info(subject, 1, &[])).collect();
    let rows = [1.0, 2.0, 6.0].map(|value| row(&[Ok(value)]));
    let norms = fit(&rows, &scans, &[]).unwrap();
    near(z(&norms, 8.0, &info(9, 1, &[])).unwrap(), 5.0 / 7.0_f64.sqrt());
    let compared = norms.compare(&rows[0], &scans[0]).unwrap()[0];
    assert_eq!((compared.scans, compared.people), (3, 3));
}

#[test]
fn every_person_counts_once() {
    // Person 0 has 1 and 3, person 1 has 4, person 2 has 9: mean (2 + 4 + 9) / 3 = 5. Squares, with half
    // the weight for each scan of person 0: (16 + 4) / 2 + 1 + 16 = 27, SD sqrt(27 / 2) = 3.6742.
    let scans = [info(0, 1, &[]), info(0, 2, &[]), info(1, 1, &[]), info(2, 1, &[])];
    let rows = [1.0, 3.0, 4.0, 9.0].map(|value| row(&[Ok(value)]));
    let norms = fit(&rows, &scans, &[]).unwrap();
    near(z(&norms, 6.0, &scans[0]).unwrap(), 1.0 / 13.5_f64.sqrt());
    let compared = norms.compare(&rows[0], &scans[0]).unwrap()[0];
    assert_eq!((compared.scans, compared.people), (4, 3));
    // With a split over runs, each run is a person.
    let by_run = scans.clone().map(|mut scan| {
        scan.id.by_run = true;
        scan
    });
    let norms = fit(&rows, &by_run, &[]).unwrap();
    // Mean 4.25, squares 10.5625 + 1.5625 + .0625 + 22.5625 = 34.75, SD sqrt(34.75 / 3).
    near(z(&norms, 6.0, &scans[0]).unwrap(), 1.75 / (34.75_f64 / 3.0).sqrt());
    assert_eq!(norms.compare(&rows[0], &scans[0]).unwrap()[0].people, 4);
}

#[test]
fn what_is_missing_or_does_not_vary_has_no_z() {
    let scans: Vec<ScanInfo> = (0..4).map(|subject| info(subject, 1, &[])).collect();
    // b is dead in two scans, so 1 and 3 remain: mean 2, SD sqrt 2. c varies only by rounding.
    let b = [Ok(1.0), Err(Missing::Dead), Ok(3.0), Err(Missing::Short)];
    let rows: Vec<_> =
        (0..4).map(|i| row(&[Ok(0.5), b[i], Ok(if i == 2 { 0.3 } else { 0.1 + 0.2 })])).collect();
    let norms = fit(&rows, &scans, &[]).unwrap();
    let compared = norms.compare(&row(&[Ok(0.7), Ok(4.0), Err(Missing::Alone)]), &scans[1]).unwrap();
    assert_eq!(compared[0].z, Err(Missing::NoSpread));
    near(compared[1].z.unwrap(), 2.0_f64.sqrt());
    assert_eq!((compared[1].scans, compared[1].people), (2, 2));
    assert_eq!(compared[2].z, Err(Missing::Alone));
    let rounding = norms.compare(&row(&[Ok(0.7), Ok(4.0), Ok(0.4)]), &scans[1]).unwrap();
    assert_eq!(rounding[2].z, Err(Missing::NoSpread));
    // One person has no spread between people, however many scans there are.
    let scans = [info(0, 1, &[]), info(0, 2, &[])];
    let norms = fit(&[row(&[Ok(1.0)]), row(&[Ok(2.0)])], &scans, &[]).unwrap();
    assert_eq!(z(&norms, 1.0, &scans[0]), Err(Missing::NoSpread));
}

/// Returns twelve scans of ten people, as in `tests/python/norms_golden.py`.
fn study() -> (Vec<Vec<Measurement>>, Vec<ScanInfo>) {
    let ages = [20, 20, 31, 45, 45, 52, 38, 27, 61, 33, 29, 48];
    let sites: Vec<char> = "aabbbcacbcab".chars().collect();
    let people = [0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9];
    let value = |i: usize| {
        let effect = [0.0, 0.5, -1.0]["abc".find(sites[i]).unwrap()];
        (i * 7 % 13) as f64 / 10.0 + 0.03 * f64::from(ages[i]) + effect
    };
    let columns = |i: usize| [("age", ages[i].to_string()), ("site", sites[i].to_string())];
    let scan = |i: usize| {
        let columns = columns(i);
        info(people[i], i, &columns.each_ref().map(|(column, value)| (*column, value.as_str())))
    };
    ((0..12).map(|i| row(&[Ok(value(i))])).collect(), (0..12).map(scan).collect())
}

#[test]
fn adjusting_equals_numpys_weighted_least_squares() {
    // Expected numbers: tests/python/norms_golden.py, numpy 2.4.6.
    let (rows, scans) = study();
    let norms = fit(&rows, &scans, &["age", "site"]).unwrap();
    for (i, expected) in
        [(0, -0.909_180_895_415_482_3), (5, -0.398_551_133_802_382_05), (9, 0.300_544_905_646_896_45)]
    {
        near(norms.compare(&rows[i], &scans[i]).unwrap()[0].z.unwrap(), expected);
    }
    let new = info(77, 1, &[("age", "40"), ("site", "b")]);
    near(z(&norms, 2.0, &new).unwrap(), -0.589_335_838_540_464_8);
    let plain = fit(&rows, &scans, &[]).unwrap();
    near(z(&plain, 2.0, &new).unwrap(), (2.0 - 1.687) / 0.799_827_064_641_684_4);
    assert_eq!(norms.adjusted().collect::<Vec<_>>(), ["age", "site"]);
}

#[test]
fn columns_that_cannot_be_adjusted_for_are_named() {
    let (rows, mut scans) = study();
    let norms = fit(&rows, &scans, &["age", "site"]).unwrap();
    let told = |columns: &[(&str, &str)]| error(norms.compare(&rows[0], &info(77, 1, columns)));
    expect!["`d/sub-77_run-1` has no `age`, which norms are adjusted for; fill it in, leave the scan out, or take it out of `adjust`"]
        .assert_eq(&told(&[("site", "a")]));
    expect!["`d/sub-77_run-1` has `old` in `age`, which is a number in every training scan; norms are adjusted for it"]
        .assert_eq(&told(&[("age", "old"), ("site", "a")]));
    expect!["`d/sub-77_run-1` has `z` in `site`, which norms are adjusted for, and no training scan has; they have `a`, `b`, `c`"]
        .assert_eq(&told(&[("age", "4"), ("site", "z")]));
    expect!["`adjust` has `age` twice"].assert_eq(&error(fit(&rows, &scans, &["age", "age"])));
    // One scan of each site.
    let (few, of) = ([1, 2, 5].map(|i| rows[i].clone()), [1, 2, 5].map(|i| scans[i].clone()));
    expect!["`adjust`: 3 training people are too few for 3 slopes and a mean; adjust for less"]
        .assert_eq(&error(fit(&few, &of, &["age", "site"])));
    for scan in &mut scans {
        let double = (2.0 * scan.phenotype["age"].parse::<f64>().unwrap()).to_string();
        scan.phenotype.insert("double".into(), double);
        scan.phenotype.insert("scanner".into(), "one".into());
    }
    expect![
        "`scanner` is `one` in every training scan: there is nothing to adjust for; take it out of `adjust`"
    ]
    .assert_eq(&error(fit(&rows, &scans, &["scanner"])));
    let collinear = error(fit(&rows, &scans, &["age", "double"]));
    assert!(collinear.starts_with("`adjust`: the training scans cannot tell `"), "{collinear}");
    scans[4].phenotype.remove("site");
    expect!["`d/sub-02_run-4` has no `site`, which norms are adjusted for; fill it in, leave the scan out, or take it out of `adjust`"]
        .assert_eq(&error(fit(&rows, &scans, &["age", "site"])));
}

#[test]
fn a_word_among_numbers_makes_no_categories() {
    let ages = ["61", "72", "89+", "40", "55"];
    let scans: Vec<ScanInfo> =
        (0..).zip(ages).map(|(subject, age)| info(subject, 1, &[("age", age)])).collect();
    let rows: Vec<Vec<Measurement>> = (0..5).map(|value| row(&[Ok(f64::from(value))])).collect();
    expect!["`d/sub-02_run-1` has `89+` in `age`, which norms are adjusted for and which holds numbers otherwise; write a number, or leave that scan out"]
        .assert_eq(&error(fit(&rows, &scans, &["age"])));
}

#[test]
fn a_level_that_a_feature_lacks_is_no_number() {
    // Without the scans of site c, this feature has no slope for that site, even for scans of other
    // sites.
    let (mut rows, scans) = study();
    for (row, scan) in rows.iter_mut().zip(&scans) {
        let value = row[0].value;
        let there = scan.phenotype["site"] != "c";
        row.push(Feature::new("m", &["b"]).is(if there { value } else { Err(Missing::Dead) }));
    }
    let norms = fit(&rows, &scans, &["age", "site"]).unwrap();
    let compared = norms.compare(&rows[0], &scans[0]).unwrap();
    assert!(compared[0].z.is_ok());
    assert_eq!(compared[1].z, Err(Missing::NoSpread));
}

#[test]
fn other_features_and_no_scans_are_errors() {
    let (rows, scans) = study();
    let norms = fit(&rows, &scans, &[]).unwrap();
    let other = [Feature::new("other", &[]).is(Ok(1.0))];
    expect!["`d/sub-00_run-0` has other features than the scans that the norms rest on"]
        .assert_eq(&error(norms.compare(&other, &scans[0])));
    let mixed = [rows[0].clone(), other.to_vec()];
    expect!["`d/sub-00_run-0` and `d/sub-01_run-2` have different features"].assert_eq(&error(fit(
        &mixed,
        &[scans[0].clone(), scans[2].clone()],
        &[],
    )));
    expect!["there are no training scans to take norms from"].assert_eq(&error(fit(&[], &[], &[])));
}

#[test]
fn what_is_written_reads_back_and_damage_is_an_error() {
    let (rows, scans) = study();
    let norms = fit(&rows, &scans, &["age", "site"]).unwrap();
    let text = serde_json::to_string_pretty(&norms).unwrap();
    let read: Norms = serde_json::from_str(&text).unwrap();
    assert_eq!(read, norms);
    assert_eq!(serde_json::to_string_pretty(&read).unwrap(), text);
    assert_eq!(read.fingerprint(), norms.fingerprint());
    let refused = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        serde_json::from_str::<Norms>(&changed).unwrap_err().to_string()
    };
    assert!(refused("\"version\": 1", "\"version\": 7").starts_with("has version 7, expected 1"));
    assert!(refused("\"people\": 10", "\"people\": 1").contains("`m.a` rests on 12 scans of 1 people"));
    assert!(refused("\"sd\": ", "\"sd\": -").contains("has an SD of -"));
    assert!(refused("\"slopes\": [", "\"slopes\": [ 1.0,").contains("has 4 slopes for 3 columns"));
    for end in (0..text.len() - 1).step_by(7) {
        assert!(serde_json::from_str::<Norms>(&text[..end]).is_err());
    }
    // Any change of a number, level or name changes the fingerprint.
    for (from, to) in [("\"scans\": 12", "\"scans\": 13"), ("\"m\"", "\"n\""), ("\"c\"", "\"d\"")] {
        let other: Norms = serde_json::from_str(&text.replacen(from, to, 1)).unwrap();
        assert_ne!(other.fingerprint(), norms.fingerprint(), "{from}");
    }
}

proptest! {
    #[test]
    fn training_scans_are_centred_and_the_order_of_people_changes_nothing_but_rounding(
        values in prop::collection::vec(-5.0..5.0f64, 6..20), repeated in 1usize..4, shift in -1e3..1e3f64,
    ) {
        let scans: Vec<ScanInfo> = (0..values.len()).map(|i| info(i / repeated, i, &[])).collect();
        let people = scans.last().unwrap().id.subject.parse::<usize>().unwrap() + 1;
        prop_assume!(people > 1);
        let rows: Vec<_> = values.iter().map(|value| row(&[Ok(value + shift)])).collect();
        let norms = fit(&rows, &scans, &[]).unwrap();
        let of = |person: usize| -> Vec<f64> {
            let own = (0..scans.len()).filter(|i| i / repeated == person);
            own.map(|i| norms.compare(&rows[i], &scans[i]).unwrap()[0].z.unwrap()).collect()
        };
        let mean = |zs: &[f64], of: fn(f64) -> f64| zs.iter().map(|&z| of(z)).sum::<f64>() / zs.len() as f64;
        let means: f64 = (0..people).map(|person| mean(&of(person), |z| z)).sum();
        let squares: f64 = (0..people).map(|person| mean(&of(person), |z| z * z)).sum();
        prop_assert!(means.abs() < 1e-6, "{}", means);
        prop_assert!((squares - (people - 1) as f64).abs() < 1e-6, "{}", squares);
    }
}
