//! Tests that built-in tables are complete, rich and distinct.

use std::collections::BTreeSet;
use std::fmt::Write;

use boldface::{Fact, seed};
use boldface_features::{Feature, Missing};
use expect_test::expect_file;
use rand::Rng;

use super::super::{FamilyWords, WordingChoice};
use super::families;

/// A fact of every band, and both kinds that are not available.
pub(super) fn facts(words: &FamilyWords, feature: &Feature) -> Vec<Fact> {
    let said = [-2.345, -1.5, 0.004, 1.0, 1.25, 3.0].map(|z| words.fact(feature, Ok(0.3149), Ok(z)));
    let missing = [
        words.fact(feature, Err(Missing::Dead), Err(Missing::Dead)),
        words.fact(feature, Ok(0.3149), Err(Missing::NoSpread)),
    ];
    said.into_iter().chain(missing).collect()
}

#[test]
fn every_wording_is_proved_to_be_read() {
    for (family, words, features) in families() {
        words.check(&features).unwrap_or_else(|error| panic!("{family}: {error}"));
    }
}

#[test]
fn every_measure_and_band_has_fifty_wordings_and_more() {
    for (_, words, features) in families() {
        for feature in &features {
            for fact in facts(&words, feature) {
                let all: Vec<String> = words.paraphrases(feature, &fact).collect();
                let distinct: BTreeSet<&String> = all.iter().collect();
                assert!(distinct.len() >= 50, "{feature} {}: {}", fact.band, distinct.len());
                assert_eq!(distinct.len(), all.len(), "{feature} {}", fact.band);
            }
        }
    }
}

#[test]
fn no_family_reads_a_sentence_of_another() {
    let all = families();
    for (family, words, features) in &all {
        for (other, others_words, others) in all.iter().filter(|(other, ..)| other != family) {
            let reader = words.reader(features);
            for (index, feature) in others.iter().enumerate() {
                for fact in facts(others_words, feature) {
                    // Every 31st wording, with another start for each feature. No list has so many
                    // alternatives.
                    for sentence in others_words.paraphrases(feature, &fact).skip(index % 31).step_by(31) {
                        assert_eq!(reader.read(&sentence), [], "{family} reads {other}: {sentence}");
                    }
                }
            }
        }
    }
}

#[test]
fn sentences_of_every_measure_are_good_english() {
    let mut text = String::new();
    for (family, words, features) in families() {
        writeln!(text, "# {family}").unwrap();
        let mut seen = BTreeSet::new();
        for feature in &features {
            let is_within = matches!(&feature.of[..], [a, b] if a == b);
            if !seen.insert((&feature.measure, is_within)) {
                continue;
            }
            for (index, fact) in facts(&words, feature).iter().enumerate() {
                let number = seed::stream(0, &format!("{feature} {index}")).next_u64();
                let form = if index == 0 { WordingChoice::Plain } else { WordingChoice::Drawn(number) };
                writeln!(text, "{}", words.sentence(feature, fact, form)).unwrap();
            }
        }
    }
    expect_file!["sample.txt"].assert_eq(&text);
}

#[test]
fn wordings_are_drawn_evenly() {
    let (_, words, features) = families().swap_remove(0);
    let fact = words.fact(&features[0], Ok(0.1), Ok(0.1));
    let all: Vec<String> = words.paraphrases(&features[0], &fact).collect();
    let drawn: Vec<String> = (0..2 * all.len())
        .map(|n| words.sentence(&features[0], &fact, WordingChoice::Drawn(n as u64)))
        .collect();
    assert_eq!(drawn, [all.clone(), all].concat());
}
