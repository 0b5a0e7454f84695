//! The sentences of every column, and the reader of such sentences.

use std::collections::BTreeMap;

use boldface::{Fact, Result};
use boldface_features::{Feature, Missing};
use toml::{Table, Value};

use super::Phenotype;
use super::column::{Column, ColumnKind};
use crate::corpora::words::{FamilyWords, Reader, WordTable, WordingChoice, sentences};

/// The words of all columns. Columns that are compared with the norm share the words of other families.
/// A column with categories or ranges has its own words.
#[derive(Debug)]
pub(super) struct PhenotypeWords {
    columns: Vec<ColumnWords>,
    /// Features under their names in sentences, in the order of `columns`.
    features: Vec<Feature>,
    compared: FamilyWords,
    compared_reader: Reader,
}

#[derive(Debug)]
struct ColumnWords {
    name: String,
    /// `None` if it is compared with the norm.
    own: Option<(FamilyWords, Reader)>,
}

/// The words of numbers, and the noun phrases of columns in all sentences.
const NUMBERS: &str = include_str!("words.toml");

/// The words of a column with its own categories or ranges.
const NAMED: &str = include_str!("named.toml");

/// Prefix of the names of measures.
const MEASURE: &str = "phenotype";

impl PhenotypeWords {
    /// Builds the words for `config`; `categories` has the categories of each categorical column.
    ///
    /// # Errors
    /// If the words of a column are invalid or not distinct; the message names the column.
    pub(super) fn new(
        config: &Phenotype,
        categories: &BTreeMap<String, Vec<String>>,
    ) -> Result<PhenotypeWords> {
        let labels = config.columns.iter().map(|(name, column)| (name, column, column.label(name)));
        let features: Vec<Feature> =
            labels.clone().map(|(_, _, label)| Feature::new(MEASURE, &[&label])).collect();
        let mut numbers: Table = table(NUMBERS)?;
        if let Some(own) = &config.words {
            let own = Table::try_from(own)?;
            let measure = own.get("measures").and_then(|measures| measures.get(MEASURE));
            if let Some(measure) = measure.and_then(Value::as_table) {
                measure_of(&mut numbers)?.extend(measure.clone());
            }
        }
        let measure = measure_of(&mut numbers)?.clone();
        let mut measures = Table::from_iter([(MEASURE.to_owned(), Value::Table(measure.clone()))]);
        for (_, column, label) in labels.clone() {
            let mut measure = measure.clone();
            measure.remove("digits");
            // The label itself, so that the words of two columns are known to differ.
            for noun in measure.get_mut("nouns").and_then(Value::as_array_mut).into_iter().flatten() {
                let called = noun.as_str().map(|noun| noun.replace("{0}", &label));
                *noun = Value::String(called.unwrap_or_default());
            }
            measure.insert("decimals".to_owned(), Value::Integer(column.decimals() as i64));
            measure.extend(column.unit.iter().map(|unit| ("unit".to_owned(), Value::String(unit.clone()))));
            measures.insert(format!("{MEASURE}.{label}"), Value::Table(measure));
        }
        numbers.insert("measures".to_owned(), Value::Table(measures.clone()));
        let compared = FamilyWords::new(&toml::to_string(&numbers)?, config.words.as_ref())?;
        let mut columns = Vec::new();
        for (name, column, _) in labels {
            let named = |error| format!("column `{name}`: {error}");
            let names: Vec<&String> = match column.kind {
                ColumnKind::Category => categories.get(name).into_iter().flatten().collect(),
                ColumnKind::Number => column.bands.iter().map(|band| &band.name).collect(),
            };
            let own = match (column.kind, names.is_empty()) {
                (ColumnKind::Number, true) => None,
                _ => Some(own(&names, &measures, &features).map_err(named)?),
            };
            columns.push(ColumnWords { name: name.clone(), own });
        }
        let compared_reader = compared.reader(&features);
        Ok(PhenotypeWords { columns, features, compared, compared_reader })
    }

    /// Proves that every sentence reads back as its fact.
    ///
    /// # Errors
    /// If one does not; the message names the phrase or the sentence.
    pub(super) fn check(&self) -> Result<()> {
        self.compared.check(&self.features)?;
        for column in &self.columns {
            let named = |error| format!("column `{}`: {error}", column.name);
            column.own.iter().try_for_each(|(words, _)| words.check(&self.features).map_err(named))?;
        }
        Ok(())
    }

