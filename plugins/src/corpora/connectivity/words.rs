//! Numbers into sentences and back.

use boldface::{Deserialize, Fact, Serialize};

/// What is said of which z: a table, shipped as `words.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Words {
    /// What is said where there is no z.
    not_available: String,
    /// From low to high, without gaps.
    bands: Vec<Band>,
}

/// A range of z and its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Band {
    /// What facts call it.
    name: String,
    /// What sentences say.
    words: String,
    /// Lower end; none if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    /// Upper end; none if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
}

/// What stands between the feature and the words.
const IS: &str = " coupling is ";

impl Words {
    /// The table that ships with boldface.
    pub(super) fn shipped() -> Words {
        boldface::serde_json::from_str(include_str!("words.json")).expect("a test reads the shipped table")
    }

    /// What is said of a feature whose correlation is `r` and whose distance from the norm is `z`. Without
    /// both it is not available.
    ///
    /// The band is that of `z` as it is said, with two decimals: words and numbers never disagree.
    pub(super) fn fact(&self, feature: &str, r: Option<f64>, z: Option<f64>) -> Fact {
        let feature = feature.to_owned();
        let (r, z) = (r.filter(|r| r.is_finite()), z.filter(|z| z.is_finite()));
        match r.zip(z).and_then(|(r, z)| Some((r, z, self.band(said(z))?))) {
            Some((r, z, band)) => {
                Fact { feature, value: Some(r), z: Some(z), band: band.name.clone(), reason: None }
            }
            None => Fact { feature, band: self.not_available.clone(), ..Fact::default() },
        }
    }

    /// The sentence of a fact.
    pub(super) fn sentence(&self, fact: &Fact) -> String {
        let feature = &fact.feature;
        let band = self.bands.iter().find(|band| band.name == fact.band);
        match (band, fact.value, fact.z) {
            (Some(Band { words, .. }), Some(r), Some(z)) => {
                format!("{feature}{IS}{words} (r={:.2}, z={:+.2}).", said(r), said(z))
            }
            _ => format!("{feature}{IS}{}.", self.not_available),
        }
    }

    /// Every fact about one of `features` that `text` says, in order. What is no such sentence is passed
    /// over, and a number that is not one is none.
    pub(super) fn read(&self, text: &str, features: &[&str]) -> Vec<Fact> {
        let facts = text.match_indices(IS).filter_map(|(at, _)| {
            let feature = last_of(features, &text[..at])?.to_owned();
            let rest = &text[at + IS.len()..];
            if starts_with_words(rest, &self.not_available).is_some() {
                return Some(Fact { feature, band: self.not_available.clone(), ..Fact::default() });
            }
            let mut said =
                self.bands.iter().filter_map(|band| Some((band, starts_with_words(rest, &band.words)?)));
            let (band, rest) = said.next()?;
            let (value, z) = numbers(rest);
            Some(Fact { feature, value, z, band: band.name.clone(), reason: None })
        });
        facts.collect()
    }

    /// The band that holds `z`. An end belongs to the band on the side of 0: exactly 2 is not yet
    /// beyond 2.
    fn band(&self, z: f64) -> Option<&Band> {
        let above = |from: f64| z > from || (z == from && from < 0.0);
        let below = |to: f64| z < to || (z == to && to > 0.0);
        self.bands.iter().find(|band| band.from.is_none_or(above) && band.to.is_none_or(below))
    }
}

/// A number as two decimals say it, and never a negative zero.
fn said(number: f64) -> f64 {
    format!("{number:.2}").parse::<f64>().expect("a formatted number is one") + 0.0
}

/// The longest of `features` that `text` ends with, as a word of its own.
fn last_of<'a>(features: &[&'a str], text: &str) -> Option<&'a str> {
    let fits = |feature: &&&str| {
        let before = text.strip_suffix(**feature).map(|before| before.chars().next_back());
        before.is_some_and(|last| last.is_none_or(|last| !last.is_alphanumeric() && !"-_".contains(last)))
    };
    features.iter().filter(fits).max_by_key(|feature| feature.len()).copied()
}

/// What follows `words` at the start of `text`; none if `text` starts otherwise or the last word goes on.
fn starts_with_words<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.strip_prefix(words).filter(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// The numbers of ` (r=0.12, z=-2.31)`, as far as they are there.
fn numbers(text: &str) -> (Option<f64>, Option<f64>) {
    let Some((r, rest)) = text.strip_prefix(" (r=").map(number) else { return (None, None) };
    (r, rest.strip_prefix(", z=").and_then(|text| number(text).0))
}

/// The decimal number at the start of `text`, and what follows it.
fn number(text: &str) -> (Option<f64>, &str) {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = text[..text.len() - rest.len()].parse().ok();
    (number.filter(|number: &f64| number.is_finite()), rest)
}
