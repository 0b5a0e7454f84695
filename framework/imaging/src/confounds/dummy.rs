//! Removes the first volumes of a scan, before the magnetisation reaches a steady state.

use std::borrow::Cow;
use std::fmt;

use boldface::schemars::{Schema, SchemaGenerator, json_schema};
use boldface::{Deserialize, JsonSchema, Result, Serialize};
use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

use super::table::ConfoundTable;

/// Volumes to remove at the start of a scan: `"detected"` for those that fMRIPrep marked as non-steady
/// states in the confounds, or a number of volumes, such as `4` or `0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DummyScans {
    /// Volumes marked by columns `non_steady_state_outlier..`, as in nilearn; none without confounds.
    #[default]
    Detected,
    /// A fixed number of volumes, whatever the confounds mark.
    Count(usize),
}

impl DummyScans {
    /// Returns the volumes to remove, from 0 and in order.
    ///
    /// # Errors
    /// If a fixed number leaves no volume.
    pub fn volumes(self, table: Option<&ConfoundTable>, trs: usize) -> Result<Vec<usize>> {
        match self {
            DummyScans::Detected => Ok(table.map(ConfoundTable::dummy_scans).unwrap_or_default()),
            DummyScans::Count(count) if count >= trs && count > 0 => {
                Err(format!("`dummy-scans = {count}` leaves nothing of a scan of {trs} volumes").into())
            }
            DummyScans::Count(count) => Ok((0..count).collect()),
        }
    }
}

impl Serialize for DummyScans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            DummyScans::Detected => serializer.serialize_str("detected"),
            DummyScans::Count(count) => serializer.serialize_u64(*count as u64),
        }
    }
}

impl<'de> Deserialize<'de> for DummyScans {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DummyScans, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// Deserialises a word or a count.
struct Written;

impl Visitor<'_> for Written {
    type Value = DummyScans;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"detected\"` or a number of volumes")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<DummyScans, E> {
        match word {
            "detected" => Ok(DummyScans::Detected),
            _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<DummyScans, E> {
        let is_count = usize::try_from(count).ok();
        is_count.map(DummyScans::Count).ok_or_else(|| E::invalid_value(de::Unexpected::Signed(count), &self))
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<DummyScans, E> {
        let is_count = usize::try_from(count).ok();
        is_count
            .map(DummyScans::Count)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(count), &self))
    }
}

impl JsonSchema for DummyScans {
    fn schema_name() -> Cow<'static, str> {
        "DummyScans".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Volumes to remove at the start of a scan: `\"detected\"` for those that fMRIPrep marked \
                as non-steady states in the confounds, or a number of volumes, such as `4` or `0`.",
            "anyOf": [{ "const": "detected" }, { "type": "integer", "minimum": 0 }],
        })
    }
}
