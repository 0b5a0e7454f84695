//! The fields of a plugin in words, from its JSON schema.

use serde_json::Value;

use crate::spec::written;

/// One key of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name. A key of an inner table is written as `lora.rank`.
    pub name: String,
    /// Its type in words, such as `list of text`.
    pub holds: String,
    /// Its default as TOML, if it has one.
    pub default: Option<String>,
    /// Whether the key is required.
    pub is_required: bool,
    /// Its doc comment.
    pub doc: String,
}

/// Returns the fields of a table's schema, required ones first.
pub fn fields(schema: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    collect(schema, schema, "", &mut found);
    found.sort_by_key(|field| !field.is_required);
    found
}

/// Returns the fields of a section of `root`, each with the section's name before its own.
pub(super) fn fields_of(root: &Value, section: &str) -> Vec<Field> {
    let mut found = Vec::new();
    collect(root, target(root, &root["properties"][section]), "", &mut found);
    found.sort_by_key(|field| !field.is_required);
    found.into_iter().map(|field| Field { name: format!("{section}.{}", field.name), ..field }).collect()
}

fn collect(root: &Value, table: &Value, prefix: &str, found: &mut Vec<Field>) {
    let Some(properties) = table.get("properties").and_then(Value::as_object) else { return };
    let required = table.get("required").and_then(Value::as_array);
    for (key, property) in properties {
        let name = format!("{prefix}{key}");
        let target = target(root, property);
        let doc = text(property, "description").or_else(|| text(target, "description")).unwrap_or_default();
        let is_required = required.is_some_and(|required| required.iter().any(|name| name == key));
        let default = property.get("default").filter(|value| !value.is_null()).map(written);
        found.push(Field {
            name: name.clone(),
            holds: holds(root, property),
            default,
            is_required: is_required && prefix.is_empty(),
            doc: doc.split_whitespace().collect::<Vec<_>>().join(" "),
        });
        collect(root, target, &format!("{name}."), found);
    }
}

/// Resolves a reference, also inside an `Option`.
fn target<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let name = text(schema, "$ref").and_then(|path| path.strip_prefix("#/$defs/"));
    if let Some(found) = name.and_then(|name| root.get("$defs")?.get(name)) {
        return found;
    }
    let choices = schema.get("anyOf").and_then(Value::as_array);
    let some = choices.and_then(|choices| choices.iter().find(|choice| text(choice, "type") != Some("null")));
    some.map_or(schema, |some| target(root, some))
}

fn holds(root: &Value, schema: &Value) -> String {
    let schema = target(root, schema);
    if let Some(words) = choices(schema) {
        return words;
    }
    let name = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|&name| name != "null"),
        Some(Value::String(name)) => Some(name.as_str()),
        _ => None,
    };
    match name {
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => {
            let items = schema.get("items").map(|items| holds(root, items));
            items.map_or_else(|| "list".to_owned(), |items| format!("list of {items}"))
        }
        Some("object") => match schema.get("additionalProperties").filter(|values| values.is_object()) {
            Some(values) => format!("table of {}", holds(root, values)),
            None => "table".to_owned(),
        },
        _ => match schema.get("anyOf").and_then(Value::as_array) {
            Some(choices) => {
                let holds: Vec<String> = choices.iter().map(|choice| holds(root, choice)).collect();
                holds.join(" or ")
            }
            None => "any value".to_owned(),
        },
    }
}

/// Returns the choices of an enumeration, as `"a"`, `"b"` or `"c"`.
fn choices(schema: &Value) -> Option<String> {
    let listed = schema.get("enum").or_else(|| schema.get("oneOf"))?.as_array()?;
    let mut names = Vec::new();
    for choice in listed {
        let values = choice.get("enum").and_then(Value::as_array);
        match (choice, choice.get("const"), values) {
            (Value::String(_), ..) => names.push(written(choice)),
            (_, Some(value), _) => names.push(written(value)),
            (_, _, Some(values)) => names.extend(values.iter().map(written)),
            _ => return None,
        }
    }
    Some(names.join(" or "))
}

fn text<'s>(schema: &'s Value, key: &str) -> Option<&'s str> {
    schema.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use boldface::Lora;
    use expect_test::expect;
    use schemars::{JsonSchema, schema_for};

    use super::*;

    #[derive(JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Example {
        /// The column
        /// to predict.
        target: String,
        #[serde(default)]
        classes: Vec<String>,
        /// How it is scaled.
        #[serde(default)]
        standardize: crate::spec::Standardize,
        /// The adapter.
        #[serde(default)]
        lora: Option<Lora>,
        #[serde(default)]
        tr: Option<f64>,
        /// Words.
        #[serde(default)]
        words: Option<Words>,
    }

    /// A table, or the path of its file.
    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    enum Words {
        Table { bands: Vec<f64> },
        Path(String),
    }

    #[test]
    fn fields_are_told_in_words() {
        let told: String = fields(&schema_for!(Example).to_value())
            .iter()
            .map(|field| {
                let Field { name, holds, default, is_required, doc } = field;
                format!("{name}: {holds}; {default:?}; {is_required}; {doc}\n")
            })
            .collect();
        expect![[r#"
            target: text; None; true; The column to predict.
            classes: list of text; Some("[]"); false; 
            lora: table; None; false; The adapter.
            lora.alpha: number; Some("16.0"); false; Scale, above 0: the adapter's output is multiplied by `alpha / rank`.
            lora.dropout: number; Some("0.0"); false; Dropout on the adapter's input while training, at least 0 and below 1.
            lora.rank: whole number; None; false; Rank of the adapter, at least 1: rows of A and columns of B.
            lora.targets: list of text; None; false; Names of the linear layers to adapt, such as `q_proj` or `self_attn.q_proj`. Names match whole parts, as in PEFT. If left out, all linear layers except the head are adapted.
            standardize: "zscore" or "robust" or "none"; Some("\"zscore\""); false; How it is scaled.
            tr: number; None; false; 
            words: table or text; None; false; Words.
        "#]].assert_eq(&told);
    }
}
