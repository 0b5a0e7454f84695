//! Separates a schema's required keys from its allowed ones: a spec that extends another may omit
//! required keys.

use serde_json::{Map, Value, json};

/// Prefix of the definitions for required keys.
const PREFIX: &str = "required.";

/// Makes every `required` of a schema apply only to tables without the key `extends`, whose parent may
/// have the missing keys.
pub(super) fn unless_extended(schema: &mut Value) {
    let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
    let mut own = schema.clone();
    own["$defs"].take();
    let required = Requirements { definitions: &definitions }.reduced(&own).unwrap_or_else(|| json!({}));
    let all = definitions.iter().filter_map(|(name, definition)| {
        let required = Requirements { definitions: &definitions }.reduced(definition)?;
        Some((format!("{PREFIX}{name}"), required))
    });
    let all: Vec<(String, Value)> = all.collect();
    strip(schema);
    let mut kept = schema["$defs"].take();
    for definition in kept.as_object_mut().into_iter().flat_map(Map::values_mut) {
        strip(definition);
    }
    for (name, required) in all {
        kept[name] = required;
    }
    schema["$defs"] = kept;
    schema["if"] = json!({ "required": ["extends"] });
    schema["then"] = json!({});
    schema["else"] = required;
}

struct Requirements<'a> {
    definitions: &'a Map<String, Value>,
}

impl Requirements<'_> {
    /// Returns a schema with only the required keys, or `None` if there are none.
    fn reduced(&self, schema: &Value) -> Option<Value> {
        let schema = schema.as_object()?;
        let mut said = Map::new();
        if let Some(required) = schema.get("required") {
            said.insert("required".to_owned(), required.clone());
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.strip_prefix("#/$defs/").unwrap_or_default();
            if self.definitions.get(name).is_some_and(|definition| self.reduced(definition).is_some()) {
                said.insert("$ref".to_owned(), format!("#/$defs/{PREFIX}{name}").into());
            }
        }
        self.properties(schema, &mut said);
        if let Some(items) = schema.get("items").and_then(|items| self.reduced(items)) {
            said.insert("items".to_owned(), items);
        }
        let cases = schema.get("allOf").and_then(Value::as_array);
        let mut cases: Vec<Value> =
            cases.into_iter().flatten().filter_map(|case| self.reduced(case)).collect();
        if is_optional(schema) {
            let choices = schema["anyOf"].as_array().into_iter().flatten();
            cases.extend(choices.filter_map(|choice| self.reduced(choice)));
        }
        if !cases.is_empty() {
            said.insert("allOf".to_owned(), cases.into());
        }
        if let Some(condition) = schema.get("if") {
            let branches =
                ["then", "else"].map(|branch| (branch, schema.get(branch).and_then(|one| self.reduced(one))));
            if branches.iter().any(|(_, required)| required.is_some()) {
                said.insert("if".to_owned(), condition.clone());
                let branches =
                    branches.into_iter().filter_map(|(branch, one)| Some((branch.to_owned(), one?)));
                said.extend(branches);
            }
        }
        (!said.is_empty()).then_some(Value::Object(said))
    }

    fn properties(&self, schema: &Map<String, Value>, said: &mut Map<String, Value>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties").and_then(|schema| self.reduced(schema));
        let mut required = Map::new();
        for (key, property) in properties.into_iter().flatten() {
            match self.reduced(property) {
                Some(inner) => _ = required.insert(key.clone(), inner),
                // Requirements for other keys do not apply to this one.
                None if others.is_some() => _ = required.insert(key.clone(), json!({})),
                None => {}
            }
        }
        if !required.is_empty() {
            said.insert("properties".to_owned(), required.into());
        }
        said.extend(others.map(|others| ("additionalProperties".to_owned(), others)));
    }
}

/// Whether a schema is an `Option`: a type or null.
fn is_optional(schema: &Map<String, Value>) -> bool {
    let choices = schema.get("anyOf").and_then(Value::as_array);
    choices.is_some_and(|choices| choices.iter().any(|choice| choice["type"] == "null"))
}

/// Removes every `required` that [`Requirements`] repeats.
fn strip(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    schema.remove("required");
    let is_optional = is_optional(schema);
    for (keyword, inner) in schema.iter_mut() {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(strip),
            ("additionalProperties" | "items" | "then" | "else", inner) => strip(inner),
            ("allOf", Value::Array(cases)) => cases.iter_mut().for_each(strip),
            ("anyOf", Value::Array(choices)) if is_optional => choices.iter_mut().for_each(strip),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_said_once_and_only_of_a_whole_spec() {
        let mut schema = json!({
            "type": "object",
            "required": ["signal"],
            "properties": {
                "signal": { "$ref": "#/$defs/signal" },
                "text": { "anyOf": [{ "$ref": "#/$defs/signal" }, { "type": "null" }] },
                "tasks": {
                    "properties": { "plain": { "type": "object" } },
                    "additionalProperties": {
                        "required": ["type"],
                        "allOf": [{
                            "if": { "required": ["type"] },
                            "then": { "$ref": "#/$defs/signal" },
                        }],
                    },
                },
            },
            "$defs": {
                "signal": { "required": ["trs"], "properties": { "trs": { "type": "integer" } } },
                "free": { "properties": { "a": {} } },
            },
        });
        unless_extended(&mut schema);
        let expected = json!({
            "type": "object",
            "properties": {
                "signal": { "$ref": "#/$defs/signal" },
                "text": { "anyOf": [{ "$ref": "#/$defs/signal" }, { "type": "null" }] },
                "tasks": {
                    "properties": { "plain": { "type": "object" } },
                    "additionalProperties": {
                        "allOf": [{
                            "if": { "required": ["type"] },
                            "then": { "$ref": "#/$defs/signal" },
                        }],
                    },
                },
            },
            "if": { "required": ["extends"] },
            "then": {},
            "else": {
                "required": ["signal"],
                "properties": {
                    "signal": { "$ref": "#/$defs/required.signal" },
                    "text": { "allOf": [{ "$ref": "#/$defs/required.signal" }] },
                    "tasks": {
                        "properties": { "plain": {} },
                        "additionalProperties": {
                            "required": ["type"],
                            "allOf": [{
                                "if": { "required": ["type"] },
                                "then": { "$ref": "#/$defs/required.signal" },
                            }],
                        },
                    },
                },
            },
            "$defs": {
                "signal": { "properties": { "trs": { "type": "integer" } } },
                "free": { "properties": { "a": {} } },
                "required.signal": { "required": ["trs"] },
            },
        });
        assert_eq!(schema, expected);
    }
}
