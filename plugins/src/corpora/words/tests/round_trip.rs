//! Round trips from facts to text and back, over all measures, bands, signs and numbers.

use std::sync::LazyLock;

use boldface::Fact;
use boldface_features::{Feature, Missing};
use proptest::prelude::*;

use super::super::{FamilyWords, Reader, WordingChoice};
use super::families;

/// Every family with a reader of its features.
static ALL: LazyLock<Vec<(FamilyWords, Vec<Feature>, Reader)>> = LazyLock::new(|| {
    let made = families().into_iter().map(|(_, words, features)| {
        let reader = words.reader(&features);
        (words, features, reader)
    });
    made.collect()
});

/// Numbers of any size and either sign, 0 and the ends of bands.
fn number() -> impl Strategy<Value = f64> {
    let edge = prop::sample::select(vec![0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 1.005, -1.995, 2.005]);
    prop_oneof![
        -4.0..4.0,
        -1e-6..1e-6,
        -1e6..1e6,
        edge,
        any::<f64>().prop_filter("a number", |x| x.is_finite())
    ]
}

/// A value and its z, or the reasons why they are missing.
fn numbers() -> impl Strategy<Value = (Result<f64, Missing>, Result<f64, Missing>)> {
    let missing = prop::sample::select(Missing::all().collect::<Vec<_>>());
    let maybe = |missing| prop_oneof![4 => number().prop_map(Ok), 1 => missing];
    (maybe(missing.clone().prop_map(Err).boxed()), maybe(missing.prop_map(Err).boxed()))
}

fn form() -> impl Strategy<Value = WordingChoice> {
    prop_oneof![1 => Just(WordingChoice::Plain), 4 => any::<u64>().prop_map(WordingChoice::Drawn)]
}

/// Indices of a family and one of its features.
fn chosen() -> impl Strategy<Value = (usize, usize)> {
    let of = |family: usize| (Just(family), 0..ALL[family].1.len());
    (0..ALL.len()).prop_flat_map(of)
}

proptest! {
    #[test]
    fn every_fact_is_read_back_and_said_again((family, index) in chosen(), (value, z) in numbers(), form in form()) {
        let (words, features, reader) = &ALL[family];
        let feature = &features[index];
        let fact = words.fact(feature, value, z);
        let text = words.sentence(feature, &fact, form);
        let back = reader.read(&text);
        prop_assert_eq!(&back, &[words.rounded(feature, &fact)], "{}", text);
        prop_assert_eq!(words.sentence(feature, &back[0], form), text);
        // Words, sign and number agree.
        let expected = match back[0].z {
            None => "not available",
            Some(z) if z < -2.0 => "markedly lower",
            Some(z) if z < -1.0 => "somewhat lower",
            Some(z) if z <= 1.0 => "typical",
            Some(z) if z <= 2.0 => "somewhat higher",
            Some(_) => "markedly higher",
        };
        prop_assert_eq!(&back[0].band, expected);
    }

    #[test]
    fn captions_are_read_in_order(
        family in 0..ALL.len(),
        said in prop::collection::vec((0usize..1000, numbers(), form()), 0..8),
    ) {
        let (words, features, reader) = &ALL[family];
        let (mut facts, mut caption) = (Vec::<Fact>::new(), Vec::new());
        for (index, (value, z), form) in said {
            let feature = &features[index % features.len()];
            let fact = words.fact(feature, value, z);
            caption.push(words.sentence(feature, &fact, form));
            facts.push(words.rounded(feature, &fact));
        }
        prop_assert_eq!(&reader.read(&caption.join(" ")), &facts);
        prop_assert_eq!(&reader.read(&caption.join("\n")), &facts);
    }

    #[test]
    fn any_names_will_do(
        a in "[A-Za-z0-9][A-Za-z0-9_ &/.(-]{0,9}[A-Za-z0-9]",
        b in "[A-Za-z0-9é][A-Za-z0-9é_ &/-]{0,9}",
        (value, z) in numbers(),
        form in form(),
    ) {
        let words = &ALL[0].0;
        let of = [[&a, &a], [&a, &b], [&b, &b]];
        let features = of.map(|of| Feature::new("coupling", &of.map(String::as_str)));
        let reader = words.reader(&features);
        // If two names have the same words, the checker refuses them.
        if !reader.shared.is_empty() {
            return Ok(());
        }
        for feature in &features {
            let fact = words.fact(feature, value, z);
            let text = format!("Indeed: {} So it is.", words.sentence(feature, &fact, form));
            prop_assert_eq!(reader.read(&text), [words.rounded(feature, &fact)]);
        }
    }

    #[test]
    fn broken_text_is_no_panic(
        (family, index) in chosen(), (value, z) in numbers(), form in form(),
        at in 0usize..120, cut in 0usize..9, dirt in ".{0,3}",
    ) {
        let (words, features, reader) = &ALL[family];
        let sentence = words.sentence(&features[index], &words.fact(&features[index], value, z), form);
        let letters: Vec<char> = sentence.chars().collect();
        let at = at.min(letters.len());
        let rest = &letters[(at + cut).min(letters.len())..];
        let broken: String = letters[..at].iter().copied().chain(dirt.chars()).chain(rest.iter().copied()).collect();
        for fact in reader.read(&broken) {
            prop_assert!(features.iter().any(|feature| feature.to_string() == fact.feature));
            prop_assert!(fact.z.is_none_or(f64::is_finite) && fact.value.is_none_or(f64::is_finite));
        }
    }
}