    /// Returns the fact of a number.
    pub(super) fn number(
        &self,
        place: usize,
        column: &Column,
        value: Result<f64, Missing>,
        z: Result<f64, Missing>,
    ) -> Fact {
        let fact = self.compared.fact(&self.features[place], value, z);
        let band = fact.value.and_then(|value| column.band(value)).map(|band| band.name.clone());
        // A range of the column's own needs no norm.
        let fact = match band {
            Some(band) => Fact { band, ..fact },
            None => fact,
        };
        self.called(place, fact)
    }

    /// Returns the fact of a category.
    pub(super) fn category(&self, place: usize, category: Result<&str, Missing>) -> Fact {
        let missing = self.compared.fact(&self.features[place], Err(Missing::NoValue), Err(Missing::NoValue));
        let fact = match category {
            Ok(category) => Fact { band: category.to_owned(), reason: None, ..missing },
            Err(reason) => Fact { reason: Some(reason.to_string()), ..missing },
        };
        self.called(place, fact)
    }

    /// Returns the sentence of a fact about the column at `place`.
    pub(super) fn sentence(&self, place: usize, fact: &Fact, form: WordingChoice) -> String {
        let words = self.columns[place].own.as_ref().map_or(&self.compared, |(words, _)| words);
        words.sentence(&self.features[place], fact, form)
    }

    /// Returns every fact in `text`, in order.
    pub(super) fn read(&self, text: &str) -> Vec<Fact> {
        sentences(text).filter_map(|sentence| self.read_one(sentence)).collect()
    }

    fn read_one(&self, sentence: &str) -> Option<Fact> {
        // Every reader knows all columns, so that the longest name matches; each returns facts of its
        // own column.
        let of = |place: usize, facts: Vec<Fact>| {
            let name = self.features[place].to_string();
            facts.into_iter().find(|fact| fact.feature == name).map(|fact| self.called(place, fact))
        };
        let compared = self.compared_reader.read(sentence);
        self.columns.iter().enumerate().find_map(|(place, column)| match &column.own {
            Some((_, reader)) => of(place, reader.read(sentence)),
            None => of(place, compared.clone()),
        })
    }

    /// Renames the fact after the column; sentences use the label.
    fn called(&self, place: usize, fact: Fact) -> Fact {
        Fact { feature: self.feature(place).to_string(), ..fact }
    }

    /// Returns `phenotype.COLUMN`.
    pub(super) fn feature(&self, place: usize) -> Feature {
        Feature::new(MEASURE, &[&self.columns[place].name])
    }
}

/// Returns the words of a column whose bands are `names`. The ends of these bands are placeholders: the
/// band of a value is not decided here.
fn own(names: &[&String], measures: &Table, features: &[Feature]) -> Result<(FamilyWords, Reader)> {
    let mut all = table(NAMED)?;
    let mut bands = Vec::new();
    let mut scale = Table::new();
    for (place, name) in names.iter().enumerate() {
        let mut band = Table::from_iter([("name".to_owned(), Value::String((*name).clone()))]);
        let end = |at: usize| Value::Float(at as f64);
        if place > 0 {
            band.insert("from".to_owned(), end(place));
        }
        if place + 1 < names.len() {
            band.insert("to".to_owned(), end(place + 1));
        }
        bands.push(Value::Table(band));
        scale.insert((*name).clone(), Value::Array(vec![Value::String((*name).clone())]));
    }
    all.insert("bands".to_owned(), Value::Array(bands));
    let scales = Table::from_iter([("higher".to_owned(), Value::Table(scale))]);
    all.insert("scales".to_owned(), Value::Table(scales));
    all.insert("measures".to_owned(), Value::Table(measures.clone()));
    let words = FamilyWords::try_from(WordTable::parse(&toml::to_string(&all)?)?)?;
    let reader = words.reader(features);
    Ok((words, reader))
}

fn table(toml: &str) -> Result<Table> {
    Ok(toml.parse::<Table>()?)
}

fn measure_of(table: &mut Table) -> Result<&mut Table> {
    let measure = table.get_mut("measures").and_then(|measures| measures.get_mut(MEASURE));
    measure.and_then(Value::as_table_mut).ok_or_else(|| format!("`measures.{MEASURE}` is not there").into())
}
