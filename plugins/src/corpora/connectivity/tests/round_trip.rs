//! What is written is read back: feature, band, sign, z and value, whatever stands around it.

use boldface::Fact;
use expect_test::expect;
use proptest::prelude::*;

use crate::corpora::connectivity::words::Words;

/// Networks as real tables name them (MIST, Schaefer, Tian), with hyphens, spaces and parts of each other.
const NETWORKS: [&str; 9] = [
    "Cont",
    "DorsAttn",
    "VATTnet_SALnet_BG_THAL",
    "FPnet_VISDN",
    "Vis",
    "Vis-Central",
    "Default Mode",
    "Mode",
    "HIP-head-m-rh",
];

const SENTENCES: [&str; 6] =
    ["markedly lower", "somewhat lower", "typical", "somewhat higher", "markedly higher", "not available"];

fn features() -> Vec<String> {
    let pairs = NETWORKS.iter().enumerate().flat_map(|(i, a)| NETWORKS[i..].iter().map(move |b| (a, b)));
    pairs.map(|(a, b)| format!("{a}-{b}")).collect()
}

fn read(text: &str, features: &[String]) -> Vec<Fact> {
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    Words::shipped().read(text, &features)
}

/// What two decimals leave of a fact.
fn rounded(fact: Fact) -> Fact {
    let two = |number: f64| format!("{number:.2}").parse::<f64>().unwrap();
    Fact { value: fact.value.map(two), z: fact.z.map(two), ..fact }
}

