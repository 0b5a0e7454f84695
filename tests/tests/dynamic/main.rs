//! Loads plugins from shared libraries: they run, enter the keys, and are refused when broken or
//! survived when they fail.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod broken;
mod contributing;
mod made;
mod misbehaving;

use std::process::Output;

use boldface::TimeSeries;
use boldface_imaging::export::npy;
use boldface_runner::describe::SavedCorpus;
use boldface_tests::libraries::library;
use boldface_tests::{Sandbox, test_score};

/// A task and a corpus of the example library. A built-in task asks the same question.
const SPEC: &str = r#"
plugins = ["lib/example.so"]

[datasets.made]
type = "synthetic"
subjects = 40
trs = 80

[signal]
trs = 80

[corpora.smoothness]
type = "example-corpus"

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[instruction]
steps = 20
warmup = 0
peak-lr = 1e-3

[tasks.loaded]
type = "example-task"
target = "group"
classes = ["a", "b"]

[tasks.built-in]
type = "classification"
target = "group"
classes = ["a", "b"]
question = "What is the {target} of this scan?"

[tasks.captioning]

[evaluation]
resamples = 40
"#;

fn example() -> Vec<u8> {
    library("boldface-example-dynamic")
}

/// Creates a project with a spec and a library.
fn project(spec: &str, library: &[u8]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("spec.toml", spec);
    put(&sandbox, "lib/example.so", library);
    sandbox
}

fn put(sandbox: &Sandbox, name: &str, library: &[u8]) {
    let path = sandbox.write(name, "");
    std::fs::write(path, library).unwrap();
}

/// Returns the exit code, the output and the error messages.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Returns the stages and their keys from `plan`.
fn keys(sandbox: &Sandbox) -> Vec<(String, String)> {
    let (code, shown, errors) = told(&sandbox.boldface(&["plan", "spec.toml", "--json"]));
    assert_eq!(code, Some(0), "{errors}");
    let stages: Vec<serde_json::Value> = serde_json::from_str(&shown).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    stages.iter().map(|stage| (text(&stage["name"]), text(&stage["stage"]["key"]))).collect()
}

#[test]
fn a_loaded_plugin_scores_as_a_built_in_one() {
    let sandbox = project(SPEC, &example());
    let (code, shown, errors) = told(&sandbox.boldface(&["run", "spec.toml"]));
    assert_eq!(code, Some(0), "{errors}");
    assert!(shown.contains("test: loaded (example-task), 6 scans of 6 subjects"), "{shown}");
    let run = sandbox.path("runs/latest");
    let score = |task: &str, plugin: &str| boldface_tests::test_score(&run, task, plugin, "accuracy");
    for plugin in ["bigram", "majority", "fc-logistic"] {
        assert_eq!(score("loaded", plugin), score("built-in", plugin), "{plugin}");
    }
    // The loaded corpus reads back its own sentences: the majority's sentence has exactly one fact.
    assert!(boldface_tests::test_score(&run, "captioning", "majority", "fact_accuracy") > 0.0);
    let report = std::fs::read_to_string(run.join("report.md")).unwrap();
    assert!(report.contains("library of loaded") && report.contains("library of smoothness"), "{report}");

    let (_, planned, _) = told(&sandbox.boldface(&["plan", "spec.toml"]));
    assert!(planned.contains(" 0 to run"), "{planned}");
}

#[test]
fn a_loaded_corpus_describes_strangers() {
    let sandbox = project(SPEC, &example());
    let (code, _, errors) = told(&sandbox.boldface(&["run", "spec.toml"]));
    assert_eq!(code, Some(0), "{errors}");
    let score = |metric: &str| test_score(&sandbox.path("runs/latest"), "captioning", "majority", metric);
    assert!(score("fact_accuracy") > 0.0);

    let cache = std::fs::read_dir(sandbox.path("runs/cache")).unwrap().map(|entry| entry.unwrap().path());
    let saved = cache.map(|dir| dir.join("corpus.json")).find(|file| file.is_file()).unwrap();
    let saved: SavedCorpus = serde_json::from_slice(&std::fs::read(saved).unwrap()).unwrap();
    let rois = saved.regions.names.len();
    let values = (0..80 * rois).map(|at| (at as f32 * 0.37).sin()).collect();
    let series = TimeSeries::new(80, rois, 2.0, values).unwrap();
    std::fs::write(sandbox.path("me.npy"), npy(&series)).unwrap();
    let describe = ["describe", "--corpus", "runs/latest", "--series", "me.npy", "--tr", "2"];
    let (code, _, errors) = told(&sandbox.boldface(&describe));
    assert_eq!(code, Some(1));
    let expected =
        "`smoothness`: it was made by `example-corpus` from a library; load the same library with --plugin\n";
    assert!(errors.ends_with(expected), "{errors}");
    let (code, said, errors) =
        told(&sandbox.boldface(&[&describe[..], &["--plugin", "lib/example.so"]].concat()));
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.starts_with("Smoothness is "), "{said}");
}

