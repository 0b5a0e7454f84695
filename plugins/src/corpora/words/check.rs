//! Proves that every sentence can be read back.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Fact, Result};
use boldface_features::{Feature, Missing};

use super::bands::Side;
use super::read::{Meaning, Reader, band_phrases};
use super::tokens::{self, Word};
use super::{FamilyWords, NOT_AVAILABLE, Named, WordingChoice};

/// A stride that spreads few numbers over wordings of all kinds.
const STEP: u64 = 0x9e37_79b9;

/// Reads back every wording of every band for one feature of each measure, and for all features every
/// noun phrase and the plain form.
///
/// # Errors
/// If two phrases cannot be told apart, or a sentence is misread; the message names them.
pub(super) fn check(words: &FamilyWords, features: &[Feature]) -> Result<()> {
    if let Some(feature) = features.iter().find(|feature| words.named(feature).is_none()) {
        return Err(format!("`measures` has no words for `{}`", feature.measure).into());
    }
    check_bands(words)?;
    check_nouns(words)?;
    check_names(words, features)?;
    let reader = words.reader(features);
    check_shared(words, features, &reader)?;
    let mut seen: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for (index, feature) in features.iter().enumerate() {
        let is_within = matches!(&feature.of[..], [a, b] if a == b);
        let times = seen.entry((&feature.measure, is_within)).or_default();
        *times += 1;
        let facts = facts(words, feature);
        for fact in &facts {
            // The first is the plain form.
            let how_many = if *times == 1 { usize::MAX } else { 1 };
            let mut sentences = words.paraphrases(feature, fact).take(how_many);
            sentences.try_for_each(|sentence| is_read(words, &reader, feature, &sentence, fact))?;
        }
        // Other wordings of the same feature: one per noun phrase and some more.
        let fact = &facts[index % facts.len()];
        (1..12).map(|number| number * STEP).try_for_each(|number| {
            let sentence = words.sentence(feature, fact, WordingChoice::Drawn(number));
            is_read(words, &reader, feature, &sentence, fact)
        })?;
    }
    Ok(())
}

/// A fact of each band, with either sign if a band has both, and the two kinds that are not available.
fn facts(words: &FamilyWords, feature: &Feature) -> Vec<Fact> {
    let inside = words.bands.iter().map(|band| band.inside());
    let all = inside.flat_map(|z| [z, -z]).enumerate();
    let mut facts: Vec<Fact> = Vec::new();
    for (index, z) in all {
        let fact = words.fact(feature, Ok((index as f64 - 4.0) * 0.37), Ok(z));
        if !facts.iter().any(|other| other.band == fact.band) {
            facts.push(fact);
        }
    }
    facts.push(words.fact(feature, Err(Missing::Alone), Err(Missing::Alone)));
    facts.push(words.fact(feature, Ok(0.37), Err(Missing::NoSpread)));
    facts
}

fn is_read(
    words: &FamilyWords,
    reader: &Reader,
    feature: &Feature,
    sentence: &str,
    fact: &Fact,
) -> Result<()> {
    let told = |fact: &Fact| {
        let number = |number: Option<f64>| number.map_or("none".to_owned(), |number| number.to_string());
        let Fact { feature, band, value, z, reason } = fact;
        let reason = reason.iter().map(|reason| format!(", {reason}")).collect::<String>();
        format!("`{feature}`, `{band}`, value {}, z {}{reason}", number(*value), number(*z))
    };
    let meant = words.rounded(feature, fact);
    match &reader.read(sentence)[..] {
        [one] if *one == meant => Ok(()),
        [] => Err(format!("`{sentence}` means {} and cannot be read", told(&meant)).into()),
        [one, ..] => Err(format!("`{sentence}` means {} and is read as {}", told(&meant), told(one)).into()),
    }
}

