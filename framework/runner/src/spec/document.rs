//! The text of a spec as values, and the place of every key in it.

use std::ops::Range;

use boldface::Problem;
use serde_json::{Number, Value};
use toml::Spanned;
use toml::de::DeTable;

use super::Table;
use super::locate;

/// A spec that is valid TOML, whatever it says.
pub(crate) struct Document<'s> {
    /// Its values; a date is text, as no section knows dates.
    pub table: Table,
    /// Its keys and values with their places.
    spans: Spanned<DeTable<'s>>,
}

impl<'s> Document<'s> {
    /// Reads TOML.
    ///
    /// # Errors
    /// Every mistake of syntax with its place in `source`.
    pub fn read(source: &'s str) -> Result<Document<'s>, Vec<(Problem, Range<usize>)>> {
        let (spans, errors) = DeTable::parse_recoverable(source);
        if !errors.is_empty() {
            let problem = |error: &toml::de::Error| {
                let message = error.message().lines().next().unwrap_or("invalid TOML").trim();
                (Problem::at("", message), error.span().unwrap_or(0..0))
            };
            return Err(errors.iter().map(problem).collect());
        }
        let whole =
            |error: toml::de::Error| vec![(Problem::at("", error.message()), error.span().unwrap_or(0..0))];
        let table = source.parse::<toml::Table>().map_err(whole)?;
        let document = Document { table: Table::new(), spans };
        let mut problems = Vec::new();
        let table = json_table(table, "", &mut problems);
        if problems.is_empty() {
            return Ok(Document { table, ..document });
        }
        Err(problems.into_iter().map(|problem| (problem.clone(), document.place(&problem))).collect())
    }

    /// Where a problem is: its key or its value, or the nearest table around it.
    pub fn place(&self, problem: &Problem) -> Range<usize> {
        locate::locate(self.spans.get_ref(), problem)
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
                problems.push(Problem::at(path, format!("`{number}` is not a number to compute with")));
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
