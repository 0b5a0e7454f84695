//! Turns numbers into sentences and back. Words are data, and every sentence can be read back.
//!
//! The grammar is our own because it numbers its wordings, so that each can be drawn at random and
//! parsed again.

mod bands;
mod check;
mod grammar;
mod number;
mod read;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeMap;

use boldface::{Deserialize, Fact, Result, Serialize};
use boldface_features::{Feature, Missing};

use grammar::Said;
use number::Digits;
pub(super) use read::Reader;
pub(super) use table::WordTable;
use table::{BandRange, Measure};
use template::WordingTemplate;
pub(super) use tokens::sentences;

/// The complete words of one family: the built-in ones, overridden by the user's. Stored as their
/// table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(crate = "boldface::serde", try_from = "WordTable", into = "WordTable")]
pub(super) struct FamilyWords {
    table: WordTable,
    /// Bands from low to high.
    bands: Vec<BandRange>,
    /// Forms by scale and band.
    scales: BTreeMap<String, BTreeMap<String, Vec<WordingTemplate>>>,
    measures: BTreeMap<String, Named>,
    grammar: BTreeMap<String, Vec<WordingTemplate>>,
    negations: Vec<String>,
}

/// A measure with parsed forms.
#[derive(Clone, Debug)]
struct Named {
    nouns: Vec<WordingTemplate>,
    nouns_within: Vec<WordingTemplate>,
    symbol: String,
    unit: String,
    digits: Digits,
    scale: String,
    above: Vec<WordingTemplate>,
    below: Vec<WordingTemplate>,
}

/// Choice among the wordings of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordingChoice {
    /// The first of all alternatives: short and regular.
    Plain,
    /// The wording drawn by this number. All are equally likely, and the same number gives the same
    /// wording.
    Drawn(u64),
}

/// Name of the band of facts without a z.
pub(super) const NOT_AVAILABLE: &str = "not available";

/// Words that all families share.
const SHARED: &str = include_str!("shared.toml");

/// Built-in words of every family.
const FAMILIES: [&str; 6] = [
    include_str!("../connectivity/words.toml"),
    include_str!("../graph/words.toml"),
    include_str!("../gradient/words.toml"),
    include_str!("../components/words.toml"),
    include_str!("../temporal/words.toml"),
    include_str!("../phenotype/words.toml"),
];

/// The fallback of all scales.
const HIGHER: &str = "higher";

impl FamilyWords {
    /// Builds the words of a family from its built-in TOML table `family`, overridden by the user's
    /// `own`.
    ///
    /// # Errors
    /// If bands leave gaps or overlap, a slot has no filling, or something has no words.
    pub(super) fn new(family: &str, own: Option<&WordTable>) -> Result<FamilyWords> {
        let shipped = WordTable::parse(SHARED)?.with(&WordTable::parse(family)?);
        let Some(own) = own else { return FamilyWords::try_from(shipped) };
        let words = FamilyWords::try_from(shipped.clone().with(&shipped.part_of(own)?))?;
        let new = own.grammar.keys().filter(|name| !shipped.grammar.contains_key(*name));
        match grammar::unnamed(&words, new) {
            Some(name) => Err(format!("no form names `grammar.{name}`; write `{{{name}}}` into one").into()),
            None => Ok(words),
        }
    }

    /// Returns the fact of a feature with this value and distance from the norm.
    ///
    /// The band is that of `z` rounded to two decimals, as in sentences, so words and numbers always
    /// agree. Without a value or a z it is [`NOT_AVAILABLE`], with the first reason; a value is kept.
    pub(super) fn fact(
        &self,
        feature: &Feature,
        value: Result<f64, Missing>,
        z: Result<f64, Missing>,
    ) -> Fact {
        let finite = |number: f64| if number.is_finite() { Ok(number) } else { Err(Missing::Undefined) };
        let value = value.and_then(finite);
        let found =
            value.and(z.and_then(finite)).map(|z| (z, bands::containing(&self.bands, number::said(z))));
        let feature = feature.to_string();
        match found {
            Ok((z, Some(band))) => {
                Fact { feature, value: value.ok(), z: Some(z), band: band.name.clone(), reason: None }
            }
            Ok((_, None)) => unreachable!("bands cover the line: `bands::check` saw to it"),
            Err(missing) => Fact {
                feature,
                value: value.ok(),
                z: None,
                band: NOT_AVAILABLE.to_owned(),
                reason: Some(missing.to_string()),
            },
        }
    }

    /// Returns the sentence of a fact about `feature`.
    pub(super) fn sentence(&self, feature: &Feature, fact: &Fact, form: WordingChoice) -> String {
        let said = Said::new(self, feature, fact);
        match form {
            WordingChoice::Plain => said.text(0),
            WordingChoice::Drawn(number) => said.text(number % said.count().max(1)),
        }
    }

    /// Returns at most `count` questions about `feature`, spread evenly over all wordings, the plain
    /// one first.
    pub(super) fn questions(&self, feature: &Feature, count: u64) -> Vec<String> {
        let fact = Fact::default();
        let asking = Said::asking(self, feature, &fact);
        let all = asking.count();
        let mut wordings: Vec<String> = Vec::new();
        for index in 0..count.min(all) {
            let wording = asking.text(index * all / count.min(all).max(1));
            if !wordings.contains(&wording) {
                wordings.push(wording);
            }
        }
        wordings
    }

