//! Validates JSON against the part of JSON Schema that the generated schemas use, and refuses any other
//! keyword.
//!
//! The crate `jsonschema` is not used: it enables the feature `smallvec/const_generics`, which makes
//! `cargo test` build polars a second time after `cargo run`.

use serde_json::{Map, Value};

/// Whether `schema` accepts `value`. References are looked up in `root`.
///
/// # Panics
/// If the schema has an unknown keyword, so that no part of a schema goes untested.
pub fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(keywords) = schema.as_object() else { return schema == &Value::Bool(true) };
    keywords.iter().all(|(keyword, says)| {
        let all =
            |schemas: &Value| items(schemas).iter().map(|one| accepts(root, one, value)).collect::<Vec<_>>();
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "then" | "else" => true,
            "$ref" => {
                let name = says.as_str().and_then(|path| path.strip_prefix("#/$defs/"));
                let name = name.unwrap_or_else(|| panic!("a reference to `{says}`"));
                accepts(root, root["$defs"].get(name).unwrap_or_else(|| panic!("no `{name}`")), value)
            }
            "type" => match says {
                Value::Array(names) => names.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "const" => value == says,
            "enum" => items(says).contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= says.as_f64().unwrap_or(0.0)),
            "maximum" => value.as_f64().is_none_or(|number| number <= says.as_f64().unwrap_or(0.0)),
            "required" => value.as_object().is_none_or(|table| has_all(table, says)),
            "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= says.as_u64().unwrap_or(0)),
            "maxItems" => {
                value.as_array().is_none_or(|list| list.len() as u64 <= says.as_u64().unwrap_or(u64::MAX))
            }
            "items" => value.as_array().is_none_or(|list| list.iter().all(|item| accepts(root, says, item))),
            "properties" => value.as_object().is_none_or(|table| {
                table
                    .iter()
                    .all(|(key, inner)| says.get(key).is_none_or(|schema| accepts(root, schema, inner)))
            }),
            "additionalProperties" => value.as_object().is_none_or(|table| {
                let known =
                    |key: &String| keywords.get("properties").is_some_and(|all| all.get(key).is_some());
                table.iter().all(|(key, inner)| known(key) || accepts(root, says, inner))
            }),
            "allOf" => all(says).into_iter().all(|one| one),
            "anyOf" => all(says).into_iter().any(|one| one),
            "oneOf" => all(says).into_iter().filter(|&one| one).count() == 1,
            "if" => {
                let branch = if accepts(root, says, value) { "then" } else { "else" };
                keywords.get(branch).is_none_or(|schema| accepts(root, schema, value))
            }
            unknown => panic!("the schema says `{unknown}`, which this validator does not know"),
        }
    })
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn has_all(table: &Map<String, Value>, keys: &Value) -> bool {
    items(keys).iter().all(|key| key.as_str().is_some_and(|key| table.contains_key(key)))
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("the schema names a type `{other}`"),
    }
}
