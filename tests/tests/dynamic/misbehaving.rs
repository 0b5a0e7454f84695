//! Plugins that panic, loop, fail or return NaN end the run with a message that says who, where and why.

use std::path::Path;
use std::time::{Duration, Instant};

use boldface::registry::PluginKind;
use boldface::{CorpusGenerator, Task, testing};
use boldface_tests::Sandbox;
use boldface_tests::libraries::library;
use serde_json::json;

use super::{project, put, told};

const SPEC: &str = r#"
plugins = ["lib/example.so"]

[datasets.made]
type = "synthetic"
subjects = 14
trs = 40

[signal]
trs = 40

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[tasks.odd]
type = "misbehaving"
how = "HOW"
in = "IN"

[evaluation]
resamples = 40

[runtime]
plugin-seconds = 2
"#;

fn misbehaving(how: &str, place: &str) -> Sandbox {
    let spec = SPEC.replace("HOW", how).replace("IN", place);
    project(&spec, &library("boldface-misbehaving"))
}

/// Returns the exit code and the error messages of a run.
fn run(sandbox: &Sandbox) -> (Option<i32>, String) {
    let (code, _, errors) = told(&sandbox.boldface(&["run", "spec.toml"]));
    (code, errors.replace(&sandbox.path("").display().to_string(), "HERE/"))
}

#[test]
fn a_panic_ends_the_stage_and_nothing_else() {
    let sandbox = misbehaving("panic", "examples");
    let (code, errors) = run(&sandbox);
    assert_eq!(code, Some(1), "{errors}");
    // The plan asked the task for the form of its answers. After that it was not called again.
    let expected = "task `misbehaving` of `HERE/lib/example.so` is not called any more: it panicked in `examples`: \
                    tests/misbehaving/src/lib.rs:";
    assert!(errors.contains(expected) && errors.contains("this task always panics"), "{errors}");
    // Stages that finished earlier are kept.
    let (_, planned, _) = told(&sandbox.boldface(&["plan", "spec.toml"]));
    let split = planned.lines().find(|line| line.trim_start().starts_with("split")).unwrap();
    assert!(split.contains("cached"), "{planned}");

    let (code, errors) = run(&misbehaving("panic", "score"));
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("panicked in `score`: "), "{errors}");
}

#[test]
fn a_panic_in_a_check_is_a_problem_of_the_spec() {
    let (code, errors) = run(&misbehaving("panic", "check"));
    assert_eq!(code, Some(2), "{errors}");
    let expected = "error: task `misbehaving` of `HERE/lib/example.so` panicked in `check`: ";
    assert!(errors.contains(expected) && errors.contains(" --> spec.toml:19:"), "{errors}");
}

#[test]
fn a_corpus_that_cannot_say_what_it_tells_is_a_problem_of_the_spec() {
    let spec = SPEC.replace("HOW", "log").replace("IN", "score");
    let spec = spec + "\n[corpora.nonsense]\nsecretive = true\n";
    let sandbox = project(&spec, &library("boldface-misbehaving"));
    let (code, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("panicked in `tells`: "), "{errors}");
    assert!(errors.contains("that is a secret") && errors.contains("1 problem; nothing was run"), "{errors}");
}

#[test]
fn what_a_loaded_task_cautions_is_told() {
    let spec = SPEC.replace("HOW", "log").replace("IN", "score");
    let sandbox = project(&spec, &library("boldface-misbehaving"));
    let (code, said, errors) = told(&sandbox.boldface(&["plan", "spec.toml"]));
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.contains("odd: some of 14 scans are passed over"), "{said}");
}

