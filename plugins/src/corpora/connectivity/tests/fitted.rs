//! Couplings, norms and choices on scans small enough to work out by hand.

use std::fs;

use boldface::serde_json::json;
use boldface::{Cohort, CorpusGenerator, Describer, Problem, Scan};

use super::{scan, split};
use crate::corpora::connectivity::Connectivity;

const ALL: Connectivity = Connectivity { strongest: None, weakest: None, harmonize: None };

// Orthogonal signals: `mix(r)` correlates with A as `r` does.
const A: [f32; 4] = [1.0, 1.0, -1.0, -1.0];
const B: [f32; 4] = [1.0, -1.0, 1.0, -1.0];

fn mix(r: f32) -> [f32; 4] {
    let rest = (1.0 - r * r).sqrt();
    std::array::from_fn(|t| r * A[t] + rest * B[t])
}

/// One region of `Default`, one of `Vis`, correlated by `r`.
fn coupled(subject: &str, r: f32) -> Scan {
    scan(subject, &["Default", "Vis"], &[&A, &mix(r)])
}

fn fitted(scans: &[Scan], train: usize) -> Box<dyn Describer> {
    ALL.fit(&split(scans, train).train(scans).unwrap(), 0).unwrap()
}

fn sentences(describer: &dyn Describer, scan: &Scan) -> Vec<String> {
    describer.describe(scan).unwrap().into_iter().map(|descriptor| descriptor.text).collect()
}

#[test]
fn by_hand() {
    // Fisher z: atanh .2 = .2027, atanh .4 = .4236, atanh .6 = .6931. Mean .4398, SD (ddof 1) .2456.
    let scans = [coupled("1", 0.2), coupled("2", 0.4), coupled("3", 0.6), coupled("4", -0.1)];
    let describer = fitted(&scans, 3);
    let descriptors = describer.describe(&scans[3]).unwrap();
    // One region each: no coupling within a network. (atanh(-.1) - .4398) / .2456 = -2.1994.
    assert_eq!(descriptors.len(), 1);
    assert_eq!(
        descriptors[0].text,
        "Default-Vis coupling is markedly lower than typical (r=-0.10, z=-2.20)."
    );
    assert_eq!(descriptors[0].norm_scans, 3);
    assert!((descriptors[0].fact.z.unwrap() + 2.1994).abs() < 1e-4);
    assert!((descriptors[0].fact.value.unwrap() + 0.1).abs() < 1e-6);
    assert_eq!(descriptors[0].scan, scans[3].info.id);
}

#[test]
fn a_block_is_the_mean_fisher_z_without_the_diagonal() {
    // Within Vis: A with mix(.6) and with mix(-.2), and mix(.6) with mix(-.2), whose r is
    // .6 * -.2 + .8 * sqrt(.96) = .6638. Fisher z .6931, -.2027, .7998: mean .4301, tanh .4054.
    let made = |subject, r| scan(subject, &["Vis", "Vis", "Vis"], &[&A, &mix(r), &mix(-0.2)]);
    let scans = [made("1", 0.6), made("2", 0.5)];
    let descriptors = fitted(&scans, 2).describe(&scans[0]).unwrap();
    assert_eq!(descriptors[0].fact.feature, "Vis-Vis");
    assert!((descriptors[0].fact.value.unwrap() - 0.4054).abs() < 1e-4);
}

#[test]
fn norms_do_not_see_a_test_scan() {
    let norms = |test: f32| {
        let scans = [coupled("1", 0.2), coupled("2", 0.4), coupled("3", test)];
        let dir = tempfile::tempdir().unwrap();
        fitted(&scans, 2).save(dir.path()).unwrap();
        fs::read_to_string(dir.path().join("norms.json")).unwrap()
    };
    assert_eq!(norms(0.9), norms(-0.9));
    // The same scan in training would have changed them.
    let scans = [coupled("1", 0.2), coupled("2", 0.4), coupled("3", 0.9)];
    let dir = tempfile::tempdir().unwrap();
    fitted(&scans, 3).save(dir.path()).unwrap();
    assert_ne!(fs::read_to_string(dir.path().join("norms.json")).unwrap(), norms(0.9));
}

#[test]
fn what_cannot_be_computed_is_not_available() {
    let dead = [0.0; 4];
    let nan = [f32::NAN, 1.0, 2.0, 3.0];
    let broken = |signal: &[f32]| scan("4", &["Default", "Vis"], &[&A, signal]);
    let scans = [coupled("1", 0.2), coupled("2", 0.4), coupled("3", 0.6)];
    let describer = fitted(&scans, 3);
    for signal in [&dead[..], &nan] {
        assert_eq!(sentences(&*describer, &broken(signal)), ["Default-Vis coupling is not available."]);
        let fact = describer.describe(&broken(signal)).unwrap().remove(0).fact;
        assert_eq!((fact.value, fact.z), (None, None));
        assert_eq!(describer.read("Default-Vis coupling is not available.").unwrap(), [fact]);
    }
    // A dead region in training is left out of the norm: two scans remain.
    let scans = [coupled("1", 0.2), coupled("2", 0.4), scan("3", &["Default", "Vis"], &[&A, &dead])];
    assert_eq!(fitted(&scans, 3).describe(&scans[0]).unwrap()[0].norm_scans, 2);
    // Training scans that do not differ, and a single one, have no spread to measure by.
    for scans in [vec![coupled("1", 0.3), coupled("2", 0.3)], vec![coupled("1", 0.3)]] {
        let describer = fitted(&scans, scans.len());
        assert_eq!(sentences(&*describer, &coupled("9", 0.9)), ["Default-Vis coupling is not available."]);
    }
}

