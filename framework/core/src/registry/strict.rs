//! Tables that are read as tables only: serde would also fill a struct from a list, field by field.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// A value in which no list stands for a table.
pub(super) struct Strict(pub Value);

impl<'de> Deserializer<'de> for Strict {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Strict));
                let read = visitor.visit_seq(&mut items)?;
                items.end().map(|()| read)
            }
            Value::Object(table) => {
                let mut entries =
                    MapDeserializer::new(table.into_iter().map(|(key, value)| (key, Strict(value))));
                let read = visitor.visit_map(&mut entries)?;
                entries.end().map(|()| read)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if self.0.is_array() {
            return Err(Error::invalid_type(Unexpected::Seq, &visitor));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

impl IntoDeserializer<'_, serde_json::Error> for Strict {
    type Deserializer = Strict;

    fn into_deserializer(self) -> Strict {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use crate::registry::parse;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    #[derive(Default)]
    struct Inner {
        share: f64,
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        Plain,
        Of(u8),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default)]
        inner: Inner,
        #[serde(default)]
        each: Vec<Inner>,
        #[serde(default)]
        pair: Option<(u8, i32)>,
    }

    #[test]
    fn tables_are_read_as_they_were() {
        let table = json!({
            "inner": { "share": 1, "kind": "plain" },
            "each": [{ "share": 0.5 }, { "kind": { "of": 3 } }],
            "pair": [1, -2],
        });
        let inner = |share, kind| Inner { share, kind };
        let expected = Outer {
            inner: inner(1.0, Some(Kind::Plain)),
            each: vec![inner(0.5, None), inner(0.0, Some(Kind::Of(3)))],
            pair: Some((1, -2)),
        };
        assert_eq!(parse::<Outer>(&table), Ok(expected));
    }

    #[test]
    fn a_list_is_no_table() {
        let said =
            |table| parse::<Outer>(&table).map_err(|problem| (problem.key, problem.message)).unwrap_err();
        for table in [json!({ "inner": [0.1] }), json!({ "inner": [] })] {
            assert_eq!(
                said(table),
                ("inner".to_owned(), "invalid type: sequence, expected struct Inner".to_owned())
            );
        }
        assert_eq!(said(json!({ "each": [{}, [1]] })).0, "each[1]");
        assert_eq!(said(json!({ "pair": [1] })).1, "invalid length 1, expected a tuple of size 2");
        assert_eq!(said(json!({ "pair": [1, 2, 3] })).0, "pair");
    }
}
