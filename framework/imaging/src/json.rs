//! Parses JSON as Python's `json` writes and reads it, with `NaN` and `Infinity` as values.

use boldface::serde_json;
use serde::de::DeserializeOwned;

/// Parses JSON. `NaN`, `Infinity` and `-Infinity` are read as `null`.
///
/// # Errors
/// If it is not JSON otherwise, or does not fit the type.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes).or_else(|error| match with_null(bytes) {
        Some(bytes) => serde_json::from_slice(&bytes),
        None => Err(error),
    })
}

/// Replaces these values outside of strings; `None` if there are none.
fn with_null(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at, mut is_text) = (Vec::with_capacity(bytes.len()), 0, false);
    let mut is_changed = false;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let value = [b"NaN".as_slice(), b"Infinity", b"-Infinity"];
        match value.into_iter().find(|value| !is_text && rest.starts_with(value)) {
            Some(value) => {
                out.extend_from_slice(b"null");
                at += value.len();
                is_changed = true;
            }
            None => {
                let length = if is_text && byte == b'\\' { 2 } else { 1 };
                is_text ^= byte == b'"';
                out.extend_from_slice(&rest[..length.min(rest.len())]);
                at += length;
            }
        }
    }
    is_changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use boldface::serde_json::{Value, json};

    use super::*;

    #[test]
    fn values_that_python_writes_are_null_and_text_stays() {
        let text = br#"{"a": [NaN, -Infinity, Infinity], "NaN": "Infinity \" NaN", "b": 2.0}"#;
        let read: Value = parse(text).unwrap();
        assert_eq!(read, json!({"a": [null, null, null], "NaN": "Infinity \" NaN", "b": 2.0}));
        let error = parse::<Value>(b"{\"a\": NaN,").unwrap_err().to_string();
        assert!(error.starts_with("EOF"), "{error}");
        assert!(parse::<Value>(b"{\"a\": nan}").is_err());
    }
}
