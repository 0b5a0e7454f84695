//! Settings of runs, flattened to dotted keys, and where they differ.

use std::collections::BTreeMap;

use boldface_tables::leaderboard::repeats;
use serde_json::Value;

/// Flattens a resolved experiment to dotted keys. Leaves out `runtime`: where and how fast it ran.
pub fn flat(experiment: &Value) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    if let Value::Object(sections) = experiment {
        for (name, value) in sections.iter().filter(|(name, _)| *name != "runtime") {
            add(name, value, &mut settings);
        }
    }
    settings
}

fn add(key: &str, value: &Value, settings: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(table) => {
            table.iter().for_each(|(name, value)| add(&format!("{key}.{name}"), value, settings));
        }
        Value::Null => {}
        leaf => {
            settings.insert(key.to_owned(), text(leaf));
        }
    }
}

/// Formats a value: strings without quotes, everything else as JSON.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns the keys whose values differ, with the value of each run. `None` marks a run without the
/// key.
pub fn differing(runs: &[&BTreeMap<String, String>]) -> Vec<(String, Vec<Option<String>>)> {
    let mut keys: Vec<&String> = runs.iter().flat_map(|settings| settings.keys()).collect();
    keys.sort();
    keys.dedup();
    let values = |key: &String| runs.iter().map(|settings| settings.get(key).cloned()).collect::<Vec<_>>();
    let rows = keys.into_iter().map(|key| (key.clone(), values(key)));
    rows.filter(|(_, values)| values.iter().any(|value| *value != values[0])).collect()
}

/// Selects the settings that only repeat an experiment: seeds and parts of the split.
pub fn repeated(settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    kept(settings, true)
}

/// Selects all other settings except paths. Data are compared by content.
pub fn asked(settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut asked = kept(settings, false);
    asked.retain(|key, _| !(key.starts_with("datasets.") && key.ends_with(".path")) && key != "text.path");
    asked
}

fn kept(settings: &BTreeMap<String, String>, wanted: bool) -> BTreeMap<String, String> {
    let wanted = settings.iter().filter(|(key, _)| repeats(key) == wanted);
    wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_listed_and_where_it_ran_is_not() {
        let a = flat(&json!({ "seed": 0, "tokenizer": { "type": "vq", "codebook-size": 8 },
            "split": { "stratify": ["sex"] }, "runtime": { "workers": 1 } }));
        let b = flat(&json!({ "seed": 1, "tokenizer": { "type": "quantile" }, "text": null,
            "split": { "stratify": ["sex"] }, "runtime": { "workers": 2 } }));
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(
            differing(&[&a, &b]),
            [
                ("seed".to_owned(), vec![owned("0"), owned("1")]),
                ("tokenizer.codebook-size".to_owned(), vec![owned("8"), None]),
                ("tokenizer.type".to_owned(), vec![owned("vq"), owned("quantile")]),
            ]
        );
        assert_eq!(repeated(&a).into_keys().collect::<Vec<_>>(), ["seed"]);
        assert!(!asked(&a).contains_key("seed") && asked(&a).contains_key("tokenizer.type"));
    }
}
