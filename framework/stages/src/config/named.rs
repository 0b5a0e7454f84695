//! Lists of parts with names, in the order of the spec.

use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::{HashedPlugin, TaughtTask, WordedTask};

/// The part of a config that a table of the spec makes.
pub trait Named {
    /// The name of the table.
    fn name(&self) -> &str;
}

/// Several parts in order. Serialises to a map by name; the order of a spec's tables is that of their names.
#[derive(Debug)]
pub struct ByName<T>(Vec<T>);

impl<T> FromIterator<T> for ByName<T> {
    fn from_iter<I: IntoIterator<Item = T>>(parts: I) -> ByName<T> {
        ByName(parts.into_iter().collect())
    }
}

impl<T> Deref for ByName<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Named + Serialize> Serialize for ByName<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|part| (part.name(), part)))
    }
}

impl<K: ?Sized> Named for HashedPlugin<'_, K> {
    fn name(&self) -> &str {
        self.name
    }
}

impl Named for WordedTask<'_> {
    fn name(&self) -> &str {
        self.source.plugin.name
    }
}

impl Named for TaughtTask<'_> {
    fn name(&self) -> &str {
        self.worded.source.plugin.name
    }
}
