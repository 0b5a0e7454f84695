//! Tests of reading unchecked text: lenient, but never against its meaning.

use std::time::Instant;

use boldface::Fact;
use boldface_features::{Feature, Missing};

use super::super::{FamilyWords, WordingChoice};
use super::family;

fn graph() -> (FamilyWords, Vec<Feature>) {
    let (words, mut features) = family("graph");
    features.push(Feature::new("strength", &["Vis"]));
    (words, features)
}

/// Feature, band, value and z of every fact that is read.
fn read(text: &str) -> Vec<(String, String, Option<f64>, Option<f64>)> {
    let (words, features) = graph();
    let facts = words.reader(&features).read(text);
    facts.into_iter().map(|Fact { feature, band, value, z, .. }| (feature, band, value, z)).collect()
}

fn fact(feature: &str, band: &str) -> (String, String, Option<f64>, Option<f64>) {
    (feature.to_owned(), band.to_owned(), None, None)
}

#[test]
fn case_order_and_filling_do_not_matter() {
    for text in [
        "modularity is markedly lower than typical",
        "MODULARITY IS MARKEDLY LOWER THAN TYPICAL!",
        "As for the graph, **modularity**, I would say, is much lower.",
        "Much lower than in the training scans: that is the modularity of the graph.",
        "- Modularity: far smaller\n",
    ] {
        assert_eq!(read(text), [fact("modularity", "markedly lower")], "{text}");
    }
    // Words of any scale are accepted.
    assert_eq!(read("Path length is a little higher."), [fact("path-length", "somewhat higher")]);
    let numbered = ("modularity".to_owned(), "somewhat higher".to_owned(), Some(0.42), Some(-1.5));
    assert_eq!(read("With a Q of .42 and Z: −1.5, modularity is slightly higher."), [numbered]);
}

#[test]
fn the_longest_name_counts() {
    let of = |text: &str| read(text).into_iter().map(|(feature, ..)| feature).collect::<Vec<_>>();
    assert_eq!(
        of("Vis strength is typical. Vis Cent strength is typical."),
        ["strength.Vis", "strength.Vis Cent"]
    );
    assert_eq!(of("the node strength of Vis Cent is typical"), ["strength.Vis Cent"]);
    assert_eq!(of("the node strength of Vis (Cent) is typical"), ["strength.Vis"]);
    assert_eq!(of("the node strength of Visual is typical, Vis-strength is typical"), [""; 0]);
}

#[test]
fn what_contradicts_itself_says_nothing() {
    for text in [
        "Modularity is markedly lower than typical and much higher than typical.",
        "Modularity and clustering are typical.",
        "Modularity is not typical.",
        "Modularity is typical and is not available.",
        "Modularity is markedly higher than typical: modules are less set apart from each other.",
        "Modularity is typical: modules are more set apart from each other.",
        "Modularity is typically so. Modularity is odd. Typical.",
        "Modularity. Is typical.",
        "",
        ". . .",
    ] {
        assert_eq!(read(text), [], "{text}");
    }
    // Words win over numbers, and invalid numbers are ignored.
    let said = |value, z| ("modularity".to_owned(), "typical".to_owned(), value, z);
    assert_eq!(read("Modularity is typical (Q=0.3, z=+3.00)."), [said(Some(0.3), Some(3.0))]);
    assert_eq!(read("Modularity is typical (Q=x, z=1.2.3)."), [said(None, None)]);
    assert_eq!(read("Modularity is typical (Q=0.3, z=-"), [said(Some(0.3), None)]);
}

#[test]
fn a_reason_is_read_and_a_value_without_a_norm_is_kept() {
    let (words, features) = graph();
    let reader = words.reader(&features);
    let quality = &features[4];
    for missing in Missing::all() {
        for value in [Ok(0.25), Err(missing)] {
            let fact = words.fact(quality, value, Err(missing));
            assert_eq!((fact.z, fact.reason.clone()), (None, Some(missing.to_string())));
            assert_eq!(reader.read(&words.sentence(quality, &fact, WordingChoice::Plain)), [fact]);
        }
    }
    let fact = Fact { feature: quality.to_string(), band: "not available".to_owned(), ..Fact::default() };
    let text = words.sentence(quality, &fact, WordingChoice::Plain);
    assert_eq!(text, "Modularity is not available.");
    assert_eq!(reader.read(&text), [fact]);
}

#[test]
fn numbers_that_are_none_are_not_available() {
    let (words, features) = graph();
    let told = |value: f64, z: f64| {
        let fact = words.fact(&features[4], Ok(value), Ok(z));
        (fact.value.is_some(), fact.band, fact.reason)
    };
    let undefined = Some(Missing::Undefined.to_string());
    assert_eq!(told(f64::NAN, 1.0), (false, "not available".to_owned(), undefined.clone()));
    assert_eq!(told(0.5, f64::INFINITY), (true, "not available".to_owned(), undefined));
}

#[test]
fn bands_meet_at_their_ends_and_the_milder_word_has_them() {
    let (words, features) = graph();
    let band = |z: f64| words.fact(&features[0], Ok(0.1), Ok(z)).band;
    let names = ["markedly lower", "somewhat lower", "typical", "somewhat higher", "markedly higher"];
    let said = [-2.01, -2.0, -1.01, -1.0, 0.0, 1.0, 1.01, 2.0, 2.01].map(band);
    assert_eq!(said, [0, 1, 1, 2, 2, 2, 3, 3, 4].map(|index| names[index]));
    // 2.004 is written as 2.00, so its word is that of 2.00.
    assert_eq!([2.004, -2.004, 2.006].map(band), ["somewhat higher", "somewhat lower", "markedly higher"]);
}

#[test]
fn a_thousand_features_are_read_in_no_time() {
    let (words, _) = family("components");
    let names: Vec<String> = (1..54).map(|component| format!("ic{component:02}")).collect();
    let pairs = names.iter().enumerate().flat_map(|(i, a)| names[..i].iter().map(move |b| [b.as_str(), a]));
    let features: Vec<Feature> = pairs.map(|of| Feature::new("component-coupling", &of)).collect();
    assert_eq!(features.len(), 1378);
    let reader = words.reader(&features);
    let facts = features.iter().map(|feature| (feature, words.fact(feature, Ok(0.3), Ok(-1.2))));
    let text: Vec<String> = facts
        .enumerate()
        .map(|(n, (feature, fact))| words.sentence(feature, &fact, WordingChoice::Drawn(n as u64)))
        .collect();
    let text = text.join(" ");
    let start = Instant::now();
    assert_eq!(reader.read(&text).len(), features.len());
    // It takes milliseconds; the limit allows for a busy machine.
    assert!(start.elapsed().as_secs_f64() < 0.7, "{:?}", start.elapsed());
}
