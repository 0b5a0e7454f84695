//! Tests of states, gaps, z-scored series and the pain data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use boldface::serde_json::{self, Value, json};
use boldface::{
    Cohort, CorpusGenerator, Cut, Descriptor, Part, Regions, Scan, ScanId, ScanInfo, Split, TimeSeries,
    Window,
};

use super::Temporal;
use crate::corpora::described::Described;
use crate::corpora::pain;

fn generator(table: Value) -> Described<Temporal> {
    serde_json::from_value(table).unwrap()
}

fn info(subject: usize, trs: usize) -> ScanInfo {
    let id = ScanId {
        dataset: "made".to_owned(),
        subject: format!("{subject:02}"),
        session: None,
        task: None,
        run: None,
        others: None,
        by_run: false,
    };
    ScanInfo { id, tr: 2.0, trs, rois: 6, phenotype: BTreeMap::new(), events: Vec::new(), cuts: Vec::new() }
}

/// A scan of three networks with two regions each. The first two networks move together in the first
/// `together` of 200 volumes, and independently in the rest.
fn scan(subject: usize, together: usize, change: impl Fn(usize, f64) -> f64) -> Scan {
    let mut state = 7919 * subject as u64 + 17;
    let mut noise = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let mut values = Vec::new();
    for t in 0..200 {
        let (one, two, three) = (noise(), noise(), noise());
        let b = if t < together { one } else { two };
        for (roi, network) in [one, one, b, b, three, three].into_iter().enumerate() {
            values.push(change(roi, network + 0.4 * noise()) as f32);
        }
    }
    let names = (0..6).map(|roi| format!("r{roi}")).collect();
    let networks = ["Aud", "Aud", "Mot", "Mot", "Vis", "Vis"].map(str::to_owned).to_vec();
    Scan {
        info: Arc::new(info(subject, 200)),
        series: TimeSeries::new(200, 6, 2.0, values).unwrap(),
        regions: Arc::new(Regions { names, networks }),
        descriptors: Vec::new(),
    }
}

fn split(scans: &[Scan], train: usize) -> Split {
    let people: BTreeSet<String> = scans.iter().map(|scan| scan.info.id.person()).collect();
    let part = |place| if place < train { Part::Train } else { Part::Test };
    Split { parts: people.into_iter().enumerate().map(|(place, person)| (person, part(place))).collect() }
}

fn fact<'a>(said: &'a [Descriptor], feature: &str) -> &'a Descriptor {
    said.iter().find(|descriptor| descriptor.fact.feature == feature).unwrap()
}

