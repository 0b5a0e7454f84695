//! Tests of couplings, norms and choices on scans small enough to check by hand.

use std::fs;

use boldface::serde_json::json;
use boldface::{Cohort, CorpusGenerator, Describer, Problem, Scan};

use expect_test::expect;

use super::super::Connectivity;
use super::{generator, scan, split};
use crate::corpora::described::Described;

// Orthogonal signals: `mix(r)` has the correlation `r` with A.
const A: [f32; 4] = [1.0, 1.0, -1.0, -1.0];
const B: [f32; 4] = [1.0, -1.0, 1.0, -1.0];

fn mix(r: f32) -> [f32; 4] {
    let rest = (1.0 - r * r).sqrt();
    std::array::from_fn(|t| r * A[t] + rest * B[t])
}

/// One region of `Default` and one of `Vis` with the correlation `r`.
fn coupled(subject: &str, r: f32) -> Scan {
    scan(subject, &["Default", "Vis"], &[&A, &mix(r)])
}

fn fitted(scans: &[Scan], train: usize) -> Box<dyn Describer> {
    generator(json!({})).fit(&split(scans, train).train(scans).unwrap(), 0).unwrap()
}

#[test]
fn by_hand() {
    // Fisher z: atanh .2 = .2027, atanh .4 = .4236, atanh .6 = .6931. Mean .4398, SD (ddof 1) .2456.
    let scans = [coupled("1", 0.2), coupled("2", 0.4), coupled("3", 0.6), coupled("4", -0.1)];
    let describer = fitted(&scans, 3);
    let descriptors = describer.describe(&scans[3]).unwrap();
    // (atanh(-.1) - .4398) / .2456 = -2.1994. A network of one region has no coupling within itself.
    let texts: Vec<&str> = descriptors.iter().map(|descriptor| descriptor.text.as_str()).collect();
    expect![[r#"
        [
            "Default-Default coupling is not available: the network has one region.",
            "Default-Vis coupling is markedly lower than typical (r=-0.10, z=-2.20).",
            "Vis-Vis coupling is not available: the network has one region.",
        ]
    "#]]
    .assert_debug_eq(&texts);
    let told = &descriptors[1];
    assert_eq!(told.fact.feature, "coupling.Default-Vis");
    assert_eq!((told.norm_scans, told.norm_people), (3, 3));
    assert!((told.fact.z.unwrap() + 2.1994).abs() < 1e-4);
    assert!((told.fact.value.unwrap() + 0.1).abs() < 1e-6);
    assert_eq!(told.scan, scans[3].info.id);
    assert!(descriptors.iter().all(|one| one.norm == told.norm));
    assert!(told.norm.starts_with("connectivity-2-") && told.norm.len() == 31, "{}", told.norm);
}

#[test]
fn a_block_is_the_mean_fisher_z_without_the_diagonal() {
    // Within Vis: A with mix(.6) and with mix(-.2), and mix(.6) with mix(-.2), whose r is .6 * -.2 + .8
    // * sqrt(.96) = .6638. Fisher z .6931, -.2027, .7998: mean .4301, tanh .4054.
    let made = |subject, r| scan(subject, &["Vis", "Vis", "Vis"], &[&A, &mix(r), &mix(-0.2)]);
    let scans = [made("1", 0.6), made("2", 0.5)];
    let descriptors = fitted(&scans, 2).describe(&scans[0]).unwrap();
    assert_eq!(descriptors[0].fact.feature, "coupling.Vis-Vis");
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
    // As a training scan, the same scan would have changed them.
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
        let told = describer.describe(&broken(signal)).unwrap().remove(1);
        assert_eq!((told.fact.value, told.fact.z, told.fact.band.as_str()), (None, None, "not available"));
        assert_eq!(told.fact.reason.as_deref(), Some("too many regions have no signal"));
        assert_eq!(describer.read(&told.text).unwrap(), [told.fact]);
    }
    // A dead region in training is left out of the norm, so two scans remain.
    let scans = [coupled("1", 0.2), coupled("2", 0.4), scan("3", &["Default", "Vis"], &[&A, &dead])];
    assert_eq!(fitted(&scans, 3).describe(&scans[0]).unwrap()[1].norm_scans, 2);
    // Equal training scans, or a single one, have no spread to compare with.
    for scans in [vec![coupled("1", 0.3), coupled("2", 0.3)], vec![coupled("1", 0.3)]] {
        let describer = fitted(&scans, scans.len());
        let fact = describer.describe(&coupled("9", 0.9)).unwrap().remove(1).fact;
        assert_eq!((fact.z, fact.reason.as_deref()), (None, Some("it does not vary in training")));
        assert!((fact.value.unwrap() - 0.9).abs() < 1e-6);
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
    let pairs = |default_vis, vis_vis| {
        [("Default-Default", false), ("Default-Vis", default_vis), ("Vis-Vis", vis_vis)]
            .map(|(of, is)| (format!("coupling.{of}"), is))
    };
    // One of three regions is dead: 2 of 3 pairs with Default remain, but only 1 of 3 within Vis.
    assert_eq!(available(&scans[2]), pairs(true, false));
    // Two of three are dead: 1 of 3 pairs with Default remains, and none within Vis.
    assert_eq!(available(&scans[3]), pairs(false, false));
}

#[test]
fn a_choice_of_pairs_keeps_their_order_and_their_words() {
    // Four networks of one region each: A and three mixes that vary over the training scans.
    let made = |subject, r: f32| {
        scan(subject, &["Cont", "Default", "Limbic", "Vis"], &[&A, &mix(r), &mix(2.0 * r), &mix(-r)])
    };
    let scans = [made("1", 0.1), made("2", 0.2), made("3", 0.3), made("4", 0.2)];
    let chosen = |strongest, weakest| {
        let config = generator(json!({ "strongest": strongest, "weakest": weakest }));
        let describer = config.fit(&split(&scans, 3).train(&scans).unwrap(), 0).unwrap();
        describer.describe(&scans[3]).unwrap().into_iter().map(|d| d.fact).collect::<Vec<_>>()
    };
    // Ten pairs. The four of a network with itself have no coupling and are never chosen.
    let (told, all) = (chosen(None, None), chosen(Some(10), None));
    assert_eq!((told.len(), all.len()), (10, 6));
    assert_eq!(
        told.iter().filter(|fact| fact.z.is_some()).collect::<Vec<_>>(),
        all.iter().collect::<Vec<_>>()
    );
    let mut order: Vec<_> = all.iter().map(|fact| (fact.z.unwrap(), &fact.feature)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ends = [order[0].1, order[4].1, order[5].1];
    let expected: Vec<_> = all.iter().filter(|fact| ends.contains(&&fact.feature)).cloned().collect();
    assert_eq!(chosen(Some(2), Some(1)), expected);
    // An average scan is typical at both ends.
    assert!(expected.iter().all(|fact| fact.band == "typical"));
    // If the two choices overlap, no pair is described twice.
    assert_eq!(chosen(Some(6), Some(6)), all);
    assert_eq!(chosen(None, Some(9)), all);
}

#[test]
fn other_kinds_measure_something_else_and_say_so() {
    let made = |subject, r: f32| scan(subject, &["A", "B", "B"], &[&A, &mix(r), &mix(-r / 2.0)]);
    let scans = [made("1", 0.2), made("2", 0.4), made("3", 0.6)];
    let train = split(&scans, 3);
    let train = train.train(&scans).unwrap();
    let told = |kind: &str| {
        let describer = generator(json!({ "kind": kind })).fit(&train, 0).unwrap();
        let told = describer.describe(&scans[2]).unwrap().remove(1);
        assert_eq!(describer.read(&told.text).unwrap().len(), 1, "{}", told.text);
        (told.fact.feature, told.fact.value.unwrap())
    };
    // r of .6 and -.3: mean .15; atanh .6931 and -.3095, mean .1918, tanh .1895.
    let (feature, r) = told("pearson");
    assert!(feature == "coupling.A-B" && (r - 0.15).abs() < 1e-6, "{feature} {r}");
    let (feature, r) = told("fisher-z");
    assert!(feature == "coupling.A-B" && (r - 0.1895).abs() < 1e-4, "{feature} {r}");
    assert_eq!(told("ledoit-wolf").0, "shrunk-coupling.A-B");
    assert_eq!(told("partial").0, "partial-coupling.A-B");
}

#[test]
fn problems() {
    let check = |table, networks: &[&str]| {
        let signals = vec![&A[..]; networks.len()];
        let regions = scan("1", networks, &signals).regions.as_ref().clone();
        let config: Described<Connectivity> = boldface::registry::parse(&table).unwrap();
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
