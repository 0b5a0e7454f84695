//! The values of one file and the place of each.

use std::sync::Arc;

use boldface::Problem;
use serde_json::{Number, Value};
use toml::de::DeTable;

use super::Table;
use super::origin::{Located, Origins, SpecSource};

/// A file that is valid TOML. Its keys and values are not checked yet.
pub(crate) struct SpecDocument {
    /// Its values. Dates become text, because no section has dates.
    pub table: Table,
    /// The place of each value in the file.
    pub origins: Origins,
}

impl SpecDocument {
    /// Reads TOML.
    ///
    /// # Errors
    /// Returns every syntax error and every number that is not finite.
    pub fn read(source: &Arc<SpecSource>) -> Result<SpecDocument, Vec<Located>> {
        let located = |error: &toml::de::Error| {
            let message = error.message().lines().next().unwrap_or("invalid TOML").trim();
            Located::at(source, error.span().unwrap_or(0..0), Problem::at("", message))
        };
        let (spans, errors) = DeTable::parse_recoverable(&source.text);
        if !errors.is_empty() {
            return Err(errors.iter().map(located).collect());
        }
        let table = source.text.parse::<toml::Table>().map_err(|error| vec![located(&error)])?;
        let origins = Origins::collect(spans.get_ref(), source);
        let mut problems = Vec::new();
        let table = json_table(table, "", &mut problems);
        if problems.is_empty() {
            return Ok(SpecDocument { table, origins });
        }
        Err(problems.into_iter().map(|problem| origins.locate(source, problem)).collect())
    }
}

fn json_table(table: toml::Table, path: &str, problems: &mut Vec<Problem>) -> Table {
    let dot = if path.is_empty() { "" } else { "." };
    let entry = |(key, value): (String, toml::Value)| {
        let value = json(value, &format!("{path}{dot}{key}"), problems);
        (key, value)
    };
    table.into_iter().map(entry).collect()
}

fn json(value: toml::Value, path: &str, problems: &mut Vec<Problem>) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Number::from_f64(number).map_or_else(
            || {
                problems.push(Problem::at(path, format!("`{number}` is not a finite number")));
                Value::Null
            },
            Value::Number,
        ),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => {
            let item = |(i, item): (usize, toml::Value)| json(item, &format!("{path}[{i}]"), problems);
            Value::Array(items.into_iter().enumerate().map(item).collect())
        }
        toml::Value::Table(table) => Value::Object(json_table(table, path, problems)),
    }
}