#[test]
fn states_are_learned_on_training_scans_and_told_of_others() {
    // Ten people whose networks are together for 110 to 155 of 200 volumes, and one with 40.
    let mut scans: Vec<Scan> = (0..10).map(|i| scan(i, 110 + 5 * i, |_, x| x)).collect();
    scans.push(scan(10, 40, |_, x| x));
    let split = split(&scans, 10);
    let train = split.train(&scans).unwrap();
    let generator = generator(json!({"states": 2, "window": 40.0, "paraphrase": false}));
    let describer = generator.fit(&train, 3).unwrap();
    let said = describer.describe(&scans[10]).unwrap();
    assert_eq!(said.len(), 4 * 3 + 2 + 2 + 1);
    let (one, two) = (fact(&said, "state-occupancy.1"), fact(&said, "state-occupancy.2"));
    // State 1 is together: 40 of 200 volumes, so about a fifth of the windows.
    let share = one.fact.value.unwrap();
    assert!((0.1..0.3).contains(&share), "{}", one.text);
    assert!((share + two.fact.value.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!((one.fact.band.as_str(), two.fact.band.as_str()), ("markedly lower", "markedly higher"));
    assert_eq!((one.norm_scans, one.norm_people), (10, 10));

    // The saved and reloaded corpus gives the same descriptions.
    let dir = tempfile::tempdir().unwrap();
    describer.save(dir.path()).unwrap();
    assert_eq!(generator.load(dir.path()).unwrap().describe(&scans[10]).unwrap(), said);
    let learned = std::fs::read_to_string(dir.path().join("learned.json")).unwrap();
    let learned: Value = serde_json::from_str(&learned).unwrap();
    assert_eq!(
        learned["learned"]["states"]["pairs"],
        json!(["Aud-Aud", "Aud-Mot", "Aud-Vis", "Mot-Mot", "Mot-Vis", "Vis-Vis"])
    );
    let r =
        |state: usize, pair: usize| learned["learned"]["states"]["centroids"][state][pair].as_f64().unwrap();
    assert!(r(0, 1) > 0.5 && r(1, 1) < 0.2, "{learned}");

    // The scan was cut where its coupling changes, so no window sees both sides.
    let mut cut = scans[10].clone();
    Arc::make_mut(&mut cut.info).cuts = vec![Cut { at: 80.0, seconds: 6.0 }];
    let said = describer.describe(&cut).unwrap();
    // Windows over the cut are gone. With 20 volumes and steps of 2, there are 11 windows in 40 volumes
    // and 71 in 160.
    let share = fact(&said, "state-occupancy.1").fact.value.unwrap();
    assert!((share - 11.0 / 82.0).abs() < 0.03, "{share}");
    assert!(fact(&said, "falff.Aud").fact.value.is_some());
}

#[test]
fn bad_scans_say_why_and_never_fail() {
    let scans: Vec<Scan> = (0..6).map(|i| scan(i, 60 + 20 * i, |_, x| 10.0 * x)).collect();
    let split = split(&scans, 6);
    let describer =
        generator(json!({"states": 2, "window": 40.0})).fit(&split.train(&scans).unwrap(), 0).unwrap();
    let reasons = |scan: &Scan| -> BTreeMap<String, Option<String>> {
        let said = describer.describe(scan).unwrap();
        assert_eq!(said.len(), 17);
        said.into_iter().map(|descriptor| (descriptor.fact.feature, descriptor.fact.reason)).collect()
    };
    let mut short = scans[0].clone();
    short.series = short.series.window(Window::first(3)).unwrap();
    assert!(reasons(&short).values().all(|why| why.as_deref() == Some("the scan has too few volumes")));

    let dead = scan(3, 100, |roi, x| if roi < 2 { 0.1 } else { 10.0 * x });
    let told = reasons(&dead);
    assert_eq!(told["amplitude.Aud"].as_deref(), Some("too many regions have no signal"));
    assert_eq!(told["amplitude.Mot"], None);

    let mut slow = scans[0].clone();
    slow.series = TimeSeries::new(200, 6, 7.0, slow.series.values().to_vec()).unwrap();
    let told = reasons(&slow);
    let why = "the TR is too long for its frequencies";
    assert_eq!((told["alff.Aud"].as_deref(), told["state-switches"].as_deref()), (Some(why), Some(why)));
    assert_eq!(told["persistence.Aud"], None);

    let nothing = scan(3, 100, |_, _| f64::NAN);
    assert!(reasons(&nothing).values().all(Option::is_some));
}

#[test]
fn z_scored_series_have_no_amplitude_to_compare() {
    let z = |scan: Scan| {
        let mut values = scan.series.values().to_vec();
        for roi in 0..6 {
            let signal: Vec<f64> = scan.series.roi(roi).map(f64::from).collect();
            let mean = signal.iter().sum::<f64>() / 200.0;
            let sd = (signal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
            (0..200).for_each(|t| values[6 * t + roi] = ((signal[t] - mean) / sd) as f32);
        }
        Scan { series: scan.series.with_values(values).unwrap(), ..scan }
    };
    let scans: Vec<Scan> = (0..6).map(|i| z(scan(i, 100, |_, x| x))).collect();
    let split = split(&scans, 5);
    let describer = generator(json!({"states": 0})).fit(&split.train(&scans).unwrap(), 0).unwrap();
    let said = describer.describe(&scans[5]).unwrap();
    assert_eq!(said.len(), 12);
    let amplitude = &fact(&said, "amplitude.Mot").fact;
    assert_eq!((amplitude.z, amplitude.reason.as_deref()), (None, Some("it does not vary in training")));
    assert!(fact(&said, "alff.Mot").fact.z.is_some());
}

#[test]
fn a_config_that_no_scan_can_have_is_a_problem_at_its_key() {
    let of = |table: Value, tr: f64, trs: usize| {
        let scans = (0..3).map(|i| ScanInfo { tr: tr + i as f64 * 0.1, trs, ..info(i, trs) }).collect();
        let cohort = Cohort::new(scans, scan(0, 0, |_, x| x).regions.as_ref().clone());
        let problems = generator(table).check(&cohort);
        problems.iter().map(|problem| format!("{problem}\n")).collect::<String>()
    };
    assert_eq!(of(json!({}), 2.0, 160), "");
    let expected = expect_test::expect![[r#"
        band: `[0.08, 0.01]` is not a band: the lower end comes first, both above 0 Hz; give Hz, such as `[0.01, 0.08]`
        band: no scan is fast enough for 0.08 Hz: the TR of `made/sub-00`, 7 s, resolves at most 0.071 Hz; give a lower upper end
        window: a window of 60 s has fewer than ten volumes: the TR of `made/sub-00` is 7 s; give at least 70 s, or `states = 0`
        band: no scan is as long as one cycle of 0.01 Hz: `made/sub-02` has 88 s; give a higher lower end
        window: no scan is as long as two windows of 60 s: `made/sub-02` has 88 s; give 44 s or less, or `states = 0`
        states: 1 states cannot be distinguished; give 2 to 20, or 0 for no sentences about states
        step: `200` seconds is not a possible step between windows; give more than 0 and at most the length of a window, 100
        window: `0` is not a length in seconds; give `60.0`
        window: a window of 15 s has fewer than ten volumes: the TR of `made/sub-00` is 2 s; give at least 20 s, or `states = 0`
    "#]];
    let all = [
        of(json!({"band": [0.08, 0.01]}), 2.0, 160),
        of(json!({}), 7.0, 160),
        of(json!({}), 2.0, 40),
        of(json!({"states": 1}), 2.0, 160),
        of(json!({"window": 100.0, "step": 200.0}), 2.0, 90),
        of(json!({"window": 0.0}), 2.0, 90),
        of(json!({"band": [0.02, 0.05], "window": 15.0}), 2.0, 160),
    ];
    expected.assert_eq(&all.concat());
}

#[test]
fn every_sentence_about_the_pain_data_reads_back() {
    let generator = generator(json!({}));
    assert_eq!(generator.check(&pain::cohort()), []);
    let (scans, split) = pain::study();
    let describer = generator.fit(&split.train(&scans).unwrap(), 0).unwrap();
    let (mut extreme, mut all, mut compared) = (0, 0, 0);
    for scan in &scans {
        let said = describer.describe(scan).unwrap();
        assert_eq!(said.len(), 4 * 7 + 4 + 4 + 1);
        for descriptor in &said {
            let read = describer.read(&descriptor.text).unwrap();
            assert!(read.len() == 1 && read[0].agrees(&descriptor.fact), "{}", descriptor.text);
            // The series of this study were z-scored.
            if descriptor.fact.feature.starts_with("amplitude") {
                assert_eq!(descriptor.fact.reason.as_deref(), Some("it does not vary in training"));
                continue;
            }
            all += 1;
            compared += usize::from(descriptor.fact.z.is_some());
            extreme += usize::from(descriptor.fact.z.is_some_and(|z| z.abs() > 5.0));
        }
    }
    // A scan that never enters a state has no dwell time there. Nothing else is missing.
    assert!(compared * 20 > all * 19, "{compared} of {all}");
    assert!(extreme * 200 < all, "{extreme} of {all}");
}