#[test]
fn half_of_a_block_is_enough() {
    let networks = ["Default", "Vis", "Vis", "Vis"];
    let dead = [0.0; 4];
    let with = |subject, r: f32, dead_regions: usize| {
        let (a, b, c) = (mix(r), mix(r / 2.0), mix(-r));
        let mut signals: Vec<&[f32]> = vec![&A, &a, &b, &c];
        signals[1..=dead_regions].fill(&dead);
        scan(subject, &networks, &signals)
    };
    let scans = [with("1", 0.2, 0), with("2", 0.5, 0), with("3", 0.4, 1), with("4", 0.4, 2)];
    let describer = fitted(&scans, 2);
    let available = |scan: &Scan| {
        let facts = describer.describe(scan).unwrap();
        facts.iter().map(|d| (d.fact.feature.clone(), d.fact.z.is_some())).collect::<Vec<_>>()
    };
    let pairs =
        |default_vis, vis_vis| [("Default-Vis".to_owned(), default_vis), ("Vis-Vis".to_owned(), vis_vis)];
    // One of three regions dead: 2 of 3 pairs with Default remain, but 1 of 3 within Vis.
    assert_eq!(available(&scans[2]), pairs(true, false));
    // Two of three: 1 of 3, and none.
    assert_eq!(available(&scans[3]), pairs(false, false));
}

#[test]
fn a_choice_of_pairs_keeps_their_order_and_their_words() {
    // Four networks of one region each: A with three mixes that vary over the training scans.
    let made = |subject, r: f32| {
        scan(subject, &["Cont", "Default", "Limbic", "Vis"], &[&A, &mix(r), &mix(2.0 * r), &mix(-r)])
    };
    let scans = [made("1", 0.1), made("2", 0.2), made("3", 0.3), made("4", 0.2)];
    let chosen = |strongest, weakest| {
        let config = Connectivity { strongest, weakest, harmonize: None };
        let describer = config.fit(&split(&scans, 3).train(&scans).unwrap(), 0).unwrap();
        describer.describe(&scans[3]).unwrap().into_iter().map(|d| d.fact).collect::<Vec<_>>()
    };
    let all = chosen(None, None);
    assert_eq!(all.len(), 6);
    let mut order: Vec<_> = all.iter().map(|fact| (fact.z.unwrap(), &fact.feature)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ends = [order[0].1, order[4].1, order[5].1];
    let expected: Vec<_> = all.iter().filter(|fact| ends.contains(&&fact.feature)).cloned().collect();
    assert_eq!(chosen(Some(2), Some(1)), expected);
    // An average scan is typical at both ends.
    assert!(expected.iter().all(|fact| fact.band == "typical"));
    // Overlapping ends say nothing twice.
    assert_eq!(chosen(Some(6), Some(6)), all);
    assert_eq!(chosen(None, Some(9)), all);
}

#[test]
fn saved_norms_describe_as_the_fitted_ones_do() {
    let scans = [coupled("1", 0.2), coupled("2", 0.45), coupled("3", 0.6), coupled("4", 0.7)];
    let (dir, describer) = (tempfile::tempdir().unwrap(), fitted(&scans, 3));
    describer.save(dir.path()).unwrap();
    let loaded = ALL.load(dir.path()).unwrap();
    assert_eq!(loaded.describe(&scans[3]).unwrap(), describer.describe(&scans[3]).unwrap());
    let path = dir.path().join("norms.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"version\": 1", "\"version\": 9", 1)).unwrap();
    let error = |error: Option<boldface::Error>| error.map(|error| error.to_string()).unwrap_or_default();
    assert!(error(ALL.load(dir.path()).err()).ends_with("norms.json`: has version 9, expected 1"));
    fs::write(&path, "{").unwrap();
    assert!(error(ALL.load(dir.path()).err()).contains("norms.json`: EOF"));
}

#[test]
fn other_regions_are_refused() {
    let scans = [coupled("1", 0.2), coupled("2", 0.4), scan("3", &["Default", "Limbic"], &[&A, &B])];
    let error = fitted(&scans, 2).describe(&scans[2]).unwrap_err().to_string();
    assert_eq!(error, "`made/sub-3` has other networks than the scans that the norms rest on");
    let error = ALL.fit(&split(&scans, 3).train(&scans).unwrap(), 0).err().unwrap().to_string();
    assert_eq!(error, "`made/sub-1` and `made/sub-3` have different regions");
    let error = ALL.fit(&split(&scans, 0).train(&scans).unwrap(), 0).err().unwrap().to_string();
    assert_eq!(error, "there are no training scans to take norms from");
}

#[test]
fn problems() {
    let check = |table, networks: &[&str]| {
        let signals = vec![&A[..]; networks.len()];
        let regions = scan("1", networks, &signals).regions.as_ref().clone();
        let config: Connectivity = boldface::registry::parse(&table).unwrap();
        let problems: Vec<Problem> = config.check(&Cohort::new(Vec::new(), regions));
        problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(check(json!({}), &["A", "B"]), "");
    assert_eq!(check(json!({"weakest": 3}), &["A", "B"]), "");
    let expected =
        "strongest: no pair of networks would be described; leave both keys out to describe every pair";
    assert_eq!(check(json!({"strongest": 0}), &["A", "B"]), expected);
    let expected = ": there is no pair of networks to describe; \
        give the region table two regions or more with their networks";
    assert_eq!(check(json!({}), &["A"]), expected);
    let expected = ": two pairs of networks would be called `A-B-C`; rename a network in the region table";
    assert_eq!(check(json!({}), &["A", "A-B", "B-C", "C"]), expected);
}