#[test]
fn sentences() {
    let words = Words::shipped();
    let cases = [
        (Some(0.1234), Some(-2.309)),
        (Some(-0.05), Some(-1.5)),
        (Some(0.001), Some(0.004)),
        (Some(-0.001), Some(-0.004)),
        (Some(0.5), Some(1.006)),
        (Some(0.5), Some(17.0)),
        (Some(0.5), None),
        (None, Some(3.0)),
        (Some(f64::NAN), Some(f64::NAN)),
        (Some(0.5), Some(f64::INFINITY)),
    ];
    let sentences = cases.map(|(r, z)| words.sentence(&words.fact("Default-Vis", r, z)));
    expect![[r"
        Default-Vis coupling is markedly lower than typical (r=0.12, z=-2.31).
        Default-Vis coupling is somewhat lower than typical (r=-0.05, z=-1.50).
        Default-Vis coupling is typical (r=0.00, z=+0.00).
        Default-Vis coupling is typical (r=0.00, z=+0.00).
        Default-Vis coupling is somewhat higher than typical (r=0.50, z=+1.01).
        Default-Vis coupling is markedly higher than typical (r=0.50, z=+17.00).
        Default-Vis coupling is not available.
        Default-Vis coupling is not available.
        Default-Vis coupling is not available.
        Default-Vis coupling is not available."]]
    .assert_eq(&sentences.join("\n"));
}

#[test]
fn bands_meet_at_whole_numbers_and_the_milder_word_has_them() {
    let words = Words::shipped();
    let band = |z: f64| words.fact("Vis-Vis", Some(0.1), Some(z)).band;
    let said = [-2.01, -2.0, -1.01, -1.0, 0.0, 1.0, 1.01, 2.0, 2.01].map(band);
    let expected = [0, 1, 1, 2, 2, 2, 3, 3, 4].map(|index| SENTENCES[index]);
    assert_eq!(said, expected);
    // 2.004 is said as 2.00, so its word is that of 2.00.
    assert_eq!([2.004, -2.004, 2.006].map(band), ["somewhat higher", "somewhat lower", "markedly higher"]);
}

#[test]
fn text_around_and_instead_of_facts_is_passed_over() {
    let features = features();
    let facts = |text: &str| {
        read(text, &features).into_iter().map(|f| (f.feature, f.band, f.value, f.z)).collect::<Vec<_>>()
    };
    let fact = |feature: &str, band: &str, value, z| (feature.to_owned(), band.to_owned(), value, z);
    // Another name in front, a name that goes on, a name nobody has, words that go on, words nobody has.
    assert_eq!(facts("the Vis-Vis coupling is typical"), [fact("Vis-Vis", "typical", None, None)]);
    assert_eq!(
        facts("Vis-Vis-Central coupling is typical"),
        [fact("Vis-Vis-Central", "typical", None, None)]
    );
    assert_eq!(facts("XVis-Vis coupling is typical, Y-Vis-Vis coupling is typical"), []);
    assert_eq!(facts("Vis-Brain coupling is typical. coupling is typical"), []);
    assert_eq!(facts("Vis-Vis coupling is typically so. Vis-Vis coupling is odd"), []);
    assert_eq!(facts("Vis-Vis coupling is not typical"), []);
    // Numbers that are none, one, or cut off.
    assert_eq!(facts("Vis-Vis coupling is typical (r=x, z=-1.00)"), [fact("Vis-Vis", "typical", None, None)]);
    assert_eq!(
        facts("Vis-Vis coupling is typical (r=0.10, z=1.2.3)"),
        [fact("Vis-Vis", "typical", Some(0.1), None)]
    );
    assert_eq!(
        facts("Vis-Vis coupling is typical (r=0.10, z=-"),
        [fact("Vis-Vis", "typical", Some(0.1), None)]
    );
}

fn feature() -> impl Strategy<Value = String> {
    prop::sample::select(features())
}

/// Near the bands, or far from them.
fn any_z() -> impl Strategy<Value = f64> {
    prop_oneof![-4.0..4.0, -1e6..1e6]
}

/// Features with their r and z, some not available.
fn facts() -> impl Strategy<Value = Vec<(String, Option<(f64, f64)>)>> {
    prop::collection::vec((feature(), prop::option::of((-1.0..1.0, any_z()))), 0..8)
}

proptest! {
    #[test]
    fn every_fact_is_read_back(feature in feature(), r in -1.0..1.0, z in any_z()) {
        let words = Words::shipped();
        let fact = words.fact(&feature, Some(r), Some(z));
        let back = read(&words.sentence(&fact), &features());
        prop_assert_eq!(&back, &[rounded(fact)]);
        // The band, the sign and the number say the same.
        let z = back[0].z.unwrap();
        let expected = match z {
            z if z < -2.0 => 0,
            z if z < -1.0 => 1,
            z if z <= 1.0 => 2,
            z if z <= 2.0 => 3,
            _ => 4,
        };
        prop_assert_eq!(&back[0].band, SENTENCES[expected]);
    }

    #[test]
    fn captions_are_read_in_order(said in facts()) {
        let words = Words::shipped();
        let fact = |(feature, numbers): &(String, Option<(f64, f64)>)| {
            words.fact(feature, numbers.map(|(r, _)| r), numbers.map(|(_, z)| z))
        };
        let facts: Vec<Fact> = said.iter().map(fact).collect();
        let caption = facts.iter().map(|fact| words.sentence(fact)).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(read(&caption, &features()), facts.into_iter().map(rounded).collect::<Vec<_>>());
    }

    #[test]
    fn any_network_names_will_do(
        a in "[A-Za-z0-9][A-Za-z0-9_ &/-]{0,9}[A-Za-z0-9]",
        b in "[A-Za-z0-9é][A-Za-z0-9é_ &/-]{0,9}",
        z in any_z(),
    ) {
        let words = Words::shipped();
        let features = [format!("{a}-{a}"), format!("{a}-{b}"), format!("{b}-{b}")];
        for feature in &features {
            let fact = words.fact(feature, Some(0.25), Some(z));
            let text = format!("Indeed: {} So it is.", words.sentence(&fact));
            prop_assert_eq!(read(&text, &features), [rounded(fact)]);
        }
    }

    #[test]
    fn broken_text_is_no_panic(
        feature in feature(), z in any_z(), at in 0usize..80, cut in 0usize..9, dirt in ".{0,3}",
    ) {
        let words = Words::shipped();
        let sentence = words.sentence(&words.fact(&feature, Some(-0.1), Some(z)));
        let letters: Vec<char> = sentence.chars().collect();
        let at = at.min(letters.len());
        let rest = &letters[(at + cut).min(letters.len())..];
        let start = letters[..at].iter().copied();
        let broken: String = start.chain(dirt.chars()).chain(rest.iter().copied()).collect();
        // Broken or not, nothing is read that the table does not hold.
        for fact in read(&broken, &features()) {
            prop_assert!(features().contains(&fact.feature));
            prop_assert!(SENTENCES.contains(&fact.band.as_str()));
            prop_assert!(fact.z.is_none_or(f64::is_finite) && fact.value.is_none_or(f64::is_finite));
        }
    }
}
