//! Tests with a family that measures the mean, the spread and a column.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use boldface::schemars::schema_for;
use boldface::serde_json::{self, json};
use boldface::{
    Cohort, CorpusGenerator, Describer, Descriptor, Deserialize, JsonSchema, Part, Problem, Regions, Result,
    Scan, ScanId, ScanInfo, Serialize, Split, TimeSeries, TrainScans,
};
use boldface_features::{Feature, Measurement, Missing};
use expect_test::expect;

use super::Described;
use crate::corpora::family::{FeatureFamily, Telling};
use crate::corpora::words::WordTable;

/// Describes levels and spreads.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Level {
    /// Fails on a scan with this number of volumes.
    fails_at: usize,
    words: Option<WordTable>,
    paraphrase: bool,
    adjust: Vec<String>,
}

/// Number of measurements of scans in the dataset `counted`, which only one test uses.
static MEASURED: AtomicUsize = AtomicUsize::new(0);

impl FeatureFamily for Level {
    const NAME: &'static str = "level";
    const VERSION: u32 = 3;
    const WORDS: &'static str = r#"
        [measures.level]
        nouns = ["the level of {0}", "{0} level"]
        symbol = "level"
        [measures.spread]
        nouns = ["the overall spread", "the spread of it all"]
        symbol = "sd"
    "#;
    /// The mean of all training scans.
    type Learned = f64;

    fn telling(&self) -> Telling<'_> {
        Telling { words: self.words.as_ref(), paraphrase: self.paraphrase, adjust: &self.adjust }
    }

    fn learn(&self, train: &TrainScans<'_>, _seed: u64) -> Result<f64> {
        let means = train.iter().map(|scan| mean(scan.series.values()));
        Ok(means.sum::<f64>() / train.len() as f64)
    }

    fn measure(&self, learned: &f64, scan: &Scan, _seed: u64) -> Result<Vec<Measurement>> {
        MEASURED.fetch_add(usize::from(scan.info.id.dataset == "counted"), Ordering::Relaxed);
        if scan.series.trs() == self.fails_at {
            return Err(format!("`{}` has {} volumes", scan.info.id, self.fails_at).into());
        }
        let values = scan.series.values();
        let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let level = if scan.series.trs() < 2 { Err(Missing::Short) } else { Ok(mean(values) - learned) };
        let spread = Feature::new("spread", &[]).is(Ok(f64::from(largest)));
        Ok(vec![Feature::new("level", &["Vis"]).is(level), spread])
    }

    fn told_value(&self, feature: &Feature, value: f64) -> f64 {
        if feature.measure == "level" { value * 100.0 } else { value }
    }

    fn features(&self, _cohort: &Cohort) -> Vec<Feature> {
        vec![Feature::new("level", &["Vis"]), Feature::new("spread", &[])]
    }

    fn tells(&self) -> Vec<String> {
        vec!["height".to_owned()]
    }
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
}

fn scan(subject: usize, values: &[f32]) -> Scan {
    let id = ScanId {
        dataset: "d".into(),
        subject: format!("{subject:02}"),
        session: None,
        task: None,
        run: None,
        by_run: false,
    };
    let phenotype = [("age".to_owned(), (20 + subject * 7 % 11).to_string())].into();
    let (trs, rois) = (values.len() / 2, 2);
    Scan {
        info: Arc::new(ScanInfo { id, tr: 2.0, trs, rois, phenotype, events: vec![], cuts: vec![] }),
        series: TimeSeries::new(trs, rois, 2.0, values.to_vec()).unwrap(),
        regions: Arc::new(Regions {
            names: vec!["a".into(), "b".into()],
            networks: vec!["Vis".into(), "Vis".into()],
        }),
        descriptors: vec![],
    }
}

/// Six scans, of which the first `train` are for training.
fn study(train: usize) -> (Vec<Scan>, Split) {
    let values = |i: usize| -> Vec<f32> { (0..8).map(|t| ((i * 5 + t * t) % 7) as f32 + i as f32).collect() };
    let scans: Vec<Scan> = (0..6).map(|i| scan(i, &values(i))).collect();
    let part = |i| if i < train { Part::Train } else { Part::Test };
    let parts = scans.iter().enumerate().map(|(i, scan)| (scan.info.id.person(), part(i))).collect();
    (scans, Split { parts })
}

fn fitted(config: &Level, seed: u64) -> Box<dyn Describer> {
    let (scans, split) = study(4);
    Described(config.clone()).fit(&split.train(&scans).unwrap(), seed).unwrap()
}

fn paraphrasing() -> Level {
    Level { paraphrase: true, ..Level::default() }
}

fn texts(told: &[Descriptor]) -> Vec<&str> {
    told.iter().map(|one| one.text.as_str()).collect()
}

