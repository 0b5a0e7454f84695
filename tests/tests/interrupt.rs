//! Ctrl-C in the middle of a long stage keeps finished work, and closing a run's output does not stop
//! the run.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use boldface_tests::Sandbox;

/// A spec whose tokenizer would take hours.
const LONG: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 14
trs = 80

[signal]
trs = 80

[tokenizer]
type = "vq"
patch = 20
steps = 10000000

[backbone]
type = "bigram"

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]
"#;

#[test]
fn ctrl_c_stops_at_once_and_keeps_what_is_finished() {
    let sandbox = Sandbox::new();
    sandbox.write("long.toml", LONG);
    let mut program = sandbox.command(&["run", "long.toml"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("tokenizer")), "the tokenizer never began");
    // Before the first step there is nothing to save.
    let journal = sandbox.path("runs/running/progress.jsonl");
    let asked = Instant::now();
    let step = r#""progress":{"stage":"tokenizer""#;
    while !fs::read_to_string(&journal).is_ok_and(|events| events.contains(step)) {
        assert!(asked.elapsed() < Duration::from_secs(60), "the tokenizer took no step");
        thread::sleep(Duration::from_millis(20));
    }
    let pressed = Instant::now();
    assert!(Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap().success());
    // Reads the remaining output, because a program may block until it is read.
    let last: Vec<String> = lines.collect();
    assert_eq!(program.wait().unwrap().code(), Some(130), "{last:?}");
    // The state is saved at once, without waiting until the next checkpoint is due.
    let kept = "interrupted in stage `tokenizer`, saved at step ";
    assert!(last.iter().any(|line| line.starts_with(kept)), "{last:?}");
    assert!(pressed.elapsed() < Duration::from_secs(20), "{:?}", pressed.elapsed());

    let plan = sandbox.boldface(&["plan", "long.toml"]);
    let shown = String::from_utf8(plan.stdout).unwrap();
    let state =
        |stage: &str| shown.lines().find(|line| line.trim_start().starts_with(stage)).unwrap().to_owned();
    assert!(state("series").contains("cached"), "{shown}");
    assert!(state("split").contains("cached"), "{shown}");
    assert!(state("tokenizer").contains(" run "), "{shown}");
}

#[test]
fn a_closed_pipe_ends_a_list_and_no_run() {
    let sandbox = Sandbox::new();
    sandbox.write("short.toml", &LONG.replace("10000000", "30"));
    let mut program = sandbox.command(&["run", "short.toml"]);
    let mut program = program.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    drop(program.stderr.take());
    assert_eq!(program.wait().unwrap().code(), Some(0));

    let mut list = sandbox.command(&["schema"]);
    let mut list = list.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(list.stdout.take());
    let output = list.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
