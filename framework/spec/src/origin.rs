//! The place of every value of a spec: file and line.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use boldface::Problem;
use toml::de::{DeTable, DeValue};

/// A file that contributes to a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecSource {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Byte offset of each line.
    lines: Vec<usize>,
}

impl SpecSource {
    /// Returns the source of a file with this text.
    pub fn new(path: PathBuf, text: String) -> SpecSource {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        SpecSource { path, text, lines }
    }

    /// Returns the line and column of a byte offset, in characters, counted from 1.
    fn place(&self, byte: usize) -> (usize, usize) {
        let byte = if self.text.is_char_boundary(byte) { byte } else { self.text.len() };
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        (line, self.text[self.lines[line - 1]..byte].chars().count() + 1)
    }
}

/// The place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub source: Arc<SpecSource>,
    /// Byte range of the key. For an item of a list, that of the list's key.
    pub key: Range<usize>,
    /// Byte range of the value. For a table, that of its key.
    pub value: Range<usize>,
}

impl Origin {
    /// Returns the line of the value, counted from 1.
    pub fn line(&self) -> usize {
        self.source.place(self.value.start).0
    }
}

/// Formats the origin as `experiments/base.toml:9`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.path.display(), self.line())
    }
}

/// A problem and its place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The problem.
    pub problem: Problem,
    /// The file.
    pub source: Arc<SpecSource>,
    /// Line number, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Byte range of the problem. Empty if the problem is about something missing.
    pub span: Range<usize>,
}

impl Located {
    /// Places a problem at a byte range of a file.
    pub fn at(source: &Arc<SpecSource>, span: Range<usize>, problem: Problem) -> Located {
        let (line, column) = source.place(span.start);
        Located { problem, source: Arc::clone(source), line, column, span }
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Located { problem, source, line, column, .. } = self;
        write!(f, "{}:{line}:{column}: {}", source.path.display(), problem.message)?;
        problem.help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}

/// The origins of all values by dotted key, without quotes. `classes[1]` is an item of a list.
#[derive(Clone, Debug, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Returns the origins of all values in a file.
    pub fn collect(table: &DeTable<'_>, source: &Arc<SpecSource>) -> Origins {
        let mut origins = Origins::default();
        origins.add_table(table, "", source);
        origins
    }

    fn add_table(&mut self, table: &DeTable<'_>, path: &str, source: &Arc<SpecSource>) {
        for (key, value) in table {
            let full = join(path, key.get_ref());
            self.add(value, full, key.span(), source);
        }
    }

