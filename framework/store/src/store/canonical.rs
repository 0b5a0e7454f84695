//! JSON in one form, for hashes.

use serde_json::Value;

/// Formats JSON with sorted keys and no spaces. It sorts keys itself, because `serde_json` does not if
/// any dependency enables its feature `preserve_order`.
pub fn canonical_json(value: &Value) -> String {
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
    use serde_json::json;

    use super::*;

    #[test]
    fn canonical_json_sorts_and_keeps_numbers_short() {
        let value = json!({ "b": [1, 2.0, 3e-4, 0.1], "a": { "d\"": null, "c": true } });
        expect![[r#"{"a":{"c":true,"d\"":null},"b":[1,2.0,0.0003,0.1]}"#]].assert_eq(&canonical_json(&value));
    }
}