#[test]
fn a_call_without_an_end_is_given_up() {
    for (place, exit) in [("examples", 1), ("score", 1), ("check", 2)] {
        let begun = Instant::now();
        let (code, errors) = run(&misbehaving("loop", place));
        assert_eq!(code, Some(exit), "{errors}");
        let expected = match place {
            // The plan asked the task for the form of its answers. After that it was not called again.
            "examples" => "is not called any more: it took longer than 2 s in `examples`".to_owned(),
            place => format!(
                "took longer than 2 s in `{place}`; fix it, or raise `plugin-seconds` under `[runtime]`"
            ),
        };
        assert!(
            errors.contains(&format!("task `misbehaving` of `HERE/lib/example.so` {expected}")),
            "{errors}"
        );
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
}

#[test]
fn an_undefined_score_is_missing_and_the_run_goes_on() {
    let sandbox = misbehaving("nan", "score");
    let (code, errors) = run(&sandbox);
    assert_eq!(code, Some(0), "{errors}");
    let rows = boldface_tables::metrics::read(&sandbox.path("runs/latest/metrics.parquet")).unwrap();
    let of = |metric: &str| {
        let is_test = |row: &&boldface::MetricRow| {
            row.metric == metric && row.split == "test" && row.plugin == "bigram"
        };
        rows.iter().find(is_test).unwrap().value
    };
    // 15% of 14 subjects are 2.
    assert_eq!((of("one"), of("answers")), (None, Some(2.0)));
}

#[test]
fn an_undefined_answer_is_refused_with_its_scan() {
    let (code, errors) = run(&misbehaving("nan", "examples"));
    assert_eq!(code, Some(1), "{errors}");
    let expected = "task `misbehaving` of `HERE/lib/example.so`, `examples`: `made/sub-";
    assert!(
        errors.contains(expected) && errors.contains("`: the answer is NaN; leave out scans"),
        "{errors}"
    );
}

#[test]
fn an_undefined_fact_is_refused_with_its_scan() {
    let sandbox = misbehaving("log", "check");
    let spec = std::fs::read_to_string(sandbox.path("spec.toml")).unwrap();
    sandbox.write("spec.toml", &spec.replace("[tokenizer]", "[corpora.nonsense]\n\n[tokenizer]"));
    let (code, errors) = run(&sandbox);
    assert_eq!(code, Some(1), "{errors}");
    let expected = "corpus `nonsense` of `HERE/lib/example.so`, `describe`: `made/sub-";
    assert!(errors.contains(expected) && errors.contains("the value of `nonsense` is NaN"), "{errors}");
}

#[test]
fn a_corpus_sees_only_columns_that_it_names() {
    for early in [true, false] {
        for (columns, sees) in [("[]", "it sees []"), ("[\"condition\"]", "it sees [\"condition\"]")] {
            let sandbox = misbehaving("log", "check");
            let spec = std::fs::read_to_string(sandbox.path("spec.toml")).unwrap();
            let nosy = format!("[corpora.nosy]\ncolumns = {columns}\nearly = {early}\n\n[tokenizer]");
            sandbox.write("spec.toml", &spec.replace("[tokenizer]", &nosy));
            let (code, errors) = run(&sandbox);
            assert_eq!(code, Some(1), "{errors}");
            assert!(errors.contains(sees), "{errors}");
        }
    }
}

#[test]
fn an_error_comes_with_its_plugin() {
    let (code, errors) = run(&misbehaving("error", "examples"));
    assert_eq!(code, Some(1), "{errors}");
    assert!(
        errors.contains("task `misbehaving` of `HERE/lib/example.so`, `examples`: an error occurred"),
        "{errors}"
    );
}

#[test]
fn its_log_is_the_programs() {
    let sandbox = misbehaving("log", "examples");
    let (code, errors) = run(&sandbox);
    assert_eq!(code, Some(0), "{errors}");
    let line = errors.lines().find(|line| line.contains("This task is talkative. volumes=3")).unwrap();
    assert!(line.contains("WARN") && line.contains("lib/example.so"), "{line}");
}

#[test]
fn after_a_panic_a_plugin_is_not_called_again_and_others_are() {
    let sandbox = Sandbox::new();
    put(&sandbox, "example.so", &library("boldface-misbehaving"));
    let load = |path: &Path| boldface_loader::load(path, "only here", Duration::from_secs(20));
    load(&sandbox.path("example.so")).unwrap();
    let plugins = <dyn Task>::plugins();
    let plugin = plugins.iter().find(|plugin| plugin.content == Some("only here")).unwrap();
    let make = |how: &str| (plugin.parse)(&json!({ "how": how, "in": "examples" })).unwrap();
    let (sound, broken) = (make("log"), make("panic"));
    let scan = testing::scan("01", &[("group", "a")]);

    assert_eq!(sound.examples(&scan).unwrap()[0].question, "How much?");
    let first = broken.examples(&scan).unwrap_err().to_string();
    assert!(first.contains("panicked in `examples`"), "{first}");
    for task in [sound, broken] {
        let error = task.examples(&scan).unwrap_err().to_string();
        assert!(error.contains("is not called any more: it panicked in `examples`: "), "{error}");
    }
    let corpora = <dyn CorpusGenerator>::plugins();
    let other = corpora.iter().find(|plugin| plugin.content == Some("only here")).unwrap();
    let describer = (other.parse)(&json!({})).unwrap().load(Path::new("")).unwrap();
    assert_eq!(describer.read("Nonsense.").unwrap(), []);

    // A file that changed under a running program no longer matches its hash.
    let error = boldface_loader::load(&sandbox.path("example.so"), "another", Duration::ZERO).unwrap_err();
    assert!(error.contains("has changed since this program loaded it"), "{error}");
}
