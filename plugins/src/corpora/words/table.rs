//! What a person writes about words: a TOML table, any part of which is left to the shipped tables.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Deserialize, JsonSchema, Result, Serialize};
use schemars::{Schema, json_schema};

use super::FAMILIES;

/// Words of descriptions: what is left out stays as boldface ships it.
///
/// A table replaces the shipped one key by key; a list or a value replaces the shipped one whole. So
/// `[scales.higher]` with one band changes that band's words and no other. `[[bands]]` must list every band, and those with
/// new names need words in `[scales.higher]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(transform = or_a_file)]
pub(in crate::corpora) struct WordTable {
    /// Ranges of z from low to high, without gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bands: Option<Vec<Band>>,
    /// What is said of a band, as scale, band and forms: `[scales.longer] "markedly lower" = ["much shorter {than}"]`.
    /// A band that a scale does not name has the words of the scale `higher`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) scales: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// What is measured, by its name, such as `modularity`; or `phenotype.age` for one feature of a measure.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) measures: BTreeMap<String, Measure>,
    /// Sentences, and words with alternatives which they name as `{word}`. Sentences are `said`, `unnumbered` (no
    /// numbers are known), `not-available`, `unexplained` (nobody said why) and `not-compared` (a value, but no z).
    /// `{noun}`, `{adjective}`, `{explanation}`, `{symbol}`, `{value}`, `{z}` and `{reason}` are of the fact.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) grammar: BTreeMap<String, Vec<String>>,
    /// Words that turn a sentence round: one that holds them says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) negations: Option<Vec<String>>,
}

/// A range of z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Band {
    /// What facts call it, such as `markedly lower`.
    pub(super) name: String,
    /// Lower end in SD; none if there is none. An end belongs to the band on the side of 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<f64>,
    /// Upper end in SD; none if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<f64>,
}

/// How a measure is called and written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Measure {
    /// Noun phrases in the singular; `{0}` and `{1}` are the networks, components or columns it is of. The first is
    /// that of the plain form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nouns: Option<Vec<String>>,
    /// Noun phrases where `{0}` and `{1}` are the same, such as one network with itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nouns_within: Option<Vec<String>>,
    /// What stands before the value, such as `r`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) symbol: Option<String>,
    /// What stands after the value, such as `s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    /// Decimals of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) decimals: Option<usize>,
    /// Significant digits of the value, instead of `decimals`: for measures without a scale of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digits: Option<usize>,
    /// Which of `scales` its bands are told in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scale: Option<String>,
    /// What it means to lie in a band above 0: clauses such as `networks are more set apart from each other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<Vec<String>>,
    /// What it means to lie in a band below 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) below: Option<Vec<String>>,
}

impl WordTable {
    /// Reads a table that may be of parts only.
    ///
    /// # Errors
    /// With the line, if it is no TOML or holds something else.
    pub(in crate::corpora) fn parse(text: &str) -> Result<WordTable> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            format!("line {line}: {}", error.message()).into()
        })
    }

    /// This table with what `own` says instead: tables key by key, lists and values whole.
    pub(super) fn with(mut self, own: &WordTable) -> WordTable {
        replace(&mut self.bands, &own.bands);
        replace(&mut self.negations, &own.negations);
        if let Some(bands) = &own.bands {
            // Words of bands that are no more.
            let is_kept = |name: &String| bands.iter().any(|band| band.name == *name);
            self.scales.values_mut().for_each(|words| words.retain(|name, _| is_kept(name)));
        }
        for (name, bands) in &own.scales {
            self.scales.entry(name.clone()).or_default().extend(bands.clone());
        }
        for (name, measure) in &own.measures {
            self.measures.entry(name.clone()).or_default().replace(measure);
        }
        self.grammar.extend(own.grammar.clone());
        self
    }

    /// What of a user's table is about the family whose table this is: one table may serve several families, so measures
    /// of other families are passed over.
    ///
    /// # Errors
    /// If a measure is none of any family, or a scale is used by no measure.
    pub(super) fn part_of(&self, own: &WordTable) -> Result<WordTable> {
        let measure = |name: &str| name.split_once('.').map_or(name, |(measure, _)| measure).to_owned();
        let (mut own, mut known) = (own.clone(), BTreeSet::new());
        for family in FAMILIES {
            known.extend(WordTable::parse(family)?.measures.into_keys());
        }
        if let Some(name) = own.measures.keys().find(|name| !known.contains(&measure(name))) {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(format!("`measures.{name}`: there is no such measure; there are {known}").into());
        }
        let used: BTreeSet<&str> =
            own.measures.values().filter_map(|measure| measure.scale.as_deref()).collect();
        let unused = |scale: &&String| !self.scales.contains_key(*scale) && !used.contains(scale.as_str());
        if let Some(scale) = own.scales.keys().find(unused) {
            let known = self.scales.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(format!("`scales.{scale}` is the `scale` of no measure; there are {known}").into());
        }
        for (name, words) in &mut own.measures {
            // `phenotype.age` is called by its own name and is in all else as any `phenotype`.
            let is_new = !self.measures.contains_key(name);
            if let Some(shipped) = self.measures.get(&measure(name)).filter(|_| is_new) {
                let mut whole = shipped.clone();
                whole.replace(words);
                *words = whole;
            }
        }
        own.measures.retain(|name, _| self.measures.contains_key(&measure(name)));
        Ok(own)
    }
}

impl Measure {
    fn replace(&mut self, own: &Measure) {
        replace(&mut self.nouns, &own.nouns);
        replace(&mut self.nouns_within, &own.nouns_within);
        replace(&mut self.symbol, &own.symbol);
        replace(&mut self.unit, &own.unit);
        if own.decimals.or(own.digits).is_some() {
            // The one says how to write a number instead of the other.
            (self.decimals, self.digits) = (own.decimals, own.digits);
        }
        replace(&mut self.scale, &own.scale);
        replace(&mut self.above, &own.above);
        replace(&mut self.below, &own.below);
    }
}

fn replace<T: Clone>(shipped: &mut Option<T>, own: &Option<T>) {
    if own.is_some() {
        shipped.clone_from(own);
    }
}

/// In a spec, the table may be the path of a file that holds it.
fn or_a_file(schema: &mut Schema) {
    let table = std::mem::take(schema);
    *schema = json_schema!({
        "description": table.get("description"),
        "anyOf": [table, { "type": "string", "description": "path of a TOML file with the table" }],
    });
}