    /// Returns the bands from low to high, each with a representative z.
    pub(super) fn bands(&self) -> Vec<boldface::Band> {
        let z = |band: &BandRange| band.side().map_or(0.0, |_| band.inside());
        self.bands.iter().map(|band| boldface::Band { name: band.name.clone(), z: z(band) }).collect()
    }

    /// Lists every wording of a fact.
    fn paraphrases<'a>(&'a self, feature: &'a Feature, fact: &'a Fact) -> impl Iterator<Item = String> + 'a {
        let said = Said::new(self, feature, fact);
        (0..said.count()).map(move |number| said.text(number))
    }

    /// Builds a reader of sentences about `features`. Build it once: there may be many features.
    pub(super) fn reader(&self, features: &[Feature]) -> Reader {
        Reader::new(self, features)
    }

    /// Proves that every sentence about `features` reads back as its fact.
    ///
    /// # Errors
    /// If two things share a phrase, or a sentence is misread; the message names them.
    pub(super) fn check(&self, features: &[Feature]) -> Result<()> {
        check::check(self, features)
    }

    /// Rounds a fact's numbers as sentences do, which is how they are read back.
    fn rounded(&self, feature: &Feature, fact: &Fact) -> Fact {
        let digits = self.named(feature).map_or(Digits::Decimals(2), |named| named.digits);
        let value = fact.value.and_then(|value| digits.write(value).parse().ok());
        Fact { value, z: fact.z.map(number::said), ..fact.clone() }
    }

    /// Returns the words of one feature, or else of its measure.
    fn named(&self, feature: &Feature) -> Option<&Named> {
        let own = if self.measures.keys().any(|name| name.contains('.')) {
            self.measures.get(&feature.to_string())
        } else {
            None
        };
        own.or_else(|| self.measures.get(&feature.measure))
    }
}

impl From<FamilyWords> for WordTable {
    fn from(words: FamilyWords) -> WordTable {
        words.table
    }
}

impl TryFrom<WordTable> for FamilyWords {
    type Error = boldface::Error;

    fn try_from(table: WordTable) -> Result<FamilyWords> {
        let bands = table.bands.clone().unwrap_or_default();
        bands::check(&bands)?;
        let measure = |(name, measure): (&String, &Measure)| {
            let at = |error| format!("`measures.{name}`: {error}");
            Ok((name.clone(), Named::new(measure).map_err(at)?))
        };
        let scale = |(name, bands): (&String, &BTreeMap<String, Vec<String>>)| {
            let at = |error| format!("`scales.{name}`: {error}");
            Ok((name.clone(), alternatives(bands).map_err(at)?))
        };
        let words = FamilyWords {
            measures: table.measures.iter().map(measure).collect::<Result<_>>()?,
            scales: table.scales.iter().map(scale).collect::<Result<_>>()?,
            grammar: alternatives(&table.grammar).map_err(|error| format!("`grammar`: {error}"))?,
            negations: table.negations.iter().flatten().map(|word| word.to_lowercase()).collect(),
            bands,
            table,
        };
        grammar::check(&words)?;
        Ok(words)
    }
}

impl Named {
    fn new(measure: &Measure) -> Result<Named> {
        let templates = |forms: &Option<Vec<String>>| {
            forms.iter().flatten().map(|form| WordingTemplate::parse(form)).collect::<Result<Vec<_>>>()
        };
        let nouns = templates(&measure.nouns)?;
        let within = templates(&measure.nouns_within)?;
        let symbol = measure.symbol.clone().unwrap_or_default();
        let is_symbol = |c: char| c.is_alphanumeric() || "_-".contains(c);
        if nouns.is_empty() {
            return Err("it has no `nouns`".into());
        }
        if symbol.is_empty() || symbol.eq_ignore_ascii_case("z") || !symbol.chars().all(is_symbol) {
            return Err(format!("`{symbol}` cannot be its `symbol`: letters and digits, and not `z`").into());
        }
        let digits = measure.digits.map(Digits::Significant);
        Ok(Named {
            nouns_within: if within.is_empty() { nouns.clone() } else { within },
            nouns,
            symbol,
            unit: measure.unit.clone().unwrap_or_default(),
            digits: digits.unwrap_or(Digits::Decimals(measure.decimals.unwrap_or(2))),
            scale: measure.scale.clone().unwrap_or_else(|| HIGHER.to_owned()),
            above: templates(&measure.above)?,
            below: templates(&measure.below)?,
        })
    }

    /// Returns its noun phrases for a feature.
    fn nouns_of(&self, feature: &Feature) -> &[WordingTemplate] {
        match &feature.of[..] {
            [a, b] if a == b => &self.nouns_within,
            _ => &self.nouns,
        }
    }
}

fn alternatives(words: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Vec<WordingTemplate>>> {
    let parse = |(name, forms): (&String, &Vec<String>)| {
        let forms: Result<Vec<_>> = forms.iter().map(|form| WordingTemplate::parse(form)).collect();
        Ok((name.clone(), forms.map_err(|error| format!("`{name}`: {error}"))?))
    };
    words.iter().map(parse).collect()
}
