//! Selects confounds from a table, by strategy or by column name.

use std::borrow::Cow;
use std::fmt;

use boldface::schemars::{Schema, SchemaGenerator, json_schema};
use boldface::{Deserialize, JsonSchema, Result, Serialize};
use serde::Deserializer;
use serde::de::{self, SeqAccess, Visitor};

use super::names::closest;
use super::strategy::Strategy;
use super::table::ConfoundTable;
use crate::matrix::Matrix;

/// Confounds to regress out: the name of a strategy, such as `"24p"`, or a list of columns.
///
/// A derivative or a square that the file lacks is computed from its base column. A missing value in the
/// first volume, where derivatives are undefined, is replaced by that of the second, as in nilearn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confounds {
    /// A strategy by name.
    Named(Strategy),
    /// Columns by their names in the file or their current fMRIPrep names.
    Columns(Vec<String>),
}

impl Confounds {
    /// Returns the names of the selected columns of a table.
    ///
    /// # Errors
    /// If columns are missing (the message names all of them), or the strategy's columns cannot be
    /// determined.
    pub fn columns(&self, table: &ConfoundTable) -> Result<Vec<String>> {
        let (columns, by) = match self {
            Confounds::Named(strategy) => (strategy.columns(table)?, format!("`{strategy}`")),
            Confounds::Columns(columns) => (columns.clone(), "the list of columns".to_owned()),
        };
        let missing: Vec<&String> = columns.iter().filter(|name| table.column(name).is_none()).collect();
        if missing.is_empty() {
            return Ok(columns);
        }
        let quoted = |names: Vec<&str>| -> String {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let mut near: Vec<&str> = Vec::new();
        for name in missing.iter().flat_map(|name| closest(name, table.columns())) {
            if !near.contains(&name) {
                near.push(name);
            }
        }
        near.truncate(8);
        let near = match near.is_empty() {
            true => format!("there is no similar name among its {} columns", table.columns().len()),
            false => format!("the most similar names are {}", quoted(near)),
        };
        let (path, missing) = (table.path().display(), missing.into_iter().map(String::as_str).collect());
        Err(format!("confounds `{path}` lack {}, which {by} needs; {near}", quoted(missing)).into())
    }

    /// Reads the selected confounds: volumes x columns, in the order of [`Confounds::columns`], not
    /// centred.
    ///
    /// # Errors
    /// As [`Confounds::columns`], or if a value is infinite, or missing after the first volume.
    pub fn choose(&self, table: &ConfoundTable) -> Result<Matrix> {
        let names = self.columns(table)?;
        let mut values = vec![0.0; table.trs() * names.len()];
        for (place, name) in names.iter().enumerate() {
            let mut column = table.column(name).expect("`columns` names columns that are there");
            if let Some(row) = column.iter().position(|value| value.is_infinite()) {
                let (path, line) = (table.path().display(), table.line(row));
                return Err(format!(
                    "confounds `{path}`: line {line}, column `{name}`: the value is infinite and cannot be regressed out"
                )
                .into());
            }
            if let [first, second, ..] = column.as_mut_slice()
                && first.is_nan()
            {
                *first = *second;
            }
            if let Some(gap) = column.iter().position(|value| value.is_nan()) {
                let (path, line) = (table.path().display(), table.line(gap.max(1).min(table.trs() - 1)));
                return Err(format!(
                    "confounds `{path}`: line {line}, column `{name}`: the value is missing; \
                     only the first volume may lack one"
                )
                .into());
            }
            let cells = values.iter_mut().skip(place).step_by(names.len());
            cells.zip(column).for_each(|(cell, value)| *cell = value);
        }
        Ok(Matrix { rows: table.trs(), columns: names.len(), values })
    }
}

impl Serialize for Confounds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Confounds::Named(strategy) => strategy.serialize(serializer),
            Confounds::Columns(columns) => columns.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Confounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Confounds, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// Deserialises a name or a list.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Confounds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a strategy or a list of columns")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Confounds, E> {
        name.parse().map(Confounds::Named).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Confounds, A::Error> {
        let mut columns: Vec<String> = Vec::new();
        while let Some(name) = list.next_element::<String>()? {
            if columns.contains(&name) {
                return Err(de::Error::custom(format!("the column `{name}` is listed twice")));
            }
            columns.push(name);
        }
        match columns.is_empty() {
            true => {
                Err(de::Error::custom("the list of columns is empty; leave the key out for no confounds"))
            }
            false => Ok(Confounds::Columns(columns)),
        }
    }
}

impl JsonSchema for Confounds {
    fn schema_name() -> Cow<'static, str> {
        "Confounds".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let strategy = generator.subschema_for::<Strategy>();
        json_schema!({
            "description": "Confounds to regress out: the name of a strategy, such as `\"24p\"`, or a list of \
                columns. A derivative or a square that the file lacks is computed from its base column.",
            "anyOf": [strategy, { "type": "array", "items": { "type": "string" } }],
        })
    }
}
