//! From a dotted key path to its place in the text.

use std::ops::Range;

use boldface::Problem;
use toml::de::{DeTable, DeValue};

/// The place of a problem: the value it is about; the key where the key itself is wrong or holds a
/// table; the nearest table around it where the key does not exist.
pub(super) fn locate(table: &DeTable<'_>, problem: &Problem) -> Range<usize> {
    let (mut rest, mut table, mut span) = (problem.key.as_str(), table, 0..0);
    while let Some((key, value, tail)) = enter(table, rest) {
        let is_unknown =
            tail.is_empty() && problem.message.starts_with("unknown ") && is_key(problem, &key.1);
        match value {
            _ if is_unknown => return key.0,
            DeValue::Table(inner) => (table, span, rest) = (inner, key.0, tail),
            DeValue::Array(items) => return item(items, tail, value_span(table, &key.1)),
            _ => return value_span(table, &key.1),
        }
    }
    span
}

/// Whether the problem is that this key exists, as in "unknown field `horizn`", and not its value.
fn is_key(problem: &Problem, key: &str) -> bool {
    let quoted = format!("`{key}`");
    ["unknown field ", "unknown section "]
        .iter()
        .any(|words| problem.message.strip_prefix(words).is_some_and(|rest| rest.starts_with(&quoted)))
}

type Key = (Range<usize>, String);

/// The entry of `table` that the path starts with, and the rest of the path. Keys may contain dots.
fn enter<'t, 'i>(table: &'t DeTable<'i>, path: &'t str) -> Option<(Key, &'t DeValue<'i>, &'t str)> {
    table.iter().find_map(|(key, value)| {
        let rest = path.strip_prefix(key.get_ref().as_ref())?;
        let tail = match rest.chars().next() {
            None => rest,
            Some('.') => &rest[1..],
            Some('[') => rest,
            Some(_) => return None,
        };
        Some(((key.span(), key.get_ref().to_string()), value.get_ref(), tail))
    })
}

fn value_span(table: &DeTable<'_>, key: &str) -> Range<usize> {
    table.get(key).map_or(0..0, toml::Spanned::span)
}

/// The place of `[2]` in a list, or the list's.
fn item(items: &[toml::Spanned<DeValue<'_>>], path: &str, list: Range<usize>) -> Range<usize> {
    let index = path.strip_prefix('[').and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
    index.and_then(|index| items.get(index)).map_or(list, toml::Spanned::span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "seed = 0\n\n[tasks.sex]\ntarget = \"sex\"\nclasses = [\"m\", 3]\nhorizn = 1\n\
                        lora = { rank = -1 }\n\"a.b\" = true\n";

    fn place(key: &str, message: &str) -> &'static str {
        let (table, errors) = DeTable::parse_recoverable(SPEC);
        assert!(errors.is_empty());
        &SPEC[locate(table.get_ref(), &Problem::at(key, message))]
    }

    #[test]
    fn a_wrong_value_is_pointed_at() {
        assert_eq!(place("tasks.sex.target", "no scan has it"), "\"sex\"");
        assert_eq!(place("tasks.sex.lora.rank", "negative"), "-1");
        assert_eq!(place("tasks.sex.classes", "too few"), "[\"m\", 3]");
        assert_eq!(place("tasks.sex.classes[1]", "not text"), "3");
        assert_eq!(place("tasks.sex.a.b", "wrong"), "true");
    }

    #[test]
    fn an_unknown_key_is_pointed_at_itself() {
        assert_eq!(place("tasks.sex.horizn", "unknown field `horizn`, expected `horizon`"), "horizn");
        assert_eq!(place("seed", "unknown section `seed`"), "seed");
        assert_eq!(place("tasks.sex.target", "unknown variant `sex`, expected `age`"), "\"sex\"");
    }

    #[test]
    fn a_missing_key_falls_back_to_its_table() {
        assert_eq!(place("tasks.sex.seed", "missing"), "sex");
        assert_eq!(place("tasks.age.seed", "missing"), "tasks");
        assert_eq!(place("tasks.sex", "missing field `x`"), "sex");
        assert_eq!(place("signal", "missing section `signal`"), "");
    }
}
