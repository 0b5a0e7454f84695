//! GGUF files, versions 2 and 3; the whole header is checked against the file's length before use.
//!
//! No allocation depends on a number in the file: counts are compared with the bytes that are left. The
//! reader is our own because candle-core would add 130 packages. Its results equal those of the Python
//! package `gguf` to the bit.

mod cursor;
mod tensors;
mod value;

use std::collections::BTreeMap;
use std::path::Path;

use boldface::Result;
use boldface_engine::Mapped;

use crate::weights::StoredTensor;
use cursor::Cursor;
use value::MetadataValue;

pub(crate) use tensors::published;

/// An opened file: its metadata, and the locations of its tensors.
#[derive(Clone, Debug)]
pub(crate) struct Gguf {
    file: Mapped,
    metadata: BTreeMap<String, MetadataValue>,
    tensors: BTreeMap<String, StoredTensor>,
}

impl Gguf {
    /// Maps a file and reads its header.
    pub fn open(path: &Path) -> Result<Gguf> {
        let file = Mapped::open(path)?;
        let read = read(file);
        let gguf = read.map_err(|error| format!("`{}` is not a valid GGUF file: {error}", path.display()))?;
        if let Some(parts) = gguf.count("split.count")?.filter(|&parts| parts > 1) {
            let part = gguf.count("split.no")?.unwrap_or(0) + 1;
            return Err(format!(
                "`{}` is part {part} of {parts} of a model (`split.count`); join the parts with `llama-gguf-split --merge \
                 FIRST-PART MODEL.gguf`",
                path.display()
            )
            .into());
        }
        Ok(gguf)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns all tensors by their names in the file.
    pub fn tensors(&self) -> &BTreeMap<String, StoredTensor> {
        &self.tensors
    }

    /// Returns the whole number of a key.
    pub fn count(&self, key: &str) -> Result<Option<usize>> {
        self.typed(key, "a whole number", |value| match value {
            MetadataValue::Unsigned(count) => usize::try_from(*count).ok(),
            MetadataValue::Signed(count) => usize::try_from(*count).ok(),
            _ => None,
        })
    }

    /// Returns the finite number of a key.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        self.typed(key, "a number", |value| match value {
            MetadataValue::Float(number) => Some(*number).filter(|number| number.is_finite()),
            MetadataValue::Unsigned(count) => Some(*count as f64),
            MetadataValue::Signed(count) => Some(*count as f64),
            _ => None,
        })
    }

    /// Returns the flag of a key.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "true or false", |value| {
            if let MetadataValue::Flag(flag) = value { Some(*flag) } else { None }
        })
    }

    /// Returns the string of a key.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        self.typed(key, "a string", |value| {
            if let MetadataValue::Text(text) = value { Some(text.as_str()) } else { None }
        })
    }

    /// Returns the list of strings of a key, borrowed from the file.
    pub fn texts(&self, key: &str) -> Result<Option<impl Iterator<Item = &str>>> {
        self.typed(key, "a list of strings", |value| value::texts(self.file.bytes(), value))
    }

    /// Returns the list of whole numbers of a key.
    pub fn integers(&self, key: &str) -> Result<Option<Vec<i64>>> {
        self.typed(key, "a list of whole numbers", |value| {
            let integer = |value| match value {
                MetadataValue::Signed(x) => Some(x),
                MetadataValue::Unsigned(x) => i64::try_from(x).ok(),
                _ => None,
            };
            value::values(self.file.bytes(), value)?.map(integer).collect()
        })
    }

    /// Returns the value that was found, or an error that the key is missing.
    pub fn needed<T>(&self, key: &str, found: Result<Option<T>>) -> Result<T> {
        found?.ok_or_else(|| format!("`{}` has no key `{key}`", self.path().display()).into())
    }

    /// Makes an error about a key: "`FILE`: `KEY` is `VALUE`, ...".
    pub fn wrong(&self, key: &str, why: &str) -> boldface::Error {
        let value = match self.metadata.get(key) {
            None => String::new(),
            Some(MetadataValue::Unsigned(x)) => x.to_string(),
            Some(MetadataValue::Signed(x)) => x.to_string(),
            Some(MetadataValue::Float(x)) => x.to_string(),
            Some(MetadataValue::Flag(x)) => x.to_string(),
            Some(MetadataValue::Text(x)) => x.chars().take(60).collect(),
            Some(MetadataValue::List { count, .. }) => format!("a list of {count}"),
        };
        format!("`{}`: `{key}` is `{value}`, {why}", self.path().display()).into()
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        what: &str,
        read: impl FnOnce(&'a MetadataValue) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(value) => {
                read(value).map(Some).ok_or_else(|| self.wrong(key, &format!("which is not {what}")))
            }
        }
    }
}

fn read(file: Mapped) -> Result<Gguf> {
    let mut cursor = Cursor::new(file.bytes(), 0);
    if cursor.bytes(4)? != b"GGUF" {
        return Err("it does not begin with `GGUF`".into());
    }
    match cursor.u32()? {
        2 | 3 => {}
        version if version.swap_bytes() <= 3 => {
            return Err("its numbers are big-endian; only little-endian files are supported".into());
        }
        version => {
            return Err(format!("it has version {version}; only versions 2 and 3 are supported").into());
        }
    }
    // A tensor takes at least a name's length, a count of dims, a kind and an offset; a key takes a length
    // and a kind.
    let count = cursor.count("tensors", 24)?;
    let keys = cursor.count("keys", 13)?;
    let mut metadata = BTreeMap::new();
    for _ in 0..keys {
        let key = cursor.text()?.to_owned();
        let value = MetadataValue::read(&mut cursor).map_err(|error| format!("key `{key}`: {error}"))?;
        if metadata.contains_key(&key) {
            return Err(format!("key `{key}` is listed twice").into());
        }
        metadata.insert(key, value);
    }
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(MetadataValue::Unsigned(alignment)) if alignment.is_power_of_two() && *alignment <= 1 << 20 => {
            *alignment as usize
        }
        Some(_) => return Err("its `general.alignment` is not a power of two up to 2^20".into()),
    };
    let tensors = tensors::read(&file, cursor, count, alignment)?;
    Ok(Gguf { file, metadata, tensors })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_model_says_so() {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        // No tensors and two keys; kind 2 is a 16-bit number without sign.
        bytes.extend([0u64, 2].map(u64::to_le_bytes).concat());
        for (key, value) in [("split.count", 2u16), ("split.no", 0)] {
            bytes.extend((key.len() as u64).to_le_bytes());
            bytes.extend(key.as_bytes());
            bytes.extend(2u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m-00001-of-00002.gguf");
        std::fs::write(&path, bytes).unwrap();
        let error = Gguf::open(&path).unwrap_err().to_string();
        let said = "is part 1 of 2 of a model (`split.count`); join the parts with `llama-gguf-split --merge FIRST-PART";
        assert!(error.contains(said), "{error}");
    }
}