#[test]
fn another_library_is_another_key_where_it_serves() {
    let mut library = example();
    let sandbox = project(SPEC, &library);
    let before = keys(&sandbox);
    // An extra byte at the end changes the content and nothing else.
    library.push(0);
    put(&sandbox, "lib/example.so", &library);
    let after = keys(&sandbox);
    let changed: Vec<&str> =
        before.iter().zip(&after).filter(|(a, b)| a != b).map(|(stage, _)| stage.0.as_str()).collect();
    let same: Vec<&str> =
        before.iter().zip(&after).filter(|(a, b)| a == b).map(|(stage, _)| stage.0.as_str()).collect();
    assert_eq!(same, ["series", "split"]);
    assert!(changed.contains(&"corpus") && changed.contains(&"baseline.loaded"), "{changed:?}");

    // If only a task is loaded, all stages before the instruction tuning keep their keys.
    let spec = SPEC.replace("[corpora.smoothness]\ntype = \"example-corpus\"\n", "");
    sandbox.write("spec.toml", &spec.replace("[tasks.captioning]\n", ""));
    let before = keys(&sandbox);
    put(&sandbox, "lib/example.so", &example());
    let after = keys(&sandbox);
    let same = before.iter().zip(&after).filter(|(a, b)| a == b).map(|(stage, _)| stage.0.as_str());
    let same: Vec<&str> = same.collect();
    assert_eq!(same, ["series", "split", "text-space", "tokenizer", "codes", "baseline.built-in"]);
}

#[test]
fn a_library_renamed_or_moved_keeps_its_keys() {
    let sandbox = project(SPEC, &example());
    let before = keys(&sandbox);
    put(&sandbox, "elsewhere/other.so", &example());
    sandbox.write("spec.toml", &SPEC.replace("lib/example.so", "elsewhere/other.so"));
    assert_eq!(before, keys(&sandbox));
}

#[test]
fn a_spec_reaches_only_the_libraries_it_names() {
    let sandbox = project(SPEC, &example());
    sandbox.write("without.toml", &SPEC.replace("plugins = [\"lib/example.so\"]\n", ""));
    let (code, shown, errors) = told(&sandbox.boldface(&["check", "spec.toml", "without.toml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(shown.starts_with("spec.toml: no problem"), "{shown}");
    assert!(errors.contains("error: no task is named `example-task`\n  --> without.toml:27:8"), "{errors}");
}

#[test]
fn list_explain_and_schema_show_what_is_loaded() {
    let sandbox = project(SPEC, &example());
    let shown = |arguments: &[&str]| {
        let (code, shown, errors) = told(&sandbox.boldface(arguments));
        assert_eq!(code, Some(0), "{errors}");
        shown
    };
    let list = shown(&["list", "--plugin", "lib/example.so"]);
    let line = |name: &str| list.lines().find(|line| line.contains(name)).unwrap().to_owned();
    for name in ["example-task", "example-corpus", "example-dataset"] {
        assert!(line(name).ends_with("/lib/example.so)"), "{list}");
    }
    assert!(!line("forecasting").contains("example.so"), "{list}");
    assert!(!shown(&["list"]).contains("example-task"));

    let page = shown(&["explain", "task", "example-task", "--plugin", "lib/example.so"]);
    assert!(page.contains("lib/example.so") && page.contains("The permitted answers."), "{page}");

    let schema: serde_json::Value =
        serde_json::from_str(&shown(&["schema", "--plugin", "lib/example.so"])).unwrap();
    let spec = boldface_runner::spec::Layered::read(&sandbox.path("spec.toml"), SPEC).unwrap();
    let mut spec = serde_json::to_value(spec.table()).unwrap();
    let accepts = |spec: &serde_json::Value| boldface_tests::schema::accepts(&schema, &schema, spec);
    assert!(accepts(&spec));
    spec["tasks"]["loaded"]["targte"] = "group".into();
    assert!(!accepts(&spec));
}

#[test]
fn a_wrong_table_of_a_loaded_plugin_is_shown_in_its_line() {
    let spec = SPEC.replace("type = \"example-task\"\ntarget", "type = \"example-task\"\ntargte");
    let (code, _, errors) = told(&project(&spec, &example()).boldface(&["check", "spec.toml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(
        errors.contains("unknown field `targte`") && errors.contains("did you mean `target`?"),
        "{errors}"
    );
}

#[test]
fn a_loaded_dataset_is_read() {
    let sandbox = Sandbox::new();
    put(&sandbox, "lib/example.so", &example());
    for subject in 1..=8 {
        // Recordings of different people: no two may be alike at any lag.
        let value = |t: u32, roi: u32| (t + 40 * subject + 400 * roi).pow(3) % 997;
        let row = |t: u32| format!("{},{}\n", value(t, 0), value(t, 1));
        let rows: String = (0..40).map(row).collect();
        sandbox.write(&format!("data/{subject:02}.csv"), &format!("Vis_1,Default_1\n{rows}"));
    }
    let spec = "plugins = ['lib/example.so']\n[datasets.csv]\ntype = 'example-dataset'\npath = 'data'\ntr = 2.0\n\
                [signal]\ntrs = 40\n[tokenizer]\ntype = 'quantile'\npatch = 10\n[backbone]\ntype = 'bigram'\n\
                [tasks.forecasting]\ncontext = 30\nhorizon = 10\n[evaluation]\nresamples = 40\n";
    sandbox.write("spec.toml", spec);
    let (code, shown, errors) = told(&sandbox.boldface(&["run", "spec.toml"]));
    assert_eq!(code, Some(0), "{errors}");
    assert!(shown.contains("test: forecasting, 1 scan of 1 subject"), "{shown}");

    sandbox.write("spec.toml", &spec.replace("2.0", "-2.0"));
    let (code, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(
        errors.contains("error: `-2` is not a repetition time") && errors.contains("use seconds above 0"),
        "{errors}"
    );
    // Its data are hashed like those of any other dataset.
    sandbox.write("spec.toml", spec);
    let before = keys(&sandbox);
    let text = std::fs::read_to_string(sandbox.path("data/03.csv")).unwrap();
    sandbox.write("data/03.csv", &text.replacen('0', "1", 1));
    assert_ne!(before[0], keys(&sandbox)[0]);
}
