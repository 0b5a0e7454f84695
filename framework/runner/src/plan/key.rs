//! Content keys: hashes of canonical JSON.

use serde_json::{Value, json};

use super::{Key, StageKind};
use crate::stages::version;

/// The input of a stage's key: everything that its result depends on.
pub(super) struct KeyContent<'a> {
    /// What the stage does. Its version increases when the same config gives other results.
    pub kind: &'a StageKind,
    /// The plugin it runs. Empty for the framework's own stages.
    pub plugin: &'a str,
    /// Versions of the plugins it runs, in the order of `config`.
    pub versions: Vec<u32>,
    /// All parts of the spec that its result depends on.
    pub config: &'a Value,
    /// Its seed.
    pub seed: u64,
    /// The engine, for stages that compute with tensors.
    pub engine: Option<&'a str>,
    /// Keys of the stages it reads, in order.
    pub inputs: Vec<&'a Key>,
}

/// Returns the key of a stage.
pub(super) fn key(content: &KeyContent<'_>) -> Key {
    let inputs: Vec<&str> = content.inputs.iter().map(|key| key.0.as_str()).collect();
    let value = json!({
        "stage": content.kind.to_string(),
        "version": version(content.kind),
        "plugin": { "type": content.plugin, "versions": content.versions, "config": content.config },
        "seed": content.seed,
        "engine": content.engine,
        "inputs": inputs,
    });
    let hash = blake3::hash(canonical_json(&value).as_bytes()).to_hex();
    Key(hash.as_str().chars().take(32).collect())
}

/// Formats JSON with sorted keys and no spaces. It sorts keys itself, because `serde_json` does not if
/// any dependency enables its feature `preserve_order`.
pub(crate) fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                text.push_str(if i == 0 { "" } else { "," });
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(table) => {
            let mut entries: Vec<(&String, &Value)> = table.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                text.push_str(if i == 0 { "" } else { "," });
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        // Numbers are printed in their shortest form that reads back equal.
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn canonical_json_sorts_and_keeps_numbers_short() {
        let value = json!({ "b": [1, 2.0, 3e-4, 0.1], "a": { "d\"": null, "c": true } });
        expect![[r#"{"a":{"c":true,"d\"":null},"b":[1,2.0,0.0003,0.1]}"#]].assert_eq(&canonical_json(&value));
    }

    #[test]
    fn the_key_of_a_stage_stays_what_it_was() {
        let config = json!({ "patch": 40 });
        let content = KeyContent {
            kind: &StageKind::Tokenizer,
            plugin: "vq",
            versions: vec![1],
            config: &config,
            seed: 0,
            engine: Some("dfdx"),
            inputs: vec![],
        };
        expect!["91d503edc4aaf4432b594f9f7ccdaf21"].assert_eq(&key(&content).0);
        assert_ne!(key(&content), key(&KeyContent { engine: None, ..content }));
    }
}
