//! Upper bounds of the whole numbers in a spec, checked before anything is made from them.

use boldface::Problem;
use serde_json::Value;

use super::Table;
use super::origin::join;

/// The most that each key may be, wherever it stands. A key that is not here is only a seed or a name.
const MOST: &[(&[&str], u64)] = &[
    (&["decimals", "digits"], 15),
    (
        &[
            "nulls",
            "runs",
            "starts",
            "states",
            "components",
            "networks",
            "layers",
            "heads",
            "scans",
            "revive-after",
        ],
        10_000,
    ),
    (&["folds", "fold", "repeats", "repeat", "workers", "shots", "facts", "strongest", "weakest"], 10_000),
    (&["batch-size", "text-batch-size", "accumulate", "descriptions", "questions", "rehearsal"], 100_000),
    (
        &[
            "rank",
            "width",
            "align-dim",
            "code-dim",
            "rois",
            "subjects",
            "furthest",
            "dummy-scans",
            "shortest",
        ],
        100_000,
    ),
    (
        &[
            "trs",
            "min-trs",
            "start",
            "patch",
            "shown-patches",
            "window",
            "context",
            "horizon",
            "longest-answer",
            "text-length",
        ],
        1_000_000,
    ),
    (&["codebook-size", "vocabulary", "resamples"], 1_000_000),
    (&["steps", "text-steps", "warmup", "checkpoint-seconds", "plugin-seconds"], 1_000_000_000),
];

fn most(key: &str) -> Option<u64> {
    MOST.iter().find(|(keys, _)| keys.contains(&key)).map(|(_, most)| *most)
}

/// Reports every number above its bound, and puts the bound in its place, so that other checks may go on.
pub(super) fn clamp(table: &mut Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    clamp_below(table, "", &mut problems);
    problems
}

fn clamp_below(table: &mut Table, path: &str, problems: &mut Vec<Problem>) {
    for (key, value) in table {
        let full = join(path, key);
        let found = value.as_u64().zip(most(key));
        match (found, value) {
            (Some((number, most)), value) if number > most => {
                let message = format!("`{key}` is {number}, and no experiment needs more than {most}");
                problems.push(Problem::at(&full, message).help("check the number for a slip"));
                *value = most.into();
            }
            (_, Value::Object(inner)) => clamp_below(inner, &full, problems),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_above_its_bound_is_named() {
        let table =
            json!({ "signal": { "trs": u64::MAX }, "tasks": { "a": { "shots": 3, "seed": u64::MAX } } });
        let Value::Object(mut table) = table else { unreachable!() };
        let problems = clamp(&mut table);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].key, "signal.trs");
        assert_eq!(table["signal"]["trs"], 1_000_000);
        assert_eq!(table["tasks"]["a"]["seed"], u64::MAX);
    }

    /// Whoever adds a count to the spec says how large it may be.
    #[test]
    fn every_whole_number_of_the_schema_has_a_bound() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/experiment.schema.json");
        let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let mut without = Vec::new();
        search(&schema, "", &mut without);
        assert_eq!(without, Vec::<String>::new());
    }

    fn search(schema: &Value, key: &str, without: &mut Vec<String>) {
        match schema {
            Value::Object(inner) => {
                let is_integer = |kind: &Value| kind == "integer" || kind == &json!(["integer", "null"]);
                let is_seed = key == "seed" || key == "seeds";
                if inner.get("type").is_some_and(is_integer) && !is_seed && most(key).is_none() {
                    without.push(key.to_owned());
                }
                for (name, value) in inner {
                    // A definition's name is no key, and the key that refers to it is searched itself.
                    if name == "$defs" {
                        value
                            .as_object()
                            .into_iter()
                            .flatten()
                            .for_each(|(_, value)| search(value, "seed", without));
                    } else if name == "properties" {
                        for (key, value) in value.as_object().into_iter().flatten() {
                            search(value, key, without);
                        }
                    } else {
                        let is_alternative = ["anyOf", "oneOf", "items"].contains(&name.as_str());
                        search(value, if is_alternative { key } else { name }, without);
                    }
                }
            }
            Value::Array(all) => all.iter().for_each(|value| search(value, key, without)),
            _ => {}
        }
    }
}
