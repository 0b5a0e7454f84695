//! JSON values in the notation of a spec.

use serde_json::{Number, Value};

/// Returns a JSON value without nulls, which TOML lacks, and with 32-bit floats as short as they were
/// written.
pub fn plain(value: Value) -> Value {
    match value {
        Value::Object(table) => {
            let said = table.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(said.map(|(key, value)| (key, plain(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Number(number) => Value::Number(short(number)),
        scalar => scalar,
    }
}

/// Shortens a 32-bit float: 0.10000000149011612 becomes 0.1, which reads back as the same `f32`.
pub fn short(number: Number) -> Number {
    let Some(long) = number.as_f64().filter(|_| number.is_f64()) else { return number };
    let narrow = long as f32;
    let shorter = narrow.to_string().parse::<f64>().ok().filter(|_| f64::from(narrow) == long);
    shorter.and_then(Number::from_f64).unwrap_or(number)
}

/// Formats a value as a spec writes it, on one line.
pub fn written(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(table) if table.is_empty() => "{}".to_owned(),
        Value::Object(table) => {
            let entries: Vec<_> = table
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{key} = {}", written(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nulls_go_and_narrow_floats_are_as_they_were_written() {
        let value = json!({ "a": null, "b": 0.1_f32, "c": [0.1, 2, 3e-4_f32], "d": 1.0 / 3.0 });
        assert_eq!(plain(value), json!({ "b": 0.1, "c": [0.1, 2, 3e-4], "d": 1.0 / 3.0 }));
    }
}
