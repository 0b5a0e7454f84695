//! Checks generated files. `UPDATE=1 cargo test --release -p boldface-tests --test generated` rewrites
//! them.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::PathBuf;

use boldface_plugins as _;
use boldface_runner::schema;
use boldface_tests::{plan_of, shipped};
use serde_json::Value;

/// Compares a file, given by its path from the repository's root, with its generated text.
fn check(name: &str, generated: &str) {
    let path = boldface_tests::repository(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, generated).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == generated,
        "{name} is out of date: run `UPDATE=1 cargo test --release -p boldface-tests --test generated`"
    );
}

#[test]
fn schemas_are_current() {
    check("schemas/experiment.schema.json", &schema::text(&schema::experiment()));
    check("schemas/sweep.schema.json", &schema::text(&schema::sweep()));
    check("schemas/manifest.schema.json", &schema::text(&schema::manifest()));
    check("schemas/metrics.schema.json", &schema::text(&schema::metrics()));
}

#[test]
fn the_reference_of_plugins_is_current() {
    check("schemas/plugins.md", &schema::reference());
}

#[test]
fn the_index_of_experiments_is_current() {
    if let Some(index) = index() {
        check("experiments/README.md", &index);
    }
}

/// Generates one row per spec: its first sentence and its parts. `None` if data of a spec are missing.
fn index() -> Option<String> {
    let experiment = |path: &PathBuf| {
        let plan = plan_of(path, &shipped::source(path)?);
        let tasks: Vec<&str> = plan.tasks.iter().map(|task| task.name.as_str()).collect();
        let (tokenizer, backbone) = (plan.tokenizer.plugin, plan.backbone.plugin);
        let name = &plan.name;
        let (says, tasks) = (says(path), tasks.join(", "));
        Some(format!("| [`{name}`]({name}.toml) | {says} | {tokenizer}, {backbone} | {tasks} |\n"))
    };
    let sweep = |path: &PathBuf| {
        let sweep = boldface_tests::shipped_sweep(path)?;
        let (name, says) = (&sweep.name, says(path));
        let axes: Vec<String> = sweep.axes.keys().map(|key| format!("`{key}`")).collect();
        let (arms, axes) = (sweep.arms.len(), axes.join(", "));
        Some(format!("| [`{name}`](sweeps/{name}.toml) | {says} | {axes} | {arms} |\n"))
    };
    let experiments: String = specs("experiments").iter().map(experiment).collect::<Option<_>>()?;
    let sweeps: String = specs("experiments/sweeps").iter().map(sweep).collect::<Option<_>>()?;
    Some(format!(
        "# Experiments\n\nEach file opens with its command and what to expect. The data lie in `data`.\n\n\
         | experiment | what | tokenizer, backbone | tasks |\n|---|---|---|---|\n{experiments}\n\
         | sweep | what | varies | arms |\n|---|---|---|---|\n{sweeps}"
    ))
}

fn specs(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(boldface_tests::repository(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut specs: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    specs.sort();
    specs
}

/// Returns the first sentence of a spec's comment.
fn says(path: &PathBuf) -> String {
    let source = fs::read_to_string(path).unwrap();
    let comment = source.lines().skip_while(|line| !line.starts_with("# "));
    let paragraph: Vec<&str> = comment.map_while(|line| line.strip_prefix("# ")).collect();
    let paragraph = paragraph.join(" ");
    paragraph.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Whether the schema accepts a spec that is given as JSON.
fn accepts(spec: &Value) -> bool {
    let schema = schema::experiment();
    boldface_tests::schema::accepts(&schema, &schema, spec)
}

fn spec() -> Value {
    serde_json::json!({
        "datasets": { "made": { "type": "synthetic", "subjects": 12 } },
        "signal": { "trs": 80, "standardize": "robust" },
        "tokenizer": { "type": "quantile", "patch": 20, "seed": 1 },
        "backbone": { "type": "bigram" },
        "instruction": { "steps": 10, "peak-lr": 1e-3, "lora": { "rank": 4 } },
        "tasks": {
            "forecasting": { "context": 60, "horizon": 20 },
            "sex": { "type": "classification", "target": "sex", "classes": ["f", "m"] },
        },
    })
}

#[test]
fn the_schema_accepts_what_resolves() {
    assert!(accepts(&spec()));
}

#[test]
fn the_schema_refuses_what_does_not() {
    let wrong = [
        ("/tasks/forecasting/horizn", Value::from(3)),
        ("/tasks/sex/type", "clasification".into()),
        ("/tasks/sex/classes", "f".into()),
        ("/datasets/made/subjects", "many".into()),
        ("/datasets/made/unknown", 1.into()),
        ("/tokenizer/type", "forecasting".into()),
        ("/tokenizer/codebook", 3.into()),
        ("/signal/standardize", "zscor".into()),
        ("/instruction/lora/aplha", 3.into()),
        ("/tokeniser", 3.into()),
    ];
    for (path, value) in wrong {
        let mut spec = spec();
        let (table, key) = path.rsplit_once('/').unwrap();
        spec.pointer_mut(table).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
        assert!(!accepts(&spec), "{path}");
    }
    let mut untyped = spec();
    untyped["tasks"]["sex"].as_object_mut().unwrap().remove("type");
    assert!(!accepts(&untyped));
}
