//! The keys of a spec that hold paths. A parent spec may be in another folder, so its paths are
//! rewritten from this one table and never guessed.

use std::path::Path;

use serde_json::Value;

use super::Table;

/// Every key that names a file or a folder relative to the spec. `*` is any name or any item of a list.
const PATHS: [&[&str]; 9] = [
    &["datasets", "*", "path"],
    &["text", "path"],
    &["backbone", "weights"],
    &["plugins", "*"],
    &["split", "file"],
    &["start", "path"],
    &["tasks", "*", "prompts"],
    &["corpora", "*", "words"],
    &["corpora", "*", "template"],
];

/// Rewrites every path of a spec in `folder`, so that it is valid outside the folder.
pub(super) fn rebase(table: &mut Table, folder: &Path) {
    if folder.as_os_str().is_empty() {
        return;
    }
    for keys in PATHS {
        let (first, rest) = keys.split_first().expect("a key has a name");
        if let Some(value) = table.get_mut(*first) {
            each(value, rest, &|path| *path = folder.join(&*path).to_string_lossy().into_owned());
        }
    }
}

/// Applies `change` to every string at the path `keys`.
fn each(value: &mut Value, keys: &[&str], change: &impl Fn(&mut String)) {
    match (keys.split_first(), value) {
        (None, Value::String(path)) => change(path),
        (Some((&"*", rest)), Value::Object(table)) => {
            table.values_mut().for_each(|value| each(value, rest, change));
        }
        (Some((&"*", rest)), Value::Array(items)) => {
            items.iter_mut().for_each(|value| each(value, rest, change));
        }
        (Some((key, rest)), Value::Object(table)) => {
            table.get_mut(*key).into_iter().for_each(|value| each(value, rest, change));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_seen_from_outside_and_nothing_else_changes() {
        let Value::Object(mut table) = json!({
            "datasets": { "pain": { "path": "data/pain", "name": "data" }, "made": { "trs": 80 } },
            "text": { "path": "/data/english.txt" },
            "backbone": { "weights": "models/qwen3" },
            "plugins": ["libx.so"],
            "split": { "file": "split.tsv", "stratify": ["path"] },
            "start": { "path": "exports/pain" },
            "tasks": { "sex": { "prompts": "words.toml", "path": "its own" } },
            "corpora": { "graph": { "words": "mine.toml" }, "own": { "words": { "negations": ["not"] } } },
        }) else {
            panic!("a table")
        };
        rebase(&mut table, Path::new("../base"));
        let expected = json!({
            "datasets": { "pain": { "path": "../base/data/pain", "name": "data" }, "made": { "trs": 80 } },
            "text": { "path": "/data/english.txt" },
            "backbone": { "weights": "../base/models/qwen3" },
            "plugins": ["../base/libx.so"],
            "split": { "file": "../base/split.tsv", "stratify": ["path"] },
            "start": { "path": "../base/exports/pain" },
            "tasks": { "sex": { "prompts": "../base/words.toml", "path": "its own" } },
            "corpora": { "graph": { "words": "../base/mine.toml" }, "own": { "words": { "negations": ["not"] } } },
        });
        assert_eq!(Value::Object(table), expected);
    }
}
