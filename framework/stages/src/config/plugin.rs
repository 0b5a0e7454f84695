//! Plugins in a stage's config.

use std::path::Path;

use boldface::Config;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::store::export::WEIGHTS;
use crate::study::PlannedPlugin;

/// A plugin with all that its results depend on: type, version, library, resolved table and the content of
/// its files. Serialises to these. Its `root` is a path and stands in no key; the content of its files does.
#[derive(Debug)]
pub struct HashedPlugin<'a, K: ?Sized> {
    /// Name of its table. The key of a map of plugins.
    pub name: &'a str,
    /// The plugin's registered name.
    pub plugin: &'static str,
    /// The plugin.
    pub config: &'a K,
    /// Where its files lie.
    pub root: &'a Path,
    version: u32,
    library: Option<&'static str>,
    content: Option<&'a str>,
}

impl<'a, K: ?Sized> HashedPlugin<'a, K> {
    /// Takes a plugin of a study, with its version and the hash of the files that it reads.
    pub fn new(
        entry: &'a PlannedPlugin<K>,
        version: impl Fn(&K) -> u32,
        content: Option<&'a String>,
    ) -> HashedPlugin<'a, K> {
        HashedPlugin {
            name: &entry.name,
            plugin: entry.plugin,
            config: &entry.config,
            root: &entry.root,
            version: version(&entry.config),
            library: entry.library,
            content: content.map(String::as_str),
        }
    }

    /// Returns the hash of its library. `None` for a built-in plugin.
    pub fn library(&self) -> Option<&'static str> {
        self.library
    }
}

impl<K: Config + ?Sized> Serialize for HashedPlugin<'_, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut config = self.config.resolved();
        let root = self.root.to_string_lossy();
        if let Some(weights) = config.get_mut(WEIGHTS).filter(|weights| weights.as_str() == Some(&root)) {
            // Only the content of the weights counts, not their path.
            *weights = Value::Null;
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.plugin)?;
        map.serialize_entry("version", &self.version)?;
        map.serialize_entry("library", &self.library)?;
        map.serialize_entry("config", &config)?;
        map.serialize_entry("content", &self.content)?;
        map.end()
    }
}