/// Checks that the words of no band contain those of another: one more word in front would make them
/// the other's.
fn check_bands(words: &FamilyWords) -> Result<()> {
    let names: Vec<&str> = words.bands.iter().map(|band| band.name.as_str()).chain([NOT_AVAILABLE]).collect();
    let phrases: Vec<(usize, String, Vec<Word>)> = band_phrases(words)
        .into_iter()
        .map(|(band, phrase)| (band, phrase.clone(), tokens::phrase(&phrase)))
        .collect();
    for (band, phrase, parts) in &phrases {
        if parts.is_empty() {
            return Err(format!("`{}` has no words in `{phrase}`", names[*band]).into());
        }
        let inside =
            |(other, _, whole): &&(usize, String, Vec<Word>)| other != band && tokens::contains(whole, parts);
        if let Some((other, whole, _)) = phrases.iter().find(inside) {
            let (band, other) = (names[*band], names[*other]);
            return Err(format!(
                "`{phrase}` of the band `{band}` is part of `{whole}` of the band `{other}`; reword one"
            )
            .into());
        }
    }
    Ok(())
}

/// Checks that no noun phrase of a measure contains one of another measure, whatever regions they are
/// about.
fn check_nouns(words: &FamilyWords) -> Result<()> {
    let phrases: Vec<(&str, String, Vec<Word>)> = words
        .measures
        .iter()
        .flat_map(|(name, Named { nouns, nouns_within, .. })| {
            nouns.iter().chain(nouns_within).map(move |form| (name.as_str(), form.to_string()))
        })
        .map(|(name, form)| (name, form.clone(), tokens::phrase(&form)))
        .collect();
    for (measure, phrase, parts) in &phrases {
        let inside = |(other, _, whole): &&(&str, String, Vec<Word>)| {
            // `phenotype.age` replaces `phenotype` in its sentences.
            let is_own = other.starts_with(measure) || measure.starts_with(other);
            !is_own && tokens::contains(whole, parts)
        };
        if let Some((other, whole, _)) = phrases.iter().find(inside) {
            return Err(format!(
                "`{phrase}` of the measure `{measure}` is part of `{whole}` of the measure `{other}`; reword one"
            )
            .into());
        }
    }
    Ok(())
}

/// Checks that the name of no network, component or column contains the words of a band.
fn check_names(words: &FamilyWords, features: &[Feature]) -> Result<()> {
    let phrases = band_phrases(words);
    let names: BTreeSet<&String> = features.iter().flat_map(|feature| &feature.of).collect();
    for name in names {
        let whole = tokens::words(name);
        let clash = phrases.iter().find(|(_, phrase)| tokens::contains(&whole, &tokens::phrase(phrase)));
        if let Some((band, phrase)) = clash {
            let band = words.bands.get(*band).map_or(NOT_AVAILABLE, |band| &band.name);
            return Err(format!(
                "`{name}` holds `{phrase}`, which is said of the band `{band}`; rename `{name}` or reword the band"
            )
            .into());
        }
    }
    Ok(())
}

/// Checks that no phrase has two meanings.
fn check_shared(words: &FamilyWords, features: &[Feature], reader: &Reader) -> Result<()> {
    let told = |meaning: Meaning| match meaning {
        Meaning::Noun(index) => format!("is what `{}` is called", features[index]),
        Meaning::Band(index) => {
            format!(
                "is said of the band `{}`",
                words.bands.get(index).map_or(NOT_AVAILABLE, |band| &band.name)
            )
        }
        Meaning::Explains(Side::Below) => "explains what is below the norm".to_owned(),
        Meaning::Explains(Side::Above) => "explains what is above the norm".to_owned(),
        Meaning::Reason(missing) => format!("is the reason `{missing}`"),
        Meaning::Nothing => "compares with the norm".to_owned(),
    };
    match reader.shared.first() {
        Some((phrase, _, other)) if tokens::phrase(phrase).is_empty() => {
            Err(format!("`{phrase}` has no words and {}", told(*other)).into())
        }
        Some((phrase, one, other)) => {
            Err(format!("`{phrase}` {} and {}; reword one", told(*one), told(*other)).into())
        }
        None => Ok(()),
    }
}