fn error<T>(result: Result<T>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_scan_alone_is_told_as_after_others_and_as_loaded() {
    let (scans, _) = study(4);
    let describer = fitted(&paraphrasing(), 5);
    let alone: Vec<Vec<Descriptor>> =
        scans.iter().map(|scan| fitted(&paraphrasing(), 5).describe(scan).unwrap()).collect();
    let after: Vec<Vec<Descriptor>> =
        scans.iter().rev().map(|scan| describer.describe(scan).unwrap()).collect();
    assert!(after.iter().rev().eq(alone.iter()));
    let dir = tempfile::tempdir().unwrap();
    describer.save(dir.path()).unwrap();
    let loaded = Described(paraphrasing()).load(dir.path()).unwrap();
    for (scan, told) in scans.iter().zip(&alone) {
        assert_eq!(&loaded.describe(scan).unwrap(), told);
        for one in told {
            assert_eq!(loaded.read(&one.text).unwrap()[0].band, one.fact.band);
            assert!(one.fact.agrees(&loaded.read(&one.text).unwrap()[0]));
        }
    }
}

#[test]
fn what_is_told_is_the_value_the_family_tells_and_the_z_it_measures() {
    let (scans, _) = study(4);
    let told = fitted(&Level::default(), 0).describe(&scans[5]).unwrap();
    // Scan means (see `study`); the learned level is the mean of the first four.
    let means: Vec<f64> = scans.iter().map(|scan| mean(scan.series.values())).collect();
    let typical = means[..4].iter().sum::<f64>() / 4.0;
    let sd = (means[..4].iter().map(|x| (x - typical).powi(2)).sum::<f64>() / 3.0).sqrt();
    assert!((told[0].fact.value.unwrap() - 100.0 * (means[5] - typical)).abs() < 1e-9);
    assert!((told[0].fact.z.unwrap() - (means[5] - typical) / sd).abs() < 1e-9);
    assert_eq!((told[0].norm_scans, told[0].norm_people), (4, 4));
    assert!(told[0].norm.starts_with("level-3-") && told[0].norm.len() == 24, "{}", told[0].norm);
    // A value without a z is kept, with the reason.
    let short = fitted(&Level::default(), 0).describe(&scan(9, &[1.0, 2.0])).unwrap();
    assert_eq!((short[0].fact.value, short[0].fact.z), (None, None));
    assert_eq!(short[0].fact.reason.as_deref(), Some("the scan has too few volumes"));
}

#[test]
fn wording_follows_from_seed_scan_and_feature() {
    let (scans, _) = study(4);
    let told = |seed, scan: &Scan| {
        let told = fitted(&paraphrasing(), seed).describe(scan).unwrap();
        texts(&told).join(" ")
    };
    assert_eq!(told(1, &scans[5]), told(1, &scans[5]));
    let by_seed: std::collections::BTreeSet<String> = (0..8).map(|seed| told(seed, &scans[5])).collect();
    assert!(by_seed.len() > 4, "{by_seed:?}");
    let plain = fitted(&Level::default(), 1).describe(&scans[5]).unwrap();
    assert_eq!(texts(&plain), texts(&fitted(&Level::default(), 2).describe(&scans[5]).unwrap()));
    // Another scan name gives other words for the same numbers.
    let named = |subject: usize| told(1, &scan(subject, scans[5].series.values()));
    let by_scan: std::collections::BTreeSet<String> = (10..18).map(named).collect();
    assert!(by_scan.len() > 4, "{by_scan:?}");
}

#[test]
fn training_scans_are_measured_once_and_a_changed_scan_again() {
    let counted = |mut scan: Scan| {
        Arc::get_mut(&mut scan.info).unwrap().id.dataset = "counted".into();
        scan
    };
    let scans: Vec<Scan> = study(4).0.into_iter().map(counted).collect();
    let parts = scans.iter().map(|scan| (scan.info.id.person(), Part::Train)).collect();
    let split = Split { parts };
    let describer = Described(Level::default()).fit(&split.train(&scans).unwrap(), 0).unwrap();
    let measured = || MEASURED.load(Ordering::Relaxed);
    let same = describer.describe(&scans[0]).unwrap();
    assert_eq!((measured(), describer.describe(&scans[0]).unwrap() == same), (6, true));
    // The same name with other values, another window or other columns is another scan.
    let other = counted(scan(0, &[9.0; 8]));
    assert_ne!(describer.describe(&other).unwrap()[0].fact, same[0].fact);
    let shorter = counted(scan(0, &scans[0].series.values()[..6]));
    assert_ne!(describer.describe(&shorter).unwrap()[0].fact, same[0].fact);
    let mut older = scans[0].clone();
    Arc::make_mut(&mut older.info).phenotype.insert("age".into(), "99".into());
    assert_eq!(describer.describe(&older).unwrap(), same);
    assert_eq!(measured(), 9);
    // An error in one scan fails the fit and names the scan.
    let failing = Described(Level { fails_at: 4, ..Level::default() });
    assert_eq!(error(failing.fit(&split.train(&scans).unwrap(), 0)), "`counted/sub-00` has 4 volumes");
}

#[test]
fn files_come_back_as_the_same_bytes_and_damage_is_named() {
    let config = Level { adjust: vec!["age".into()], ..paraphrasing() };
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fitted(&config, u64::MAX).save(first.path()).unwrap();
    let load = || Described(config.clone()).load(first.path());
    load().unwrap().save(second.path()).unwrap();
    let read = |dir: &Path, file: &str| fs::read_to_string(dir.join(file)).unwrap();
    for file in ["norms.json", "learned.json", "words.toml"] {
        let text = read(first.path(), file);
        assert_eq!(text, read(second.path(), file), "{file}");
        let path = first.path().join(file);
        for end in [0, 1, text.len() / 3, text.len() / 2] {
            fs::write(&path, &text[..end]).unwrap();
            // Truncated words may still parse, with fewer measures; then phrases are missing.
            assert!(error(load()).contains(file), "{file} cut at {end}: {}", error(load()));
        }
        fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
        assert!(error(load()).contains(file), "{}", error(load()));
        fs::remove_file(&path).unwrap();
        assert!(error(load()).contains(file), "{}", error(load()));
        fs::write(&path, &text).unwrap();
    }
    let changed = |file: &str, from: &str, to: &str| {
        let text = read(first.path(), file);
        fs::write(first.path().join(file), text.replacen(from, to, 1)).unwrap();
        let said = error(load()).replace(&first.path().display().to_string(), "DIR");
        fs::write(first.path().join(file), text).unwrap();
        said
    };
    expect!["`DIR/norms.json`: has version 9, expected 1; build the corpus again"].assert_eq(&changed(
        "norms.json",
        "\"version\": 1",
        "\"version\": 9",
    ));
    expect!["`DIR/learned.json`: has version 2, expected 3; build the corpus again"].assert_eq(&changed(
        "learned.json",
        "\"version\": 3",
        "\"version\": 2",
    ));
    expect!["`DIR/learned.json`: is of a corpus of type `graph`, not `level`"].assert_eq(&changed(
        "learned.json",
        "\"family\": \"level\"",
        "\"family\": \"graph\"",
    ));
    expect!["`DIR/learned.json`: has the invalid seed `x`"].assert_eq(&changed(
        "learned.json",
        &u64::MAX.to_string(),
        "x",
    ));
    assert_eq!(error(load()), "");
}

#[test]
fn other_regions_and_no_scans_are_refused() {
    let (mut scans, split) = study(4);
    let describer = fitted(&Level::default(), 0);
    let mut other = scans[5].clone();
    other.regions = Arc::new(Regions {
        names: vec!["a".into(), "c".into()],
        networks: scans[5].regions.networks.clone(),
    });
    expect!["`d/sub-05` has other regions than the scans that the norms rest on: its region 2 is `c` of network `Vis`, theirs `b` of network `Vis`"]
        .assert_eq(&error(describer.describe(&other)));
    other.series = TimeSeries::new(4, 1, 2.0, vec![0.0; 4]).unwrap();
    expect!["`d/sub-05` has 1 regions, but its region table 2"].assert_eq(&error(describer.describe(&other)));
    other.regions = Arc::new(Regions { names: vec!["a".into()], networks: vec!["Vis".into()] });
    expect!["`d/sub-05` has other regions than the scans that the norms rest on: it has 1 and they 2"]
        .assert_eq(&error(describer.describe(&other)));
    scans[2].regions = other.regions.clone();
    scans[2].series = other.series.clone();
    expect!["`d/sub-02` has other regions than `d/sub-00`: it has 1 and they 2"]
        .assert_eq(&error(Described(Level::default()).fit(&split.train(&scans).unwrap(), 0)));
    let (scans, split) = study(0);
    expect!["there are no training scans to take norms from"]
        .assert_eq(&error(Described(Level::default()).fit(&split.train(&scans).unwrap(), 0)));
}

#[test]
fn columns_that_are_adjusted_for_are_told_to_the_lint_and_checked_before_anything_runs() {
    let table = json!({ "adjust": ["site", "age", "site"] });
    let config: Described<Level> = serde_json::from_value(table).unwrap();
    assert_eq!(config.tells(), ["age", "height", "site"]);
    let (mut scans, _) = study(4);
    for scan in &mut scans[2..] {
        Arc::get_mut(&mut scan.info).unwrap().phenotype.insert("site".into(), "A".into());
    }
    let cohort = Cohort::new(scans.iter().map(|s| (*s.info).clone()).collect(), (*scans[0].regions).clone());
    let problems: Vec<String> = config.check(&cohort).iter().map(Problem::to_string).collect();
    expect![[r#"
        adjust[0]: 2 of 6 scans have no `site`, the first is `d/sub-00`; fill it in, leave those scans out, or remove the column from `adjust`
        adjust[2]: `site` is listed twice; remove one
        adjust[2]: 2 of 6 scans have no `site`, the first is `d/sub-00`; fill it in, leave those scans out, or remove the column from `adjust`"#]]
    .assert_eq(&problems.join("\n"));
    assert!(Described(Level::default()).check(&cohort).is_empty());
    assert_eq!(Described(Level::default()).version(), 6);
}

#[test]
fn the_schema_is_the_familys() {
    let (own, described) = (schema_for!(Level), schema_for!(Described<Level>));
    assert_eq!(serde_json::to_value(own).unwrap(), serde_json::to_value(described).unwrap());
}
