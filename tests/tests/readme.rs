//! The README's commands work, and its numbers are those of the spec's header.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;

use boldface_tests::{Sandbox, repository};

fn readme() -> String {
    fs::read_to_string(repository("README.md")).unwrap()
}

/// Lines of the README's shell blocks, without their comments.
fn commands() -> Vec<String> {
    let text = readme();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_two_commands_are_there_and_ci_runs_them() {
    let ci = fs::read_to_string(repository(".ci/run")).unwrap();
    for command in
        ["cargo run --release -- run experiments/quickstart.toml", "cargo test --release --workspace"]
    {
        assert!(commands().iter().any(|line| line == command), "the README lost `{command}`");
        assert!(ci.contains(command), ".ci/run does not call `{command}`");
    }
}

#[test]
fn the_daily_commands_work() {
    let sandbox = Sandbox::new();
    let daily: Vec<String> = commands().into_iter().filter(|line| line.starts_with("boldface ")).collect();
    assert!(daily.len() >= 8, "{daily:?}");
    // `run` takes minutes and `report` needs a run: tests/pipeline.rs has both.
    for line in daily.iter().filter(|line| !line.starts_with("boldface run") && *line != "boldface report") {
        let words: Vec<String> = line.split_whitespace().skip(1).map(absolute).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = sandbox.boldface(&words);
        assert!(output.status.success(), "`{line}`: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "`{line}` printed nothing");
    }
}

/// The sandbox is an empty folder, so that nothing is written beside the specs.
fn absolute(word: &str) -> String {
    let is_spec = word.starts_with("experiments/");
    if is_spec { repository(word).display().to_string() } else { word.to_owned() }
}

#[test]
fn the_table_and_the_spec_say_the_same() {
    let spec = fs::read_to_string(repository("experiments/quickstart.toml")).unwrap();
    let text = readme();
    let row = |metric: &str| {
        let table = text.split("test: ").nth(1).map(|_| text.lines().filter(|line| line.starts_with(metric)));
        let line = table.and_then(|mut lines| lines.next()).unwrap();
        line.split_whitespace().nth(2).unwrap().trim_start_matches('0').to_owned()
    };
    for metric in ["  auroc", "  fact_accuracy", "  mse"] {
        assert!(spec.contains(&row(metric)), "the spec's header does not say {metric} {}", row(metric));
    }
}
