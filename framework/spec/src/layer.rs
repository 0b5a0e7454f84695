//! Layers of a spec: its own values on top of those of the specs it extends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use boldface::Problem;
use serde_json::Value;

use super::Table;
use super::document::SpecDocument;
use super::file::read_text;
use super::origin::{Located, Origin, Origins, SpecSource, join, names};
use super::paths::rebase;

/// The key that names the parent.
const EXTENDS: &str = "extends";

/// Longest chain of parents.
const MOST_PARENTS: usize = 50;

/// Sections that are one plugin's table, and sections that contain one table per plugin.
const PLUGIN: [&str; 2] = ["tokenizer", "backbone"];
const PLUGINS: [&str; 3] = ["datasets", "corpora", "tasks"];

/// The merged values of a spec's files, with the origin of each value. All paths are relative to the
/// folder of `path`.
#[derive(Clone, Debug)]
pub struct Layered {
    /// The spec file.
    pub path: PathBuf,
    /// All files, highest precedence first.
    pub sources: Vec<Arc<SpecSource>>,
    table: Table,
    origins: Origins,
    /// Folders of datasets from the command line that wait for the base of a sweep.
    pub(super) data: Vec<(String, PathBuf)>,
}

impl Layered {
    /// Reads the spec at `path`, whose text is `source`, and every spec that it extends.
    ///
    /// # Errors
    /// Returns every syntax error with its file, or the problem with a parent that is missing or extends
    /// its own child.
    pub fn read(path: &Path, source: &str) -> Result<Layered, Vec<Located>> {
        read(path, source.to_owned(), &mut Vec::new())
    }

    /// Reads the spec named under `key`, with its paths as seen from this file. A sweep reads its base
    /// this way, and hands it the folders of [`Layered::set_data`].
    ///
    /// # Errors
    /// See [`Layered::read`] and [`Layered::set_data`].
    pub fn parent(&self, key: &str) -> Result<Layered, Vec<Located>> {
        let mut parent = self.below(key, &mut vec![identity(&self.path)])?;
        parent.path.clone_from(&self.path);
        parent.sources.extend(self.sources.iter().cloned());
        for (name, path) in &self.data {
            parent.set_data(name, path).map_err(|message| vec![self.locate(Problem::at(key, message))])?;
        }
        Ok(parent)
    }

    /// The values.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The value at a dotted key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let mut keys = names(key).into_iter();
        let first = self.table.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))
    }

    /// Returns the origin of the value at a dotted key, or of the nearest table or list around it.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.nearest(key)
    }

    /// Sets the value at a dotted key, as the topmost layer.
    pub fn set(&mut self, key: &str, value: Value, origin: &Origin) {
        self.set_all([(key, value, origin)]);
    }

    /// Sets several values at once. If one of them is a new plugin `type`, the others are keys of the
    /// new plugin.
    pub fn set_all<'a>(&mut self, settings: impl IntoIterator<Item = (&'a str, Value, &'a Origin)>) {
        let (mut layer, mut origins) = (Table::new(), Origins::default());
        for (key, value, origin) in settings {
            let names = names(key);
            let mut around = String::new();
            for name in &names[..names.len() - 1] {
                around = join(&around, name);
                origins.set(&around, origin.clone());
            }
            mark(&mut origins, key, &value, origin);
            put(&mut layer, &names, value);
        }
        self.merge("", layer, &origins);
    }

    /// Removes a key with everything below it and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let names = names(key);
        let (last, around) = names.split_last()?;
        let mut table = &mut self.table;
        for name in around {
            table = table.get_mut(*name)?.as_object_mut()?;
        }
        let value = table.remove(*last)?;
        self.origins.remove(key);
        Some(value)
    }

    /// Returns the spec as one file: the original text if there is only one file, else the merged
    /// values.
    pub fn to_toml(&self) -> String {
        match self.sources.as_slice() {
            [only] => only.text.clone(),
            _ => toml::to_string_pretty(&self.table).expect("what was read from TOML can be written as TOML"),
        }
    }

    /// Locates a problem at its key.
    pub fn locate(&self, problem: Problem) -> Located {
        self.origins.locate(&self.sources[0], problem)
    }

    /// Locates problems at their keys and sorts them by file and line.
    pub fn locate_all(&self, problems: Vec<Problem>) -> Vec<Located> {
        let mut located: Vec<Located> = problems.into_iter().map(|problem| self.locate(problem)).collect();
        let file =
            |located: &Located| self.sources.iter().position(|source| Arc::ptr_eq(source, &located.source));
        located.sort_by_key(|located| (file(located), located.span.start));
        located.dedup();
        located
    }

    /// Reads the parent named under `key`, with its paths as seen from this file.
    fn below(&self, key: &str, children: &mut Vec<PathBuf>) -> Result<Layered, Vec<Located>> {
        let wrong = |message: String, help: &str| vec![self.locate(Problem::at(key, message).help(help))];
        let written = match self.get(key) {
            Some(Value::String(written)) => Path::new(written),
            Some(Value::Array(_)) => {
                return Err(wrong(
                    format!("`{key}` names one file, not a list"),
                    "a spec has one parent, which may have a parent itself",
                ));
            }
            _ => {
                let help = format!("write it as `{key} = \"FILE.toml\"`");
                return Err(wrong(format!("`{key}` must name a file"), &help));
            }
        };
        let path = self.path.parent().unwrap_or(Path::new("")).join(written);
        let id = identity(&path);
        if let Some(first) = children.iter().position(|child| *child == id) {
            let files = children[first..].iter().chain([&id]).filter_map(|file| file.file_name());
            let files: Vec<String> = files.map(|name| format!("`{}`", name.display())).collect();
            let message = format!("a spec cannot extend itself: {}", files.join(" extends "));
            return Err(wrong(message, "take `extends` out of one of them"));
        }
        if children.len() > MOST_PARENTS {
            let message = format!("more than {MOST_PARENTS} specs extend each other in a row");
            return Err(wrong(message, "write what they say into fewer files"));
        }
        let text = read_text(&path).map_err(|error| {
            let (written, path) = (written.display(), path.display());
            if error.kind() == std::io::ErrorKind::NotFound {
                let help = format!("a path is relative to the file that names it: this one is `{path}`");
                wrong(format!("there is no file `{written}`"), &help)
            } else {
                wrong(format!("cannot read `{written}`: {error}"), "name a spec in TOML")
            }
        })?;
        let mut parent = read(&path, text, children)?;
        rebase(&mut parent.table, written.parent().unwrap_or(Path::new("")));
        Ok(parent)
    }

    /// Merges a table into the one at `path`, key by key.
    pub(super) fn merge(&mut self, path: &str, layer: Table, origins: &Origins) {
        merge(&mut self.table, &mut self.origins, path, layer, origins);
    }
}

