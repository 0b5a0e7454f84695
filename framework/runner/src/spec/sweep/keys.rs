//! Dotted keys that a sweep sets, checked against the base.

use std::collections::{BTreeMap, BTreeSet};

use boldface::Problem;
use serde_json::Value;

use crate::spec::draft::SECTIONS;
use crate::spec::{Table, suggest};

/// An arm's change to one key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    /// The new value, or `None` to drop the key.
    pub value: Option<Value>,
    /// The place in the sweep that sets it, such as `grid.tokenizer.patch[1]`.
    pub at: String,
}

/// An arm's changes to the base, by dotted key.
pub(crate) type ArmSettings = BTreeMap<String, Setting>;

/// The experiment that the arms start from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SweepBase<'a> {
    /// The base as written.
    pub written: &'a Table,
    /// The base with every default filled in, or `None` if it has problems. An arm may not have these
    /// problems.
    pub resolved: Option<&'a Table>,
}

/// Sections whose tables have names chosen by the author.
const NAMED: [&str; 3] = ["datasets", "corpora", "tasks"];

impl<'a> SweepBase<'a> {
    /// Returns the value at a dotted key.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        [Some(self.written), self.resolved].into_iter().flatten().find_map(|table| get(table, key))
    }

    /// Reports a key that cannot be varied. Keys inside a plugin's table are left to the plugin to
    /// check.
    pub fn check(&self, key: &str, at: &str, problems: &mut Vec<Problem>) {
        let section = key.split('.').next().unwrap_or_default();
        if key == "seed" {
            let help = "use `seeds = [0, 1, 2]`, which keeps the split";
            let problem = Problem::at(at, "`seed` also draws the split: each arm would be tested on others");
            return problems.push(problem.help(help));
        }
        if section == "runtime" {
            let problem = Problem::at(at, "`runtime` says where and how fast to run, and changes no result");
            return problems.push(problem.help("set it in the base, or on the command line"));
        }
        let depth = if NAMED.contains(&section) { 2 } else { 1 };
        let mut parent = String::new();
        for name in key.split('.').take(depth) {
            let own = join(&parent, name);
            if self.get(&own).is_none() {
                problems.push(self.missing(&parent, name, at));
                return;
            }
            parent = own;
        }
    }

    /// Reports a key to drop that the base does not have.
    pub fn check_dropped(&self, key: &str, at: &str, problems: &mut Vec<Problem>) {
        let mut parent = String::new();
        for name in key.split('.') {
            let own = join(&parent, name);
            if self.get(&own).is_none() {
                problems.push(self.missing(&parent, name, at));
                return;
            }
            parent = own;
        }
    }

    fn missing(&self, parent: &str, name: &str, at: &str) -> Problem {
        let tables = [Some(self.written), self.resolved].into_iter().flatten();
        let inside = tables.filter_map(|table| match parent {
            "" => Some(table),
            _ => get(table, parent).and_then(Value::as_object),
        });
        // A null is an optional key that was left out.
        let here = inside.flatten().filter(|(_, value)| !value.is_null());
        let names: BTreeSet<String> = here.map(|(name, _)| join(parent, name)).collect();
        let wrong = join(parent, name);
        let help = suggest(&wrong, names.iter().map(String::as_str));
        Problem::at(at, format!("the base has no `{wrong}`")).help(help)
    }
}

fn get<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let value = table.get(first).filter(|value| !value.is_null())?;
    match rest {
        None => Some(value),
        Some(rest) => get(value.as_object()?, rest),
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// Lists the leaves of a table by dotted key, each with its place. `a.b = 1` and `"a.b" = 1` are the
/// same.
pub(super) fn leaves<'v>(table: &'v Table, at: &str) -> Vec<(String, String, &'v Value)> {
    let mut found = Vec::new();
    collect(table, "", at, &mut found);
    found.sort_by(|a, b| order(&a.0, &b.0));
    found
}

fn collect<'v>(table: &'v Table, key: &str, at: &str, found: &mut Vec<(String, String, &'v Value)>) {
    for (name, value) in table {
        let (own, place) = (join(key, name), join(at, name));
        match value {
            Value::Object(inner) if !inner.is_empty() => collect(inner, &own, &place, found),
            value => found.push((own, place, value)),
        }
    }
}

/// Reads the settings of a table such as `[arms.NAME]`, including the keys listed in its `drop`.
pub(super) fn settings(table: &Table, at: &str, problems: &mut Vec<Problem>) -> ArmSettings {
    let mut rest = table.clone();
    let dropped = rest.remove("drop");
    let mut settings = ArmSettings::new();
    for (key, place, value) in leaves(&rest, at) {
        insert(&mut settings, key, Setting { value: Some(value.clone()), at: place }, problems);
    }
    let place = join(at, "drop");
    match dropped {
        None => {}
        Some(Value::Array(keys)) => {
            for (i, key) in keys.iter().enumerate() {
                let at = format!("{place}[{i}]");
                match key {
                    Value::String(key) => {
                        insert(&mut settings, key.clone(), Setting { value: None, at }, problems);
                    }
                    other => problems.push(Problem::at(at, format!("expected a key, found `{other}`"))),
                }
            }
        }
        Some(other) => {
            let problem = Problem::at(place, format!("expected a list of keys, found `{other}`"));
            problems.push(problem.help("write `drop = [\"alignment\"]`"));
        }
    }
    settings
}

/// Adds a setting, or reports that it contradicts another one.
pub(super) fn insert(settings: &mut ArmSettings, key: String, setting: Setting, problems: &mut Vec<Problem>) {
    let other = settings.keys().find(|other| overlap(other, &key));
    match other {
        None => {
            settings.insert(key, setting);
        }
        Some(other) if *other == key => {
            let problem = Problem::at(setting.at, format!("`{key}` is set twice"));
            problems.push(problem.help("a key is varied in one place only"));
        }
        Some(other) => {
            let message = format!("`{key}` and `{other}` are set together, and one holds the other");
            problems.push(Problem::at(setting.at, message).help("set only one of them"));
        }
    }
}

/// Whether two keys are equal or one contains the other.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let inside =
        |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    one == other || inside(one, other) || inside(other, one)
}

/// Compares two keys by the order of sections in a spec, then by name.
pub(super) fn order(one: &str, other: &str) -> std::cmp::Ordering {
    let rank = |key: &str| {
        let section = key.split('.').next().unwrap_or_default();
        SECTIONS.iter().position(|name| *name == section).unwrap_or(SECTIONS.len())
    };
    (rank(one), one).cmp(&(rank(other), other))
}

/// Whether two values are equal. `1` and `1.0` are.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
