//! JSON schemas and the plugin reference, generated from the registry.

mod fields;
mod keys;
mod reference;
mod required;

use boldface::MetricRow;
use boldface::registry::{RegistryEntry, entries};
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};

use crate::spec::{Experiment, SweepTable, TaskKeys, short};

pub use fields::{Field, fields};
pub use keys::{look_up, sections};
pub use reference::{explain, reference, summary};

/// Returns the schema of an experiment with every plugin's fields, for editors.
pub fn experiment() -> Value {
    let mut schema = schema_for!(Experiment).to_value();
    let mut definitions = std::mem::take(&mut schema["$defs"]);
    for entry in entries() {
        let name = format!("{}.{}", entry.kind, entry.name);
        let mut plugin = plugin_schema(&entry, &name, &mut definitions);
        plugin["properties"]["type"] = json!({ "const": entry.name, "description": "The plugin." });
        match entry.kind {
            "dataset" => {
                plugin["properties"]["path"] = json!({
                    "type": "string", "description": "Folder of the data, relative to the spec."
                })
            }
            "tokenizer" | "backbone" => {
                plugin["properties"]["seed"] = json!({
                    "type": "integer", "minimum": 0,
                    "description": "Seed of this section alone; the experiment's if left out."
                })
            }
            "task" => add_task_keys(&mut plugin, &mut definitions),
            _ => {}
        }
        definitions[name] = plugin;
    }
    for (section, kind) in [("datasets", "dataset"), ("corpora", "corpus"), ("tasks", "task")] {
        definitions[kind] = chosen_by_type(kind);
        let table = &mut schema["properties"][section];
        table["properties"] = named_after_plugins(kind);
        table["additionalProperties"] = reference_to(kind);
    }
    for kind in ["tokenizer", "backbone"] {
        definitions[kind] = chosen_by_type(kind);
        let description = schema["properties"][kind]["description"].take();
        schema["properties"][kind] =
            json!({ "description": description, "$ref": reference_to(kind)["$ref"] });
    }
    schema["title"] = "boldface experiment".into();
    schema["properties"]["extends"] = json!({
        "type": "string",
        "description": "A spec that says what this one does not, relative to this file; key by key this one wins."
    });
    schema["$defs"] = definitions;
    required::unless_extended(&mut schema);
    schema
}

/// Returns the schema of a sweep.
pub fn sweep() -> Value {
    let mut schema = schema_of::<SweepTable>();
    schema["title"] = "boldface sweep".into();
    schema
}

/// Adds the framework's task keys to a task plugin's schema.
fn add_task_keys(plugin: &mut Value, definitions: &mut Value) {
    let mut own = schema_of::<TaskKeys>();
    let inner = own["$defs"].take();
    for (name, definition) in inner.as_object().cloned().unwrap_or_default() {
        definitions[name] = definition;
    }
    for (key, property) in own["properties"].as_object().cloned().unwrap_or_default() {
        plugin["properties"][key] = property;
    }
}

/// Returns the schema of an artefact's `manifest.json`.
pub fn manifest() -> Value {
    schema_of::<crate::store::Manifest>()
}

/// Returns the schema of one row of the metric table.
pub fn metrics() -> Value {
    schema_of::<MetricRow>()
}

fn schema_of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// Formats a schema for its file: two spaces, sorted keys, independent of `serde_json`'s features.
pub fn text(schema: &Value) -> String {
    let text = serde_json::to_string_pretty(&sorted(schema)).expect("a schema is plain JSON");
    text + "\n"
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(table) => {
            let is_said = |(key, value): &(&String, &Value)| *key != "default" || !value.is_null();
            let mut entries: Vec<_> = table.iter().filter(is_said).collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Number(number) => Value::Number(short(number.clone())),
        scalar => scalar.clone(),
    }
}

/// Returns a plugin's own schema and moves its definitions to `definitions`, under the plugin's name.
fn plugin_schema(entry: &RegistryEntry, name: &str, definitions: &mut Value) -> Value {
    let mut schema = entry.schema.as_value().clone();
    let own = schema.as_object_mut().and_then(|schema| {
        schema.remove("$schema");
        schema.remove("title");
        schema.remove("$defs")
    });
    for (inner, mut definition) in own.as_ref().and_then(Value::as_object).cloned().unwrap_or_default() {
        rename_references(&mut definition, name);
        definitions[format!("{name}.{inner}")] = definition;
    }
    rename_references(&mut schema, name);
    schema
}

fn rename_references(value: &mut Value, name: &str) {
    match value {
        Value::Object(table) => {
            if let Some(Value::String(target)) = table.get_mut("$ref")
                && let Some(inner) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#/$defs/{name}.{inner}");
            }
            table.values_mut().for_each(|value| rename_references(value, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| rename_references(value, name)),
        _ => {}
    }
}

/// Returns the schema of any table of a plugin kind. Its `type` selects the plugin.
fn chosen_by_type(kind: &str) -> Value {
    let names: Vec<&str> = names(kind);
    let case = |name: &&str| {
        json!({
            "if": { "properties": { "type": { "const": name } }, "required": ["type"] },
            "then": reference_to(&format!("{kind}.{name}")),
        })
    };
    json!({
        "type": "object",
        "required": ["type"],
        "properties": { "type": { "enum": names, "description": "The plugin." } },
        // A table without `type`, in a spec that extends another, must match some plugin's keys.
        "anyOf": names.iter().map(|name| reference_to(&format!("{kind}.{name}"))).collect::<Vec<_>>(),
        "allOf": names.iter().map(case).collect::<Vec<_>>(),
    })
}

/// Returns the schemas of tables that are named after a plugin and therefore need no `type`.
fn named_after_plugins(kind: &str) -> Value {
    let table = |name: &str| {
        let case = json!({
            "if": { "required": ["type"] },
            "then": reference_to(kind),
            "else": reference_to(&format!("{kind}.{name}")),
        });
        (name.to_owned(), case)
    };
    Value::Object(names(kind).into_iter().map(table).collect())
}

fn names(kind: &str) -> Vec<&'static str> {
    entries().into_iter().filter(|entry| entry.kind == kind).map(|entry| entry.name).collect()
}

fn reference_to(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}