/// Reads a spec and its parents. `children` are the files that extend it.
fn read(path: &Path, text: String, children: &mut Vec<PathBuf>) -> Result<Layered, Vec<Located>> {
    let source = Arc::new(SpecSource::new(path.to_owned(), text));
    let SpecDocument { table, origins } = SpecDocument::read(&source)?;
    let mut own = Layered { path: path.to_owned(), sources: vec![source], table, origins, data: Vec::new() };
    let misplaced = misplaced(&own.table);
    if !misplaced.is_empty() {
        return Err(own.locate_all(misplaced));
    }
    if !own.table.contains_key(EXTENDS) {
        return Ok(own);
    }
    children.push(identity(path));
    let mut whole = own.below(EXTENDS, children)?;
    children.pop();
    own.remove(EXTENDS);
    whole.merge("", own.table, &own.origins);
    whole.path = own.path;
    whole.sources.splice(0..0, own.sources);
    Ok(whole)
}

fn merge(table: &mut Table, known: &mut Origins, path: &str, layer: Table, origins: &Origins) {
    for (key, value) in layer {
        let full = join(path, &key);
        let inner = match (table.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) if !is_replaced(&full, below, &above) => {
                // A merged table keeps the origin of its first appearance.
                merge(below, known, &full, above, origins);
                continue;
            }
            (_, value) => value,
        };
        known.remove(&full);
        known.copy(&full, origins);
        table.insert(key, inner);
    }
}

/// Whether a plugin's table is given to another plugin, which makes the old plugin's keys invalid.
fn is_replaced(path: &str, below: &Table, above: &Table) -> bool {
    let name = match path.split_once('.') {
        None if PLUGIN.contains(&path) => "",
        Some((section, name)) if PLUGINS.contains(&section) && !name.contains('.') => name,
        _ => return false,
    };
    let Some(wanted) = above.get("type") else { return false };
    below.get("type").map_or(Some(name), Value::as_str) != wanted.as_str()
}

/// Returns a problem for every `extends` below a table header, where TOML makes it a key of that table.
fn misplaced(table: &Table) -> Vec<Problem> {
    fn search(table: &Table, path: &str, found: &mut Vec<Problem>) {
        for (key, value) in table {
            let full = join(path, key);
            match value {
                Value::Object(inner) => search(inner, &full, found),
                Value::String(file) if key == EXTENDS && !path.is_empty() && file.ends_with(".toml") => {
                    let message = format!("`{EXTENDS}` in the table `[{path}]` means nothing");
                    let help = "write it at the top of the file, before the first `[table]`";
                    found.push(Problem::at(full, message).help(help));
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    search(table, "", &mut found);
    found
}

/// Returns the canonical path of a file.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn put(table: &mut Table, names: &[&str], value: Value) {
    let (first, rest) = match names {
        [] => return,
        [only] => {
            table.insert((*only).to_owned(), value);
            return;
        }
        [first, rest @ ..] => (*first, rest),
    };
    let inner = table.entry(first).or_insert_with(|| Value::Object(Table::new()));
    if !inner.is_object() {
        *inner = Value::Object(Table::new());
    }
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

/// Sets one origin for a value and everything in it.
fn mark(origins: &mut Origins, key: &str, value: &Value, origin: &Origin) {
    origins.set(key, origin.clone());
    match value {
        Value::Object(table) => {
            table.iter().for_each(|(name, inner)| mark(origins, &join(key, name), inner, origin));
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                mark(origins, &format!("{key}[{i}]"), item, origin);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
