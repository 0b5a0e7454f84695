//! The user's TOML table of words. Built-in tables provide all parts that it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Deserialize, JsonSchema, Result, Serialize};
use schemars::{Schema, json_schema};

use super::FAMILIES;

/// Words of descriptions. Built-in words apply to everything that the table leaves out.
///
/// A table replaces the built-in one key by key; a list or a value replaces the built-in one as a
/// whole. For example, `[scales.higher]` with one band changes the words of that band only. `[[bands]]`
/// must list every band, and bands with new names need words in `[scales.higher]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(transform = or_a_file)]
pub(in crate::corpora) struct WordTable {
    /// Ranges of z from low to high, without gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bands: Option<Vec<BandRange>>,
    /// Adjectives by scale and band: `[scales.longer] "markedly lower" = ["much shorter {than}"]`. If a
    /// scale leaves out a band, the words of the scale `higher` apply.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) scales: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Words of each measure by its name, such as `modularity`, or `phenotype.age` for a single feature
    /// of a measure.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) measures: BTreeMap<String, Measure>,
    /// Sentences, and words with alternatives that sentences use as `{word}`. Sentences are `said`,
    /// `unnumbered` (without numbers), `not-available`, `unexplained` (not available, without a reason)
    /// and `not-compared` (a value, but no z). The fact fills `{noun}`, `{adjective}`, `{explanation}`,
    /// `{symbol}`, `{value}`, `{z}` and `{reason}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) grammar: BTreeMap<String, Vec<String>>,
    /// Negations: a sentence with one of these words states no fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) negations: Option<Vec<String>>,
}

/// A range of z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Band")]
pub(super) struct BandRange {
    /// Name in facts, such as `markedly lower`.
    pub(super) name: String,
    /// Lower end in SD; leave it out for the lowest band. An end belongs to the band on the side of 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<f64>,
    /// Upper end in SD; leave it out for the highest band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<f64>,
}

/// Words and number format of a measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "boldface::serde", deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Measure {
    /// Noun phrases in the singular. `{0}` and `{1}` are the networks, components or columns that it is
    /// about. The plain form uses the first phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nouns: Option<Vec<String>>,
    /// Noun phrases for equal `{0}` and `{1}`, such as one network with itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nouns_within: Option<Vec<String>>,
    /// Symbol before the value, such as `r`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) symbol: Option<String>,
    /// Unit after the value, such as `s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    /// Decimals of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) decimals: Option<usize>,
    /// Number of significant digits, instead of `decimals`, for measures without a natural scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digits: Option<usize>,
    /// Name of the scale in `scales` that provides its adjectives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scale: Option<String>,
    /// Explanations of bands above 0: clauses such as `networks are more set apart from each other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<Vec<String>>,
    /// Explanations of bands below 0, also clauses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) below: Option<Vec<String>>,
}

impl WordTable {
    /// Parses a table, which may be partial.
    ///
    /// # Errors
    /// If the text is not TOML or has unknown keys; the message gives the line.
    pub(in crate::corpora) fn parse(text: &str) -> Result<WordTable> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            format!("line {line}: {}", error.message()).into()
        })
    }

    /// Returns this table overridden by `own`: tables key by key, lists and values as a whole.
    pub(super) fn with(mut self, own: &WordTable) -> WordTable {
        replace(&mut self.bands, &own.bands);
        replace(&mut self.negations, &own.negations);
        if let Some(bands) = &own.bands {
            // Drops the words of bands that no longer exist.
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

    /// Returns the part of a user's table that is about the family of this table. One table may serve
    /// several families, so measures of other families are left out.
    ///
    /// # Errors
    /// If a measure belongs to no family, or no measure uses a scale.
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
            // `phenotype.age` has its own words and otherwise those of any `phenotype`.
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
            // Either key replaces the other.
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

/// Lets a spec give the path of a file instead of the table. The runner replaces the path by the file's
/// content, so no path gets into a key and no plugin reads files.
fn or_a_file(schema: &mut Schema) {
    let table = std::mem::take(schema);
    *schema = json_schema!({
        "description": table.get("description"),
        "anyOf": [table, { "type": "string", "description": "path of a TOML file with the table" }],
    });
}
