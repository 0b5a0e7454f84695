//! JSON files of a model folder, read with errors that name file and key.

use std::path::{Path, PathBuf};

use boldface::Result;
use serde_json::{Map, Value};

use super::read_bytes;

/// An object of a JSON file: the whole file, or the object under one of its keys.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    file: PathBuf,
    /// Dotted path of this object within the file; empty for the file itself.
    at: String,
    keys: Map<String, Value>,
}

impl Json {
    /// Reads a file that holds one object.
    pub fn read(file: &Path) -> Result<Json> {
        let text = read_bytes(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
        Json::parse(file, &text)
    }

    /// Reads a file that holds one object, or returns None if there is no file.
    pub fn read_if_there(file: &Path) -> Result<Option<Json>> {
        if file.exists() { Json::read(file).map(Some) } else { Ok(None) }
    }

    /// Parses the content of a file for [`Json::read`].
    pub fn parse(file: &Path, text: &[u8]) -> Result<Json> {
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| format!("`{}` is not JSON: {error}", file.display()))?;
        match value {
            Value::Object(keys) => Ok(Json { file: file.to_owned(), at: String::new(), keys }),
            _ => Err(format!("`{}` does not hold a JSON object", file.display()).into()),
        }
    }

    /// Returns the file that this is from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns all keys of this object, with their values.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.keys.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the value of a key; `null` counts as missing.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.keys.get(key).filter(|value| !value.is_null())
    }

    /// Returns the whole number of a key.
    pub fn count(&self, key: &str) -> Result<Option<usize>> {
        let read = |value: &Value| value.as_u64().and_then(|count| usize::try_from(count).ok());
        self.typed(key, "a whole number", read)
    }

    /// Returns the finite number of a key.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        self.typed(key, "a number", |value| value.as_f64().filter(|number| number.is_finite()))
    }

    /// Returns the flag of a key.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "true or false", Value::as_bool)
    }

    /// Returns the string of a key.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| self.mistyped(key, "a string")),
        }
    }

    /// Returns the object of a key.
    pub fn object(&self, key: &str) -> Result<Option<Json>> {
        let at = self.path(key);
        let open = |value: &Value| {
            let keys = value.as_object()?.clone();
            Some(Json { file: self.file.clone(), at, keys })
        };
        self.typed(key, "an object", open)
    }

    /// Returns the value that was found, or an error that the key is missing.
    pub fn needed<T>(&self, key: &str, found: Result<Option<T>>) -> Result<T> {
        found?.ok_or_else(|| format!("`{}` has no key `{}`", self.file.display(), self.path(key)).into())
    }

    /// Makes an error about a key and its value: "`FILE`: `KEY` is `VALUE`, ...".
    pub fn wrong(&self, key: &str, why: &str) -> boldface::Error {
        let value = self.keys.get(key).map(Value::to_string).unwrap_or_default();
        format!("`{}`: `{}` is `{value}`, {why}", self.file.display(), self.path(key)).into()
    }

    fn typed<T>(&self, key: &str, what: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<Option<T>> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.mistyped(key, what)),
        }
    }

    fn mistyped(&self, key: &str, what: &str) -> boldface::Error {
        self.wrong(key, &format!("which is not {what}"))
    }

    fn path(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }
}