    fn add(
        &mut self,
        value: &toml::Spanned<DeValue<'_>>,
        path: String,
        key: Range<usize>,
        source: &Arc<SpecSource>,
    ) {
        let span = match value.get_ref() {
            DeValue::Table(inner) => {
                self.add_table(inner, &path, source);
                key.clone()
            }
            DeValue::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.add(item, format!("{path}[{i}]"), key.clone(), source);
                }
                value.span()
            }
            _ => value.span(),
        };
        self.set(&path, Origin { source: Arc::clone(source), key, value: span });
    }

    /// Returns the origin of exactly this key.
    pub fn get(&self, key: &str) -> Option<&Origin> {
        self.0.get(&unquoted(key))
    }

    /// Sets the origin of a key.
    pub fn set(&mut self, key: &str, origin: Origin) {
        self.0.insert(unquoted(key), origin);
    }

    /// Removes a key and everything below it.
    pub fn remove(&mut self, key: &str) {
        let key = unquoted(key);
        self.0.retain(|path, _| !is_within(path, &key));
    }

    /// Copies a key and everything below it from other origins.
    pub fn copy(&mut self, key: &str, from: &Origins) {
        let key = unquoted(key);
        let within = from.0.range(key.clone()..).take_while(|(path, _)| path.starts_with(&key));
        self.0.extend(
            within.filter(|(path, _)| is_within(path, &key)).map(|(path, at)| (path.clone(), at.clone())),
        );
    }

    /// Returns the origin of a key, or of the nearest table or list around it. Returns `None` at the top
    /// level.
    pub fn nearest(&self, key: &str) -> Option<&Origin> {
        let key = unquoted(key);
        let mut path = key.as_str();
        loop {
            if let Some(origin) = self.0.get(path) {
                return Some(origin);
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }

    /// Finds the place of a problem. It is the value at the problem's key, or the key itself if the key
    /// is wrong or names a table. For a missing key it is the nearest table around it, or else the start
    /// of `spec`.
    pub fn locate(&self, spec: &Arc<SpecSource>, problem: Problem) -> Located {
        let Some(origin) = self.nearest(&problem.key) else { return Located::at(spec, 0..0, problem) };
        let is_unknown = self.get(&problem.key).is_some() && is_of_key(&problem);
        let span = if is_unknown { &origin.key } else { &origin.value };
        Located::at(&origin.source, span.clone(), problem)
    }
}

/// Joins `tasks` and `sex` to `tasks.sex`. A name with a dot is quoted, as in TOML: `columns."age.at.scan"`.
pub fn join(path: &str, key: &str) -> String {
    let quote = if key.contains('.') { "\"" } else { "" };
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{quote}{key}{quote}")
}

/// Splits a dotted key into its names, without quotes.
pub fn names(key: &str) -> Vec<&str> {
    let (mut names, mut rest) = (Vec::new(), key);
    loop {
        let quoted = rest.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        let (name, after) = match quoted {
            Some((name, "")) => (name, None),
            Some((name, after)) if after.starts_with('.') => (name, Some(&after[1..])),
            _ => rest.split_once('.').map_or((rest, None), |(name, after)| (name, Some(after))),
        };
        names.push(name);
        match after {
            Some(after) => rest = after,
            None => return names,
        }
    }
}

/// Removes quotes. Problems come from parsers, which do not quote names.
fn unquoted(key: &str) -> String {
    key.replace('"', "")
}

fn is_within(path: &str, key: &str) -> bool {
    path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether a problem is about the key itself, as in "unknown field `horizn`", and not about its value.
fn is_of_key(problem: &Problem) -> bool {
    let rest =
        ["unknown field `", "unknown section `"].iter().find_map(|words| problem.message.strip_prefix(words));
    let quoted = rest.and_then(|rest| rest.split('`').next());
    quoted.is_some_and(|name| problem.key == name || problem.key.ends_with(&format!(".{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "seed = 0\n\n[tasks.sex]\ntarget = \"sex\"\nclasses = [\"m\", 3]\nhorizn = 1\n\
                        lora = { rank = -1 }\n\"a.b\" = true\n";

    fn place(key: &str, message: &str) -> &'static str {
        let (table, errors) = DeTable::parse_recoverable(SPEC);
        assert!(errors.is_empty());
        let source = Arc::new(SpecSource::new(PathBuf::from("spec.toml"), SPEC.to_owned()));
        let origins = Origins::collect(table.get_ref(), &source);
        &SPEC[origins.locate(&source, Problem::at(key, message)).span]
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
    fn a_name_with_a_dot_is_one_name() {
        let key = join(&join("columns", "age.at.scan"), "unit");
        assert_eq!(key, "columns.\"age.at.scan\".unit");
        assert_eq!(names(&key), ["columns", "age.at.scan", "unit"]);
        assert_eq!(
            (names("a"), names("a.b[1]"), names("\"a.b\"")),
            (vec!["a"], vec!["a", "b[1]"], vec!["a.b"])
        );
    }

    #[test]
    fn a_missing_key_falls_back_to_its_table() {
        assert_eq!(place("tasks.sex.seed", "missing"), "sex");
        assert_eq!(place("tasks.age.seed", "missing"), "tasks");
        assert_eq!(place("tasks.sex", "missing field `x`"), "sex");
        assert_eq!(place("signal", "missing section `signal`"), "");
    }
}
